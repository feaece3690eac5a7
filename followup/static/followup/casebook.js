// Arrow keys in the matrix: one cell further, over cells without a visit.

const STEP = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function linkBeyond(cell, down, across) {
  const rows = [...cell.closest("table").rows];
  let row = cell.parentElement.rowIndex;
  let column = cell.cellIndex;
  for (;;) {
    row += down;
    column += across;
    const next = rows[row]?.cells[column];
    if (!next) return null;
    const link = next.querySelector("a");
    if (link) return link;
  }
}

document.addEventListener("keydown", (event) => {
  const step = STEP[event.key];
  const cell = event.target instanceof Element && event.target.closest("[data-grid] td, [data-grid] th");
  if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = linkBeyond(cell, ...step);
  if (!link) return;
  event.preventDefault();
  link.focus();
});
