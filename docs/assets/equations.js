// Typesets the equations of pages that have any, with the KaTeX that lies beside this file.
(() => {
  const found = document.querySelectorAll(".arithmatex");
  if (!found.length) return;
  const folder = document.currentScript.src.replace(/[^/]*$/, "katex/");
  const look = document.createElement("link");
  look.rel = "stylesheet";
  look.href = folder + "katex.min.css";
  const library = document.createElement("script");
  library.src = folder + "katex.min.js";
  library.onload = () => {
    for (const place of found) {
      const text = place.textContent.trim();
      const displayMode = text.startsWith("\\[");
      katex.render(text.slice(2, -2), place, { displayMode, throwOnError: false });
    }
  };
  document.head.append(look, library);
})();
