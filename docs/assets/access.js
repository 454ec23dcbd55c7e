// Short names of options are not broken after their hyphens.
for (const name of document.querySelectorAll(".md-typeset :not(pre) > code")) {
  if (name.textContent.length <= 28) name.classList.add("short");
}

// What the theme leaves out for readers by keyboard and by ear: what scrolls can be reached, and the search has a name.
addEventListener("load", () => requestAnimationFrame(() => {
  for (const place of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset p, .arithmatex, .md-typeset code")) {
    if (place.scrollWidth > place.clientWidth && getComputedStyle(place).overflowX === "auto") place.tabIndex = 0;
  }
  document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
}));
