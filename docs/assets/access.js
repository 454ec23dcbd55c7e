// Short names of options are not broken after their hyphens.
for (const name of document.querySelectorAll(".md-typeset :not(pre) > code")) {
  if (name.textContent.length <= 28) name.classList.add("short");
}

// An interval in a table stays on one line.
for (const cell of document.querySelectorAll(".md-typeset td")) {
  const shown = cell.innerHTML;
  const kept = shown.replace(/[[(][-+]?[\d.]+(?:,| to) [-+]?[\d.]+[\])]/g, '<span class="interval">$&</span>');
  if (kept !== shown) cell.innerHTML = kept;
}

// A cell of some words is not made so narrow that each has a line of its own.
for (const cell of document.querySelectorAll(".md-typeset td")) {
  if (/[a-z].{14}/i.test(cell.textContent)) cell.classList.add("words");
}

// What the theme leaves out for readers by keyboard and by ear: what scrolls can be reached, and the search has a name.
addEventListener("load", () => requestAnimationFrame(() => {
  for (const place of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset p, .arithmatex, .md-typeset code")) {
    if (place.scrollWidth > place.clientWidth && getComputedStyle(place).overflowX === "auto") place.tabIndex = 0;
  }
  document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
}));
