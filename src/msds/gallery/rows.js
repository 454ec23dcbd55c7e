// A table of very many rows: only those in sight are in the document. The list scrolls with the
// page. `MSDS.rows(body, build)` gives {show(rows), reveal(place)}; `build(row)` makes an element.
"use strict";
window.MSDS = window.MSDS || {};

MSDS.rows = function (body, build) {
  const BEYOND = 6; // rows kept above and below the window, so that scrolling finds them there
  let rows = [];
  let height = 0;
  let printing = false; // on paper nothing scrolls: all rows are there
  const present = new Map();

  function measure() {
    height = parseFloat(getComputedStyle(body).getPropertyValue("--row")) || 72;
    body.style.height = `${rows.length * height}px`;
  }

  function draw() {
    if (printing) return keep(0, rows.length);
    const top = body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - BEYOND);
    // Some are there before the list is in sight, for those who come to it without scrolling.
    const seen = Math.ceil((window.innerHeight - top) / height) + BEYOND;
    keep(first, Math.min(rows.length, Math.max(seen, first + 2 * BEYOND)));
  }

  // The rows from one place up to another are in the document, and no others.
  function keep(first, last) {
    for (const [place, element] of present) {
      const wanted = place >= first && place < last;
      // What has the focus stays, or the keyboard would lose its place.
      if (!wanted && !element.contains(document.activeElement)) {
        element.remove();
        present.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (present.has(place)) continue;
      const element = build(rows[place]);
      element.style.transform = `translateY(${place * height}px)`;
      element.setAttribute("aria-rowindex", place + 2);
      present.set(place, element);
      body.append(element);
    }
  }

  function redraw() {
    for (const element of present.values()) element.remove();
    present.clear();
    measure();
    draw();
  }

  // Browsers say at most once a frame that the page has scrolled, before they paint it.
  window.addEventListener("scroll", draw, { passive: true });
  window.addEventListener("resize", () => { measure(); redraw(); });
  // Made anew, they stand in their order.
  window.addEventListener("beforeprint", () => { printing = true; redraw(); });
  window.addEventListener("afterprint", () => { printing = false; redraw(); });
  return {
    show(wanted) {
      rows = wanted;
      redraw();
    },
    reveal(place) {
      const top = body.getBoundingClientRect().top + window.scrollY;
      window.scrollTo({ top: top + place * height - window.innerHeight / 3, behavior: "instant" });
      draw();
      return present.get(place);
    },
  };
};
