// The worst moments of clips: a click on a card or on a mark of a curve shows both frames.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const moments = JSON.parse(byId("moments").textContent);
  const dialog = byId("pair");
  let viewer = null;
  let current = 0;
  let mode = "slider";

  function element(kind, name, text) {
    const made = document.createElement(kind);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  }

  function stop() {
    if (viewer) viewer.stop();
    viewer = null;
  }

  function picture(name, address) {
    const made = element("img", name);
    Object.assign(made, { src: address, alt: "", draggable: false });
    return made;
  }

  function show(number) {
    current = number;
    stop();
    const moment = moments[number];
    const body = byId("pair-body");
    body.replaceChildren();
    byId("pair-name").textContent = moment.name;
    if (moment.pictures) {
      const root = element("div", "viewer");
      const stage = element("div", "stage");
      ["reference", "distorted"].forEach((name, side) => {
        const pane = element("figure", `pane ${"ab"[side]}`);
        const shown = picture("", moment.pictures[side]);
        shown.alt = name;
        pane.append(shown);
        if (side === 1 && moment.pictures[2]) pane.append(picture("map", moment.pictures[2]));
        pane.append(element("figcaption", "", name));
        stage.append(pane);
      });
      root.append(stage);
      body.append(root);
      viewer = MSDS.viewer(root, mode);
      root.querySelector(".viewer-tools").addEventListener("click", () => { mode = root.dataset.mode; });
    } else {
      body.append(element("p", "note", "There is no picture of this moment."));
    }
    byId("previous").disabled = number === 0;
    byId("next").disabled = number === moments.length - 1;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  function step(by) {
    const next = current + by;
    if (next >= 0 && next < moments.length) show(next);
  }

  document.addEventListener("click", (event) => {
    const card = event.target.closest("[data-card]");
    const mark = event.target.closest("[data-moment]");
    if (card) show(Number(card.dataset.card));
    else if (mark) show(Number(mark.dataset.first) + Number(mark.dataset.moment));
  });
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("input")) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  dialog.addEventListener("close", stop);
})();
