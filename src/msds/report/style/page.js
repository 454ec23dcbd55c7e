// What makes a page of tables and figures answer: tables sort, legends pick a kind out.
"use strict";
(function () {
  function value(cell) {
    if (!cell) return NaN;
    const text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    if (text === "inf") return Infinity;
    return text === "" ? NaN : Number(text);
  }

  function order(rows, column, sign) {
    const text = (row) => row.cells[column].textContent.trim();
    return [...rows].sort((a, b) => {
      const [first, second] = [value(a.cells[column]), value(b.cells[column])];
      const numbers = !Number.isNaN(first) && !Number.isNaN(second);
      if (numbers) return first === second ? 0 : sign * (first < second ? -1 : 1);
      // Cells without a number stand last, whichever way the rest runs.
      if (!Number.isNaN(first) || !Number.isNaN(second)) return Number.isNaN(first) ? 1 : -1;
      return sign * text(a).localeCompare(text(b), undefined, { numeric: true });
    });
  }

  function sortable(table) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 3) return;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const falling = head.getAttribute("aria-sort") !== "descending" && column > 0;
        for (const other of table.tHead.rows[0].cells) {
          if (other !== head) other.removeAttribute("aria-sort");
        }
        const rising = !falling && head.getAttribute("aria-sort") !== "ascending";
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        body.append(...order(body.rows, column, rising ? 1 : -1));
      });
    });
  }

  function picking(figure) {
    const buttons = [...figure.querySelectorAll(".legend button")];
    for (const button of buttons) {
      button.addEventListener("click", () => {
        const chosen = button.getAttribute("aria-pressed") !== "true";
        for (const other of buttons) {
          other.setAttribute("aria-pressed", String(chosen && other === button));
        }
        for (const drawn of figure.querySelectorAll(".chart [data-kind]")) {
          drawn.classList.toggle("faded", chosen && drawn.dataset.kind !== button.dataset.kind);
        }
      });
    }
  }

  document.querySelectorAll("table.sorts").forEach(sortable);
  document.querySelectorAll("figure").forEach(picking);
  document.querySelectorAll(".viewer").forEach((root) => MSDS.viewer(root));
})();
