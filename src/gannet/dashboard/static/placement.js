// Where latents and their grid lie in the view, and how far points moved.
const ARROWS = 150;

/**
 * Latents placed in the view: two standard deviations reach four fifths of the way to its edge.
 * @param {ArrayLike<number>} latents
 * @param {ArrayLike<number>} extent
 */
export function spread(latents, extent) {
  const out = new Float64Array(latents.length),
    centres = [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2],
    reach = 0.4 * (extent[1] - extent[0]);
  for (const axis of [0, 1]) {
    let sum = 0,
      squares = 0;
    const count = latents.length / 2;
    for (let i = axis; i < latents.length; i += 2) {
      sum += latents[i];
      squares += latents[i] ** 2;
    }
    const mean = sum / count,
      deviation = Math.sqrt(Math.max(squares / count - mean * mean, 1e-12));
    for (let i = axis; i < latents.length; i += 2)
      out[i] = centres[axis] + ((latents[i] - mean) / deviation / 2) * reach;
  }
  return out;
}

/**
 * The grid of latents, flat in the view.
 * @param {number} side
 * @param {ArrayLike<number>} extent
 */
export function flatGrid(side, extent) {
  const out = new Float64Array(side * side * 2),
    reach = 0.4 * (extent[1] - extent[0]);
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) {
      out[2 * (r * side + c)] = (extent[0] + extent[1]) / 2 + ((2 * c) / (side - 1) - 1) * reach;
      out[2 * (r * side + c) + 1] = (extent[2] + extent[3]) / 2 + ((2 * r) / (side - 1) - 1) * reach;
    }
  return out;
}

/**
 * From where a fake was in the frame before to where it is.
 * @param {ArrayLike<number>} from
 * @param {ArrayLike<number>} to
 */
export function movements(from, to) {
  return Array.from({ length: ARROWS }, (_, i) => [
    from[2 * i],
    from[2 * i + 1],
    to[2 * i] - from[2 * i],
    to[2 * i + 1] - from[2 * i + 1],
  ]);
}
