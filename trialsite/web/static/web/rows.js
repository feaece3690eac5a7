// Lists that grow: another row without asking the server. Without this script the button asks it.

const OF_ROW = /^(.+?)-(\d+)-/;

function renumber(node, number) {
  for (const name of ["id", "name", "for", "aria-describedby", "aria-labelledby"]) {
    const value = node.getAttribute(name);
    if (value) node.setAttribute(name, value.replace(OF_ROW, `$1-${number}-`));
  }
}

function blank(row, number) {
  const copy = row.cloneNode(true);
  copy.querySelectorAll(".field-errors").forEach((one) => one.remove());
  copy.querySelectorAll(".is-wrong").forEach((one) => one.classList.remove("is-wrong"));
  copy.querySelectorAll("*").forEach((node) => renumber(node, number));
  copy.querySelectorAll("input").forEach((input) => {
    if (["radio", "checkbox"].includes(input.type)) input.checked = false;
    else { input.value = ""; input.removeAttribute("value"); }
    input.classList.remove("is-invalid");
    input.removeAttribute("aria-invalid");
  });
  copy.setAttribute("aria-label", row.getAttribute("aria-label").replace(/\d+$/, number + 1));
  return copy;
}

function addRow(list) {
  const rows = list.querySelectorAll("[data-row]");
  const count = list.querySelector("[data-row-count]");
  const number = Number(count.value);
  const added = blank(rows[rows.length - 1], number);
  rows[rows.length - 1].after(added);
  count.value = number + 1;
  added.querySelector("input, select")?.focus();
}

export function startRows(root) {
  root.querySelectorAll("[data-rows]").forEach((list) => {
    list.querySelector("[data-add-row]")?.addEventListener("click", (event) => {
      event.preventDefault();
      addRow(list);
    });
  });
}
