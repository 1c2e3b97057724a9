// How often charts are drawn while values arrive: drawing takes processor time from the training, so the more time the
// last drawing took, the longer the next one waits.
import { eachFrame } from "./dom.js";

/** Rest for each millisecond in which Plotly made the charts; what the browser then does with them is not counted. */
const REST_PER_WORK = 39;
const LEAST_MILLISECONDS = 400;
/** The first drawing takes longer than later ones. */
const MOST_MILLISECONDS = 3000;
/** The next news redraws the page anyway: a drawing that is due just before it waits for it. */
const GRACE_MILLISECONDS = 150;

let spent = 0;

/** Count the time of a drawing. @param {number} milliseconds */
export function spend(milliseconds) {
  spent += milliseconds;
}

/**
 * A function that calls ``action`` soon, and less often the more time its drawings take.
 * @param {() => void} action draws charts
 */
export function paced(action) {
  let last = -Infinity,
    before = 0,
    waiting = 0;
  const soon = eachFrame(() => {
    last = performance.now();
    before = spent;
    action();
  });
  const draw = () => {
    clearTimeout(waiting);
    waiting = 0;
    soon();
  };
  const later = () => {
    const wait = Math.min(MOST_MILLISECONDS, Math.max(LEAST_MILLISECONDS, REST_PER_WORK * (spent - before))),
      rest = last + wait - performance.now();
    if (rest > 0) waiting ||= window.setTimeout(draw, rest + GRACE_MILLISECONDS);
    else draw();
  };
  return { later, stop: () => clearTimeout(waiting) };
}
