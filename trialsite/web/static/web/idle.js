// Two minutes before the session ends the page asks; without an answer it goes to the sign-in page. Drafts stay.

const WARN_BEFORE = 120;

const clockFace = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.max(seconds % 60, 0)).padStart(2, "0")}`;

export function startIdleWarning() {
  const meta = document.querySelector('meta[name="session-expires-in"]');
  const dialog = document.getElementById("idle-warning");
  if (!meta || !(dialog instanceof HTMLDialogElement)) return;
  const left = dialog.querySelector("[data-idle-left]");
  const token = document.querySelector('meta[name="csrf-token"]')?.content || "";
  let endsAt = Date.now() + Number(meta.content) * 1000;

  async function stay() {
    const answer = await fetch(meta.dataset.keepAlive, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
    if (!answer) { dialog.close(); return; }
    if (!answer.ok || answer.redirected) { location.assign(meta.dataset.signIn); return; }
    endsAt = Date.now() + Number((await answer.json()).expires_in) * 1000;
    dialog.close();
  }

  // Without a connection nothing can be prolonged and a reload would help nobody: what is typed stays where it is.
  function look() {
    if (!navigator.onLine) { if (dialog.open) dialog.close(); return; }
    const seconds = Math.round((endsAt - Date.now()) / 1000);
    if (seconds <= 0) { location.assign(location.href); return; }
    if (seconds <= WARN_BEFORE && !dialog.open) dialog.showModal();
    if (dialog.open) left.textContent = clockFace(seconds);
  }

  dialog.querySelector("[data-idle-stay]").addEventListener("click", stay);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); stay(); });
  setInterval(look, 1000);
}
