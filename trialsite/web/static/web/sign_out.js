// Signing out takes everything kept for the user out of this browser; what was not recorded is named first.
import { askFirst } from "./ask_first.js";
import { openVault } from "./vault.js";

const counted = (count, one, more) => (count === 1 ? `1 ${one}` : `${count} ${more}`);

function losses(unsent, drafts) {
  const lines = [];
  if (unsent) lines.push(`${counted(unsent, "entry was", "entries were")} not sent. Signing out removes ${unsent === 1 ? "it" : "them"} from this device, unrecorded.`);
  if (drafts) lines.push(`${counted(drafts, "form was", "forms were")} begun and not saved.`);
  return lines;
}

async function leave(form) {
  const vault = await openVault();
  const unsent = vault ? (await vault.all("unsent", "refused")).length : 0;
  const drafts = vault ? (await vault.all("draft")).length : 0;
  if (unsent || drafts) {
    const isSure = await askFirst("Sign out and lose what is not recorded?", losses(unsent, drafts), {
      yes: "Remove and sign out", no: "Stay signed in",
    });
    if (!isSure) return;
  }
  await vault?.wipe();
  sessionStorage.clear();
  HTMLFormElement.prototype.submit.call(form);
}

async function cannot() {
  await askFirst("No connection", ["The server cannot sign you out now. What you entered stays on this device, encrypted."], {
    yes: "Close", no: "Stay",
  });
}

export function startSignOut(root) {
  root.querySelectorAll("form[data-sign-out]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (navigator.onLine) leave(form);
      else cannot();
    });
  });
}
