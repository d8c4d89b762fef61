/** A map of where photos were taken: outlines of the land, photos as circles that merge, and a list of the places. */

import {clustersOf} from "./clusters.js";
import {counted, element} from "./figure.js";
import {gestures} from "./gestures.js";
import {go, isPlain} from "./navigation.js";
import {acrossOf, downOf, kilometresAround, land, latitudeOf} from "./projection.js";

const TILE = 256; // pixels of the whole world at zoom 0
const LEAST = 0, MOST = 15, CLOSEST_FIT = 11;
const LETTER = 6.6; // pixels of a letter of a label, about
const MANY = 12; // places that a field to look for one stands above
const STEP = 80; // pixels that an arrow key moves the map

/** What was looked at, by the key of the map: it stays when the page is drawn again. */
const views = new Map();

export default function ({data: {text}, key, parentElement}) {
  const data = JSON.parse(text);
  const map = (parentElement.photoMap ??= new PhotoMap(parentElement, key));
  map.take(data);
  return () => map.leave();
}

class PhotoMap {
  constructor(parent, key) {
    this.key = key;
    this.canvas = element("canvas", {"aria-hidden": "true"});
    this.marks = element("div", {class: "vs-marks"});
    this.scale = element("span", {class: "vs-scale", "aria-hidden": "true"});
    this.pane = element("div", {class: "vs-pane", tabindex: "0", role: "group"}, this.canvas, this.marks, this.scale,
      element("div", {class: "vs-zoom"},
        ...[["+", "Nearer", () => this.zoom(1)], ["−", "Farther", () => this.zoom(-1)], ["⤢", "All photos", () => this.fitAll()]].map(
          ([sign, label, onclick]) => element("button", {type: "button", "aria-label": label, title: label, onclick}, sign))));
    this.list = element("nav", {class: "vs-places", "aria-label": "Places"});
    this.root = element("div", {class: "vs-map"}, this.pane, this.list);
    parent.append(this.root);
    this.list.addEventListener("click", event => this.clicked(event));
    this.marks.addEventListener("click", event => this.clicked(event));
    this.pane.addEventListener("keydown", event => this.pressed(event));
    gestures(this.pane, {move: (x, y) => this.move(x, y), zoom: (by, x, y) => this.zoom(by, x, y)});
    this.sized = new ResizeObserver(() => this.resize());
    this.sized.observe(this.pane);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => setTimeout(() => this.draw(), 300);
    this.dark.addEventListener("change", this.recolour);
    land().then(outlines => ((this.land = outlines), this.draw()));
  }

  take(data) {
    document.cookie = data.cookie + (location.protocol === "https:" ? "; Secure" : "");
    this.data = data;
    this.points = data.points.map(([latitude, longitude, photos, name]) =>
      ({x: acrossOf(longitude), y: downOf(latitude), photos, name: data.names[name] ?? ""}));
    this.level = null;
    this.pane.style.height = `${data.height}px`;
    this.pane.setAttribute("aria-label", data.label);
    this.root.classList.toggle("vs-small", !data.places.length);
    const places = JSON.stringify([data.places, data.chosen]);
    if (places !== this.listed) this.drawList();
    this.listed = places;
    this.resize();
  }

  resize() {
    const {clientWidth: width, clientHeight: height} = this.pane;
    if (!width || !this.data) return;
    [this.width, this.height] = [width, height];
    const sharp = devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [width * sharp, height * sharp];
    const kept = views.get(this.key);
    if (this.view) this.draw();
    else if (kept?.of === this.data.answer) (this.view = kept.view), this.draw();
    else if (this.data.around) this.fitAround(this.data.around);
    else this.fitAll();
  }

  fitAround([south, west, north, east]) {
    this.fit({left: acrossOf(west), right: acrossOf(east), top: downOf(north), bottom: downOf(south)});
  }

  fitAll() {
    const {points, data: {circle}} = this;
    if (circle) {
      const [latitude, longitude, km] = circle, round = km / kilometresAround(latitude);
      const [x, y] = [acrossOf(longitude), downOf(latitude)];
      return this.fit({left: x - round, right: x + round, top: y - round, bottom: y + round});
    }
    const xs = points.map(point => point.x), ys = points.map(point => point.y);
    const least = values => values.reduce((one, other) => Math.min(one, other), 1);
    const most = values => values.reduce((one, other) => Math.max(one, other), 0);
    this.fit({left: least(xs), right: most(xs), top: least(ys), bottom: most(ys)});
  }

  /** Show a rectangle with a margin around it. */
  fit({left, right, top, bottom}, least = LEAST) {
    const room = Math.min((0.8 * this.width) / (right - left || 1e-9), (0.76 * this.height) / (bottom - top || 1e-9));
    const zoom = Math.max(least, Math.min(this.data.closest ?? CLOSEST_FIT, Math.log2(room / TILE)));
    this.look({x: (left + right) / 2, y: (top + bottom) / 2, zoom});
  }

  look({x, y, zoom}) {
    zoom = Math.max(Math.max(LEAST, Math.log2(Math.min(this.width, this.height) / TILE)), Math.min(MOST, zoom));
    const size = TILE * 2 ** zoom, halfWidth = this.width / size / 2, halfHeight = this.height / size / 2;
    const within = (value, half) => (half > 0.5 ? 0.5 : Math.max(half, Math.min(1 - half, value)));
    this.view = {x: within(x, halfWidth), y: within(y, halfHeight), zoom};
    views.set(this.key, {of: this.data.answer, view: this.view});
    this.draw();
  }

  move(x, y) {
    const size = TILE * 2 ** this.view.zoom;
    this.look({x: this.view.x - x / size, y: this.view.y - y / size, zoom: this.view.zoom});
  }

  /** Zoom around a point of the map. */
  zoom(by, x = this.width / 2, y = this.height / 2) {
    const zoom = Math.max(LEAST, Math.min(MOST, this.view.zoom + by)), before = TILE * 2 ** this.view.zoom, after = TILE * 2 ** zoom;
    const [dx, dy] = [x - this.width / 2, y - this.height / 2];
    this.look({x: this.view.x + dx / before - dx / after, y: this.view.y + dy / before - dy / after, zoom});
  }

  draw() {
    if (!this.view || this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.drawLand();
      this.drawMarks();
    });
  }

  drawLand() {
    const sharp = devicePixelRatio || 1, size = TILE * 2 ** this.view.zoom;
    const [left, top] = [this.view.x - this.width / size / 2, this.view.y - this.height / size / 2];
    const pen = this.canvas.getContext("2d"), {color, caretColor} = getComputedStyle(this.canvas);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.setTransform(size * sharp, 0, 0, size * sharp, -left * size * sharp, -top * size * sharp);
    [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [color, caretColor, 1 / size];
    const [right, bottom] = [left + this.width / size, top + this.height / size];
    for (const ring of this.land ?? [])
      if (ring.right > left && ring.left < right && ring.bottom > top && ring.top < bottom) pen.fill(ring.path), pen.stroke(ring.path);
    if (this.data.circle) {
      const [latitude, longitude, km] = this.data.circle;
      pen.beginPath();
      pen.arc(acrossOf(longitude), downOf(latitude), km / kilometresAround(latitude), 0, 7);
      [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = ["rgb(0 114 178 / 25%)", "#0072b2", 2 / size];
      pen.fill(), pen.stroke();
    }
    this.drawScale(size);
  }

  drawScale(size) {
    const km = (90 / size) * kilometresAround(latitudeOf(this.view.y)), power = 10 ** Math.floor(Math.log10(km));
    const round = [5, 2, 1].find(one => one * power <= km) * power;
    this.scale.style.width = `${(90 * round) / km}px`;
    this.scale.textContent = round < 1 ? `${round * 1000} m` : `${round.toLocaleString("en")} km`;
  }

  drawMarks() {
    const level = Math.round(this.view.zoom * 2) / 2;
    if (level !== this.level) this.clusters = clustersOf(this.points, TILE * 2 ** level);
    this.level = level;
    const size = TILE * 2 ** this.view.zoom, taken = [], focused = document.activeElement?.dataset?.at, made = [];
    for (const cluster of this.clusters) {
      const x = (cluster.x - this.view.x) * size + this.width / 2, y = (cluster.y - this.view.y) * size + this.height / 2;
      if (x < -20 || y < -20 || x > this.width + 20 || y > this.height + 20) continue;
      const wide = cluster.photos === 1 ? 16 : Math.min(52, 22 + 7 * Math.log10(cluster.photos));
      made.push({cluster, x, y, wide});
      taken.push([x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2]);
    }
    const marks = made.map(({cluster, x, y, wide}) => {
      const mark = this.mark(cluster, wide);
      mark.style.transform = `translate(${x - wide / 2}px, ${y - wide / 2}px)`;
      const half = (cluster.name.length * LETTER) / 2, box = [x - half, y + wide / 2, x + half, y + wide / 2 + 16];
      const isFree = cluster.name && taken.every(([left, top, right, bottom]) => right < box[0] || left > box[2] || bottom <= box[1] || top > box[3]);
      if (isFree) taken.push(box), mark.append(element("span", {class: "vs-name", "aria-hidden": "true"}, cluster.name));
      return mark;
    });
    this.marks.replaceChildren(...marks);
    if (focused) this.marks.querySelector(`[data-at="${focused}"]`)?.focus({preventScroll: true});
  }

  mark(cluster, wide) {
    const {x, y, photos, name, left, right, top, bottom} = cluster, edge = this.data.cell / 2;
    const count = counted(photos);
    const area = [latitudeOf(bottom) - edge, left * 360 - 180 - edge, latitudeOf(top) + edge, right * 360 - 180 + edge];
    const mark = element(this.data.places.length ? "a" : "span", {
      class: "vs-circle", "aria-label": name ? `${count} near ${name}` : count, title: name ? `${count} near ${name}` : count,
      "data-at": `${x} ${y}`, href: this.data.places.length && `${this.data.page}&area=${area.map(one => one.toFixed(4)).join(",")}`,
    }, element("b", {"aria-hidden": "true"}, photos > 1 ? short(photos) : ""));
    if (mark.nodeName === "SPAN") mark.setAttribute("role", "img");
    mark.cluster = cluster;
    mark.style.setProperty("--wide", `${wide}px`);
    return mark;
  }

  drawList() {
    const {places, chosen} = this.data, items = places.map(({name, country, photos, picture, href, at}) => {
      const link = element("a", {href, "aria-current": href === chosen ? "true" : false},
        element("img", {src: `${picture}small.jpg`, alt: "", loading: "lazy"}),
        element("span", {}, name, element("small", {}, country)), element("span", {class: "vs-number"}, photos.toLocaleString("en")));
      const [latitude, longitude] = at;
      link.cluster = {x: acrossOf(longitude), y: downOf(latitude)};
      return element("li", {}, link);
    });
    const field = element("input", {type: "search", placeholder: "Find a place", "aria-label": "Find a place", oninput: () => {
      const letters = plain(field.value);
      for (const item of items) item.hidden = !plain(item.textContent).includes(letters);
    }});
    this.list.replaceChildren(...(places.length > MANY ? [field] : []), element("ul", {}, ...items));
    this.list.hidden = !places.length;
    this.list.style.maxHeight = `${this.data.height}px`;
  }

  clicked(event) {
    const link = event.target.closest("a");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    const {cluster} = link;
    if (cluster.points) this.fit(cluster, Math.min(CLOSEST_FIT, this.view.zoom + (cluster.points > 1 ? 1 : 0)));
    else this.look({...cluster, zoom: Math.max(this.view.zoom, 9)});
    go(link.getAttribute("href"));
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does = {
      ArrowLeft: () => this.move(STEP, 0), ArrowRight: () => this.move(-STEP, 0), ArrowUp: () => this.move(0, STEP),
      ArrowDown: () => this.move(0, -STEP), "+": () => this.zoom(1), "=": () => this.zoom(1), "-": () => this.zoom(-1), 0: () => this.fitAll(),
    }[event.key];
    if (does) event.preventDefault(), event.stopPropagation(), does();
  }

  leave() {
    this.sized.disconnect();
    this.dark.removeEventListener("change", this.recolour);
  }
}

const short = count => new Intl.NumberFormat("en", {notation: "compact", maximumFractionDigits: count < 10_000 ? 1 : 0}).format(count);

const plain = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
