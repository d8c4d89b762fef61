/** On every page: "/" goes to the search field, "?" shows the keys, and what is typed is searched for as one types. */

import {field, remember, send} from "./asking.js";
import {showHelp} from "./help.js";
import {go, isPlain} from "./navigation.js";

const PAUSE_MS = 300; // after the last letter
const REMEMBER_MS = 2500; // a text that stood that long was meant

let pause = 0, remembering = 0, isListening = false;

export default function () {
  if (!isListening) listen();
  isListening = true;
  const input = field();
  // Not on phones, where it would open the keyboard over the photos.
  if (input && !input.value && document.activeElement === document.body && matchMedia("(hover: hover)").matches) input.focus();
}

function listen() {
  document.addEventListener("click", event => {
    const link = event.target.closest?.("a[href^='photo?'], a[href^='./?']");
    if (!link || !isPlain(event) || event.defaultPrevented) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("input", event => {
    if (event.target !== field() || event.isComposing) return;
    clearTimeout(pause);
    pause = setTimeout(() => send(event.target), PAUSE_MS);
    clearTimeout(remembering);
    remembering = setTimeout(() => remember(event.target.value), REMEMBER_MS);
  });
  document.addEventListener("keydown", event => {
    if (event.target === field()) {
      if (event.key === "Enter" && event.isTrusted) clearTimeout(pause), remember(event.target.value);
      if (event.key === "ArrowDown") intoPhotos(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (event.key === "/") event.preventDefault(), goToField();
    if (event.key === "?") showHelp();
  });
}

const isWriting = target => target.closest?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, [contenteditable=true]");

function intoPhotos(event) {
  const first = document.querySelector("a.vs-photo[tabindex='0']");
  if (first) event.preventDefault(), first.focus();
}

function goToField() {
  if (document.querySelector("dialog[open]")) return;
  const input = field();
  if (input) return void (input.focus(), input.select());
  document.querySelector("[data-testid=stSidebarNavLink][href$='/'], [data-testid=stSidebarNavLink]")?.click();
  const until = performance.now() + 10_000;
  const look = () => (field() ? field().focus() : performance.now() < until && requestAnimationFrame(look));
  requestAnimationFrame(look);
}
