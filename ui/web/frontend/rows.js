/** Photos in rows that are as wide as the page, each photo in its own shape. */

export const GAP = 4;
const HIGH = 215; // pixels of a row, about
const NARROW = 600; // a page that two photos stand beside each other on
const WIDEST_PAIR = 4.2; // two whose widths are more than this many times a height stand alone

/**
 * Where photos of some shapes go.
 * @param {number[]} shapes widths as shares of heights
 * @param {number} width pixels of the page
 * @param {boolean} isLast no more photos follow: the last row need not be full
 * @returns {{sizes: [number, number][], complete: number}} pixels of each photo, and how many stand in full rows
 */
export function inRows(shapes, width, isLast) {
  const two = width < NARROW;
  const sizes = [];
  let start = 0, complete = 0;
  const close = (end, isFull) => {
    const row = shapes.slice(start, end);
    const sum = row.reduce((one, other) => one + other, 0);
    const room = width - GAP * (row.length - 1);
    const high = isFull ? room / sum : Math.min(room / sum, two ? width : HIGH);
    for (const shape of row) sizes.push([Math.floor(shape * high * 10) / 10, Math.round(high)]);
    start = end;
    if (isFull) complete = end;
  };
  for (let end = 1; end <= shapes.length; end++) {
    const row = shapes.slice(start, end);
    const sum = row.reduce((one, other) => one + other, 0);
    if (two) {
      if (row.length === 2 && sum > WIDEST_PAIR) close(end - 1, true);
      if (end - start === 2 || shapes[end - 1] > WIDEST_PAIR) close(end, true);
    } else if ((width - GAP * (row.length - 1)) / sum <= HIGH) close(end, true);
  }
  if (start < shapes.length) close(shapes.length, false);
  return {sizes, complete: isLast ? shapes.length : complete};
}
