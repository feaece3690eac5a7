// A page without a connection. The worker answers every address with one page that knows nothing; if the form of this
// address was opened before and needs no connection, it is brought out of the encrypted store, blank.
import { openVault } from "./vault.js";
import { serverTime, written } from "./server_time.js";

const PAGES_KEPT = 20;

// To be called before any part of the page is changed by a script.
export function blankPage() {
  const form = document.querySelector("form[data-keeps-unsent]");
  const isUsable = form && !("offlinePage" in document.body.dataset) && !form.querySelector(".error-summary, #blocked-reason");
  if (!isUsable) return null;
  const copy = document.querySelector(".page").cloneNode(true);
  copy.querySelector("#messages")?.replaceChildren();
  return {
    path: location.pathname,
    title: document.querySelector("h1").textContent.trim(),
    of: form.dataset.of || "",
    zone: form.querySelector("[data-zone]")?.dataset.zone || "UTC",
    html: copy.innerHTML,
  };
}

export async function keepPage(page) {
  const vault = page && (await openVault());
  if (!vault) return;
  const kept = await vault.all("page");
  const same = kept.filter((one) => one.path === page.path);
  const old = kept.filter((one) => one.path !== page.path).slice(0, -(PAGES_KEPT - 1));
  await vault.put({ id: crypto.randomUUID(), state: "page" }, { ...page, keptAt: serverTime.now() });
  await vault.remove(...[...same, ...old].map((one) => one.id));
}

function sayWhatItIs(page) {
  const words = document.createElement("div");
  words.textContent = `The form as it was at ${written(page.keptAt, page.zone)}. What changed since then is not shown.`;
  const box = document.createElement("div");
  box.className = "alert alert-warning";
  box.append(words);
  document.getElementById("messages")?.replaceChildren(box);
}

export async function restorePage() {
  if (!("offlinePage" in document.body.dataset)) return;
  document.querySelector("[data-reload]")?.addEventListener("click", () => location.reload());
  const vault = await openVault();
  const page = vault && (await vault.all("page")).findLast((one) => one.path === location.pathname);
  if (!page) return;
  const parsed = new DOMParser().parseFromString(page.html, "text/html");
  document.querySelector(".page").replaceChildren(...document.adoptNode(parsed.body).childNodes);
  document.title = `${page.title} · trialsite`;
  document.querySelectorAll('input[name="once"]').forEach((field) => { field.value = crypto.randomUUID(); });
  sayWhatItIs(page);
}

export function startWorker() {
  const isHere = document.querySelector('meta[name="draft-owner"]');
  if (isHere && window.isSecureContext) navigator.serviceWorker?.register("/worker.js").catch(() => {});
}
