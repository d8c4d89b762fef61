/** What is changed of photos: favourites, stars, albums, what results leave out; shown at once, taken back where it fails. */

import {element} from "./figure.js";

const PATIENCE_MS = 15_000; // before a change is asked for again: to make one twice does no harm
const SEEN_MS = 7000, SEEN_ERROR_MS = 15_000;

/** Changes that were not made yet; the first of them is with the server. They outlive a gallery that is left. */
const waiting = [];
let numbers = Date.now();

export class Changes {
  constructor(gallery) {
    this.gallery = gallery;
    this.settled = new Map(); // what the library says of photos, where something else is shown
    this.toast = element("div", {class: "vs-toast", role: "status", hidden: true});
    gallery.root.append(this.toast);
  }

  get allowed() {
    return Boolean(this.gallery.data?.changes);
  }

  /** Ask for a change of photos; ``then`` is called with what came of it. */
  ask(does, photos, value, then) {
    if (!this.allowed || !photos.length) return;
    waiting.push({does, value, photos: [...new Set(photos)], number: numbers++, then});
    if (waiting.length === 1) this.send();
  }

  send() {
    const [first] = waiting;
    this.leave();
    if (!first) return;
    const {then: _, ...sent} = first;
    this.gallery.send("change", sent);
    this.again = setTimeout(() => this.send(), PATIENCE_MS);
  }

  /** Ask for what another gallery has asked for, which was left before an answer came; and for nothing when left. */
  resume() {
    if (waiting.length && !this.again) this.send();
  }

  leave() {
    clearTimeout(this.again);
    this.again = 0;
  }

  answered(reply) {
    const [first] = waiting;
    if (!first || first.number !== reply.number) return;
    waiting.shift();
    first.then(reply);
    if (reply.error) this.say(reply.error, {isError: true});
    this.send();
  }

  /** Say of photos that they are favourites, or how many stars they have. */
  mark(photos, name, value) {
    if (!this.allowed) return;
    const ids = photos.map(photo => photo.id), key = id => `${id} ${name}`;
    for (const photo of photos) if (!this.settled.has(key(photo.id))) this.settled.set(key(photo.id), photo[name]);
    this.gallery.mark(ids, name, () => value);
    this.ask(name, ids, value, reply => {
      if (reply.error) this.gallery.mark(ids, name, id => this.settled.get(key(id)));
      else for (const id of ids) this.settled.set(key(id), value);
    });
  }

  add(photos, album) {
    this.ask("add", photos.map(photo => photo.id), album, reply => this.made(reply));
  }

  takeOut(photos) {
    const {album} = this.gallery.data;
    this.ask("remove", photos.map(photo => photo.id), album, reply => {
      const undo = this.made(reply, reply.photos);
      if (undo) this.say(reply.said, {undo: () => this.ask("add", reply.photos, album, again => this.made(again) && undo())});
    });
  }

  /** Leave photos out of results, or do so no longer. */
  hide(photos, hidden) {
    const leave = this.gallery.data.hidden === (hidden ? "exclude" : "only");
    this.ask("hidden", photos.map(photo => photo.id), hidden, reply => {
      const undo = this.made(reply, leave ? reply.photos : []);
      if (undo) this.say(reply.said, {undo: () => this.ask("hidden", reply.photos, !hidden, again => this.made(again) && undo())});
    });
  }

  /** Of pictures that are here more than once, keep these photos in results and leave the others out. */
  keep(photos) {
    const ids = photos.map(photo => photo.id);
    this.ask("keep", ids, true, reply => {
      const undo = this.made(reply, [...ids, ...reply.photos]);
      if (undo) this.say(reply.said, {undo: () => this.ask("hidden", reply.photos, false, again => this.made(again) && undo())});
    });
  }

  /** Photos leave the gallery with a change that was made; returns what brings them back. */
  made(reply, leaving = []) {
    if (reply.error) return null;
    this.gallery.forget();
    this.gallery.selection.clear();
    const undo = this.gallery.takeOut(leaving);
    this.say(reply.said);
    return undo;
  }

  say(text, {isError = false, undo = null} = {}) {
    const {lightbox, root} = this.gallery;
    const button = undo && element("button", {type: "button", class: "vs-word", onclick: () => (undo(), this.toast.hidden = true)}, "Undo");
    this.toast.replaceChildren(text, ...(button ? [button] : []));
    this.toast.classList.toggle("vs-is-error", isError);
    (lightbox.isOpen ? lightbox.dialog : root).append(this.toast);
    this.toast.hidden = false;
    clearTimeout(this.gone);
    this.gone = setTimeout(() => (this.toast.hidden = true), isError ? SEEN_ERROR_MS : SEEN_MS);
  }
}
