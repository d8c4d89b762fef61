/** A shared album: its photos large, one after the other, by keys, swipes and buttons; Back and Escape lead to the rows. */

import {element} from "./figure.js";
import {Zoom} from "./zoom.js";

const LARGEST = 2; // times that a photo is shown larger than its picture is
const links = [...document.querySelectorAll(".rows a")];
let place = 0;

const button = (name, sign, text, does) =>
  element("button", {type: "button", class: name, "aria-label": text, title: text, onclick: does}, sign);
const counter = element("span", {class: "counter", "aria-live": "polite"});
const download = element("a", {class: "word", download: ""}, "Download");
const under = element("img", {alt: "", draggable: "false"}), over = element("img", {draggable: "false"});
const held = element("div", {class: "held"}, under, over), stage = element("div", {class: "stage"}, held);
const close = button("close", "✕", "Close (Escape)", () => leave());
const previous = button("previous", "‹", "Previous photo (left arrow)", () => step(-1));
const next = button("next", "›", "Next photo (right arrow)", () => step(1));
const dialog = element("dialog", {"aria-label": document.title}, element("div", {class: "bar"}, counter, download, close), stage, previous, next);
document.body.append(dialog);
const zoom = new Zoom(stage, held, {step, close: () => leave(), far: () => {}});

/** Show a photo, with its small picture until the large one is there. */
function show(number) {
  place = number;
  const link = links[place], image = link.querySelector("img");
  counter.textContent = `${place + 1} / ${links.length}`;
  under.src = image.currentSrc || image.src;
  over.removeAttribute("src"); // else the photo before would stand there until this one is loaded
  over.alt = image.alt;
  over.src = link.href;
  download.hidden = !link.dataset.original;
  if (link.dataset.original) download.href = link.dataset.original;
  previous.hidden = place === 0;
  next.hidden = place === links.length - 1;
  zoom.reset();
  fit();
  if (place + 1 < links.length) new Image().src = links[place + 1].href;
}

function fit() {
  const {width, height} = links[place].dataset;
  const scale = Math.min(stage.clientWidth / width, stage.clientHeight / height, LARGEST);
  Object.assign(held.style, {width: `${width * scale}px`, height: `${height * scale}px`});
  zoom.draw();
}

function open(number) {
  dialog.showModal();
  show(number);
  close.focus();
}

function step(by) {
  const before = document.activeElement;
  if (links[place + by]) show(place + by);
  if (before?.hidden) close.focus();
}

function leave() {
  history.back(); // which hides it
}

function hide() {
  dialog.close();
  links[place].scrollIntoView({block: "nearest"});
  links[place].focus({preventScroll: true});
}

document.querySelector(".rows").addEventListener("click", event => {
  const link = event.target.closest("a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState({large: true}, "");
  open(links.indexOf(link));
});
dialog.addEventListener("cancel", event => (event.preventDefault(), leave()));
dialog.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const does = {ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => zoom.by(1.5), "-": () => zoom.by(1 / 1.5), 0: () => zoom.reset()};
  if (does[event.key]) event.preventDefault(), does[event.key]();
});
addEventListener("popstate", event => {
  if (dialog.open) hide();
  else if (event.state?.large) open(place); // the browser's Forward
});
addEventListener("resize", () => dialog.open && fit());
if (history.state?.large) history.replaceState(null, ""); // loaded again while a photo was large
