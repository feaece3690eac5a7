// Fragments that htmx loads: the token that proves the form is ours, and errors said where they are seen.
import { startDates } from "./dates.js";

function say(text, kind = "danger") {
  const place = document.getElementById("messages");
  if (!place) return;
  const box = document.createElement("div");
  box.className = `alert alert-${kind} message`;
  box.setAttribute("role", "alert");
  box.textContent = text;
  place.replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

export function startFragments() {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  const body = document.body;
  body.addEventListener("htmx:configRequest", (event) => {
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
  });
  body.addEventListener("htmx:afterSettle", (event) => {
    event.target.removeAttribute("aria-busy");
    startDates(event.target);
  });
  body.addEventListener("htmx:responseError", (event) => {
    const { xhr, target } = event.detail;
    const isPlain = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    const text = (isPlain && xhr.responseText) || "This part could not be loaded. Reload the page to try again.";
    target?.removeAttribute("aria-busy");
    if (target?.querySelector(".panel-wait")) target.textContent = text;
    else say(text);
  });
  body.addEventListener("htmx:sendError", (event) => {
    event.detail.target?.removeAttribute("aria-busy");
    if (!navigator.onLine) return; // the bar on top says so
    say("No connection. What you typed is still here; send it again when the connection is back.", "warning");
  });
}
