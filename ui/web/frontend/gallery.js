/** The photos of an answer: rows that go on while one scrolls, arrow keys, and the lightbox over them. */

import {askForAlbum} from "./albums.js";
import {Changes} from "./changes.js";
import {element, figure, resize, shapeOf, showFavourite} from "./figure.js";
import {Lightbox} from "./lightbox.js";
import {inRows} from "./rows.js";
import {lineAbove} from "./above.js";
import {Selection} from "./selection.js";

const AHEAD = "1500px"; // how far below what is seen the next photos are asked for
const PATIENCE_MS = 4000; // before they are asked for again
const SOON = 12; // photos of an answer that are seen at once
const MOST_LEFT = 6; // answers that were left and may be come back to

/** Answers that were left for another page: their photos, and where they were scrolled to. */
const left = new Map();

export default function ({data: {text}, key, parentElement, setTriggerValue}) {
  const data = JSON.parse(text);
  const gallery = (parentElement.gallery ??= new Gallery(parentElement));
  gallery.send = setTriggerValue;
  gallery.take(data);
  return () => gallery.leave();
}

const keyOf = photo => `${photo.id} ${photo.part}`;
const scroller = () => document.querySelector("[data-testid=stMain]") ?? document.scrollingElement;

class Gallery {
  constructor(parent) {
    this.parent = parent;
    this.above = element("div", {class: "vs-above"});
    this.list = element("div", {class: "vs-rows", role: "list", "aria-label": "Photos"});
    this.end = element("div", {class: "vs-end", "aria-hidden": "true"});
    this.said = element("div", {class: "vs-hidden", role: "status"});
    this.root = element("section", {class: "vs-gallery", "aria-label": "Photos"}, this.above, this.list, this.end, this.said);
    this.selection = new Selection(this);
    this.root.append(this.selection.bar);
    parent.append(this.root);
    this.lightbox = new Lightbox(this);
    this.changes = new Changes(this);
    this.list.addEventListener("click", event => this.clicked(event));
    this.list.addEventListener("keydown", event => this.pressed(event));
    this.list.addEventListener("focusin", event => this.stand(this.placeOf(event.target)));
    this.seen = new IntersectionObserver(([entry]) => entry.isIntersecting && this.more(), {rootMargin: AHEAD});
    this.seen.observe(this.end);
    this.sized = new ResizeObserver(() => this.width() !== this.laidOut && this.layOut(0));
    this.sized.observe(this.root);
    this.scrolled = 0;
    this.scrolling = () => this.root.isConnected && this.root.clientHeight && (this.scrolled = scroller().scrollTop);
    addEventListener("scroll", this.scrolling, {capture: true, passive: true});
  }

  /** Take what Python sent: the first photos of an answer, or more of the same. */
  take(data) {
    document.cookie = data.cookie + (location.protocol === "https:" ? "; Secure" : "");
    const isOther = data.answer !== this.data?.answer;
    this.data = data;
    this.root.classList.toggle("vs-may-change", data.changes);
    if (isOther) this.begin(left.get(data.answer));
    if (data.start === this.next) {
      this.next = data.next;
      this.add(data.photos);
    }
    if (data.start >= 0) this.asked = null;
    this.selection.offer(data);
    if (data.reply) this.changes.answered(data.reply);
    if (isOther) this.changes.send(); // the run of another answer may have taken the place of the one that was asked
    else this.changes.resume();
    lineAbove(this, isOther);
    if (this.next < data.total && this.end.getBoundingClientRect().top < innerHeight + parseInt(AHEAD)) this.more();
    if (isOther && history.state?.photo) this.lightbox.showAgain(history.state.photo);
  }

  begin(before) {
    this.lightbox.leave();
    this.list.replaceChildren();
    this.photos = [];
    this.figures = [];
    this.complete = 0;
    this.next = 0;
    this.place = 0;
    this.gone = new Set(); // photos that were taken out since
    this.asked = null;
    this.selection.clear();
    this.list.setAttribute("aria-label", this.data.count || "Photos");
    if (!before) return;
    this.next = before.next;
    this.add(before.photos);
    this.stand(before.place);
    scroller().scrollTop = before.scrolled;
    requestAnimationFrame(() => (scroller().scrollTop = before.scrolled));
  }

  add(photos) {
    const start = this.photos.length, known = new Set(this.photos.map(keyOf));
    const others = photos.filter(photo => !known.has(keyOf(photo)) && !this.gone.has(photo.id)); // a longer ranking may differ by a few
    this.photos.push(...others);
    for (const photo of others) {
      const made = figure(photo, {
        choose: event => this.selection.toggle(this.figures.indexOf(made), event?.shiftKey),
        favourite: () => this.favourite(this.figures.indexOf(made)), changes: this.data.changes,
      });
      this.figures.push(made);
    }
    this.list.append(...this.figures.slice(start));
    this.layOut(this.complete);
    this.stand(this.place);
  }

  width() {
    return Math.floor(this.list.getBoundingClientRect().width);
  }

  /** Give all photos from one that begins a row their sizes. */
  layOut(from) {
    const width = this.width();
    if (!width || !this.photos) return;
    const begin = width === this.laidOut ? from : 0;
    this.laidOut = width;
    const rest = this.photos.slice(begin);
    const {sizes, complete} = inRows(rest.map(shapeOf), width, this.next >= this.data.total);
    rest.forEach((photo, i) => resize(this.figures[begin + i], photo, sizes[i], begin + i < SOON));
    this.complete = begin + complete;
  }

  /** Ask for the next photos, once. */
  more() {
    if (!this.photos || this.next >= this.data.total) return;
    const now = performance.now();
    if (this.asked !== null && now - this.asked < PATIENCE_MS) return;
    this.asked = now;
    this.send("more", {answer: this.data.answer, start: this.next});
    clearTimeout(this.again);
    this.again = setTimeout(() => this.asked === now && this.isNear() && this.more(), PATIENCE_MS + 50);
  }

  isNear() {
    return this.root.isConnected && this.end.getBoundingClientRect().top < innerHeight + parseInt(AHEAD);
  }

  placeOf(node) {
    return this.figures.indexOf(node.closest("figure"));
  }

  /** Make a photo the one that Tab comes to. */
  stand(place) {
    if (place < 0 || !this.figures.length) return;
    this.link(this.place)?.setAttribute("tabindex", "-1");
    this.place = Math.min(place, this.figures.length - 1);
    this.link(this.place).setAttribute("tabindex", "0");
  }

  link(place) {
    return this.figures[place]?.firstElementChild;
  }

  focus(place, options) {
    this.stand(place);
    this.link(this.place)?.focus(options);
  }

  clicked(event) {
    const link = event.target.closest("a.vs-photo");
    if (!link || event.ctrlKey || event.metaKey || event.button) return;
    event.preventDefault();
    const place = this.placeOf(link);
    if (event.shiftKey || this.selection.size) this.selection.toggle(place, event.shiftKey);
    else this.lightbox.open(place);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = this.placeOf(event.target);
    const to = {
      ArrowRight: () => place + 1, ArrowLeft: () => place - 1, Home: () => 0, End: () => this.figures.length - 1,
      ArrowDown: () => this.beside(place, 1), ArrowUp: () => this.beside(place, -1),
    }[event.key]?.();
    if (to !== undefined) {
      event.preventDefault();
      if (to >= 0 && to < this.figures.length) this.focus(to);
      if (to >= this.figures.length - 1) this.more();
    } else if (event.key === " ") {
      event.preventDefault();
      this.selection.toggle(place, event.shiftKey);
    } else if (event.key === "Escape" && this.selection.size) this.selection.clear();
    else if (event.key === "f") this.favourite(place);
    else if (event.key === "A") this.selection.all();
    else if (event.key === "a") {
      event.preventDefault(); // or it would be written into the dialog
      this.addToAlbum(this.selection.size ? this.selection.photos() : [this.photos[place]]);
    }
    else if (/^[1-5]$/.test(event.key)) this.rate(place, Number(event.key));
  }

  /** The photo below or above another. */
  beside(place, step) {
    const from = this.figures[place].getBoundingClientRect(), middle = from.left + from.width / 2;
    let best = step > 0 ? this.figures.length : -1, distance = Infinity, row = null;
    for (let i = place + step; i >= 0 && i < this.figures.length; i += step) {
      const at = this.figures[i].getBoundingClientRect();
      if (Math.abs(at.top - from.top) < 2) continue;
      row ??= at.top;
      if (Math.abs(at.top - row) > 2) break;
      const far = Math.abs(at.left + at.width / 2 - middle);
      if (far < distance) [best, distance] = [i, far];
    }
    return best;
  }

  favourite(place) {
    this.changes.mark([this.photos[place]], "favourite", !this.photos[place].favourite);
  }

  /** Give a photo stars; as many as it has takes them back. */
  rate(place, stars) {
    this.changes.mark([this.photos[place]], "rating", this.photos[place].rating === stars ? 0 : stars);
  }

  addToAlbum(photos) {
    if (this.changes.allowed) askForAlbum(photos.length, this.data.albums, name => this.changes.add(photos, name));
  }

  /** Show of photos what is said of them now. */
  mark(ids, name, valueOf) {
    this.photos.forEach((photo, place) => {
      if (!ids.includes(photo.id)) return;
      photo[name] = valueOf(photo.id);
      showFavourite(this.figures[place], photo);
    });
    if (this.lightbox.isOpen) this.lightbox.showMarks();
  }

  /** Take photos out of the gallery; returns what puts them back. */
  takeOut(ids) {
    const out = new Set(ids), taken = [];
    const stays = this.photos.map((photo, place) => {
      if (out.has(photo.id)) taken.push({place, photo, made: this.figures[place]});
      return !out.has(photo.id);
    });
    const change = () => (this.layOut(0), this.selection.draw(), this.stand(this.place));
    this.photos = this.photos.filter((_, place) => stays[place]);
    this.figures = this.figures.filter((_, place) => stays[place]);
    this.next -= taken.length; // what follows them moves up
    out.forEach(id => this.gone.add(id));
    const hadFocus = taken.some(({made}) => made.contains(document.activeElement));
    taken.forEach(({made}) => made.remove());
    change();
    if (hadFocus || document.activeElement === document.body) this.link(this.place)?.focus({preventScroll: true});
    const {answer} = this.data;
    return () => {
      if (this.data.answer !== answer) return;
      for (const {place, photo, made} of taken) {
        this.list.insertBefore(made, this.figures[place] ?? null);
        this.photos.splice(place, 0, photo);
        this.figures.splice(place, 0, made);
      }
      this.next += taken.length;
      out.forEach(id => this.gone.delete(id));
      this.selection.clear();
      change();
    };
  }

  /** Come back to no answer that was left: another one may be right now. */
  forget() {
    left.clear();
  }

  say(text) {
    this.said.textContent = text;
  }

  leave() {
    this.seen.disconnect();
    this.sized.disconnect();
    clearTimeout(this.again);
    this.changes.leave();
    this.lightbox.leave();
    if (!this.data) return;
    removeEventListener("scroll", this.scrolling, true);
    const {scrolled} = this;
    left.delete(this.data.answer);
    left.set(this.data.answer, {photos: this.photos, next: this.next, place: this.place, scrolled});
    if (left.size > MOST_LEFT) left.delete(left.keys().next().value);
  }
}
