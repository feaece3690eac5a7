// Sends the entries that wait, in the order in which they were made, each under the token of its form until the
// server says that this token is recorded. Nothing else counts as recorded: no redirect, no page, no silence.
import { openVault } from "./vault.js";

const PATIENCE_MS = 15_000;
const PAUSES_S = [5, 10, 20, 40, 60];
const LATER = new Set([408, 425, 429, 502, 503, 504]); // the server or what stands before it is not there now

const WHY = {
  403: "You may not record this here.",
  404: "The page that took this entry is not there any more.",
  413: "The entry is too long.",
  500: "The server failed on this entry. Try again, and tell the administrator if it fails again.",
};

export const state = { hasConnection: navigator.onLine, isSignedIn: true, isSending: false, sent: 0 };

function tell(name, detail) { document.dispatchEvent(new CustomEvent(name, { detail })); }

async function ask(address, options) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    return await fetch(address, { cache: "no-store", redirect: "manual", credentials: "same-origin", ...options, signal: stop.signal });
  } finally { clearTimeout(timer); }
}

// Who is signed in here, and the proof to send with a form; null while the server cannot be reached.
// `token`: is what was sent under it recorded?
export async function presence(token = "") {
  if (!navigator.onLine) return null;
  try {
    const answer = await ask(`/session/presence/${token && `?form=${token}`}`, { headers: { "X-Background": "1" } });
    if (answer.status !== 200) return null;
    const said = await answer.json();
    return typeof said.user === "string" ? said : null;
  } catch { return null; }
}

function reasonsIn(text, status) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const lines = [...page.querySelectorAll(".error-summary li")].map((line) => line.textContent.replace(/\s+/g, " ").trim());
  if (lines.length) return lines;
  const plain = page.querySelector("main, form") ? "" : text.trim();
  return [plain || WHY[status] || `The server answered ${status}.`];
}

async function meaningOf(answer, entry) {
  if (answer.type === "opaqueredirect" || LATER.has(answer.status)) return { outcome: "waits" };
  if (answer.status === 401) return { outcome: "signed-out" };
  const text = await answer.text();
  if (answer.ok) {
    // A portal of the ward's network may answer anything with 200 and a page of its own.
    try {
      const said = JSON.parse(text);
      if (said.recorded === entry.id) return { outcome: "recorded", href: said.href, done: said.done };
    } catch { /* not ours */ }
    return { outcome: "waits" };
  }
  return { outcome: "refused", html: text, status: answer.status, why: reasonsIn(text, answer.status) };
}

async function send(vault, entry, proof, isBackground) {
  const headers = { "X-CSRFToken": proof, "X-Kept-Entry": vault.owner };
  if (isBackground) headers["X-Background"] = "1";
  try {
    const body = new URLSearchParams(entry.fields);
    return await meaningOf(await ask(entry.path, { method: "POST", headers, body }), entry);
  } catch { return { outcome: "waits" }; }
}

async function settle(vault, entry, result) {
  if (result.outcome === "recorded") await vault.remove(entry.id);
  if (result.outcome === "refused") {
    const { id, state: _, place: __, ...content } = entry;
    await vault.put({ id, state: "refused" }, { ...content, why: result.why });
  }
  tell("kept:answered", { entry, ...result });
}

async function sendAll(vault, { now = "" } = {}) {
  const results = new Map();
  const waiting = await vault.all("unsent");
  if (!waiting.length) return results;
  const here = await presence();
  state.hasConnection = Boolean(here);
  if (!here) return results;
  state.isSignedIn = here.user === vault.owner;
  if (!state.isSignedIn) return results.set(now, { outcome: "signed-out" });
  state.isSending = true;
  tell("kept:changed");
  for (const entry of waiting) {
    const result = await send(vault, entry, here.csrf, entry.id !== now);
    await settle(vault, entry, result);
    results.set(entry.id, result);
    if (result.outcome === "recorded" && entry.id !== now) state.sent += 1;
    if (result.outcome === "signed-out") state.isSignedIn = false;
    if (result.outcome === "waits") state.hasConnection = false;
    if (["signed-out", "waits"].includes(result.outcome)) break;
  }
  return results;
}

// One tab sends at a time. `now`: the entry whose form is before the user's eyes; its outcome is returned.
export async function sendWaiting({ now = "" } = {}) {
  const vault = await openVault();
  if (!vault) return null;
  const results = await navigator.locks.request(`kept:${vault.owner}`, { ifAvailable: !now }, async (lock) => {
    if (!lock) return new Map();
    try { return await sendAll(vault, { now }); } finally { state.isSending = false; }
  });
  tell("kept:changed");
  const isLeft = (await vault.all("unsent")).length > 0;
  if (isLeft) tryLater();
  return results.get(now) || null;
}

let timer = 0;
let turn = 0;

function tryLater() {
  clearTimeout(timer);
  timer = setTimeout(() => sendWaiting(), PAUSES_S[Math.min(turn, PAUSES_S.length - 1)] * 1000);
  turn += 1;
}

export function tryNow() {
  turn = 0;
  clearTimeout(timer);
  return sendWaiting();
}

export function startQueue() {
  window.addEventListener("online", () => { state.hasConnection = true; tell("kept:changed"); tryNow(); });
  window.addEventListener("offline", () => { state.hasConnection = false; tell("kept:changed"); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tryNow(); });
  tryNow();
}
