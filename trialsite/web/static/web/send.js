// A form marked data-once goes out once; a refused form shows its summary first.

function holdBack(form) {
  const buttons = [...form.querySelectorAll('button[type="submit"], button:not([type])')];
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => buttons.forEach((button) => { button.disabled = true; }), 0);
  });
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    if (!form.querySelector("#blocked-reason")) buttons.forEach((button) => { button.disabled = false; });
  });
}

// Enter moves on instead of sending a half-filled form; the button sends, and Ctrl+Enter from anywhere.
function keepEnter(form) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    if (event.ctrlKey || event.metaKey) { form.requestSubmit(); return; }
    if (["submit", "button", "checkbox", "radio"].includes(event.target.type)) return;
    event.preventDefault();
    const fields = [...form.elements].filter((field) => !field.disabled && field.type !== "hidden" && field.tagName !== "FIELDSET");
    fields[fields.indexOf(event.target) + 1]?.focus();
  });
}

export function startForms(root) {
  root.querySelectorAll("form[data-once]").forEach((form) => { holdBack(form); keepEnter(form); });
  root.querySelector("[data-focus]")?.focus();
  root.querySelectorAll("[data-go-back]").forEach((button) => {
    if (history.length < 2) return;
    button.hidden = false;
    button.addEventListener("click", () => history.back());
  });
  root.querySelectorAll("[data-send-on-change]").forEach((form) => {
    form.addEventListener("change", () => form.requestSubmit());
  });
}
