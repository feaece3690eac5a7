// A form marked data-once goes out once; a refused form shows its summary first.

// The Back button may bring a form anew, with a token of its own: sent again it would be recorded a second time.
// So the entry in the history of the tab is marked when its form goes out; a refusal takes the mark back.
const REFUSED = `refused:${location.pathname}`;
const tokenOf = (form) => form.elements.once?.value || form.action;

function wasSent(form) {
  const { sent, of } = history.state || {};
  return of === form.action && sent !== sessionStorage.getItem(REFUSED);
}

const mark = (what) => history.replaceState({ ...history.state, sent: "", of: "", ...what }, "");

export function markSent(form) { mark({ sent: tokenOf(form), of: form.action }); }

function saySent(form) {
  if (form.querySelector("[data-sent-already]")) return;
  const again = document.createElement("a");
  again.href = location.pathname;
  again.textContent = "open the form anew";
  again.addEventListener("click", () => mark({}));
  const words = document.createElement("div");
  words.append("This form was sent already. Look at the record first; to enter another one, ", again, ".");
  const box = document.createElement("div");
  box.className = "alert alert-warning";
  box.setAttribute("role", "status");
  box.dataset.sentAlready = "";
  box.append(words);
  (form.querySelector(".card-body") || form).prepend(box);
}

function holdBack(form) {
  const buttons = [...form.querySelectorAll('button[type="submit"], button:not([type])')];
  if (form.querySelector(".error-summary")) sessionStorage.setItem(REFUSED, tokenOf(form));
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    markSent(form);
    setTimeout(() => buttons.forEach((button) => { button.disabled = true; }), 0);
  });
  window.addEventListener("pageshow", () => {
    const isSent = wasSent(form);
    if (isSent) { form.dataset.sent = "1"; saySent(form); } else delete form.dataset.sent;
    const isBlocked = isSent || form.querySelector("#blocked-reason");
    buttons.forEach((button) => { button.disabled = Boolean(isBlocked); });
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
