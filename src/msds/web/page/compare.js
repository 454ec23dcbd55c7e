// The page: what was given, what came of it, and what is looked at.
"use strict";
(function () {
  const AT_ONCE = 3;
  const QUICK_SIDE = 1024;
  const SVG = "http://www.w3.org/2000/svg";
  const byId = (name) => document.getElementById(name);
  // versions: {file, record, error, places, map, found}; chosen is one of them.
  const state = { reference: null, id: null, versions: [], chosen: null, level: "" };
  let viewer = null;
  let round = 0;
  let aborting = new AbortController();

  function make(kind, name, text) {
    const element = document.createElement(kind);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function bar(value, low, fill) {
    const share = 100 * Math.min(1, Math.max(0, (value - low) / (1 - low)));
    const holder = make("span", "bar");
    const drawn = document.createElementNS(SVG, "svg");
    for (const [name, amount] of [["track", 100], [`fill ${fill}`, share]]) {
      const part = document.createElementNS(SVG, "rect");
      part.setAttribute("class", name);
      part.setAttribute("width", `${amount}%`);
      part.setAttribute("height", 6);
      part.setAttribute("rx", 3);
      drawn.append(part);
    }
    drawn.setAttribute("width", "100%");
    drawn.setAttribute("height", 6);
    drawn.setAttribute("aria-hidden", "true");
    holder.append(drawn);
    return holder;
  }

  const say = (text) => { if (byId("status").textContent !== text) byId("status").textContent = text; };
  const complain = (text) => { byId("problem").textContent = text; };
  const done = () => state.versions.filter((v) => v.record || v.error);
  const ranked = () => [...state.versions].sort((a, b) => (
    (b.record ? b.record.score : b.error ? -3 : -2) - (a.record ? a.record.score : a.error ? -3 : -2)));

  // Bars start at the lowest number of all that is shown, rounded down to a tenth; at 0.9 at most.
  function lowest() {
    const found = state.versions.flatMap((v) => (v.record ? [v.record.score, ...v.record.levels] : []));
    return Math.min(0.9, Math.floor(10 * Math.min(1, ...found)) / 10);
  }

  const blank = (file) => (
    { file, record: null, error: null, places: null, map: null, found: null, asked: false });

  // ---- what is given
  function again() {
    restart();
    forgetReference();
    for (const version of state.versions) {
      Object.assign(version, blank(version.file));
    }
  }

  function giveReference(file) {
    again();
    if (state.reference) MSDS.forget(state.reference);
    state.reference = file;
    byId("reference-name").textContent = file.name;
    fill(byId("reference-slot"), file);
    work();
  }

  function giveVersions(files) {
    for (const file of files) state.versions.push(blank(file));
    const count = state.versions.length;
    byId("versions-name").textContent = count === 1 ? state.versions[0].file.name : `${count} images`;
    fillVersions();
    work();
  }

  function give(files, slot) {
    if (!files.length) return;
    complain("");
    byId("clear").hidden = false;
    let rest = files;
    if (slot === "reference" || (!slot && !state.reference)) {
      giveReference(files[0]);
      rest = files.slice(1);
    }
    if (rest.length) giveVersions(rest);
  }

  // The first version that can be shown stands for all of them.
  async function fillVersions() {
    for (const version of [...state.versions]) {
      if (await fill(byId("versions-slot"), version.file)) return;
    }
  }

  async function fill(slot, file) {
    slot.classList.add("full");
    const holder = slot.querySelector(".slot-picture");
    try {
      const image = make("img");
      image.alt = "";
      image.src = await MSDS.picture(file);
      holder.replaceChildren(image);
      return true;
    } catch (error) {
      holder.replaceChildren(make("span", "quiet", "?"));
      return false;
    }
  }

  function forgetReference() {
    if (state.id) fetch(`/api/references/${state.id}`, { method: "DELETE" }).catch(() => {});
    state.id = null;
  }

  function restart() {
    round += 1;
    aborting.abort();
    aborting = new AbortController();
  }

  function clear() {
    restart();
    forgetReference();
    for (const version of state.versions) MSDS.forget(version.file);
    if (state.reference) MSDS.forget(state.reference);
    Object.assign(state, { reference: null, versions: [], chosen: null });
    for (const [name, words] of [["reference", "Drop it here, or choose a file"],
      ["versions", "Drop one or many, or choose files"]]) {
      byId(name).value = "";
      byId(`${name}-name`).textContent = words;
      const slot = byId(`${name}-slot`);
      slot.classList.remove("full");
      slot.querySelector(".slot-picture").replaceChildren();
    }
    stopLooking();
    byId("result").hidden = byId("clear").hidden = byId("save").hidden = true;
    say("");
    complain("");
    byId("reference").focus();
  }

  // ---- scores
  async function score(version) {
    const reference = state.id ? { reference_id: state.id } : { reference: state.reference, keep: true };
    try {
      return await MSDS.ask("/api/score", { ...reference, distorted: version.file }, aborting.signal);
    } catch (error) {
      if (error.status !== 400 || !state.id) throw error;
      state.id = null; // it was forgotten meanwhile
      return score(version);
    }
  }

  async function work() {
    const mine = round;
    if (!state.reference) {
      say(state.versions.length ? "Now give the original." : "");
      return;
    }
    if (!state.versions.length) {
      say("Now give one or more versions to judge.");
      return;
    }
    const waiting = state.versions.filter((v) => !v.record && !v.error && !v.asked);
    if (!waiting.length) return;
    for (const version of waiting) version.asked = true;
    progress();
    // The first answer brings a name for the reference, which need not be sent again then.
    await settle(waiting.shift(), mine);
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (waiting.length && mine === round) await settle(waiting.shift(), mine);
    }));
    if (mine !== round) return;
    progress();
    await lookForMoved(mine);
  }

  // Whether parts have moved takes longer than scores, and is asked when all of them are there.
  async function lookForMoved(mine) {
    for (const version of state.versions) {
      if (!version.record || version.places || mine !== round) continue;
      version.places = {};
      try {
        const found = await MSDS.ask("/api/places",
          { reference: state.reference, distorted: version.file }, aborting.signal);
        if (mine !== round) return;
        version.places = found;
      } catch (error) {
        if (mine !== round || error.name === "AbortError") return;
        version.places = { position: null, unknown: `not looked at: ${error.message}` };
      }
      progress();
      if (version.places.position || version === state.chosen) show();
    }
  }

  async function settle(version, mine) {
    try {
      const answer = await score(version);
      if (mine !== round) return;
      state.id = answer.reference_id;
      version.record = answer;
    } catch (error) {
      if (mine !== round || error.name === "AbortError") return;
      version.error = error.message;
    } finally {
      if (mine === round) version.asked = false;
    }
    progress();
    if (!state.chosen || !state.chosen.record) choose(version);
    else show();
    if (!viewer) look();
  }

  function progress() {
    const [count, all] = [done().length, state.versions.length];
    byId("save").hidden = count < all || !state.versions.some((v) => v.record);
    if (count < all) say(all === 1 ? "Comparing …" : `Comparing … ${count} of ${all}`);
    else say([...summary(all), ...moved()].join(" "));
  }

  function summary(all) {
    const scored = state.versions.filter((v) => v.record).length;
    if (all !== 1 && scored === all) return [`${all} images compared.`];
    if (all !== 1) return [`${scored || "None"} of ${all} images compared.`];
    const { record } = state.versions[0];
    if (!record) return [];
    const called = calledOf(state.versions[0]);
    return [`Score ${record.score.toFixed(4)}${called ? `, mostly called ${called}` : ""}.`];
  }

  const moved = () => state.versions.filter((v) => v.places && v.places.position)
    .map((v) => `${v.file.name}: ${v.places.position}.`);

  // ---- the result
  const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  // What most people called pairs of such a score; of parts that have moved nobody was asked.
  function calledOf({ record, places }) {
    return record && record.called && !(places && places.position) ? record.called : "";
  }

  function fillText(name, text) {
    byId(name).hidden = !text;
    if (byId(name).textContent !== text) byId(name).textContent = text;
  }

  function choose(version) {
    const other = state.chosen !== version;
    state.chosen = version;
    byId("result").hidden = false;
    show();
    if (other) look();
  }

  function show() {
    const { record, error, file } = state.chosen;
    const low = lowest();
    byId("chosen-name").textContent = file.name;
    byId("score").textContent = record ? record.score.toFixed(4) : "no score";
    byId("score").className = record ? "" : "none";
    byId("map-tools").hidden = byId("keys").hidden = !record;
    byId("bars-from").textContent = `(bars begin at ${low})`;
    byId("score").title = record ? String(record.score) : "";
    const { position, unknown } = state.chosen.places || {};
    const called = calledOf(state.chosen);
    fillText("called", called ? `Mostly called ${called}` : "");
    // Parts were in their places in all that scores were put into words with.
    fillText("meaning", record && !position && record.meaning ? upper(`${record.meaning}.`) : "");
    fillText("position", position ? upper(`${position}.`) : "");
    complain(error || "");
    byId("levels-box").hidden = !record;
    byId("levels").replaceChildren(...(record ? record.levels.map((value, k) => {
      const row = make("div");
      const drawn = make("dd", "drawn");
      drawn.append(bar(value, low, `l${Math.min(k, 5)}`));
      row.append(make("dt", "", record.level_names[k]), make("dd", "", value.toFixed(4)), drawn);
      return row;
    }) : []));
    const notes = record ? [...record.notes] : [];
    if (unknown) notes.push(`whether parts have moved was ${unknown}`);
    byId("notes-box").hidden = !notes.length;
    byId("notes").replaceChildren(...notes.map((note) => make("li", "", note)));
    showRanking(low);
  }

  function showRanking(low) {
    byId("ranking-box").hidden = state.versions.length < 2;
    byId("ranking-words").hidden = !state.versions.some(calledOf);
    const focused = document.activeElement && document.activeElement.closest("#ranking button");
    byId("ranking").replaceChildren(...ranked().map((version) => {
      const item = make("li");
      item.append(rankButton(version, low));
      return item;
    }));
    if (focused) focusChosen();
  }

  function rankButton(version, low) {
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(version === state.chosen));
    const picture = make("img");
    picture.alt = "";
    MSDS.picture(version.file).then((address) => { picture.src = address; }, () => {
      picture.replaceWith(make("span", "none"));
    });
    button.append(picture, make("span", "name", version.file.name));
    if (version.record) {
      button.append(make("span", "number", version.record.score.toFixed(4)),
        bar(version.record.score, low, ""));
      const { position } = version.places || {};
      const said = position || calledOf(version);
      if (said) button.append(make("span", position ? "said away" : "said", upper(said)));
    } else if (version.error) {
      // What is wrong with the original is said once, above.
      const shared = state.versions.length > 1 && state.versions.every((v) => v.error === version.error);
      button.append(make("span", "number", "–"));
      if (!shared) button.append(make("span", "error", version.error));
    } else button.append(make("span", "number", "…"));
    button.addEventListener("click", () => choose(version));
    return button;
  }

  function focusChosen() {
    const pressed = document.querySelector('#ranking button[aria-pressed="true"]');
    if (pressed) pressed.focus();
  }

  // ---- the images
  function stopLooking() {
    if (viewer) viewer.stop();
    viewer = null;
    byId("viewer-box").replaceChildren();
  }

  // The viewer stays as it is, with its mode and zoom, while versions of one original are shown.
  async function look() {
    const { reference, chosen } = state;
    const sources = await Promise.all([reference, chosen.file].map(
      (file) => MSDS.picture(file).catch(() => null)));
    if (chosen !== state.chosen || reference !== state.reference) return;
    byId("look").hidden = sources.includes(null);
    if (sources.includes(null)) {
      stopLooking();
      return;
    }
    if (!viewer || viewer.shows !== reference) build(sources[0]);
    const pane = document.querySelector(".viewer .pane.b");
    const image = pane.querySelector("img");
    image.alt = `Version: ${chosen.file.name}`;
    image.src = sources[1];
    pane.querySelector("figcaption").textContent = chosen.file.name;
    showMap();
  }

  function build(source) {
    const before = document.querySelector(".viewer");
    const mode = before ? before.dataset.mode : "slider";
    stopLooking();
    // The version takes its place in the second pane when it is there.
    const original = { src: source, alt: `Original: ${state.reference.name}`, name: "original" };
    const root = MSDS.pair([original, original]);
    byId("viewer-box").append(root);
    viewer = MSDS.viewer(root, mode);
    viewer.shows = state.reference;
  }

  async function showMap() {
    const version = state.chosen;
    if (!viewer) return;
    if (state.level === "" || !version || !version.record) {
      viewer.setMap(null);
      byId("map-scale").hidden = byId("map-coarse").hidden = true;
      return;
    }
    if (!version.found) viewer.setMap(null); // what lies there is another version's
    if (!version.map) {
      say("Looking where they differ …");
      version.map = MSDS.ask("/api/map",
        { reference: state.reference, distorted: version.file, side: QUICK_SIDE }, aborting.signal);
    }
    try {
      const found = version.found = await version.map;
      if (version !== state.chosen || state.level === "") return;
      progress();
      levels(found);
      const picture = found.pictures[Math.min(Number(state.level), found.pictures.length - 1)];
      viewer.setMap(`data:image/png;base64,${picture.png}`);
      const amount = document.querySelector(".viewer .amount");
      if (amount && amount.value === "0") {
        amount.value = 80;
        amount.dispatchEvent(new Event("input"));
      }
      scaleBar(found);
      byId("map-coarse").hidden = found.width >= version.record.distorted_size[0];
    } catch (error) {
      version.map = null;
      if (error.name === "AbortError" || version !== state.chosen) return;
      progress();
      complain(error.message);
      state.level = byId("map-level").value = "";
    }
  }

  async function lookClosely() {
    const version = state.chosen;
    byId("map-full").disabled = true;
    say("Looking closely, which takes a while …");
    try {
      const fields = { reference: state.reference, distorted: version.file };
      const found = await MSDS.ask("/api/map", fields, aborting.signal);
      version.map = Promise.resolve(found);
    } catch (error) {
      if (error.name !== "AbortError") complain(error.message);
    } finally {
      byId("map-full").disabled = false;
      progress();
    }
    if (version === state.chosen) showMap();
  }

  function levels(found) {
    const select = byId("map-level");
    const names = ["nowhere", ...found.pictures.map((picture) => picture.name)];
    if (select.options.length !== names.length) listLevels(names.slice(1));
    select.value = state.level;
  }

  function listLevels(names) {
    const options = names.map((name, k) => new Option(`on ${name}`, String(k)));
    byId("map-level").replaceChildren(new Option("nowhere", ""), ...options);
    byId("map-level").value = state.level;
  }

  function scaleBar(found) {
    byId("map-scale").hidden = false;
    byId("map-low").textContent = found.signed ? `−${found.top}` : "0";
    byId("map-top").textContent = String(found.top);
    byId("map-unit").textContent = found.unit;
    const canvas = byId("map-colours");
    const drawing = canvas.getContext("2d");
    const gradient = drawing.createLinearGradient(0, 0, canvas.width, 0);
    found.colours.forEach((colour, k) => gradient.addColorStop(k / (found.colours.length - 1), colour));
    drawing.fillStyle = gradient;
    drawing.fillRect(0, 0, canvas.width, canvas.height);
  }

  // ---- what people do
  byId("reference").addEventListener("change", (event) => give([...event.target.files], "reference"));
  byId("versions").addEventListener("change", (event) => give([...event.target.files], "versions"));
  byId("clear").addEventListener("click", clear);
  for (const name of ["transfer", "background"]) {
    byId(name).addEventListener("change", (event) => {
      MSDS.options[name] = event.target.value || null;
      again();
      complain("");
      stopLooking();
      const given = [state.reference, ...state.versions.map((version) => version.file)];
      for (const file of given.filter(Boolean)) MSDS.forget(file);
      if (state.reference) fill(byId("reference-slot"), state.reference);
      if (state.versions.length) fillVersions();
      work();
    });
  }
  byId("map-level").addEventListener("change", (event) => {
    state.level = event.target.value;
    showMap();
  });

  byId("map-full").addEventListener("click", lookClosely);

  byId("examples").addEventListener("click", async () => {
    clear();
    say("Fetching the examples …");
    try {
      const names = await (await fetch("/examples")).json();
      const files = await Promise.all(names.map(async (name) => {
        const content = await (await fetch(`/examples/${name}`)).blob();
        return new File([content], name, { type: content.type });
      }));
      give(files);
    } catch (error) {
      complain("The examples cannot be fetched; is the server still running?");
    }
  });

  byId("save").addEventListener("click", async () => {
    byId("save").disabled = true;
    say("Making the report …");
    try {
      const files = state.versions.map((version) => version.file);
      const page = await MSDS.ask("/api/report", { reference: state.reference, distorted: files },
        aborting.signal);
      const link = make("a");
      link.href = URL.createObjectURL(page);
      link.download = "report.html";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      progress();
    } catch (error) {
      if (error.name !== "AbortError") complain(error.message);
    } finally {
      byId("save").disabled = false;
    }
  });

  const slotOf = (event) => (event.target.closest && event.target.closest(".slot"));
  function hover(event) {
    document.body.classList.toggle("over", Boolean(event));
    for (const slot of document.querySelectorAll(".slot")) {
      slot.classList.toggle("over", Boolean(event) && slotOf(event) === slot);
    }
  }
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    hover(event);
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) hover(null); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const slot = slotOf(event);
    hover(null);
    give(MSDS.filesOf(event.dataTransfer), slot ? slot.id.replace("-slot", "") : null);
  });
  document.addEventListener("paste", (event) => give(MSDS.filesOf(event.clipboardData, true), null));

  byId("result").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, [type=text]")) return;
    const order = ranked();
    const place = order.indexOf(state.chosen);
    const step = { n: 1, p: -1 }[event.key];
    if (step && order[place + step]) choose(order[place + step]);
    else if (event.key === "m" && viewer) {
      state.level = state.level === "" ? "0" : "";
      byId("map-level").value = state.level;
      showMap();
    } else return;
    event.preventDefault();
  });

  MSDS.waits = () => say("The server is busy; trying again in a moment …");
  listLevels(["all levels"]);
})();
