/** One photo large over the results: next and previous, zoom, boxes, and a way back to where one was. */

import {element, frame, picture, writtenLines} from "./figure.js";
import {showHelp} from "./help.js";
import {phraseButtons} from "./above.js";
import {go, isPlain} from "./navigation.js";
import {showStars, starButtons} from "./stars.js";
import {Zoom} from "./zoom.js";

const SMALL_MOST = 2; // times that a photo is shown larger than it is

let openOne = null; // the lightbox that is open: Back closes it before Streamlit hears of it

addEventListener("popstate", event => {
  const wanted = event.state?.photo;
  if (openOne && openOne.address === location.pathname + location.search) {
    event.stopImmediatePropagation();
    if (wanted) openOne.showAgain(wanted);
    else openOne.hide();
  }
}, true);

export class Lightbox {
  constructor(gallery) {
    this.gallery = gallery;
    const button = (name, text, does, more = {}) =>
      element("button", {type: "button", class: `vs-${name}`, "aria-label": text, title: text, onclick: does, ...more});
    this.under = element("img", {class: "vs-under", alt: "", draggable: "false"});
    this.over = element("img", {class: "vs-over", draggable: "false"});
    this.held = element("div", {class: "vs-held"}, this.under, this.over);
    this.stage = element("div", {class: "vs-stage"}, this.held);
    this.counter = element("span", {class: "vs-counter"});
    this.boxes = button("toggle-boxes", "Boxes (b)", () => this.toggleBoxes(), {"aria-pressed": "true"});
    this.mark = button("toggle-mark", "Choose (space)", () => this.choose(), {"aria-pressed": "false"});
    this.favourite = button("favourite", "Favourite (f)", () => gallery.favourite(this.place));
    this.stars = starButtons(stars => gallery.rate(this.place, stars));
    const followed = event => isPlain(event) && (event.preventDefault(), go(event.currentTarget.href));
    this.details = element("a", {class: "vs-word", onclick: followed},
      "Details");
    this.similar = element("a", {class: "vs-word", onclick: followed},
      "Similar");
    const back = element("button", {type: "button", class: "vs-word vs-back", onclick: () => this.close()}, "Show in results");
    const bar = element("div", {class: "vs-bar"}, this.counter, this.boxes, this.mark, this.favourite, this.stars, this.similar,
      this.details, back,
      button("zoom-in", "Larger (+)", () => this.zoom.by(1.5)), button("zoom-out", "Smaller (-)", () => this.zoom.by(1 / 1.5)),
      button("help", "Keys (?)", showHelp), button("close", "Close (Escape)", () => this.close()));
    this.previous = button("previous", "Previous photo (left arrow)", () => this.step(-1));
    this.next = button("next", "Next photo (right arrow)", () => this.step(1));
    this.below = element("div", {class: "vs-below"});
    this.dialog = element("dialog", {class: "vs-lightbox", "aria-modal": "true"}, bar, this.stage, this.previous, this.next,
      this.below);
    this.dialog.addEventListener("cancel", event => (event.preventDefault(), this.close()));
    this.dialog.addEventListener("keydown", event => this.pressed(event));
    this.over.addEventListener("load", () => this.over.classList.add("vs-there"));
    this.zoom = new Zoom(this.stage, this.held, {
      step: step => this.step(step), close: () => this.close(), far: () => this.sharpen(),
    });
    this.resized = () => this.fit();
    gallery.root.append(this.dialog);
  }

  get photo() {
    return this.gallery.photos[this.place];
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** Open over a photo; the browser's Back closes it. */
  open(place) {
    performance.mark("lightbox-asked");
    this.begun = place;
    this.address = location.pathname + location.search;
    history.pushState({photo: this.gallery.photos[place].id}, "");
    this.appear(place);
  }

  appear(place) {
    openOne = this;
    this.address = location.pathname + location.search;
    if (!this.isOpen) this.dialog.showModal();
    addEventListener("resize", this.resized);
    this.show(place);
    this.dialog.querySelector(".vs-close").focus();
  }

  /** Open over the photo that the browser's history names, if it is among those that are there. */
  showAgain(id) {
    const place = this.gallery.photos.findIndex(photo => photo.id === id);
    if (place >= 0) this.begun ??= place, this.appear(place);
  }

  show(place) {
    const {gallery} = this, {photos, data} = gallery;
    this.place = place;
    const {photo} = this, grown = gallery.figures[place].querySelector("img");
    this.counter.textContent = `${place + 1} / ${photos.length}${gallery.next < data.total ? "+" : ""}`;
    this.dialog.setAttribute("aria-label", `Photo ${place + 1}: ${photo.name}`);
    this.over.classList.remove("vs-there");
    this.over.alt = photo.alt;
    this.under.src = (!photo.part && grown?.currentSrc) || `${photo.pictures}small.jpg`;
    this.over.src = picture(photo, "large");
    this.held.querySelector(".vs-frame")?.remove();
    this.held.append(frame(photo));
    this.boxes.hidden = !photo.boxes.length;
    this.favourite.hidden = this.stars.hidden = !data.changes;
    this.showMarks();
    this.details.href = photo.page;
    this.similar.href = `./?like=${photo.id}`;
    this.mark.setAttribute("aria-pressed", String(gallery.selection.has(place)));
    this.previous.hidden = place === 0;
    this.next.hidden = place + 1 >= photos.length && gallery.next >= data.total;
    const lines = [photo.line || photo.name, photo.note].filter(Boolean);
    this.below.replaceChildren(
      ...lines.map(text => element("div", {class: "vs-line"}, text)),
      ...(photo.alt !== photo.name && !photo.line.includes(photo.alt) ? [element("div", {class: "vs-line"}, photo.alt)] : []),
      ...writtenLines(photo), ...(photo.boxes.length ? [phraseButtons(data.phrases)] : []));
    this.zoom.reset();
    this.fit();
    if (place + 6 > photos.length) gallery.more();
    for (const near of [photos[place + 1], photos[place - 1]]) if (near) new Image().src = picture(near, "large");
    this.under.decode().catch(() => null).then(() => {
      performance.mark("lightbox-shown");
      this.dialog.dataset.shownMs = Math.round(performance.now() - performance.getEntriesByName("lightbox-asked").at(-1)?.startTime);
    });
  }

  showMarks() {
    this.favourite.setAttribute("aria-pressed", String(this.photo.favourite));
    showStars(this.stars, this.photo.rating);
  }

  /** Fit the photo into the room that there is. */
  fit() {
    if (!this.isOpen) return;
    const {clientWidth: wide, clientHeight: high} = this.stage, {width, height} = this.photo;
    const scale = Math.min(wide / width, high / height, SMALL_MOST);
    this.held.style.width = `${Math.round(width * scale)}px`;
    this.held.style.height = `${Math.round(height * scale)}px`;
  }

  sharpen() {
    const full = picture(this.photo, "full");
    if (this.over.src.endsWith(full) || Math.max(this.photo.width, this.photo.height) <= 1600) return;
    const {photo} = this, image = new Image();
    image.onload = () => this.photo === photo && (this.over.src = full);
    image.src = full;
  }

  step(step) {
    const place = this.place + step;
    if (place < 0 || place >= this.gallery.photos.length) return;
    performance.mark("lightbox-asked");
    history.replaceState({photo: this.gallery.photos[place].id}, "");
    this.show(place);
  }

  toggleBoxes() {
    const shown = this.boxes.getAttribute("aria-pressed") !== "true";
    this.boxes.setAttribute("aria-pressed", String(shown));
    this.held.classList.toggle("vs-without-boxes", !shown);
  }

  choose() {
    this.gallery.selection.toggle(this.place);
    this.mark.setAttribute("aria-pressed", String(this.gallery.selection.has(this.place)));
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does = {
      ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1), "+": () => this.zoom.by(1.5), "=": () => this.zoom.by(1.5),
      "-": () => this.zoom.by(1 / 1.5), 0: () => this.zoom.reset(), b: () => this.toggleBoxes(),
      f: () => this.gallery.favourite(this.place), "?": showHelp,
      ...(/^[1-5]$/.test(event.key) ? {[event.key]: () => this.gallery.rate(this.place, Number(event.key))} : {}),
      " ": event.target.closest("button, a") && event.target !== this.dialog.querySelector(".vs-close") ? null : () => this.choose(),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }

  /** Close, as Back does. */
  close() {
    if (history.state?.photo) history.back();
    else this.hide();
  }

  hide() {
    if (!this.isOpen) return;
    this.dialog.close();
    openOne = null;
    removeEventListener("resize", this.resized);
    this.over.removeAttribute("src");
    // A photo that was not left stands where it stood; another one is brought to where it is seen.
    this.gallery.focus(this.place, {preventScroll: true});
    if (this.place !== this.begun) this.gallery.figures[this.place].scrollIntoView({block: "nearest"});
    this.begun = undefined;
  }

  leave() {
    if (openOne === this) openOne = null;
    removeEventListener("resize", this.resized);
    if (this.isOpen) this.dialog.close();
  }
}
