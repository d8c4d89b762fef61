/** Where places are on a map in Mercator's projection, whose whole world is 1 wide and 1 high, and what is drawn of it. */

export const MOST_NORTH = 85.0511;

export const acrossOf = longitude => (longitude + 180) / 360;

export function downOf(latitude) {
  const angle = (Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude)) * Math.PI) / 180;
  return 0.5 - Math.asinh(Math.tan(angle)) / (2 * Math.PI);
}

export const latitudeOf = down => (Math.atan(Math.sinh((0.5 - down) * 2 * Math.PI)) * 180) / Math.PI;

/** Kilometres that the world would be wide at a latitude. */
export const kilometresAround = latitude => 40075 * Math.cos((latitude * Math.PI) / 180);

let outlines = null;

/** The outlines of the land, each with the rectangle that it fills; they are sent once, from where these pages are. */
export function land() {
  return (outlines ??= fetch(new URL("land.json", import.meta.url)).then(answer => answer.json()).then(rings => rings.map(outline)));
}

function outline(steps) {
  const path = new Path2D();
  let longitude = 0, latitude = 0, left = 1, top = 1, right = 0, bottom = 0;
  for (let i = 0; i < steps.length; i += 2) {
    longitude += steps[i];
    latitude += steps[i + 1];
    const x = acrossOf(longitude / 100), y = downOf(latitude / 100);
    if (i) path.lineTo(x, y);
    else path.moveTo(x, y);
    left = Math.min(left, x), right = Math.max(right, x), top = Math.min(top, y), bottom = Math.max(bottom, y);
  }
  path.closePath();
  return {path, left, top, right, bottom};
}
