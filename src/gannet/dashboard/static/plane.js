// Drawing on a canvas: equal scales on both axes, y upwards.
import { colour } from "./dom.js";

/**
 * @typedef {{x: (value: number) => number, y: (value: number) => number, size: number, extent: ArrayLike<number>}} View
 */

/**
 * A canvas made sharp for this screen.
 * @param {HTMLCanvasElement} canvas
 * @param {number} size width in CSS pixels
 * @param {number} [height]
 */
export function sharpened(canvas, size, height = size) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const sides = [size, height].map((side) => Math.round(side * ratio));
  if (canvas.width !== sides[0] || canvas.height !== sides[1]) [canvas.width, canvas.height] = sides;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, size, height);
  return pen;
}

/** @param {ArrayLike<number>} extent @param {number} size @returns {View} */
export function viewOf(extent, size) {
  const [x0, x1, y0, y1] = [extent[0], extent[1], extent[2], extent[3]];
  return {
    size,
    extent,
    x: (value) => ((value - x0) / (x1 - x0)) * size,
    y: (value) => ((y1 - value) / (y1 - y0)) * size,
  };
}

/** @param {string} name of a colour of the style sheet, #rrggbb */
function rgb(name) {
  const value = colour(name);
  return [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
}

/**
 * Values in [-1, 1]: below zero the tint of generated, above that of real, zero is paper.
 * @returns {(value: number) => number[]}
 */
export function diverging() {
  const [paper, low, high] = [rgb("plot"), rgb("fake-tint"), rgb("real-tint")];
  return (value) => {
    const strength = Math.min(1, Math.abs(value)) ** 0.8,
      tint = value < 0 ? low : high;
    return paper.map((p, i) => p + (tint[i] - p) * strength);
  };
}

/** Values in [0, 1]: paper to ink. @returns {(value: number) => number[]} */
export function rising() {
  const [paper, high] = [rgb("plot"), rgb("push-tint")];
  return (value) => paper.map((p, i) => p + (high[i] - p) * Math.min(1, Math.max(0, value)) ** 0.7);
}

/** A pixel for each node of a field; one canvas for all, since a new one for each drawing costs as much as the rest. */
const small = document.createElement("canvas");

/**
 * A field under everything else; row 0 is the lowest y, nodes lie on the edges.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {ArrayLike<number>} field
 * @param {number} side
 * @param {(value: number) => number[]} shade
 */
export function drawField(pen, view, field, side, shade) {
  if (small.width !== side) small.width = small.height = side;
  const ink = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d")),
    image = ink.createImageData(side, side),
    blank = shade(0);
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) {
      const value = field[r * side + c],
        [red, green, blue] = Number.isNaN(value) ? blank : shade(value);
      image.data.set([red, green, blue, 255], ((side - 1 - r) * side + c) * 4);
    }
  ink.putImageData(image, 0, 0);
  const cell = view.size / (side - 1);
  pen.imageSmoothingEnabled = true;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, -cell / 2, -cell / 2, view.size + cell, view.size + cell);
}

/**
 * The line on which a field is zero, by marching squares.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {ArrayLike<number>} field
 * @param {number} side
 * @param {number[]} [dash]
 */
export function drawContour(pen, view, field, side, dash = []) {
  const cell = view.size / (side - 1),
    px = (/** @type {number} */ c) => c * cell,
    py = (/** @type {number} */ r) => view.size - r * cell;
  pen.beginPath();
  for (let r = 0; r < side - 1; r++)
    for (let c = 0; c < side - 1; c++) {
      const corners = [
        field[r * side + c],
        field[r * side + c + 1],
        field[(r + 1) * side + c + 1],
        field[(r + 1) * side + c],
      ];
      const at = [
        [c, r],
        [c + 1, r],
        [c + 1, r + 1],
        [c, r + 1],
      ];
      /** @type {number[][]} */
      const crossings = [];
      for (let edge = 0; edge < 4; edge++) {
        const [a, b] = [corners[edge], corners[(edge + 1) % 4]];
        if (a < 0 === b < 0) continue;
        const share = a / (a - b),
          [from, to] = [at[edge], at[(edge + 1) % 4]];
        crossings.push([px(from[0] + (to[0] - from[0]) * share), py(from[1] + (to[1] - from[1]) * share)]);
      }
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        pen.moveTo(crossings[i][0], crossings[i][1]);
        pen.lineTo(crossings[i + 1][0], crossings[i + 1][1]);
      }
    }
  pen.strokeStyle = colour(dash.length ? "muted" : "ink");
  pen.lineWidth = 1.25;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * Hollow circles are real, solid dots with a rim are generated, which is visible without colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {ArrayLike<number>} points
 * @param {"real"|"fake"} kind
 */
export function drawPoints(pen, view, points, kind, scale = 1) {
  const radius = Math.max(2, (view.size / 210) * scale);
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [view.x(points[i]), view.y(points[i + 1])];
    if (!(x > -9 && x < view.size + 9 && y > -9 && y < view.size + 9)) continue;
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }
  if (kind === "real") {
    pen.strokeStyle = colour("real");
    pen.lineWidth = 1.1;
    pen.stroke();
    return;
  }
  pen.strokeStyle = colour("plot");
  pen.lineWidth = 1.4;
  pen.stroke();
  pen.fillStyle = colour("fake");
  pen.fill();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {number[][]} arrows [x, y, dx, dy] in data units
 * @param {string} ink
 */
export function drawArrows(pen, view, arrows, ink) {
  pen.beginPath();
  for (const [x, y, dx, dy] of arrows) {
    const [a, b, c, d] = [view.x(x), view.y(y), view.x(x + dx), view.y(y + dy)],
      length = Math.hypot(c - a, d - b);
    if (!(length > 1.5)) continue;
    const [u, v] = [(c - a) / length, (d - b) / length],
      head = Math.min(5, length * 0.5);
    pen.moveTo(a, b);
    pen.lineTo(c, d);
    pen.moveTo(c - head * (u + 0.5 * v), d - head * (v - 0.5 * u));
    pen.lineTo(c, d);
    pen.lineTo(c - head * (u - 0.5 * v), d - head * (v + 0.5 * u));
  }
  pen.strokeStyle = colour(ink);
  pen.lineWidth = 1.2;
  pen.stroke();
}

/**
 * Thin lines, which points cover.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {ArrayLike<number>} rows each begins with x, y, dx, dy
 * @param {number} width of a row
 */
export function drawLines(pen, view, rows, width) {
  pen.beginPath();
  for (let i = 0; i < rows.length; i += width) {
    pen.moveTo(view.x(rows[i]), view.y(rows[i + 1]));
    pen.lineTo(view.x(rows[i] + rows[i + 2]), view.y(rows[i + 1] + rows[i + 3]));
  }
  pen.strokeStyle = colour("ink");
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1;
  pen.stroke();
  pen.globalAlpha = 1;
}

/**
 * Arrows from points, whose lengths tell of each other only: the 98th percentile reaches ``longest`` of the view, and
 * none is longer.
 * @param {ArrayLike<number>} points
 * @param {ArrayLike<number>} vectors
 * @param {ArrayLike<number>} extent
 * @param {number} longest
 */
export function scaledArrows(points, vectors, extent, longest) {
  const lengths = Float64Array.from({ length: vectors.length / 2 }, (_, i) =>
    Math.hypot(vectors[2 * i], vectors[2 * i + 1]),
  );
  const cap = quantile(lengths, 0.98) || 1,
    reach = longest * (extent[1] - extent[0]);
  return Array.from(lengths, (length, i) => {
    const scale = reach / Math.max(cap, length);
    return [points[2 * i], points[2 * i + 1], vectors[2 * i] * scale, vectors[2 * i + 1] * scale];
  });
}

/** @param {ArrayLike<number>} values @param {number} share */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(share * (sorted.length - 1))];
}

/**
 * The lines of a grid of points.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {ArrayLike<number>} grid
 * @param {number} side
 */
export function drawGrid(pen, view, grid, side) {
  pen.beginPath();
  for (const along of [1, side])
    for (let line = 0; line < side; line++)
      for (let at = 0; at < side; at++) {
        const node = along === 1 ? line * side + at : at * side + line,
          [x, y] = [view.x(grid[2 * node]), view.y(grid[2 * node + 1])];
        if (at === 0) pen.moveTo(x, y);
        else pen.lineTo(x, y);
      }
  pen.strokeStyle = colour("grid");
  pen.lineWidth = 0.9;
  pen.stroke();
}

/**
 * Where known modes are: a cross and their three standard deviations.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {import("./density.js").Modes} modes
 * @param {number[]} counts
 */
export function drawModes(pen, view, modes, counts) {
  modes.means.forEach(([mx, my], m) => {
    const [[a], [, d]] = modes.covariances[m],
      [x, y] = [view.x(mx), view.y(my)],
      found = counts[m] > 0;
    const [rx, ry] = [a, d].map((variance) =>
      Math.max(found ? 7 : 13, (3 * Math.sqrt(variance) * view.size) / (view.extent[1] - view.extent[0])),
    );
    pen.beginPath();
    pen.setLineDash(found ? [] : [4, 3]);
    pen.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    pen.strokeStyle = colour(found ? "muted" : "alarm");
    pen.lineWidth = found ? 0.8 : 1.8;
    pen.stroke();
  });
  pen.setLineDash([]);
}
