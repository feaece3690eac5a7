// The time of the server as far as this device can tell. Its own clock may be wrong by any amount: the page brings the
// server's, the difference is measured when the page arrives, and kept for when there is no connection.
import { openVault } from "./vault.js";

const TOO_FAR_MS = 120_000;

function measured() {
  const said = Number(document.querySelector('meta[name="server-time"]')?.content);
  if (!said) return null;
  const [entry] = performance.getEntriesByType("navigation");
  const since = entry ? performance.now() - entry.responseStart : 0;
  const arrived = Date.now() - (since > 0 && since < TOO_FAR_MS ? since : 0);
  return arrived - said; // above zero: this device is ahead
}

export const serverTime = {
  ahead: measured(),
  now() { return Date.now() - (this.ahead ?? 0); },
  get isKnown() { return this.ahead !== null; },
  get isFarOff() { return Math.abs(this.ahead ?? 0) > TOO_FAR_MS; },

  // What stands beside a button that enters the present time.
  get source() {
    if (!this.isKnown) return "Clock of this device";
    if (!this.isFarOff) return "Clock of the server";
    const minutes = Math.round(Math.abs(this.ahead) / 60_000);
    const direction = this.ahead > 0 ? "ahead" : "behind";
    return `Clock of the server; this device is ${minutes} min ${direction}`;
  },
};

export async function keepServerTime() {
  const vault = await openVault();
  if (!vault) return;
  if (serverTime.isKnown) {
    if (Math.abs((vault.ring.clockAhead ?? Infinity) - serverTime.ahead) > 1000) await vault.keepClock(serverTime.ahead);
  } else serverTime.ahead = vault.ring.clockAhead;
}

// A moment as it is written everywhere: 2026-01-06 10:00 Asia/Shanghai.
export function written(ms, zone) {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return `${format.format(new Date(ms))} ${zone}`;
}
