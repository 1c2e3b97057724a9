// Curves and scores of several runs in the same charts: the mean of runs that differ in their seed only, and from the
// least to the greatest.
import { bandOf, groupsOf } from "./bands.js";
import { Chart } from "./chart.js";
import { digits, fill, h, whole } from "./dom.js";
import { t } from "./i18n.js";
import { paced } from "./pace.js";
import { aboutMetric } from "./panels/scores.js";
import { GROUPS, aboutGroup, groupOf, seriesName } from "./panels/terms.js";
import { byProtocol, differing, protocolOf } from "./protocols.js";

const CHARTS_AT_MOST = 24;
const LEFT_OUT = new Set(["speed", "other"]);
const CONSTANT = new Set(["vitals/modes_known", "vitals/modes_expected"]);

/** @typedef {import("./run.js").Run} Run */

/**
 * @param {Run[]} runs
 * @param {HTMLElement} place
 * @param {import("./main.js").Store} store
 * @returns {() => void} takes everything back
 */
export function together(runs, place, store) {
  const groups = groupsOf(runs);
  const curves = h("div", { class: "many" }),
    some = h("div", { class: "many" }),
    somewhere = h("div", { class: "somewhere", hidden: true }, h("h3", {}, t("together.some")), some),
    scores = h("div", { class: "many" });
  const note = groups.some((group) => group.runs.length > 1) ? h("p", { class: "note" }, t("together.band")) : null;
  const unlike = groups.length > 1 ? h("p", { class: "note" }, t("together.losses")) : null;
  place.append(card("together.curves", [note, unlike, curves, somewhere]), card("together.scores", [scores]));
  /** @type {Map<string, Chart>} */
  const charts = new Map();

  /**
   * @param {string} name
   * @param {HTMLElement} parent
   * @param {import("./chart.js").Options} options
   */
  const chartOf = (name, parent, options) => {
    const known = charts.get(name);
    if (known) {
      const place = /** @type {HTMLElement} */ (known.box.parentElement);
      if (place.parentElement !== parent) parent.append(place);
      return known;
    }
    const box = h("div", { class: "one" });
    parent.append(box);
    const chart = new Chart(box, { height: 210, legend: groups.length > 1, ...options });
    charts.set(name, chart);
    return chart;
  };
  const drawCurves = () => {
    const names = [...new Set(runs.flatMap((run) => [...run.series.keys()]))].filter((name) => {
      const group = groupOf(name);
      return group && !LEFT_OUT.has(group) && !CONSTANT.has(name);
    });
    names.sort((a, b) => GROUPS.indexOf(String(groupOf(a))) - GROUPS.indexOf(String(groupOf(b))));
    for (const name of names.slice(0, CHARTS_AT_MOST)) {
      const title = seriesName(name),
        lacking = groups.filter((group) => !group.runs.some((run) => run.series.has(name)));
      chartOf(name, lacking.length ? some : curves, { title, ...aboutGroup(String(groupOf(name)), "") }).set(
        groups.flatMap((group, ink) => linesOf(group, ink, (run) => run.series.get(name))),
        store.timeline.step,
      );
    }
    somewhere.hidden = !some.hasChildNodes();
  };
  let drawn = "";
  const drawScores = () => {
    const now = JSON.stringify(runs.map((run) => run.cards)),
      measured = [...charts].filter(([name]) => name.startsWith("score "));
    if (now === drawn) {
      measured.forEach(([, chart]) => chart.moveTo(store.timeline.step));
      return;
    }
    drawn = now;
    measured.forEach(([name, chart]) => {
      chart.close();
      charts.delete(name);
    });
    fill(scores);
    const found = runs.map((run) => ({ run, metrics: byProtocol(run.cards) })),
      metrics = [...new Set(found.flatMap(({ metrics: own }) => [...own.keys()]))];
    if (!metrics.length) {
      fill(scores, h("p", { class: "note" }, t("together.unmeasured")));
      return;
    }
    for (const metric of metrics) {
      const keys = [...new Set(found.flatMap(({ metrics: own }) => [...(own.get(metric)?.keys() ?? [])]))];
      const cardsOf = (/** @type {Run} */ run, /** @type {string} */ key) =>
        found
          .find((one) => one.run === run)
          ?.metrics.get(metric)
          ?.get(key) ?? [];
      const examples = keys.map((key) => runs.flatMap((run) => cardsOf(run, key))[0]);
      if (keys.length > 1) scores.append(refusal(examples));
      keys.forEach((key, number) => {
        const { label, reference, fingerprint } = examples[number],
          title = keys.length > 1 ? `${label} (${fingerprint})` : label;
        const lines = groups.flatMap((group, ink) =>
          linesOf(
            group,
            ink,
            (run) => {
              const own = cardsOf(run, key);
              return own.length
                ? { steps: own.map((one) => one.step), values: own.map((one) => one.value) }
                : undefined;
            },
            false,
          ),
        );
        const chart = chartOf(`score ${metric} ${key}`, scores, { title, reference, ...aboutMetric(metric) });
        chart.set(lines, store.timeline.step);
        chart.box.after(
          ...lines
            .filter((line) => !line.thin && line.steps.length)
            .map((line) => h("p", { class: "note" }, lineText(line))),
        );
      });
    }
  };

  const { later: soon, stop } = paced(() => {
    drawCurves();
    drawScores();
  });
  runs.forEach((run) => run.addEventListener("change", soon));
  store.timeline.addEventListener("move", soon);
  drawCurves();
  drawScores();
  return () => {
    stop();
    runs.forEach((run) => run.removeEventListener("change", soon));
    store.timeline.removeEventListener("move", soon);
    charts.forEach((chart) => chart.close());
  };
}

/** @param {string} title @param {any[]} children */
function card(title, children) {
  return h("section", { class: "card", "aria-label": t(title) }, h("h2", {}, t(title)), children);
}

/**
 * The mean with its band, and each run thinly; a run alone is its own line.
 * @param {import("./bands.js").Group} group
 * @param {number} ink the same in all charts
 * @param {(run: Run) => import("./bands.js").Curve|undefined} curveOf
 * @param {boolean} [between]
 * @returns {import("./chart.js").Line[]}
 */
function linesOf(group, ink, curveOf, between = true) {
  const curves = group.runs.flatMap((run) => {
    const curve = curveOf(run);
    return curve?.steps.length ? [{ name: run.name, ...curve, clock: run.clock, fixed: !between }] : [];
  });
  if (!curves.length) return [];
  if (group.runs.length === 1) return [{ ...curves[0], ink, name: group.name, fixed: !between }];
  // A run without any value makes no mean of the others: leaving a failure out would reward it.
  const band =
    curves.length === group.runs.length ? bandOf(curves, between) : { steps: [], values: [], low: [], high: [] };
  const clock = meanOf(group.runs.map((run) => run.clock));
  return [
    { name: group.name, ink, band: true, clock, fixed: !between, ...band },
    ...curves.map((curve) => ({ ...curve, ink, thin: true })),
  ];
}

/** When the runs were at a step, on average. @param {((step: number) => number|null)[]} clocks */
function meanOf(clocks) {
  return (/** @type {number} */ step) => {
    const times = clocks.map((clock) => clock(step));
    return times.some((time) => time === null)
      ? null
      : /** @type {number[]} */ (times).reduce((sum, time) => sum + time, 0) / times.length;
  };
}

/** @param {any[]} examples one card of each protocol */
function refusal(examples) {
  const fields = differing(examples),
    all = examples.map(protocolOf);
  const words = fields.map((field) => `${field} (${[...new Set(all.map((one) => one[field] ?? "–"))].join(" / ")})`);
  return h(
    "p",
    { class: "note unlike" },
    t("together.refused", { metric: examples[0].label, fields: words.join(", ") || "fingerprint" }),
  );
}

/** @param {import("./chart.js").Line} line */
function lineText(line) {
  const at = line.steps.length - 1,
    words = { name: line.name, step: whole(line.steps[at]), mean: digits(line.values[at]) };
  return line.low && line.high
    ? t("together.toldBand", { ...words, low: digits(line.low[at]), high: digits(line.high[at]) })
    : t("together.line", words);
}
