// The part beside a form may say why the act is not possible at the time that is entered: the button then waits.

function follow(place) {
  const form = document.getElementById("step-form");
  const button = form?.querySelector('.form-foot button[type="submit"]');
  if (!button || form.querySelector("#blocked-reason:not([data-follows])")) return;
  const why = place.querySelector("[data-blocks]")?.dataset.blocks || "";
  form.querySelector("#blocked-reason")?.remove();
  button.disabled = Boolean(why);
  if (!why) { button.removeAttribute("aria-describedby"); return; }
  const note = document.createElement("span");
  note.id = "blocked-reason";
  note.className = "form-foot-note";
  note.dataset.follows = "";
  note.textContent = why;
  button.setAttribute("aria-describedby", note.id);
  button.parentElement.append(note);
}

export function startBlocks(root) {
  const place = root.getElementById("beside");
  if (!place) return;
  follow(place);
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target === place) follow(place);
  });
}
