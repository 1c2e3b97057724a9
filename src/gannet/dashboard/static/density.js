// What is known, and what can be estimated from the points of a frame.

/** @typedef {{means: number[][], covariances: number[][][], weights: number[]}} Modes */

const INVERSES = new WeakMap();

/** @param {Modes} modes @param {number} extra variance added to every mode */
function inverses(modes, extra = 0) {
  return modes.covariances.map(([[a, b], [, d]]) => {
    const [p, q] = [a + extra, d + extra];
    const determinant = p * q - b * b;
    return [q / determinant, -b / determinant, p / determinant, determinant];
  });
}

/**
 * How many points lie within three standard deviations of the mode that they are nearest to (Mahalanobis), as the
 * metric `modes` counts.
 * @param {ArrayLike<number>} points x, y, x, y, ...
 * @param {Modes} modes
 */
export function modeCounts(points, modes) {
  const known = INVERSES.get(modes) ?? inverses(modes);
  INVERSES.set(modes, known);
  const counts = new Array(modes.means.length).fill(0);
  let good = 0;
  for (let i = 0; i < points.length; i += 2) {
    let nearest = -1,
      least = Infinity;
    for (let m = 0; m < known.length; m++) {
      const dx = points[i] - modes.means[m][0],
        dy = points[i + 1] - modes.means[m][1],
        [a, b, d] = known[m];
      const distance = a * dx * dx + 2 * b * dx * dy + d * dy * dy;
      if (distance < least) {
        least = distance;
        nearest = m;
      }
    }
    if (least <= 9) {
      counts[nearest]++;
      good++;
    }
  }
  return { counts, good, total: points.length / 2 };
}

/** @param {ArrayLike<number>} extent @param {number} side */
function nodes(extent, side) {
  const [x0, x1, y0, y1] = [extent[0], extent[1], extent[2], extent[3]];
  return { x0, y0, dx: (x1 - x0) / (side - 1), dy: (y1 - y0) / (side - 1) };
}

/**
 * The width of the kernel that both densities are smoothed with: a twentieth of half of the view.
 * @param {ArrayLike<number>} extent
 */
export const bandwidth = (extent) => (extent[1] - extent[0]) / 40;

/**
 * Density of points at the nodes of a view, by Gaussian kernels.
 * @param {ArrayLike<number>} points
 * @param {ArrayLike<number>} extent
 * @param {number} side
 */
export function kernelDensity(points, extent, side) {
  const { x0, y0, dx, dy } = nodes(extent, side),
    width = bandwidth(extent),
    reach = 4 * width;
  const density = new Float64Array(side * side),
    scale = 1 / ((points.length / 2) * 2 * Math.PI * width * width);
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    const [r0, r1] = [
      Math.max(0, Math.ceil((y - reach - y0) / dy)),
      Math.min(side - 1, Math.floor((y + reach - y0) / dy)),
    ];
    const [c0, c1] = [
      Math.max(0, Math.ceil((x - reach - x0) / dx)),
      Math.min(side - 1, Math.floor((x + reach - x0) / dx)),
    ];
    for (let r = r0; r <= r1; r++)
      for (let c = c0; c <= c1; c++) {
        const u = (x0 + c * dx - x) / width,
          v = (y0 + r * dy - y) / width;
        density[r * side + c] += scale * Math.exp(-(u * u + v * v) / 2);
      }
  }
  return density;
}

/** The density of known modes, smoothed by the same kernel: exact, since Gaussians add their variances.
 * @param {Modes} modes @param {ArrayLike<number>} extent @param {number} side */
export function smoothedTruth(modes, extent, side) {
  const { x0, y0, dx, dy } = nodes(extent, side),
    known = inverses(modes, bandwidth(extent) ** 2);
  const density = new Float64Array(side * side);
  known.forEach(([a, b, d, determinant], m) => {
    const [mx, my] = modes.means[m],
      scale = modes.weights[m] / (2 * Math.PI * Math.sqrt(determinant));
    for (let r = 0; r < side; r++)
      for (let c = 0; c < side; c++) {
        const u = x0 + c * dx - mx,
          v = y0 + r * dy - my,
          squared = a * u * u + 2 * b * u * v + d * v * v;
        if (squared < 60) density[r * side + c] += scale * Math.exp(-squared / 2);
      }
  });
  return density;
}

/** D* = p / (p + q); NaN where there is next to nothing of either. @param {Float64Array} p @param {Float64Array} q */
export function optimal(p, q) {
  const least = 1e-4 * Math.max(...p, ...q);
  return Float64Array.from(p, (value, i) => (value + q[i] > least ? value / (value + q[i]) : NaN));
}

/**
 * Length of the gradient, by central differences between nodes.
 * @param {ArrayLike<number>} field
 * @param {ArrayLike<number>} extent
 * @param {number} side
 */
export function gradientLength(field, extent, side) {
  const { dx, dy } = nodes(extent, side),
    out = new Float64Array(side * side);
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) {
      const [r0, r1, c0, c1] = [
        Math.max(r - 1, 0),
        Math.min(r + 1, side - 1),
        Math.max(c - 1, 0),
        Math.min(c + 1, side - 1),
      ];
      const gx = (field[r * side + c1] - field[r * side + c0]) / ((c1 - c0) * dx),
        gy = (field[r1 * side + c] - field[r0 * side + c]) / ((r1 - r0) * dy);
      out[r * side + c] = Math.hypot(gx, gy);
    }
  return out;
}
