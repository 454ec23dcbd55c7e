// Two images to compare: side by side, under a slider, in turns, or their difference; zoom and pan
// move both. `MSDS.viewer(element, mode)` brings an element of class "viewer" to life, whose two panes
// (.pane.a, .pane.b) hold an image each; without scripts they stand side by side. `MSDS.pair(images,
// map)` makes such an element of two images, {src, alt, name}, and the address of a map. A viewer has
//   setMode(name)     one of MSDS.MODES
//   setMap(address)   a picture over the distorted image, with a slider for how much of it is seen;
//                     null takes it away. An img.map in .pane.b is the first one.
//   zoomAt(factor, [x, y])   1 is the whole image; x and y, in pixels of a pane, stay where they are
//   stop()            when it is taken out of the page
// Nothing of the page is needed but the colours that viewer.css names.
"use strict";
window.MSDS = window.MSDS || {};
MSDS.MODES = [["side", "Side by side"], ["slider", "Slider"], ["flicker", "Flicker"],
  ["difference", "Difference \u00d7 4"]];

MSDS.pair = function (images, map) {
  const make = (kind, name, values) => Object.assign(document.createElement(kind), { className: name, ...values });
  const stage = make("div", "stage");
  images.forEach(({ src, alt, name }, side) => {
    const pane = make("figure", `pane ${"ab"[side]}`);
    pane.append(make("img", "", { src, alt, draggable: false }));
    if (side && map) pane.append(make("img", "map", { src: map, alt: "", draggable: false }));
    pane.append(make("figcaption", "", { textContent: name }));
    stage.append(pane);
  });
  const root = make("div", "viewer");
  root.append(stage);
  return root;
};

MSDS.viewer = function (root, mode) {
  const stage = root.querySelector(".stage");
  const second = root.querySelector(".pane.b");
  const images = [...root.querySelectorAll(".pane img:not(.map)")];
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
  const whole = press("Fit", () => zoomAt(1), "The whole image");
  const actual = press("1:1", () => zoomAt(actualZoom()), "Every pixel as one of the screen");
  const scale = make("output", "scale");
  const shade = make("label", "shade");
  const amount = make("input", "amount");
  Object.assign(amount, { type: "range", min: 0, max: 100, value: 0 });
  amount.addEventListener("input", draw);
  shade.append("Map", amount);
  let map = second.querySelector("img.map");
  shade.hidden = !map;
  tools.append(...modes, play, shade, make("span", "gap"), scale, farther, closer, whole, actual);
  root.prepend(tools);

  function size() {
    const [width, height] = [images[0].naturalWidth, images[0].naturalHeight];
    if (!width || !height) return;
    root.style.setProperty("--ratio", width / height);
    root.style.setProperty("--height", `${height}px`);
    draw();
  }

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

  function setMap(address) {
    shade.hidden = !address;
    if (!address) {
      if (map) map.remove();
      map = null;
      return;
    }
    if (!map) {
      map = make("img", "map");
      Object.assign(map, { alt: "", draggable: false });
      images[1].after(map);
    }
    map.src = address;
    draw();
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
    const times = magnified();
    root.classList.toggle("zoomed", state.zoom > 1);
    // Pixels are shown as squares where they are larger than the screen's, and smoothed elsewhere.
    root.classList.toggle("pixels", state.zoom > 1 && times > 1.5);
    scale.value = times ? `${Math.round(100 * times)} %` : "";
    farther.disabled = whole.disabled = state.zoom <= 1;
    closer.disabled = state.zoom >= closest();
    actual.disabled = actualZoom() <= 1;
    const move = `translate(${state.x}px, ${state.y}px) scale(${state.zoom})`;
    for (const image of map ? [...images, map] : images) {
      image.style.transform = state.zoom > 1 ? move : "";
    }
    if (map) map.style.opacity = amount.value / 100;
  }

  // Screen pixels for one of the image, and the zooms that give one, or sixteen.
  function magnified() {
    const image = images[0];
    return (state.zoom * image.clientWidth * devicePixelRatio) / image.naturalWidth || 0;
  }
  const actualZoom = () => state.zoom / (magnified() || 1);
  const closest = () => Math.max(8, 16 * actualZoom());

  // Zooming keeps the place under the pointer where it is; `place` is in pixels of a pane.
  function zoomAt(wanted, place) {
    const box = images[0].parentElement.getBoundingClientRect();
    const at = place || [box.width / 2, box.height / 2];
    const zoom = Math.min(closest(), Math.max(1, wanted));
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

  // A drag moves the slider's edge, or the images when they are larger than their place; two
  // fingers zoom.
  const fingers = new Map();
  let drag = null;

  function spread() {
    const [first, other] = [...fingers.values()];
    return Math.hypot(first.clientX - other.clientX, first.clientY - other.clientY) || 1;
  }

  function cutTo(event) {
    const box = stage.getBoundingClientRect();
    setCut((100 * (event.clientX - box.left)) / box.width);
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, event);
    if (fingers.size > 1) {
      drag = { moved: true, spread: spread(), zoom: state.zoom };
      return;
    }
    const box = stage.getBoundingClientRect();
    const away = Math.abs(event.clientX - box.left - (box.width * state.cut) / 100);
    const cutting = state.mode === "slider" && (state.zoom === 1 || away < 24);
    drag = { moved: false, cutting };
    if (cutting) cutTo(event);
    if (cutting || state.zoom > 1) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!drag || !before) return;
    fingers.set(event.pointerId, event);
    if (fingers.size === 2 && drag.spread) {
      zoomAt((drag.zoom * spread()) / drag.spread, placeOf(event));
    } else if (drag.cutting) {
      cutTo(event);
    } else if (state.zoom > 1 && fingers.size === 1) {
      const [right, down] = [event.clientX - before.clientX, event.clientY - before.clientY];
      if (!right && !down) return;
      drag.moved = true;
      pan(right, down);
    }
  });
  stage.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    if (fingers.size) return;
    if (drag && !drag.moved && !drag.cutting) {
      if (state.mode === "side") setMode("flicker");
      if (state.mode === "flicker") swap();
    }
    drag = null;
  });
  stage.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    drag = null;
  });
  stage.addEventListener("pointerleave", (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) fingers.delete(event.pointerId);
  });

  function pan(right, down) {
    state.x += right;
    state.y += down;
    keepInside(images[0].parentElement.getBoundingClientRect());
    draw();
  }

  stage.addEventListener("dragstart", (event) => event.preventDefault());
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "Images; space swaps them, plus and minus zoom, 0 shows the whole");
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      if (state.mode !== "flicker") setMode("flicker");
      swap();
    } else if (event.key === "+" || event.key === "=") zoomAt(state.zoom * 2);
    else if (event.key === "-") zoomAt(state.zoom / 2);
    else if (event.key === "0") zoomAt(1);
    else if (event.key === "1") zoomAt(actualZoom());
    else if (event.key in step && state.zoom > 1) pan(...step[event.key]);
    else return;
    event.preventDefault();
  });
  // Shown larger or smaller, it stays inside its place.
  const resized = new ResizeObserver(() => zoomAt(state.zoom, [0, 0]));
  resized.observe(stage);
  images[0].addEventListener("load", size);
  setMode(mode || "side");
  size();
  return {
    setMode, setMap, zoomAt,
    stop() {
      setPlaying(false);
      resized.disconnect();
    },
  };
};
