// Answers when the network does not: with our own assets, and for a page with the one that stands in for all. Nothing
// of a participant is ever stored here; no answer to a form, no page and no API answer is kept.
// VERSION and ASSETS are written above by the server.

const STORE = `assets-${VERSION}`;
const STAND_IN = "/offline/";
const NOT_THERE = new Set([502, 503, 504]);

async function install() {
  const store = await caches.open(STORE);
  const fresh = (address) => new Request(address, { cache: "reload", credentials: "omit" });
  await Promise.all([...ASSETS, STAND_IN].map(async (address) => {
    const answer = await fetch(fresh(address));
    if (answer.ok) await store.put(address, answer);
  }));
  if (!(await store.match(STAND_IN))) throw new Error("The page without a connection could not be fetched.");
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== STORE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

const kept = async (address) => (await caches.open(STORE)).match(address);

async function page(request) {
  try {
    const answer = await fetch(request);
    return NOT_THERE.has(answer.status) ? (await kept(STAND_IN)) || answer : answer;
  } catch {
    return (await kept(STAND_IN)) || Response.error();
  }
}

async function asset(request) {
  try { return await fetch(request); } catch { return (await kept(new URL(request.url).pathname)) || Response.error(); }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && !pathname.startsWith("/api/")) event.respondWith(page(request));
  else if (ASSETS.includes(pathname)) event.respondWith(asset(request));
});
