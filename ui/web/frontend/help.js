/** The keys, in a dialog. */

import {element} from "./figure.js";

const KEYS = [
  ["/", "write what to search for"], ["arrow keys", "go from photo to photo"], ["Enter", "open a photo"],
  ["Escape", "close it; choose none"], ["space", "choose a photo"], ["Shift and space", "choose all up to it"],
  ["Shift and A", "choose all that are loaded"], ["+  −  0", "nearer, farther, all of it"], ["b", "boxes on and off"],
  ["?", "these keys"],
];

const CHANGES = [["f", "favourite, or no longer"], ["1 to 5", "stars; the same again takes them back"], ["a", "add to an album"]];

export function showHelp() {
  if (document.querySelector(".vs-keys")) return;
  const keys = document.querySelector(".vs-may-change") ? [...KEYS, ...CHANGES] : KEYS;
  const close = element("button", {type: "button", class: "vs-word"}, "Close");
  const dialog = element("dialog", {class: "vs-keys", "aria-label": "Keys"},
    element("h2", {}, "Keys"),
    element("dl", {}, ...keys.flatMap(([key, text]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, text)])),
    close);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("keydown", event => event.stopPropagation());
  document.body.append(dialog);
  dialog.showModal();
}
