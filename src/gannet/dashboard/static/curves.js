// The values of a run by name, thinned so that memory stays bounded.
const POINTS_KEPT = 6000;

/**
 * The number of steps below a step: the index of the first one that is not.
 * @param {number[]} steps ascending
 * @param {number} step
 */
export function countBelow(steps, step) {
  let low = 0,
    high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Curves {
  constructor() {
    /** @type {Map<string, {steps: number[], values: (number|null)[]}>} */ this.series = new Map();
    /** Number of the newest event that they hold. */ this.newest = -1;
  }

  /** All values of a history. @param {any} history */
  load(history) {
    this.series = new Map(history.series.map((/** @type {any} */ s) => [s.name, { steps: s.steps, values: s.values }]));
    this.newest = numberOf(history.cursor);
  }

  /**
   * The values of one event.
   * @param {any} event
   * @returns {{added: boolean, long: boolean}} whether they are new, and whether a curve must be thinned
   */
  take(event) {
    if (event.seq <= this.newest) return { added: false, long: false };
    this.newest = event.seq;
    let long = false;
    const prefix = event.kind === "terms" ? "" : `${event.kind}/`;
    const named = Object.entries(event.values ?? {}).map(([key, value]) => [prefix + key, value]);
    if (!prefix && typeof event.seconds === "number") named.push(["seconds", event.seconds]);
    for (const [name, value] of named) {
      const line = this.series.get(name) ?? { steps: [], values: [] };
      this.series.set(name, line);
      line.steps.push(event.step);
      line.values.push(typeof value === "number" ? value : null);
      long ||= line.steps.length > POINTS_KEPT;
    }
    return { added: true, long };
  }

  /**
   * Seconds of training at a step, without pauses: on the line through the two nearest records.
   * @param {number} step
   * @returns {number|null} null if no time was recorded
   */
  secondsAt(step) {
    const { steps, values } = this.series.get("seconds") ?? { steps: [], values: [] };
    if (!steps.length) return null;
    // Training begins at step 0 and second 0; after the last record it continues at the same speed.
    const at = Math.min(countBelow(steps, step), steps.length - 1),
      [s0, v0] = at ? [steps[at - 1], values[at - 1] ?? 0] : [0, 0],
      [s1, v1] = [steps[at], values[at] ?? 0];
    return s1 === s0 ? v1 : v0 + ((v1 - v0) * (step - s0)) / (s1 - s0);
  }

  /** Drop the older half of long curves, until {@link merge} brings the thinned whole. */
  drop() {
    for (const line of this.series.values()) {
      if (line.steps.length <= POINTS_KEPT) continue;
      line.steps.splice(0, POINTS_KEPT / 2);
      line.values.splice(0, POINTS_KEPT / 2);
    }
  }

  /** Replace the curves by those of a history, followed by the values that arrived after it. @param {any} history */
  merge(history) {
    for (const { name, steps, values } of history.series) {
      const line = this.series.get(name),
        from = line?.steps.findIndex((step) => step > (steps.at(-1) ?? -1)) ?? -1;
      if (line && from >= 0) {
        steps.push(...line.steps.slice(from));
        values.push(...line.values.slice(from));
      }
      this.series.set(name, { steps, values });
    }
    this.newest = Math.max(this.newest, numberOf(history.cursor));
  }
}

/** @param {string} cursor */
function numberOf(cursor) {
  return cursor ? Number(cursor.split(".")[0]) : -1;
}
