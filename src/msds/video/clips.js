// The worst moments of clips: a click on a card or on a mark of a curve shows both frames.
"use strict";
(function () {
  const moments = JSON.parse(document.getElementById("moments").textContent);
  const dialog = MSDS.dialog((by) => show(current + by), () => {});
  let current = 0;

  function missing() {
    const made = document.createElement("p");
    made.className = "note";
    made.textContent = "There is no picture of this moment.";
    return made;
  }

  function show(number) {
    const moment = moments[number];
    if (!moment) return;
    current = number;
    const [first, second, map] = moment.pictures || [];
    const images = moment.pictures && [
      { src: first, alt: "reference", name: "reference" },
      { src: second, alt: "distorted", name: "distorted" }];
    const ends = [number === 0, number === moments.length - 1];
    dialog.show(moment.name, images, map, images ? null : missing(), ends);
  }

  document.addEventListener("click", (event) => {
    const card = event.target.closest("[data-card]");
    const mark = event.target.closest("[data-moment]");
    if (card) show(Number(card.dataset.card));
    else if (mark) show(Number(mark.dataset.first) + Number(mark.dataset.moment));
  });
})();
