// The page of a run: its table with search, filters and order, and the pair that is looked at.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const small = data.inside ? JSON.parse(document.getElementById("small").textContent) : {};
  const field = Object.fromEntries(data.fields.map((name, index) => [name, index]));
  const at = (row, name) => row[field[name]];
  const byId = (name) => document.getElementById(name);
  const SVG = "http://www.w3.org/2000/svg";
  const state = { words: [], kind: "all", range: null, order: null, falling: false };
  let seen = [];

  // Texts of rows in small letters, made when they are first searched.
  const texts = new Array(data.rows.length);
  data.rows.forEach((row, index) => { row.index = index; });

  function element(kind, name, text) {
    const made = document.createElement(kind);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function svg(kind, attributes) {
    const made = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  const share = (value) => Math.min(1, Math.max(0, (value - data.low) / (1 - data.low)));
  const number = (value, digits = 4) => (value === null ? "–" : value.toFixed(digits));
  const short = (row, name, which) => at(row, name).slice(
    at(row, name).startsWith(data.folders[which]) ? data.folders[which].length : 0);
  // A name that breaks where its parts end.
  const parted = (tag, kind, name) => {
    const box = element(tag, kind);
    box.title = name;
    for (const part of name.split(/(?<=[/_.-])(?=\w)/)) box.append(part, element("wbr"));
    return box;
  };
  const difference = (row) => (at(row, "score") === null || at(row, "before") === null
    ? null : at(row, "score") - at(row, "before"));
  const signed = (value) => (value === null ? "–" : (value > 0 ? "+" : "") + value.toFixed(4));

  function scoreBar(value) {
    const bar = svg("svg", { class: "score-bar", width: "100%", height: 6, "aria-hidden": "true" });
    bar.append(svg("rect", { class: "track", width: "100%", height: 6, rx: 3 }),
      svg("rect", { class: "fill", width: `${100 * share(value)}%`, height: 6, rx: 3 }));
    return bar;
  }

  function changeBar(value) {
    const most = data.most || 1;
    const half = 50 * Math.min(1, Math.abs(value) / most);
    const bar = svg("svg", { class: "score-bar", width: "100%", height: 6, "aria-hidden": "true" });
    bar.append(svg("rect", { class: "track", width: "100%", height: 6, rx: 3 }),
      svg("rect", { class: value < 0 ? "poor" : "fill", width: `${half}%`, height: 6,
        x: `${value < 0 ? 50 - half : 50}%` }));
    return bar;
  }

  function levelBars(levels, tall = 26) {
    const width = Math.max(0, levels.length * 12 - 3);
    const said = levels.map((v, k) => `level ${k + 1}: ${number(v, 3)}`).join(", ");
    const bars = svg("svg", { class: "level-bars", width, height: tall, role: "img",
      "aria-label": said });
    const title = svg("title", {});
    title.textContent = said;
    bars.append(title);
    levels.forEach((value, k) => {
      const high = tall * share(value === null ? data.low : value);
      bars.append(svg("rect", { class: "track", x: 12 * k, width: 9, height: tall, rx: 2 }),
        svg("rect", { class: `fill l${Math.min(k, 5)}`, x: 12 * k, y: tall - high, width: 9,
          height: high, rx: 2 }));
    });
    return bars;
  }

  function source(key, large) {
    if (!key) return null;
    if (!data.inside) return `${data.base}${key}${large ? "" : "-small"}.webp`;
    const content = large ? byId(`p-${key}`).textContent : small[key];
    return `data:image/webp;base64,${content}`;
  }

  function thumbnail(row) {
    const [reference, distorted] = at(row, "pictures");
    const address = source(distorted || reference, false);
    if (!address) return element("span", "no-picture");
    const picture = element("img");
    Object.assign(picture, { src: address, alt: "", loading: "lazy", decoding: "async" });
    return picture;
  }

  // The columns of the table: heading, number or text to sort by, and what stands in the cell.
  const SHOWN_COLUMNS = 3;
  const columns = [
    { key: "name", title: "Distorted image", text: (row) => at(row, "distorted"), cell: nameCell },
    { key: "score", title: "Score", value: (row) => at(row, "score"), cell: scoreCell },
    ...(data.compared ? [
      { key: "before", title: "Before", value: (row) => at(row, "before"),
        cell: (row) => element("span", "", number(at(row, "before"))) },
      { key: "change", title: "Change", value: difference, cell: changeCell },
    ] : []),
    { key: "levels", title: "Levels", value: (row) => at(row, "levels")[0] ?? null,
      cell: (row) => levelBars(at(row, "levels")) },
    ...data.columns.slice(0, SHOWN_COLUMNS).map((title, k) => ({
      key: "column", title, text: (row) => at(row, "columns")[k],
      cell: (row) => element("span", "", at(row, "columns")[k]) })),
    { key: "notes", title: "Notes", text: (row) => at(row, "error") || at(row, "notes"),
      cell: (row) => element("span", at(row, "error") ? "error" : "quiet",
        at(row, "error") || at(row, "notes")) },
  ];

  function nameCell(row) {
    const box = element("div", "name");
    const button = element("button", "open", short(row, "distorted", 0));
    button.type = "button";
    box.append(button, element("span", "quiet", short(row, "reference", 1)));
    return box;
  }

  function scoreCell(row) {
    const box = element("div", "score");
    const value = at(row, "score");
    box.append(element("span", "", value === null ? (at(row, "change") || "failed") : number(value)));
    if (value !== null) box.append(scoreBar(value));
    return box;
  }

  function changeCell(row) {
    const value = difference(row);
    const box = element("div", `score ${at(row, "change") || ""}`);
    box.append(element("span", "", value === null ? at(row, "change") : signed(value)));
    if (value) box.append(changeBar(value));
    return box;
  }

  function build(row) {
    const made = element("div", "row");
    made.setAttribute("role", "row");
    const picture = element("div", "thumb");
    picture.setAttribute("role", "cell");
    picture.append(thumbnail(row));
    made.append(picture);
    columns.forEach((column, index) => {
      const cell = element("div", `cell ${column.key}`);
      cell.setAttribute("role", index ? "cell" : "rowheader");
      cell.append(column.cell(row));
      made.append(cell);
    });
    made.addEventListener("click", () => open(row));
    return made;
  }

  const list = MSDS.rows(byId("body"), build);

  function heading() {
    const head = byId("head");
    const first = element("div", "thumb");
    first.setAttribute("role", "columnheader");
    first.setAttribute("aria-label", "Picture");
    head.append(first);
    for (const column of columns) {
      const cell = element("div", `cell ${column.key}`);
      cell.setAttribute("role", "columnheader");
      const button = element("button", "sort", column.title);
      button.type = "button";
      cell.append(button);
      head.append(cell);
      button.addEventListener("click", () => {
        state.falling = state.order === column && !state.falling;
        state.order = column;
        for (const other of head.children) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", state.falling ? "descending" : "ascending");
        update();
      });
    }
    const wide = columns.map((column) => ({ name: "minmax(11rem, 2.4fr)", score: "7.5rem",
      before: "5rem", change: "7.5rem", levels: "5.5rem", column: "minmax(3.5rem, .6fr)",
      notes: "minmax(6rem, 1.2fr)" })[column.key]);
    document.querySelector(".list").style.setProperty("--columns", `5.5rem ${wide.join(" ")}`);
    document.querySelector(".list").setAttribute("aria-colcount", columns.length + 1);
  }

  function matches(row) {
    const value = data.compared ? difference(row) : at(row, "score");
    if (state.range && !(value !== null && value >= state.range[0] && value < state.range[1])) {
      return false;
    }
    if (state.kind === "failed" && at(row, "error") === null) return false;
    if (state.kind !== "all" && state.kind !== "failed" && at(row, "change") !== state.kind) {
      return false;
    }
    if (!state.words.length) return true;
    const text = texts[row.index] ??= [at(row, "distorted"), at(row, "reference"),
      at(row, "notes"), at(row, "error") || "", ...at(row, "columns")].join("\n").toLowerCase();
    return state.words.every((word) => text.includes(word));
  }

  function compare(first, second) {
    const sign = state.falling ? -1 : 1;
    if (state.order.value) {
      const [a, b] = [state.order.value(first), state.order.value(second)];
      // Rows without a number stand last, whichever way the rest runs.
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (a - b) || first.index - second.index;
    }
    const [a, b] = [state.order.text(first), state.order.text(second)];
    return sign * collator.compare(a, b) || first.index - second.index;
  }

  const collator = new Intl.Collator(undefined, { numeric: true });

  function update() {
    seen = data.rows.filter(matches);
    if (state.order) seen.sort(compare);
    byId("count").value = seen.length === data.rows.length
      ? `${seen.length.toLocaleString("en")} pairs`
      : `${seen.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")}`;
    document.querySelector(".list").setAttribute("aria-rowcount", seen.length + 1);
    list.show(seen);
  }

  function chips() {
    const counts = new Map();
    for (const row of data.rows) {
      const kind = at(row, "change") || (at(row, "error") !== null ? "failed" : null);
      if (kind) counts.set(kind, (counts.get(kind) || 0) + 1);
    }
    if (!counts.size) return;
    const order = ["worse", "better", "same", "failed", "new", "missing"];
    for (const kind of ["all", ...order.filter((name) => counts.has(name))]) {
      const count = kind === "all" ? "" : ` ${counts.get(kind).toLocaleString("en")}`;
      const chip = element("button", "chip", `${kind}${count}`);
      chip.type = "button";
      chip.setAttribute("aria-pressed", String(kind === "all"));
      chip.addEventListener("click", () => {
        state.kind = kind;
        for (const other of byId("chips").children) {
          other.setAttribute("aria-pressed", String(other === chip));
        }
        update();
      });
      byId("chips").append(chip);
    }
  }

  function distribution() {
    const figure = byId("distribution");
    if (!figure) return;
    const chip = byId("range");
    chip.addEventListener("click", () => { state.range = null; chip.hidden = true; pick(null); update(); });
    function pick(column) {
      for (const other of figure.querySelectorAll(".column")) {
        other.classList.toggle("faded", column !== null && other.dataset.low !== column.dataset.low);
      }
    }
    for (const column of figure.querySelectorAll(".column")) {
      column.addEventListener("click", () => {
        const [low, high] = [Number(column.dataset.low), Number(column.dataset.high)];
        // The last part holds its upper end too.
        const last = [...figure.querySelectorAll(".column")].every((c) => Number(c.dataset.high) <= high);
        state.range = [low, last ? Infinity : high];
        chip.textContent = `${column.dataset.low} to ${column.dataset.high} \u00d7`;
        chip.hidden = false;
        pick(column);
        update();
        document.querySelector(".pairs").scrollIntoView({ block: "start" });
      });
    }
  }

  function strips() {
    for (const name of ["worst", "best"]) {
      const rows = data[name].map((index) => data.rows[index]);
      if (!rows.length) continue;
      const strip = byId(name);
      strip.parentElement.hidden = false;
      for (const row of rows) {
        const card = element("button", "card");
        card.type = "button";
        const shown = data.compared ? signed(difference(row)) : number(at(row, "score"));
        card.append(thumbnail(row), element("b", "", shown), parted("span", "quiet", short(row, "distorted", 0)));
        card.addEventListener("click", () => open(row));
        strip.append(card);
      }
    }
  }

  // The pair that is looked at.
  const dialog = MSDS.dialog(step, closed);
  let current = null;

  function open(row) {
    current = row;
    const addresses = at(row, "pictures").map((key) => source(key, true));
    const names = ["reference", "distorted"];
    const images = addresses.every(Boolean)
      ? addresses.map((src, k) => ({ src, alt: names[k], name: names[k] })) : null;
    const place = seen.indexOf(row);
    const ends = [place <= 0, place < 0 || place >= seen.length - 1];
    dialog.show(at(row, "distorted"), images, (data.maps || {})[row.index], details(row), ends);
    history.replaceState(null, "", `#pair-${row.index + 1}`);
  }

  function details(row) {
    const box = element("dl", "details");
    const add = (name, ...what) => {
      const item = element("div", "");
      const value = element("dd", "");
      value.append(...what);
      item.append(element("dt", "", name), value);
      box.append(item);
    };
    const score = at(row, "score");
    add("score", score === null ? "–" : number(score, 6));
    if (data.compared) {
      add("before", number(at(row, "before"), 6));
      add("change", difference(row) === null ? at(row, "change") : signed(difference(row)));
    }
    const names = data.levels[at(row, "levels").length];
    at(row, "levels").forEach((value, k) => {
      add(names[k], number(value), scoreBar(value ?? data.low));
    });
    if ((data.maps || {})[row.index]) {
      add("map", `1 - DeepSSIM of small windows; the strongest colour is ${data.top}`);
    }
    add("reference", at(row, "reference"));
    const sizes = at(row, "sizes");
    if (sizes.length === 4) {
      const same = sizes[0] === sizes[2] && sizes[1] === sizes[3];
      add("size", `${sizes[0]} × ${sizes[1]}${same ? "" : ` against ${sizes[2]} × ${sizes[3]}`}`);
    }
    data.columns.forEach((name, k) => { if (at(row, "columns")[k]) add(name, at(row, "columns")[k]); });
    if (at(row, "notes")) add("notes", at(row, "notes"));
    if (at(row, "error")) add("error", at(row, "error"));
    return box;
  }

  function step(by) {
    const row = seen[seen.indexOf(current) + by];
    if (row) open(row);
  }

  function closed() {
    history.replaceState(null, "", " ");
    const place = seen.indexOf(current);
    const shown = place >= 0 && list.reveal(place);
    if (shown) shown.querySelector(".open").focus({ preventScroll: true });
  }

  let typing = 0;
  byId("words").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      update();
    }, 80);
  });

  data.most = data.rows.reduce((most, row) => Math.max(most, Math.abs(difference(row) || 0)), 0);
  heading();
  chips();
  distribution();
  strips();
  if (data.compared) {
    state.order = columns.find((column) => column.key === "change");
    document.querySelector("#head .change").setAttribute("aria-sort", "ascending");
  }
  update();
  const named = /^#pair-(\d+)$/.exec(location.hash);
  if (named && data.rows[named[1] - 1]) open(data.rows[named[1] - 1]);
})();
