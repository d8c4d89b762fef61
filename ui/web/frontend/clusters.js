/** Points of a map that are too near each other to be told apart, as one with the number of all their photos. */

const APART = 52; // pixels between the middles of two

/**
 * @param {{x: number, y: number, photos: number, name: string}[]} points the largest first
 * @param {number} scale pixels of the whole world
 * @returns clusters, each with its middle, its photos, the rectangle of its points, and the name of the largest
 */
export function clustersOf(points, scale) {
  const clusters = [], cells = new Map(), far = APART / scale;
  for (const point of points) {
    const column = Math.floor(point.x / far), row = Math.floor(point.y / far);
    let nearest = null, distance = far;
    for (let i = column - 1; i <= column + 1; i++)
      for (let j = row - 1; j <= row + 1; j++)
        for (const cluster of cells.get(`${i} ${j}`) ?? []) {
          const away = Math.hypot(cluster.x - point.x, cluster.y - point.y);
          if (away < distance) [nearest, distance] = [cluster, away];
        }
    if (nearest) join(nearest, point);
    else {
      const {x, y, photos, name} = point, key = `${column} ${row}`;
      const cluster = {x, y, photos, name, points: 1, left: x, right: x, top: y, bottom: y};
      clusters.push(cluster);
      cells.set(key, [...(cells.get(key) ?? []), cluster]);
    }
  }
  return clusters.sort((one, other) => other.photos - one.photos);
}

function join(cluster, {x, y, photos}) {
  cluster.photos += photos;
  cluster.points += 1;
  cluster.left = Math.min(cluster.left, x), cluster.right = Math.max(cluster.right, x);
  cluster.top = Math.min(cluster.top, y), cluster.bottom = Math.max(cluster.bottom, y);
}
