/** Groups of photos as cards with a cover each, below the way to where they lie. */

import {counted, element} from "./figure.js";
import {go, isPlain} from "./navigation.js";

export default function ({data: {text}, parentElement}) {
  const data = JSON.parse(text);
  document.cookie = data.cookie + (location.protocol === "https:" ? "; Secure" : "");
  const shown = JSON.stringify(data);
  if (parentElement.shownCards === shown) return;
  parentElement.shownCards = shown;
  const trail = element("nav", {class: "vs-trail", "aria-label": "Where this folder lies"}, element("ol", {}, ...data.trail.map(([name, href], at) =>
    element("li", {}, at === data.trail.length - 1 ? element("span", {"aria-current": "page"}, name) : element("a", {href}, name)))));
  const cards = element("ul", {class: "vs-cards", "aria-label": data.label}, ...data.cards.map(card));
  const root = element("div", {class: "vs-groups", onclick: clicked}, ...(data.trail.length ? [trail] : []), ...(data.cards.length ? [cards] : []));
  parentElement.querySelector(".vs-groups")?.remove();
  parentElement.append(root);
}

function card({name, photos, picture, href, chosen}) {
  return element("li", {}, element("a", {href, "aria-current": chosen && "true", title: name},
    element("img", {src: picture && `${picture}small.jpg`, alt: "", loading: "lazy", decoding: "async"}),
    element("span", {class: "vs-title"}, name), element("span", {class: "vs-number"}, counted(photos))));
}

function clicked(event) {
  const link = event.target.closest("a");
  if (!link || !isPlain(event)) return;
  event.preventDefault();
  go(link.getAttribute("href"));
}
