// The store of what was typed and is not recorded yet: encrypted, for one user, in this browser.
// A row holds plainly whose it is, its token, its state and its place in the order; all the rest is sealed with AES-GCM
// under the user's key, which the server makes and hands out. The key is kept here as one that scripts can use and
// not read, so that a reload without a connection works; signing out and another user's coming remove it.

const NAME = "trialsite";
const utf8 = new TextEncoder();
const owner = () => document.querySelector('meta[name="draft-owner"]')?.content || "";
const isOfflinePage = () => "offlinePage" in document.body.dataset;

export const isAvailable = Boolean(window.isSecureContext && window.indexedDB && window.crypto?.subtle && navigator.locks);

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const committed = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onerror = () => reject(transaction.error);
  transaction.onabort = () => reject(transaction.error);
});

let opened = null;

function database() {
  opened ||= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys", { keyPath: "owner" });
      request.result.createObjectStore("rows", { keyPath: "id" }).createIndex("owner", "owner");
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => { request.result.close(); opened = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function within(store, mode, act) {
  const transaction = (await database()).transaction(store, mode, { durability: "strict" });
  const result = await act(transaction.objectStore(store));
  if (mode === "readwrite") await committed(transaction);
  return result;
}

// ---- Keys

const fromBase64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const imported = (text) => crypto.subtle.importKey("raw", fromBase64(text), "AES-GCM", false, ["encrypt", "decrypt"]);

async function ringFromServer(wanted) {
  const proof = document.querySelector('meta[name="csrf-token"]')?.content;
  if (!proof) return null;
  const answer = await fetch("/session/draft-key/", {
    method: "POST", cache: "no-store", redirect: "error", headers: { "X-CSRFToken": proof, "X-Kept-Entry": wanted },
  });
  if (!answer.ok) return null;
  const given = await answer.json();
  if (given.owner !== wanted) return null;
  const keys = {};
  for (const one of given.keys) keys[one.id] = await imported(one.key);
  return { owner: wanted, keys, present: given.keys[0].id, until: Date.now() + given.usable_for * 1000, clockAhead: null };
}

// A key of somebody else goes as soon as another user is here; their sealed rows stay until they are back.
async function ringOf(wanted) {
  const rings = await within("keys", "readonly", (store) => settled(store.getAll()));
  const isKept = (ring) => ring.until > Date.now() && (!wanted || ring.owner === wanted);
  const gone = rings.filter((ring) => !isKept(ring));
  if (gone.length) {
    await within("keys", "readwrite", (store) => { gone.forEach((ring) => store.delete(ring.owner)); });
  }
  return rings.find(isKept) || null;
}

async function keep(ring) {
  const others = await within("keys", "readonly", (store) => settled(store.get(ring.owner)));
  const kept = { ...ring, keys: { ...others?.keys, ...ring.keys } };
  await within("keys", "readwrite", (store) => settled(store.put(kept)));
  return kept;
}

// ---- Rows

const boundTo = (row) => utf8.encode(`${row.owner}|${row.id}`);

class Vault {
  constructor(ring) {
    this.ring = ring;
    this.owner = ring.owner;
  }

  // `onlyOver`: the states a row may have for this one to take its place; decided in the same step as the writing.
  async put(row, content, { onlyOver = null } = {}) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bound = { ...row, owner: this.owner };
    const sealed = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: boundTo(bound) },
      this.ring.keys[this.ring.present],
      utf8.encode(JSON.stringify(content)),
    );
    await within("rows", "readwrite", async (store) => {
      const before = await settled(store.get(row.id));
      if (before && onlyOver && !onlyOver.includes(before.state)) return;
      const place = before?.place ?? (await settled(store.getAll())).reduce((last, one) => Math.max(last, one.place), 0) + 1;
      await settled(store.put({ ...bound, place, key: this.ring.present, iv, sealed }));
    });
  }

  async open(row) {
    const key = this.ring.keys[row.key];
    if (!key) return null;
    try {
      const plain = await crypto.subtle.decrypt(
        { name: "AES-GCM", iv: row.iv, additionalData: boundTo(row) }, key, row.sealed,
      );
      return { ...JSON.parse(new TextDecoder().decode(plain)), id: row.id, state: row.state, place: row.place };
    } catch { return null; }
  }

  // In the order in which they were made; rows under a key that is not at hand are left out and left alone.
  async all(...states) {
    const rows = await within("rows", "readonly", (store) => settled(store.index("owner").getAll(this.owner)));
    const wanted = rows.filter((row) => states.includes(row.state)).sort((one, other) => one.place - other.place);
    return (await Promise.all(wanted.map((row) => this.open(row)))).filter(Boolean);
  }

  async get(id) {
    const row = await within("rows", "readonly", (store) => settled(store.get(id)));
    return row && row.owner === this.owner ? this.open(row) : null;
  }

  remove(...ids) {
    return within("rows", "readwrite", (store) => { ids.forEach((id) => store.delete(id)); });
  }

  // Everything of this user, the key as well.
  async wipe() {
    const rows = await within("rows", "readonly", (store) => settled(store.index("owner").getAllKeys(this.owner)));
    await this.remove(...rows);
    await within("keys", "readwrite", (store) => { store.delete(this.owner); });
  }

  async keepClock(ahead) {
    this.ring = { ...this.ring, clockAhead: ahead };
    await within("keys", "readwrite", (store) => settled(store.put(this.ring)));
  }
}

async function unlock() {
  if (!isAvailable || (!owner() && !isOfflinePage())) return null;
  try {
    const ring = await ringOf(owner());
    if (ring) return new Vault(ring);
    const given = owner() && navigator.onLine && (await ringFromServer(owner()));
    return given ? new Vault(await keep(given)) : null;
  } catch { return null; }
}

let unlocked = null;

// The store of who is here, null where there is none: no key yet and no connection, or no encryption at all.
export async function openVault() {
  unlocked ||= unlock();
  const vault = await unlocked;
  if (!vault) unlocked = null;
  return vault;
}

export function forgetVault() { unlocked = null; }

// How many entries of anybody wait here: a number is all that can be told without a key.
export async function countWaiting() {
  if (!isAvailable) return 0;
  try {
    const rows = await within("rows", "readonly", (store) => settled(store.getAll()));
    return rows.filter((row) => ["unsent", "refused"].includes(row.state)).length;
  } catch { return 0; }
}
