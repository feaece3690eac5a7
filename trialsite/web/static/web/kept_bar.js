// The bar at the foot of every page: is there a connection, and what waits to be sent.
import { countWaiting, openVault } from "./vault.js";
import { state } from "./queue.js";
import { element, link, sign } from "./kept_card.js";

const entries = (count) => (count === 1 ? "1 entry" : `${count} entries`);
const waits = (count) => (count === 1 ? "1 entry waits" : `${count} entries wait`);

function wordsFor(unsent, refused) {
  const { hasConnection, isSignedIn, isSending, sent } = state;
  if (!hasConnection && !unsent) return ["warn", "No connection. What you enter is kept on this device and sent when it is back."];
  if (!hasConnection) return ["warn", `No connection. ${waits(unsent)} on this device and will be sent, once, when it is back.`];
  if (unsent && !isSignedIn) return ["warn", `${waits(unsent)} on this device. Sign in again to send.`];
  if (unsent && isSending) return ["plain", `Sending ${entries(unsent)} …`];
  if (unsent) return ["warn", `${waits(unsent)} on this device. Trying again shortly.`];
  if (refused) return ["bad", `${refused === 1 ? "1 entry was" : `${refused} entries were`} not accepted and ${refused === 1 ? "needs" : "need"} your attention.`];
  return sent ? ["good", `${entries(sent)} sent and recorded.`] : ["", ""];
}

const ICONS = { warn: "clock-pause", plain: "refresh", bad: "alert-circle", good: "circle-check" };

function ways(unsent, refused) {
  const made = [];
  if (unsent && state.hasConnection && !state.isSignedIn) {
    made.push(link("Sign in", `/accounts/login/?next=${encodeURIComponent(location.pathname)}`, "btn-sm"));
  }
  if ((unsent || refused) && location.pathname !== "/unsent/") made.push(link("Show", "/unsent/", "btn-sm"));
  if (state.hasConnection && "offlinePage" in document.body.dataset) {
    made.push(link("The connection is back: load the page", location.href.split("#")[0], "btn-sm"));
  }
  return made;
}

async function show(bar) {
  const vault = await openVault();
  const unsent = vault ? (await vault.all("unsent")).length : await countWaiting();
  const refused = vault ? (await vault.all("refused")).length : 0;
  const isLocked = !vault && unsent > 0; // nobody is signed in, or the key is gone: a number is all there is
  const [tone, words] = isLocked ? ["warn", `${waits(unsent)} on this device for the person who made ${unsent === 1 ? "it" : "them"} to sign in.`] : wordsFor(unsent, refused);
  const offered = isLocked ? [] : ways(unsent, refused);
  bar.hidden = !words && !offered.length;
  bar.className = `kept-bar kept-bar-${tone || "plain"} d-print-none`;
  bar.dataset.unsent = unsent;
  bar.replaceChildren(element("div", "kept-bar-inner", sign(ICONS[tone] || "refresh"), element("span", "", words), ...offered));
}

const channel = "BroadcastChannel" in window ? new BroadcastChannel("kept") : null;

export function startKeptBar() {
  const bar = document.getElementById("kept");
  if (!bar) return;
  let last = Promise.resolve();
  const again = () => { last = last.then(() => show(bar)); };
  document.addEventListener("kept:changed", () => { again(); channel?.postMessage(""); });
  channel?.addEventListener("message", again);
  again();
}
