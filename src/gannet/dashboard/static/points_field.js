// What colours the plane behind points: the discriminator's output, its gradient, the optimal discriminator, or their
// difference.
import { gradientLength, kernelDensity, optimal, smoothedTruth } from "./density.js";
import { digits } from "./dom.js";
import { outputKind } from "./outputs.js";
import { quantile } from "./plane.js";

export const FIELDS = ["none", "d", "logit", "gradient", "optimal", "difference"];
const OF_PROBABILITIES = ["logit", "difference"];

/** The fields that outputs of this kind have. @param {string} kind */
export const fieldsOf = (kind) =>
  kind === "logit" ? FIELDS : FIELDS.filter((name) => !OF_PROBABILITIES.includes(name));

/**
 * Values in [-1, 1] (rising: [0, 1]) row by row from the lowest y, and the words at the ends of their scale; null for
 * none.
 * @param {string} name one of FIELDS
 * @param {any} frame
 * @param {any} modes the true modes, if they are known
 */
export function fieldOf(name, frame, modes) {
  const known = frame.logits ?? frame.field;
  if (name === "none" || !known) return null;
  const side = known.shape[0],
    extent = frame.extent.data,
    d = frame.field.data,
    hasZero = outputKind(frame) === "logit";
  const logits = frame.logits?.data ?? Float64Array.from(d, (p) => Math.log((p + 1e-6) / (1 - p + 1e-6)));
  if (name === "d")
    return {
      side,
      values: Float64Array.from(d, (p) => 2 * p - 1),
      low: hasZero ? "0" : `−${digits(frame.spread.data[0], 2)}`,
      middle: "0.5",
      high: hasZero ? "1" : digits(frame.spread.data[0], 2),
      rising: false,
    };
  if (name === "logit") {
    const most = quantile(Float64Array.from(logits, Math.abs), 0.98) || 1;
    return {
      side,
      values: Float64Array.from(logits, (v) => v / most),
      low: `−${digits(most, 2)}`,
      middle: "0",
      high: digits(most, 2),
      rising: false,
    };
  }
  if (name === "gradient") {
    const length = gradientLength(hasZero ? d : logits, extent, side),
      most = quantile(length, 0.99) || 1;
    return { side, values: length.map((v) => v / most), low: "0", middle: "", high: digits(most, 2), rising: true };
  }
  const p = modes ? smoothedTruth(modes, extent, side) : kernelDensity(frame.real.data, extent, side);
  const best = optimal(p, kernelDensity(frame.fake.data, extent, side));
  if (name === "optimal")
    return {
      side,
      values: best.map((v) => 2 * v - 1),
      low: "0",
      middle: "0.5",
      high: "1",
      rising: false,
      smoothed: true,
    };
  return {
    side,
    values: best.map((v, i) => d[i] - v),
    low: "−1",
    middle: "0",
    high: "1",
    rising: false,
    smoothed: true,
  };
}
