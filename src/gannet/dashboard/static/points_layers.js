// The layers of the figure of points, in the order in which they cover each other.
import { flatGrid, movements, spread } from "./placement.js";
import { drawArrows, drawContour, drawGrid, drawLines, drawModes, drawPoints, scaledArrows } from "./plane.js";

export const LAYERS = ["real", "fake", "modes", "contour", "manifold", "push", "movement", "plan"];
/** Layers that need more than the frame. */
export const MORE = ["movement", "plan"];
const LONGEST_ARROW = 0.09;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./plane.js").View} view
 * @param {any} frame
 * @param {{layers: Set<string>, share: number, modes: any, counted: any, before: any, plan: any}} what
 *   share: of the way from latents to samples
 */
export function drawLayers(pen, view, frame, { layers, share, modes, counted, before, plan }) {
  const extent = frame.extent.data;
  const known = frame.logits ?? frame.field;
  if (layers.has("contour") && known)
    drawContour(
      pen,
      view,
      frame.logits ? frame.logits.data : frame.field.data.map((/** @type {number} */ p) => p - 0.5),
      known.shape[0],
    );
  const start = frame.latents ? spread(frame.latents.data, extent) : null;
  const mixed = (/** @type {ArrayLike<number>} */ from, /** @type {ArrayLike<number>} */ to) =>
    Float64Array.from(to, (v, i) => from[i] + (v - from[i]) * share);
  if (layers.has("manifold") && frame.manifold) {
    const side = frame.manifold.shape[0];
    drawGrid(
      pen,
      view,
      start && share < 1 ? mixed(flatGrid(side, extent), frame.manifold.data) : frame.manifold.data,
      side,
    );
  }
  if (layers.has("plan") && plan) drawLines(pen, view, plan.moves.data, plan.moves.shape[1]);
  if (layers.has("real")) drawPoints(pen, view, frame.real.data, "real");
  if (layers.has("fake"))
    drawPoints(pen, view, start && share < 1 ? mixed(start, frame.fake.data) : frame.fake.data, "fake");
  if (layers.has("modes") && counted) drawModes(pen, view, modes, counted.counts);
  if (layers.has("push") && frame.pull)
    drawArrows(pen, view, scaledArrows(frame.fake.data, frame.pull.data, extent, LONGEST_ARROW), "push");
  if (layers.has("movement") && before) drawArrows(pen, view, movements(before.fake.data, frame.fake.data), "ink");
}
