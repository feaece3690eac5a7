// What is typed into a form survives a reload and a sign-out by time, in this tab only and for this user only.
// Kept in sessionStorage: it leaves with the tab. Passwords and fields marked data-private are never kept.

const owner = () => document.querySelector('meta[name="draft-owner"]')?.content || "";
const place = (form) => `draft:${owner()}:${form.dataset.draft}`;
const NEVER = new Set(["csrfmiddlewaretoken", "version", "once"]);

function read(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || NEVER.has(field.name) || ["password", "file", "submit", "button"].includes(field.type)) continue;
    if (field.closest("[data-private]")) continue;
    if (["radio", "checkbox"].includes(field.type)) {
      (values[field.name] ||= []).push(...(field.checked ? [field.value] : []));
    } else {
      values[field.name] = field.value;
    }
  }
  return values;
}

function write(form, values) {
  for (const field of form.elements) {
    if (!(field.name in values)) continue;
    const value = values[field.name];
    if (["radio", "checkbox"].includes(field.type)) field.checked = value.includes(field.value);
    else field.value = value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function note(form, text, actions = []) {
  const line = form.querySelector("[data-draft-note]");
  if (!line) return;
  line.replaceChildren(text);
  for (const [label, act] of actions) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = label;
    button.addEventListener("click", act);
    line.append(" ", button);
  }
}

function offer(form, first) {
  const kept = sessionStorage.getItem(place(form));
  if (!kept || kept === first) return;
  note(form, "You had begun to fill this in.", [
    ["Bring it back", () => { write(form, JSON.parse(kept)); note(form, "Brought back, not saved yet."); }],
    ["Discard", () => { sessionStorage.removeItem(place(form)); note(form, ""); }],
  ]);
}

export function startDrafts(root) {
  if (!owner()) return;
  root.querySelectorAll("form[data-draft]").forEach((form) => {
    const first = JSON.stringify(read(form));
    const isRefused = Boolean(form.querySelector(".error-summary"));
    if (!isRefused) offer(form, first);
    form.addEventListener("input", () => {
      sessionStorage.setItem(place(form), JSON.stringify(read(form)));
      note(form, "Not saved yet.");
    });
    form.addEventListener("submit", () => sessionStorage.removeItem(place(form)));
  });
  root.querySelectorAll("form[data-sign-out]").forEach((form) => {
    form.addEventListener("submit", () => sessionStorage.clear());
  });
}
