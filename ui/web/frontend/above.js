/** The line above the photos: how many, the phrases in the colours of their boxes, and words to begin with. */

import {element} from "./figure.js";
import {ask, recent} from "./asking.js";
import {go} from "./navigation.js";

/** Phrases in the colours of their boxes: to point at one, or to choose it, leaves its boxes alone. */
export function phraseButtons(phrases) {
  const buttons = phrases.map(([text, colour]) => element("button", {
    type: "button", class: `vs-${colour}`, "aria-pressed": "false", title: "Show its boxes alone",
    onclick: event => {
      const chosen = event.currentTarget.getAttribute("aria-pressed") === "true";
      for (const other of document.querySelectorAll(".vs-key [aria-pressed]")) other.setAttribute("aria-pressed", "false");
      event.currentTarget.setAttribute("aria-pressed", String(!chosen));
    },
  }, text));
  return element("div", {class: "vs-key", role: "group", "aria-label": "Boxes of phrases"}, ...buttons);
}

/** Draw the line, where it is another one than before. */
export function lineAbove(gallery, isOther) {
  const {count, phrases, starts, saved, recent: isHome} = gallery.data;
  const shown = JSON.stringify([count, phrases, starts, saved, isHome]);
  if (!isOther && gallery.shownAbove === shown) return;
  gallery.shownAbove = shown;
  const words = isHome ? [...new Set([...recent(), ...starts])] : starts;
  gallery.above.replaceChildren(
    ...(count ? [element("span", {class: "vs-count"}, count)] : []),
    ...(phrases.length ? [phraseButtons(phrases)] : []),
    ...(words.length || saved.length ? [element("div", {class: "vs-starts", role: "group", "aria-label": "Searches to begin with"},
      ...saved.map(([name, address]) => element("button", {type: "button", class: "vs-saved", title: "A saved search",
        onclick: () => go(address)}, name)),
      ...words.map(text => element("button", {type: "button", onclick: () => ask(text)}, text)))] : []));
}
