"use strict";
(() => {
  const search = document.getElementById("search");
  const field = search.querySelector("input");
  const cards = [...document.querySelectorAll("li")];
  const parts = new Set(document.querySelectorAll(".found li"));
  search.hidden = false;
  const look = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) {
      const unasked = parts.has(card) && !words.length;
      card.hidden = unasked || !words.every((word) => card.dataset.words.includes(word));
    }
    for (const section of document.querySelectorAll("section")) {
      section.hidden = ![...section.querySelectorAll("li")].some((card) => !card.hidden);
    }
    const found = cards.filter((card) => !card.hidden).length;
    search.querySelector("output").textContent = words.length ? found + " of " + cards.length : "";
  };
  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    const first = cards.find((card) => !card.hidden);
    if (event.key === "Enter" && field.value.trim() && first) first.querySelector("a").click();
  });
  look();
})();
