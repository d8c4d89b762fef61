/** A dialog that asks for an album: one of those that there are, or the name of a new one. */

import {element} from "./figure.js";

/** Ask; ``chosen`` is called with the name. */
export function askForAlbum(count, names, chosen) {
  if (document.querySelector(".vs-albums")) return;
  const before = document.activeElement;
  const done = name => (dialog.close(), chosen(name));
  const input = element("input", {type: "text", maxlength: "200", required: true, "aria-label": "Name of a new album", placeholder: "A new album"});
  const form = element("form", {}, input, element("button", {class: "vs-word"}, "Add"));
  const dialog = element("dialog", {class: "vs-keys vs-albums", "aria-label": "Add to an album"},
    element("h2", {}, count === 1 ? "Add the photo to" : `Add ${count} photos to`),
    element("div", {class: "vs-names"}, ...names.map(name =>
      element("button", {type: "button", class: "vs-word", onclick: () => done(name)}, name))),
    form, element("button", {type: "button", class: "vs-word", onclick: () => dialog.close()}, "Cancel"));
  form.addEventListener("submit", event => {
    event.preventDefault();
    if (input.value.trim()) done(input.value.trim());
  });
  dialog.addEventListener("keydown", event => event.stopPropagation());
  dialog.addEventListener("close", () => (dialog.remove(), before?.focus?.({preventScroll: true})));
  document.body.append(dialog);
  dialog.showModal();
  (names.length ? dialog.querySelector(".vs-names button") : input).focus();
}
