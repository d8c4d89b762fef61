/** The field that texts are written into, and the texts that were asked for lately in this browser. */

const KEPT = "photo-searches", MOST = 6;

/** Streamlit's field of the page Search, where that page is open. */
export const field = () => document.querySelector('input[aria-label="What should be seen"]');

/** Put what stands in the field to the server, as Enter does. */
export function send(input) {
  input.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", code: "Enter", keyCode: 13, bubbles: true, cancelable: true}));
}

/** Ask for a text. */
export function ask(text) {
  const input = field();
  if (!input) return;
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
  input.dispatchEvent(new Event("input", {bubbles: true}));
  remember(text);
  requestAnimationFrame(() => send(input));
}

/** The texts that were asked for lately, the last one first; they stay in this browser. */
export function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter(text => typeof text === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function remember(text) {
  const words = text.trim();
  if (!words) return;
  try {
    localStorage.setItem(KEPT, JSON.stringify([words, ...recent().filter(other => other !== words)].slice(0, MOST)));
  } catch {
    // a browser that keeps nothing
  }
}
