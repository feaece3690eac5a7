// What stands where a form stood whose entry waits for the network, and what becomes of it.

const WORDS = {
  waits: ["Kept on this device, not sent yet", "It goes out by itself, once, when the connection is back. You need not enter it again."],
  "signed-out": ["Kept on this device, not sent yet", "You are not signed in any more. Sign in again; it then goes out by itself, once."],
  refused: ["Not accepted", "The entry is kept on this device. Look at what was said and decide what to do with it."],
  recorded: ["Recorded", "The entry has arrived and is on record."],
};

export function link(text, href, kind = "") {
  const made = document.createElement("a");
  made.className = `btn ${kind}`.trim();
  made.href = href;
  made.textContent = text;
  return made;
}

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function sign(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.querySelector('meta[name="icons"]').content}#${name}`);
  svg.append(use);
  return svg;
}

function fill(card, outcome, { path, href }) {
  const [title, words] = WORDS[outcome] || WORDS.waits;
  const ways = element("div", "kept-ways");
  if (outcome === "signed-out") ways.append(link("Sign in again", `/accounts/login/?next=${encodeURIComponent(path)}`, "btn-primary"));
  else if (outcome !== "refused") ways.append(link("Enter another one", path, "btn-primary"));
  if (outcome === "recorded") { if (href) ways.append(link("Show the record", href)); }
  else ways.append(link("Show what waits", "/unsent/", outcome === "refused" ? "btn-primary" : ""));
  const icon = sign(outcome === "recorded" ? "circle-check" : outcome === "refused" ? "alert-circle" : "clock-pause");
  card.className = `card form-card kept-card kept-card-${outcome}`;
  card.replaceChildren(element("div", "card-body", element("h2", "", icon, title), element("p", "", words), ways));
}

export function keptCard(id, outcome, path) {
  const card = document.createElement("section");
  card.setAttribute("role", "status");
  card.dataset.keptEntry = id;
  fill(card, outcome || "waits", { path });
  document.addEventListener("kept:answered", ({ detail }) => {
    if (detail.entry.id === id) fill(card, detail.outcome, { path, href: detail.href });
  });
  return card;
}
