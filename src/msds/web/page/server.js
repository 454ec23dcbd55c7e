// Asking the server: `MSDS.ask(path, fields)` sends a form and gives the answer, waiting where the
// server says that too many others wait, of which `MSDS.waits` is told.
"use strict";
window.MSDS = window.MSDS || {};

MSDS.Failure = class extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
};

MSDS.waits = () => {};

// Options that every request has, such as how HDR samples are meant.
MSDS.options = {};

MSDS.ask = async function (path, fields, signal) {
  for (;;) {
    const form = new FormData();
    const every = Object.entries({ ...MSDS.options, ...fields }).flatMap(
      ([name, value]) => (Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]]));
    for (const [name, value] of every) {
      if (value instanceof Blob) form.append(name, value, value.name || "image");
      else if (value !== null && value !== undefined) form.append(name, String(value));
    }
    let response;
    try {
      response = await fetch(path, { method: "POST", body: form, signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new MSDS.Failure(0, "The server cannot be reached; is it still running?");
    }
    if (response.status === 503) {
      MSDS.waits();
      const seconds = Number(response.headers.get("retry-after")) || 1;
      await new Promise((done) => { setTimeout(done, 1000 * seconds * (0.5 + Math.random())); });
      continue;
    }
    if (!response.ok) {
      const said = await response.json().catch(() => ({}));
      throw new MSDS.Failure(response.status, said.error || `The server says ${response.status}.`);
    }
    const kind = response.headers.get("content-type") || "";
    return kind.startsWith("application/json") ? response.json() : response.blob();
  }
};
