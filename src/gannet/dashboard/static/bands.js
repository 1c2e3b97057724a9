// Runs that differ in their seed only, and what their curves have in common.
import { configuration } from "./compare.js";
import { countBelow } from "./curves.js";

/** @typedef {{name: string, runs: import("./run.js").Run[]}} Group */
/** @typedef {{steps: number[], values: (number|null)[]}} Curve */

/** How often something is measured or saved, and where a run trained, changes no parameter. */
const HARMLESS = /^(seed|measure\.|checkpoint\.|frames\.|health\.|environment\.)/;

/**
 * Runs of one recipe with the same settings, whatever their seeds.
 * @param {import("./run.js").Run[]} runs
 * @returns {Group[]}
 */
export function groupsOf(runs) {
  /** @type {Map<string, {settings: Record<string, string>, runs: import("./run.js").Run[]}>} */
  const found = new Map();
  for (const run of runs) {
    const settings = Object.fromEntries(Object.entries(configuration(run)).filter(([key]) => !HARMLESS.test(key)));
    const key = JSON.stringify(Object.entries(settings).sort());
    const group = found.get(key) ?? { settings, runs: [] };
    found.set(key, group);
    group.runs.push(run);
  }
  const groups = [...found.values()];
  return groups.map(({ settings, runs: own }) => {
    if (own.length === 1) return { name: own[0].name, runs: own };
    const alike = groups.filter((other) => other.settings !== settings && other.settings.recipe === settings.recipe);
    const keys = Object.keys(settings).filter((key) => alike.some((other) => other.settings[key] !== settings[key]));
    return {
      name: [`${settings.recipe} × ${own.length}`, ...keys.slice(0, 2).map((key) => `${key}=${settings[key]}`)].join(
        ", ",
      ),
      runs: own,
    };
  });
}

/**
 * A curve between its points; null before the first, after the last, and next to a gap.
 * @param {Curve} curve
 * @param {number} step
 */
function valueAt({ steps, values }, step) {
  const low = countBelow(steps, step);
  if (steps[low] === step) return values[low];
  if (low === 0 || low === steps.length) return null;
  const [before, after] = [values[low - 1], values[low]];
  return before === null || after === null
    ? null
    : before + ((after - before) * (step - steps[low - 1])) / (steps[low] - steps[low - 1]);
}

/**
 * Mean, least and greatest of several curves, where all of them are.
 * @param {Curve[]} curves
 * @param {boolean} [between] whether values between points count
 */
export function bandOf(curves, between = true) {
  const first = Math.max(...curves.map(({ steps }) => steps[0] ?? Infinity)),
    last = Math.min(...curves.map(({ steps }) => steps.at(-1) ?? -Infinity));
  const finest = curves.reduce((a, b) => (b.steps.length > a.steps.length ? b : a));
  const steps = finest.steps.filter(
    (step) => step >= first && step <= last && (between || curves.every((curve) => curve.steps.includes(step))),
  );
  /** @type {{steps: number[], values: (number|null)[], low: (number|null)[], high: (number|null)[]}} */
  const band = { steps, values: [], low: [], high: [] };
  for (const step of steps) {
    const values = curves.map((curve) => valueAt(curve, step)),
      whole = values.every((value) => value !== null);
    const numbers = /** @type {number[]} */ (values);
    band.values.push(whole ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null);
    band.low.push(whole ? Math.min(...numbers) : null);
    band.high.push(whole ? Math.max(...numbers) : null);
  }
  return band;
}
