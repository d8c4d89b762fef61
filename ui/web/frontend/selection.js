/** The photos that were chosen: one, several up to another, or all; and what can be done with them. */

import {element} from "./figure.js";
import {go} from "./navigation.js";
import {download, saveCsv, saveJson} from "./lists.js";

export class Selection {
  constructor(gallery) {
    this.gallery = gallery;
    this.chosen = new Set();
    this.counted = element("span", {class: "vs-count", role: "status"});
    const word = (text, does) => element("button", {type: "button", class: "vs-word", onclick: does}, text);
    this.bar = element("div", {class: "vs-chosen", role: "toolbar", "aria-label": "The photos that were chosen", hidden: true},
      this.counted, this.changing = element("span", {class: "vs-changing"}), word("Similar to all", () => go(`./?like=${this.ids()}`)), 
      word("ZIP", () => download(this.zip())),
      word("Smaller ZIP", () => download(`${this.zip()}&size=large`)),
      word("Copy paths", () => this.copy()), word("CSV", () => saveCsv(this.photos())), word("JSON", () => saveJson(this.photos())),
      word("All", () => this.all()), word("None", () => this.clear()));
  }

  /** Offer what these pages change of photos, where they do. */
  offer({changes, album, hidden, copies}) {
    const offered = JSON.stringify([changes, album, hidden, copies]);
    if (this.offered === offered) return;
    this.offered = offered;
    const does = this.gallery.changes, word = (text, act) =>
      element("button", {type: "button", class: "vs-word", onclick: () => act(this.photos())}, text);
    this.changing.replaceChildren(...(!changes ? [] : [
      word("Favourite", photos => does.mark(photos, "favourite", !photos.every(photo => photo.favourite))),
      word("Add to album", photos => this.gallery.addToAlbum(photos)),
      ...(album ? [word(`Take out of ${album}`, photos => does.takeOut(photos))] : []),
      ...(copies ? [word("Keep, hide the copies", photos => does.keep(photos))] : []),
      ...(hidden !== "only" && !copies ? [word("Hide", photos => does.hide(photos, true))] : []),
      ...(hidden !== "exclude" ? [word("Show again", photos => does.hide(photos, false))] : []),
    ]));
  }

  get size() {
    return this.chosen.size;
  }

  has(place) {
    return this.chosen.has(place);
  }

  photos() {
    return [...this.chosen].sort((one, other) => one - other).map(place => this.gallery.photos[place]);
  }

  ids() {
    return this.photos().map(photo => photo.id).join(",");
  }

  /** The address of a ZIP file of them, beside their pictures. */
  zip() {
    return `${this.photos()[0].pictures.split("/picture/")[0]}/picture/photos.zip?photos=${this.ids()}`;
  }

  async copy() {
    await navigator.clipboard.writeText(this.photos().map(photo => photo.path).join("\n"));
    this.counted.textContent = `${this.size === 1 ? "1 path" : `${this.size} paths`} copied`;
  }

  /** Choose a photo, or no longer; with ``upTo`` all from the one before up to it. */
  toggle(place, upTo = false) {
    if (upTo && this.last !== undefined) {
      for (let i = Math.min(place, this.last); i <= Math.max(place, this.last); i++) this.chosen.add(i);
    } else if (!this.chosen.delete(place)) this.chosen.add(place);
    this.last = place;
    this.draw();
  }

  all() {
    this.gallery.photos.forEach((_, place) => this.chosen.add(place));
    this.draw();
  }

  clear() {
    this.chosen.clear();
    this.last = undefined;
    this.draw();
  }

  draw() {
    this.gallery.root.classList.toggle("vs-choosing", this.size > 0);
    this.gallery.figures?.forEach((figure, place) => {
      figure.classList.toggle("vs-is-chosen", this.has(place));
      figure.querySelector(".vs-mark").setAttribute("aria-pressed", String(this.has(place)));
    });
    this.bar.hidden = !this.size;
    this.counted.textContent = this.size === 1 ? "1 photo chosen" : `${this.size} photos chosen`;
  }
}
