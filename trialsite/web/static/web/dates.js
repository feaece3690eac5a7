// `t` in a date field enters today at the site; a `Now` button stands beside a time field.

function siteParts(zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone || "UTC", hourCycle: "h23",
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(new Date()).map((part) => [part.type, part.value]));
}

function presentValue(input) {
  const at = siteParts(input.dataset.zone);
  const date = `${at.year}-${at.month}-${at.day}`;
  return input.type === "date" ? date : `${date}T${at.hour}:${at.minute}`;
}

function enter(input) {
  input.value = presentValue(input);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function addNowButton(input) {
  if (input.nextElementSibling?.matches(".now-button") || input.disabled) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm now-button";
  button.textContent = "Now";
  button.title = `The time of this computer, shown in ${input.dataset.zone || "UTC"}`;
  button.addEventListener("click", () => { enter(input); input.focus(); });
  input.after(button);
}

export function startDates(root) {
  root.querySelectorAll('input[type="datetime-local"]').forEach(addNowButton);
  if (root !== document) return;
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(input instanceof HTMLInputElement) || !["date", "datetime-local"].includes(input.type)) return;
    event.preventDefault();
    enter(input);
  });
}
