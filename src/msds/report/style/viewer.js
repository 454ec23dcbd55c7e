// Two images to compare: side by side, under a slider, in turns, or their difference; zoom and pan
// move both. `MSDS.viewer(element)` brings an element of class "viewer" to life, whose two panes
// (.pane.a, .pane.b) hold an image each. Without scripts they stand side by side.
"use strict";
window.MSDS = window.MSDS || {};
MSDS.MODES = [["side", "Side by side"], ["slider", "Slider"], ["flicker", "Flicker"],
  ["difference", "Difference"]];

MSDS.viewer = function (root, mode) {
  const stage = root.querySelector(".stage");
  const second = root.querySelector(".pane.b");
  const images = [...root.querySelectorAll(".pane img")];
  const tools = make("div", "viewer-tools");
  tools.setAttribute("role", "toolbar");
  tools.setAttribute("aria-label", "How to compare the two images");
  const state = { mode: "side", cut: 50, zoom: 1, x: 0, y: 0, timer: 0 };

  const handle = make("input", "handle");
  Object.assign(handle, { type: "range", min: 0, max: 100, step: 0.5, value: 50 });
  handle.setAttribute("aria-label", "How much of the reference is shown");
  const cut = make("div", "cut");
  stage.append(handle, cut);

  const modes = MSDS.MODES.map(([name, label]) => {
    const button = press(label, () => setMode(name));
    button.dataset.mode = name;
    return button;
  });
  const play = press("Play", () => setPlaying(!state.timer));
  const closer = press("+", () => zoomAt(state.zoom * 2), "Closer");
  const farther = press("−", () => zoomAt(state.zoom / 2), "Farther");
  const whole = press("Whole", () => zoomAt(1), "The whole image");
  tools.append(...modes, play, make("span", "gap"), farther, closer, whole);
  root.prepend(tools);

  function size() {
    const [width, height] = [images[0].naturalWidth, images[0].naturalHeight];
    if (!width || !height) return;
    root.style.setProperty("--ratio", width / height);
    root.style.setProperty("--height", `${height}px`);
  }
  images[0].addEventListener("load", size);
  size();

  function make(kind, name) {
    const element = document.createElement(kind);
    element.className = name;
    return element;
  }

  function press(label, action, spoken) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    if (spoken) button.setAttribute("aria-label", spoken);
    button.addEventListener("click", action);
    return button;
  }

  function setMode(name) {
    state.mode = root.dataset.mode = name;
    for (const button of modes) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === name));
    }
    play.hidden = name !== "flicker";
    setPlaying(false);
    second.classList.remove("away");
    draw();
  }

  function setPlaying(wanted) {
    clearInterval(state.timer);
    // Twice a second: slower than what can harm people who are sensitive to flashes.
    state.timer = wanted ? setInterval(swap, 500) : 0;
    play.textContent = wanted ? "Stop" : "Play";
    play.setAttribute("aria-pressed", String(Boolean(wanted)));
  }

  function swap() {
    if (!root.isConnected) setPlaying(false);
    second.classList.toggle("away");
  }

  function setCut(value) {
    state.cut = Math.min(100, Math.max(0, value));
    handle.value = state.cut;
    draw();
  }

  function draw() {
    const sliding = state.mode === "slider";
    second.style.clipPath = sliding ? `inset(0 0 0 ${state.cut}%)` : "";
    cut.style.left = `${state.cut}%`;
    root.classList.toggle("zoomed", state.zoom > 1);
    farther.disabled = whole.disabled = state.zoom <= 1;
    for (const image of images) {
      image.style.transform = state.zoom > 1
        ? `translate(${state.x}px, ${state.y}px) scale(${state.zoom})` : "";
    }
  }

  // Zooming keeps the place under the pointer where it is; `place` is in pixels of a pane.
  function zoomAt(wanted, place) {
    const box = images[0].parentElement.getBoundingClientRect();
    const at = place || [box.width / 2, box.height / 2];
    const zoom = Math.min(32, Math.max(1, wanted));
    state.x = at[0] - (at[0] - state.x) * (zoom / state.zoom);
    state.y = at[1] - (at[1] - state.y) * (zoom / state.zoom);
    state.zoom = zoom;
    keepInside(box);
    draw();
  }

  function keepInside(box) {
    state.x = Math.min(0, Math.max(box.width * (1 - state.zoom), state.x));
    state.y = Math.min(0, Math.max(box.height * (1 - state.zoom), state.y));
  }

  handle.addEventListener("input", () => setCut(Number(handle.value)));
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && state.zoom === 1 && !event.altKey) return;
    event.preventDefault();
    zoomAt(state.zoom * (event.deltaY < 0 ? 1.25 : 0.8), placeOf(event));
  }, { passive: false });

  function paneOf(event) {
    return (event.target.closest(".pane") || images[0].parentElement).getBoundingClientRect();
  }

  function placeOf(event) {
    const box = paneOf(event);
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // A drag moves the slider's edge, or the images when they are larger than their place.
  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    const box = stage.getBoundingClientRect();
    const away = Math.abs(event.clientX - box.left - (box.width * state.cut) / 100);
    const cutting = state.mode === "slider" && (state.zoom === 1 || away < 24);
    drag = { x: event.clientX, y: event.clientY, moved: false, cutting };
    if (cutting) setCut(100 * (event.clientX - box.left) / box.width);
    if (cutting || state.zoom > 1) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (drag.cutting) {
      const box = stage.getBoundingClientRect();
      setCut(100 * (event.clientX - box.left) / box.width);
    } else if (state.zoom > 1) {
      state.x += event.clientX - drag.x;
      state.y += event.clientY - drag.y;
      drag = { x: event.clientX, y: event.clientY, moved: true, cutting: false };
      keepInside(images[0].parentElement.getBoundingClientRect());
      draw();
    }
  });
  stage.addEventListener("pointerup", () => {
    if (drag && !drag.moved && !drag.cutting) {
      if (state.mode === "side") setMode("flicker");
      if (state.mode === "flicker") swap();
    }
    drag = null;
  });
  stage.addEventListener("pointercancel", () => { drag = null; });
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "Images; space swaps them in Flicker, + and - zoom");
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.key === " " && state.mode === "flicker") swap();
    else if (event.key === "+") zoomAt(state.zoom * 2);
    else if (event.key === "-") zoomAt(state.zoom / 2);
    else if (event.key in step && state.zoom > 1) {
      state.x += step[event.key][0];
      state.y += step[event.key][1];
      keepInside(images[0].parentElement.getBoundingClientRect());
      draw();
    } else return;
    event.preventDefault();
  });
  setMode(mode || "side");
  return { setMode, zoomAt, stop: () => setPlaying(false) };
};
