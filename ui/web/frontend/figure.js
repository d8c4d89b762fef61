/** A photo of the gallery: the picture with its boxes, a link, what stands below, and the mark of those chosen. */

const SHARP = 420; // pixels of the screen from which on a small picture would look soft

/** @param {string} name @param {Object} attributes @param {(Node | string)[]} inside */
export function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  made.append(...inside);
  return made;
}

/** A number of photos. */
export const counted = photos => photos === 1 ? "1 photo" : `${photos.toLocaleString("en")} photos`;

/** The address of a picture of a photo, as large as ``size`` says. */
export function picture(photo, size) {
  return photo.part && size !== "large" && size !== "full"
    ? `${photo.pictures}region.jpg?box=${photo.part}` : `${photo.pictures}${size}.jpg`;
}

/** The width of what is shown of a photo, as a share of its height. */
export function shapeOf(photo) {
  if (!photo.part) return photo.width / photo.height;
  const [x0, y0, x1, y1] = photo.part.split(",").map(Number);
  return Math.max(x1 - x0, 1) / Math.max(y1 - y0, 1);
}

/** The boxes over a photo. */
export function frame(photo) {
  const drawn = element("span", {class: "vs-frame"});
  for (const [label, colour, [left, top, width, height]] of photo.boxes) {
    const box = element("span", {class: `vs-box vs-${colour}`, title: label});
    Object.assign(box.style, {left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%`});
    drawn.append(box);
  }
  return drawn;
}

/** What is written about a photo, the words of the question marked. */
export function writtenLines(photo) {
  return photo.written.map(([label, pieces]) => element("div", {class: "vs-line"}, element("small", {}, `${label}: `,
    ...pieces.map(([text, isMarked]) => isMarked ? element("mark", {}, text) : text))));
}

/**
 * A photo of the gallery.
 * @param {Object} photo as Python describes it
 * @param {{choose: function(MouseEvent), favourite: function(): void, changes: boolean}} does what clicks on the marks do
 */
export function figure(photo, does) {
  const image = element("img", {alt: photo.alt, decoding: "async", draggable: "false"});
  image.addEventListener("error", () => sayWhyNot(image, photo), {once: true});
  const link = element("a", {class: "vs-photo", href: photo.page, tabindex: "-1", "aria-haspopup": "dialog"},
    image, ...(photo.part ? [] : [frame(photo)]));
  const mark = element("button", {class: "vs-mark", type: "button", tabindex: "-1", "aria-pressed": "false",
    "aria-label": `Choose ${photo.name}`, title: "Choose (space)", onclick: does.choose}, "✓");
  const heart = element("button", {class: "vs-heart", type: "button", tabindex: "-1", disabled: !does.changes,
    "aria-label": `Favourite: ${photo.name}`, title: "Favourite (f)", onclick: does.favourite}, "♥");
  const below = element("figcaption", {},
    ...[photo.line, photo.note].filter(Boolean).map(text => element("div", {class: "vs-line", title: text}, text)),
    ...writtenLines(photo));
  const made = element("figure", {class: photo.likely ? "vs-cell" : "vs-cell vs-unlikely", role: "listitem"},
    link, mark, heart, below);
  showFavourite(made, photo);
  return made;
}

export function showFavourite(made, photo) {
  made.querySelector(".vs-heart").setAttribute("aria-pressed", String(photo.favourite));
}

/** Give a photo of the gallery its size; its picture is asked for as sharp as the screen is. */
export function resize(made, photo, [width, height], isSoon) {
  made.style.width = `${width}px`;
  const [link] = made.children, [image] = link.children;
  link.style.height = `${height}px`;
  const isLarge = Math.max(width, height) * devicePixelRatio > SHARP;
  if (image.getAttribute("src") && !(isLarge && image.dataset.size === "small")) return;
  image.loading = isSoon ? "eager" : "lazy";
  image.dataset.size = isLarge ? "medium" : "small";
  image.src = picture(photo, image.dataset.size);
}

async function sayWhyNot(image, photo) {
  const answer = await fetch(picture(photo, "small")).catch(() => null);
  const reason = answer && !answer.ok ? await answer.text() : "This photo cannot be shown now.";
  image.replaceWith(element("span", {class: "vs-failed"}, `${photo.name}: ${reason}`));
}
