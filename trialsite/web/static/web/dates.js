// Dates are typed and read as 2026-11-22 whatever the language of the browser; `t` enters today at the site,
// `Now` the present time there, by the clock that stands beside it. On a touch screen the field of the system stays, with the date spelled out beside it.

import { serverTime } from "./server_time.js";

const fingers = window.matchMedia("(pointer: coarse)");
const kinds = { date: "day", "datetime-local": "time" };

function siteParts(zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone || "UTC", hourCycle: "h23",
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(new Date(serverTime.now())).map((part) => [part.type, part.value]));
}

function presentValue(input) {
  const at = siteParts(input.dataset.zone);
  const day = `${at.year}-${at.month}-${at.day}`;
  if (input.dataset.moment === "day") return day;
  return `${day}${input.type === "text" ? " " : "T"}${at.hour}:${at.minute}`;
}

function enter(input, value) {
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function button(className, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function addNow(input, after) {
  const now = button("btn btn-sm now-button", "Now: enter the present time", () => { enter(input, presentValue(input)); input.focus(); });
  now.textContent = "Now";
  const source = document.createElement("span");
  source.className = `now-source${serverTime.isFarOff ? " now-source-off" : ""}`;
  source.textContent = serverTime.source;
  after.after(now);
  now.closest(".field-moment")?.append(source);
}

// 20261122, 2026.11.22 or 202611221430 become the written form when the field is left.
function tidy(input) {
  const digits = input.value.replace(/\D/g, "");
  const wanted = input.dataset.moment === "day" ? 8 : 12;
  if (digits.length !== wanted) return;
  const day = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
  input.value = wanted === 8 ? day : `${day} ${digits.slice(8, 10)}:${digits.slice(10, 12)}`;
}

function calendarSign() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.querySelector('meta[name="icons"]').content}#calendar`);
  svg.append(use);
  return svg;
}

function addPicker(input, box) {
  const picker = document.createElement("input");
  picker.type = input.dataset.moment === "day" ? "date" : "datetime-local";
  picker.className = "date-picker";
  picker.tabIndex = -1;
  picker.setAttribute("aria-hidden", "true");
  if (input.max) picker.max = input.max;
  const open = button("pick-button", "Choose from a calendar", () => {
    picker.value = input.value.replace(" ", "T");
    picker.showPicker();
  });
  open.append(calendarSign());
  picker.addEventListener("input", (event) => event.stopPropagation());
  picker.addEventListener("change", (event) => {
    event.stopPropagation();
    enter(input, picker.value.replace("T", " "));
    input.focus();
  });
  box.append(open, picker);
}

function asText(input) {
  const value = input.getAttribute("value") || input.value;
  const kept = input.value || value;
  input.type = "text";
  input.value = kept.replace("T", " ");
  input.inputMode = "numeric";
  input.autocomplete = "off";
  input.placeholder = input.dataset.moment === "day" ? "YYYY-MM-DD" : "YYYY-MM-DD HH:MM";
  input.addEventListener("blur", () => tidy(input));
  const box = document.createElement("span");
  box.className = `date-box date-box-${input.dataset.moment}`;
  input.replaceWith(box);
  box.append(input);
  addPicker(input, box);
  return box;
}

function withEcho(input) {
  const echo = document.createElement("output");
  echo.className = "field-echo num";
  const say = () => { echo.textContent = input.value.replace("T", " "); };
  input.addEventListener("input", say);
  input.after(echo);
  say();
  return input;
}

function improve(input) {
  if (input.dataset.moment || input.disabled || input.classList.contains("date-picker")) return;
  input.dataset.moment = kinds[input.type];
  const placed = fingers.matches ? withEcho(input) : asText(input);
  if (input.dataset.moment === "time" && !("ahead" in input.dataset)) addNow(input, placed);
}

export function startDates(root) {
  root.querySelectorAll('input[type="date"], input[type="datetime-local"]').forEach(improve);
  if (root !== document) return;
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(input instanceof HTMLInputElement) || !input.dataset.moment) return;
    event.preventDefault();
    enter(input, presentValue(input));
  });
}
