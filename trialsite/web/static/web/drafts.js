// What is typed into a form is kept, encrypted, from the first stroke until it is recorded: over a reload, the end of
// the session and the loss of the network. Passwords and fields marked data-private are never kept.
// A form marked data-keeps-unsent needs no connection to be sent: the entry waits in the store (queue.js sends it).
import { openVault } from "./vault.js";
import { presence, sendWaiting } from "./queue.js";
import { markSent } from "./send.js";
import { keptCard } from "./kept_card.js";
import { serverTime } from "./server_time.js";

const PAUSE_MS = 300;
const TYPED_HERE = "typed-here"; // the token of the form that was last typed into in this tab
const NEVER = new Set(["csrfmiddlewaretoken", "version", "once"]);
const TIMED = { "datetime-local": ["T", /[ T]/], text: [" ", /[ T]/] };

const isKept = (field) => field.name && !NEVER.has(field.name) && !["password", "file", "submit", "button"].includes(field.type)
  && !field.closest("[data-private]");
const pairsOf = (form) => [...new FormData(form)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string");

function draftOf(form) {
  const names = new Set([...form.elements].filter(isKept).map((field) => field.name));
  return pairsOf(form).filter(([name]) => names.has(name));
}

function tokenOf(form) {
  const field = form.elements.once;
  if (!field) return `draft:${form.dataset.draft}`;
  field.value ||= crypto.randomUUID();
  return field.value;
}

function valueFor(field, value) {
  if (field.dataset.moment !== "time" || !TIMED[field.type]) return value;
  const [sign, either] = TIMED[field.type];
  return value.replace(either, sign);
}

// A list that grows may be shorter in the fresh form than it was when the values were typed.
function growTo(form, fields) {
  for (let more = 0; more < 50; more += 1) {
    const lacking = fields.some(([name]) => !NEVER.has(name) && !form.elements[name]);
    const button = form.querySelector("[data-add-row]");
    if (!lacking || !button) return;
    button.click();
  }
}

function write(form, fields, touched) {
  growTo(form, fields);
  const values = grouped(fields);
  for (const field of form.elements) {
    if (!isKept(field) || field.type === "hidden" || touched.has(field.name)) continue;
    const given = (values.get(field.name) || []).map(([, value]) => value);
    const isTick = ["radio", "checkbox"].includes(field.type);
    const before = isTick ? field.checked : field.value;
    if (isTick) field.checked = given.includes(field.value);
    else if (given.length) field.value = valueFor(field, given[0]);
    if (before === (isTick ? field.checked : field.value)) continue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function grouped(fields) {
  const groups = new Map();
  for (const pair of fields) groups.set(pair[0], [...(groups.get(pair[0]) || []), pair]);
  return groups;
}

function note(form, text, actions = []) {
  const line = form.querySelector("[data-draft-note]");
  if (!line) return;
  line.replaceChildren(text);
  for (const [label, act] of actions) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = label;
    button.addEventListener("click", act);
    line.append(" ", button);
  }
}

class Keeper {
  constructor(form) {
    this.form = form;
    this.path = location.pathname; // as it is sent, with every sign of it escaped
    this.touched = new Set();
    this.isWriting = false;
    this.timer = 0;
    this.writing = Promise.resolve(); // one write after the other: a late draft must not undo a sending
    this.ready = this.begin();
    form.addEventListener("input", (event) => this.typed(event));
    form.addEventListener("change", (event) => this.typed(event));
    form.addEventListener("submit", (event) => this.sent(event), { capture: true });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.isSent = false; });
    document.addEventListener("kept:answered", (event) => this.answered(event.detail));
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.keep(); });
  }

  async begin() {
    this.vault = await openVault();
    if (!this.vault) return;
    const asked = location.hash.match(/^#entry=([\w-]+)$/)?.[1];
    const entry = asked && (await this.vault.get(asked));
    if (entry && entry.path === this.path) { this.bring(entry, this.wordsOf(entry)); return; }
    if (!this.form.querySelector(".error-summary")) await this.offer();
  }

  wordsOf(entry) {
    if (entry.state === "refused") return `Not accepted: ${entry.why.join(" ")} Correct it and send it again.`;
    return entry.state === "unsent" ? "Waiting to be sent. To change it, correct it here and send it again." : "Brought back, not saved yet.";
  }

  async offer() {
    const drafts = (await this.vault.all("draft")).filter((one) => one.path === this.path);
    const last = drafts.at(-1);
    if (!last) return;
    const isOfThisTab = sessionStorage.getItem(TYPED_HERE) === last.id;
    if (isOfThisTab || "offlinePage" in document.body.dataset) { this.bring(last, "Brought back, not saved yet."); return; }
    note(this.form, "You had begun to fill this in.", [
      ["Bring it back", () => this.bring(last, "Brought back, not saved yet.")],
      ["Discard", () => this.discard(last)],
    ]);
  }

  // The values come back with their token: what was sent under it once cannot be recorded a second time.
  bring(entry, words) {
    this.isWriting = true;
    if (this.form.elements.once) this.form.elements.once.value = entry.id;
    write(this.form, entry.fields, this.touched);
    this.isWriting = false;
    const actions = entry.state === "draft" ? [["Discard", () => this.discard(entry)]] : [];
    note(this.form, words, actions);
  }

  async discard(entry) {
    clearTimeout(this.timer);
    this.isDue = false;
    await this.writing;
    await this.vault.remove(entry.id);
    document.dispatchEvent(new CustomEvent("kept:changed"));
    location.hash = "";
    location.reload();
  }

  typed(event) {
    if (this.isWriting || !event.target.name) return;
    this.touched.add(event.target.name);
    if (!this.vault) { note(this.form, "Not saved yet."); return; }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE_MS);
    this.isDue = true;
    this.form.dataset.draftState = "typing";
  }

  content(fields) {
    const title = document.querySelector("h1")?.textContent.trim() || document.title;
    const zone = this.form.querySelector("[data-zone]")?.dataset.zone || "UTC";
    return { path: this.path, title, of: this.form.dataset.of || "", zone, madeAt: serverTime.now(), fields };
  }

  keep() {
    this.writing = this.writing.then(() => this.keepDraft()).catch(() => {});
    return this.writing;
  }

  // An entry that waits or was refused stays what it is until it is sent again; its last values are in the form.
  async keepDraft() {
    if (!this.isDue || !this.vault || this.isSent) return;
    this.isDue = false;
    const id = tokenOf(this.form);
    sessionStorage.setItem(TYPED_HERE, id);
    await this.vault.put({ id, state: "draft" }, this.content(draftOf(this.form)), { onlyOver: ["draft"] });
    if (!this.isDue) this.form.dataset.draftState = "kept"; // typed on meanwhile: not all of it is
    if (!this.isSent) note(this.form, "Not saved yet. A draft is kept on this device.");
  }

  sent(event) {
    if (!this.form.hasAttribute("data-keeps-unsent")) { this.sentAway(event); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.isSent || this.form.dataset.sent) return;
    this.isSent = true;
    clearTimeout(this.timer);
    this.waits(true);
    this.send(event.submitter).catch(() => this.sendPlainly());
  }

  // A form that needs its answer at once: without a connection it stays open, with everything in it.
  sentAway(event) {
    if (!navigator.onLine) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.isDue = true;
      this.keep();
      note(this.form, "No connection. Nothing was sent. What you typed is kept; send it when the connection is back.");
      return;
    }
    if (!this.vault || this.form.dataset.sent) return;
    this.isSent = true;
    clearTimeout(this.timer);
    sessionStorage.setItem("form-sent", tokenOf(this.form));
    const [id, content] = [tokenOf(this.form), this.content(draftOf(this.form))];
    this.writing = this.writing.then(() => this.vault.put({ id, state: "draft" }, content)).catch(() => {});
  }

  // It went out from elsewhere while it stood open here.
  answered({ entry, outcome }) {
    if (this.isSent || outcome !== "recorded" || entry.id !== this.form.elements.once?.value) return;
    this.isSent = true;
    this.form.replaceWith(keptCard(entry.id, "recorded", this.path));
  }

  waits(isWaiting) {
    const button = this.form.querySelector('.form-foot button[type="submit"]');
    if (!button) return;
    button.disabled = isWaiting;
    if (isWaiting) note(this.form, "Sending …");
  }

  sendPlainly() { HTMLFormElement.prototype.submit.call(this.form); }

  async send(submitter) {
    await this.ready;
    await this.writing;
    if (!this.vault) { this.sendPlainly(); return; }
    const id = tokenOf(this.form);
    const named = submitter?.name ? [[submitter.name, submitter.value]] : [];
    const content = this.content([...pairsOf(this.form), ...named]);
    await this.vault.put({ id, state: "unsent" }, content); // before it leaves: the reply may never come
    const result = await sendWaiting({ now: id });
    if (result?.outcome === "recorded") { markSent(this.form); location.assign(result.href); return; }
    if (result?.outcome === "refused" && result.html.includes("step-form")) { await this.refused(id, content, result); return; }
    this.form.replaceWith(keptCard(id, result?.outcome, this.path));
  }

  // Back to a draft, under the same token: the server kept nothing of it.
  async refused(id, content, result) {
    await this.vault.put({ id, state: "draft" }, content);
    const fresh = new DOMParser().parseFromString(result.html, "text/html").getElementById("step-form");
    const shown = document.adoptNode(fresh);
    this.form.replaceWith(shown);
    window.htmx?.process(shown);
    document.dispatchEvent(new CustomEvent("parts:added", { detail: shown.parentElement }));
    shown.querySelector("[data-focus]")?.focus();
    document.dispatchEvent(new CustomEvent("kept:changed"));
  }
}

// A draft whose form went away in the ordinary manner goes when the server says that it was recorded.
async function forgetWhatArrived() {
  const token = sessionStorage.getItem("form-sent");
  if (!token || !document.querySelector('meta[name="draft-owner"]')) return;
  const vault = await openVault();
  const here = await presence(token);
  if (!vault || here?.user !== vault.owner) return;
  sessionStorage.removeItem("form-sent");
  if (here.recorded) await vault.remove(token);
}

export function startDrafts(root) {
  if (root === document) {
    Object.keys(sessionStorage).filter((key) => key.startsWith("draft:")).forEach((key) => sessionStorage.removeItem(key));
    forgetWhatArrived();
  }
  root.querySelectorAll("form[data-draft]").forEach((form) => new Keeper(form));
}
