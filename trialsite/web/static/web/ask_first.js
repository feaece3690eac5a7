// A question before something is lost. The answer that loses nothing has the focus.
import { element } from "./kept_card.js";

export function askFirst(title, lines, { yes, no }) {
  const dialog = element("dialog", "idle", element("h2", "", title), ...lines.map((line) => element("p", "", line)));
  const keep = element("button", "btn btn-primary", no);
  const lose = element("button", "btn btn-danger", yes);
  keep.type = lose.type = "button";
  dialog.append(element("div", "idle-actions", keep, lose));
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
  return new Promise((resolve) => {
    const end = (answer) => { dialog.remove(); resolve(answer); };
    keep.addEventListener("click", () => end(false));
    lose.addEventListener("click", () => end(true));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
  });
}
