/** Dragging, the wheel and two fingers on an element, as what they mean for a map. */

const FREE = 4; // pixels that a click may move

/** @param {HTMLElement} pane @param {{move: function(number, number), zoom: function(number, number, number)}} does */
export function gestures(pane, does) {
  const fingers = new Map();
  let moved = 0;
  const middle = () => [...fingers.values()].reduce(([x, y], at) => [x + at.x / fingers.size, y + at.y / fingers.size], [0, 0]);
  const spread = () => {
    const [one, other] = [...fingers.values()];
    return other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
  };
  const within = (x, y) => {
    const {left, top} = pane.getBoundingClientRect();
    return [x - left, y - top];
  };
  pane.addEventListener("wheel", event => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    does.zoom(Math.max(-1, Math.min(1, (-event.deltaY * lines) / (event.ctrlKey ? 60 : 250))), ...within(event.clientX, event.clientY));
  }, {passive: false});
  pane.addEventListener("pointerdown", event => {
    if (event.button || event.target.closest("button")) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
  });
  pane.addEventListener("pointermove", event => {
    if (!fingers.has(event.pointerId)) return;
    const [x, y] = middle(), before = spread();
    fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    const [toX, toY] = middle(), after = spread();
    moved += Math.abs(toX - x) + Math.abs(toY - y) + Math.abs(after - before);
    if (moved <= FREE) return;
    // Only a drag is held: a click must reach the link that it is on.
    pane.setPointerCapture(event.pointerId);
    does.move(toX - x, toY - y);
    if (before && after) does.zoom(Math.log2(after / before), ...within(toX, toY));
  });
  for (const kind of ["pointerup", "pointercancel"]) pane.addEventListener(kind, event => fingers.delete(event.pointerId));
  pane.addEventListener("click", event => moved > FREE && (event.preventDefault(), event.stopPropagation()), true);
  pane.addEventListener("dragstart", event => event.preventDefault());
}
