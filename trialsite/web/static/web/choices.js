// An answer pressed by mistake is taken back by pressing it again, where leaving it open is allowed.

export function startChoices(root) {
  let wasChosen = null;
  const radioOf = (event) => event.target.closest?.(".evidence-form .form-selectgroup-item")?.querySelector('input[type="radio"]');
  root.addEventListener("pointerdown", (event) => {
    const radio = radioOf(event);
    wasChosen = radio?.checked ? radio : null;
  });
  root.addEventListener("click", (event) => {
    const radio = event.target;
    if (!(radio instanceof HTMLInputElement) || radio.type !== "radio" || radio !== wasChosen) return;
    radio.checked = false;
    wasChosen = null;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
