// What all charts of the page have in common: how much they are smoothed, and whether they are over steps or time.
import { h } from "./dom.js";
import { t } from "./i18n.js";

const MOST = 0.98;

/** Tells of "change". */
class ChartSettings extends EventTarget {
  /** Weight of the past in the exponential moving average, from 0. */ smoothing = 0;
  /** @type {"step"|"time"} */ axis = "step";

  /** @param {{smoothing?: number, axis?: "step"|"time"}} changes */
  change(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event("change"));
  }
}

export const settings = new ChartSettings();

/** The controls of all charts, to be placed once. @returns {HTMLElement} */
export function chartControls() {
  const shown = h("output", { for: "chart-smoothing" }, settings.smoothing.toFixed(2));
  const smoothing = h("input", {
    type: "range",
    id: "chart-smoothing",
    min: 0,
    max: MOST,
    step: 0.02,
    value: settings.smoothing,
    oninput: () => {
      shown.textContent = Number(smoothing.value).toFixed(2);
      settings.change({ smoothing: Number(smoothing.value) });
    },
  });
  const axis = h(
    "select",
    { id: "chart-axis", onchange: () => settings.change({ axis: axis.value }) },
    ["step", "time"].map((name) =>
      h("option", { value: name, selected: name === settings.axis }, t(`chart.by.${name}`)),
    ),
  );
  return h(
    "div",
    { class: "row chartcontrols", role: "group", "aria-label": t("chart.controls") },
    h("span", {}, h("label", { for: "chart-smoothing" }, t("chart.smoothing")), smoothing, shown),
    h("span", {}, h("label", { for: "chart-axis" }, t("chart.axis")), axis),
  );
}

/**
 * Exponential moving average that starts at the first value; a gap stays a gap.
 * s[t] = (w s[t-1] + (1 - w) y[t]), divided by 1 - w^t: Kingma and Ba 2015, section 3.
 * @param {(number|null)[]} values @param {number} weight of the past, from 0 up to but without 1
 */
export function smoothed(values, weight) {
  let sum = 0,
    count = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    count += 1;
    return sum / (1 - weight ** count);
  });
}
