// How often charts are drawn while values arrive: drawing takes processor time from the training, so the page spends at
// most a small share of its time on it.
import { eachFrame } from "./dom.js";

/** Drawing may take this share of the time: 1 / 30. */
const REST_PER_WORK = 29;
const LEAST_MILLISECONDS = 400;
/** The first drawing takes longer than later ones. */
const MOST_MILLISECONDS = 3000;

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
  const later = () => {
    if (waiting) return;
    const wait = Math.min(MOST_MILLISECONDS, Math.max(LEAST_MILLISECONDS, REST_PER_WORK * (spent - before)));
    waiting = window.setTimeout(
      () => {
        waiting = 0;
        soon();
      },
      Math.max(0, last + wait - performance.now()),
    );
  };
  return { later, stop: () => clearTimeout(waiting) };
}
