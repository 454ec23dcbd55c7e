// The dialog in which pairs of images are looked at, one after the other. `MSDS.dialog(step, closed)`
// brings it to life: step(1) is to show the next pair and step(-1) the previous one, closed() is told
// when nobody looks any more. It gives show(name, images, map, below, ends): the heading, images and
// map as `MSDS.pair` takes them or null, what stands below, and whether it is the first, the last one.
"use strict";
window.MSDS = window.MSDS || {};

MSDS.dialog = function (step, closed) {
  const byId = (name) => document.getElementById(name);
  const dialog = byId("pair");
  const body = byId("pair-body");
  let viewer = null;
  let mode = "slider";
  let stepping = false;

  function stop() {
    if (viewer) viewer.stop();
    viewer = null;
  }

  function go(by) {
    stepping = true;
    step(by);
    stepping = false;
  }

  function look(images, map) {
    const root = MSDS.pair(images, map);
    body.append(root);
    viewer = MSDS.viewer(root, mode);
    root.querySelector(".viewer-tools").addEventListener("click", () => { mode = root.dataset.mode; });
  }

  function show(name, images, map, below, [isFirst, isLast]) {
    stop();
    byId("pair-name").textContent = name;
    body.replaceChildren();
    if (images) look(images, map);
    if (below) body.append(below);
    byId("previous").disabled = isFirst;
    byId("next").disabled = isLast;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    // Keys are for the images, unless somebody goes from pair to pair with the buttons.
    const stage = body.querySelector(".stage");
    if (stage && (!stepping || !dialog.contains(document.activeElement))) {
      stage.focus({ preventScroll: true });
    }
  }

  byId("previous").addEventListener("click", () => go(-1));
  byId("next").addEventListener("click", () => go(1));
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.defaultPrevented) return;
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
  });
  dialog.addEventListener("close", () => {
    stop();
    closed();
  });
  return { show };
};
