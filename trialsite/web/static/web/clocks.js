// Clocks that count on the page by the server's time: up since an instant, or down to one. Without the script the
// instant itself stands there.
import { serverTime } from "./server_time.js";

const SOON_MS = 5 * 60_000;

function counted(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return `${ms < 0 ? "−" : ""}${hours ? `${hours}:` : ""}${parts.join(":")}`;
}

function show(place) {
  const at = Date.parse(place.dataset.at);
  const isDown = place.dataset.counts === "until";
  const ms = isDown ? at - serverTime.now() : serverTime.now() - at;
  place.textContent = counted(ms);
  place.classList.toggle("is-soon", isDown && ms >= 0 && ms < SOON_MS);
  place.classList.toggle("is-over", isDown && ms < 0);
}

export function startClocks(root) {
  const places = [...root.querySelectorAll("[data-counts]")];
  if (!places.length) return;
  const tick = () => places.forEach(show);
  tick();
  setInterval(tick, 1000);
}
