// Images that were given: `MSDS.picture(file)` is an address that the browser can show, made by the
// server where the browser does not know the format.
"use strict";
window.MSDS = window.MSDS || {};

(function () {
  const addresses = new WeakMap();

  function loads(address) {
    return new Promise((answer) => {
      const image = new Image();
      image.onload = () => answer(image.naturalWidth > 0);
      image.onerror = () => answer(false);
      image.src = address;
    });
  }

  async function made(file) {
    const own = URL.createObjectURL(file);
    if (await loads(own)) return own;
    URL.revokeObjectURL(own);
    return URL.createObjectURL(await MSDS.ask("/api/picture", { image: file }));
  }

  MSDS.picture = function (file) {
    if (!addresses.has(file)) {
      const coming = made(file);
      coming.catch(() => addresses.delete(file));
      addresses.set(file, coming);
    }
    return addresses.get(file);
  };

  MSDS.forget = function (file) {
    const coming = addresses.get(file);
    addresses.delete(file);
    if (coming) coming.then(URL.revokeObjectURL, () => {});
  };

  // Files of a drop or a paste, with names that can be told apart.
  let pasted = 0;
  MSDS.filesOf = function (transfer, isPasted) {
    const files = [...(transfer ? transfer.files : [])];
    if (!isPasted) return files;
    return files.map((file) => {
      pasted += 1;
      const end = file.name.includes(".") ? file.name.slice(file.name.lastIndexOf(".")) : "";
      return new File([file], `pasted ${pasted}${end}`, { type: file.type });
    });
  };
})();
