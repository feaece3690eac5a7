// The list of what this browser keeps for the user, and of the forms that can be filled in without a connection.
import { openVault } from "./vault.js";
import { tryNow } from "./queue.js";
import { askFirst } from "./ask_first.js";
import { element, link, sign } from "./kept_card.js";
import { written } from "./server_time.js";

const STATES = {
  unsent: ["clock-pause", "warn", "Not sent yet"],
  refused: ["alert-circle", "bad", "Needs your attention"],
  draft: ["pencil", "quiet", "Begun, not sent"],
};

function button(text, kind, act) {
  const made = element("button", `btn ${kind}`.trim(), text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

async function discard(vault, entry) {
  const isSure = await askFirst(
    "Discard this entry?",
    [`${entry.title}, ${entry.of}, entered ${written(entry.madeAt, entry.zone)}.`, "It was not recorded. Discarded, it cannot be brought back."],
    { yes: "Discard entry", no: "Keep it" },
  );
  if (!isSure) return;
  await vault.remove(entry.id);
  document.dispatchEvent(new CustomEvent("kept:changed"));
}

function card(vault, entry) {
  const [icon, tone, words] = STATES[entry.state];
  const head = element("div", "kept-item-head", element("span", `status status-${tone}`, sign(icon), words));
  const what = element("div", "kept-item-what", element("strong", "", entry.title), " ", element("span", "code", entry.of));
  const when = element("div", "quiet small", `Entered ${written(entry.madeAt, entry.zone)}`);
  const acts = element("div", "kept-ways", link("Open", `${entry.path}#entry=${entry.id}`));
  if (entry.state === "unsent") acts.prepend(button("Send now", "btn-primary", tryNow));
  acts.append(button("Discard", "btn-quiet", () => discard(vault, entry)));
  const why = (entry.state === "refused" && entry.why) || [];
  const item = element("li", "kept-item", head, what, when, ...why.map((line) => element("p", "kept-why", line)), acts);
  item.dataset.entry = entry.id;
  return item;
}

async function fillList(place) {
  const vault = await openVault();
  if (!vault) {
    place.replaceChildren(element("p", "quiet", "To see what waits on this device, sign in when the connection is back."));
    return;
  }
  const kept = await vault.all("refused", "unsent", "draft");
  kept.sort((one, other) => Object.keys(STATES).indexOf(one.state) - Object.keys(STATES).indexOf(other.state) || one.place - other.place);
  if (!kept.length) { place.replaceChildren(element("p", "kept-none", "Nothing waits on this device.")); return; }
  const title = element("h2", "section-title", "On this device");
  place.replaceChildren(title, element("ul", "kept-list card", ...kept.map((entry) => card(vault, entry))));
}

async function fillForms(place) {
  const vault = await openVault();
  const pages = vault ? await vault.all("page") : [];
  if (!pages.length) return;
  const lines = pages.reverse().map((page) => element("li", "kept-item kept-item-form",
    element("div", "kept-item-what", element("strong", "", page.title), " ", element("span", "code", page.of)),
    link("Fill in", page.path, "btn-primary")));
  place.replaceChildren(element("h2", "section-title", "Forms that need no connection"), element("ul", "kept-list card", ...lines));
}

export function startKeptList() {
  const list = document.querySelector("[data-kept-list]");
  const forms = document.querySelector("[data-kept-forms]");
  if (forms) fillForms(forms);
  if (!list) return;
  let last = Promise.resolve();
  const again = () => { last = last.then(() => fillList(list)); };
  document.addEventListener("kept:changed", again);
  again();
}
