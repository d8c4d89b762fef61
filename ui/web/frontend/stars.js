/** Stars of a photo: as many as somebody gave it, each a button; the last one again takes all back. */

import {element} from "./figure.js";

const MOST = 5;

export function starButtons(rated) {
  const buttons = Array.from({length: MOST}, (_, i) => element("button", {type: "button", class: "vs-star",
    "aria-label": i ? `${i + 1} stars` : "1 star", title: `${i ? `${i + 1} stars` : "1 star"} (${i + 1})`, onclick: () => rated(i + 1)}));
  return element("span", {class: "vs-stars", role: "group", "aria-label": "Stars"}, ...buttons);
}

export function showStars(made, rating) {
  [...made.children].forEach((button, i) => {
    button.textContent = i < rating ? "★" : "☆";
    button.setAttribute("aria-pressed", String(i + 1 === rating));
  });
}
