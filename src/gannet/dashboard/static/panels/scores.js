// Score cards: a value with its interval, real-data reference and protocol. Unlike protocols never share an axis.
import { digits, fill, h, whole } from "../dom.js";
import { Chart } from "../chart.js";
import { t } from "../i18n.js";
import { byProtocol, differing } from "../protocols.js";

/** What a chart of a metric explains and links. @param {string} metric its name in score cards */
export function aboutMetric(metric) {
  const component = metric.split("[")[0].replaceAll("_", "-");
  return { help: t("help.metric"), page: `metrics.md#${component}` };
}

/** @type {import("../main.js").Panel} */
export default {
  title: "scores.title",
  order: 30,
  wide: true,
  suits: () => true,
  mount(element, run, store) {
    /** @type {Chart[]} */
    let charts = [];
    let drawn = "";
    const draw = () => {
      const now = JSON.stringify(run.cards);
      if (now === drawn) return;
      drawn = now;
      charts.forEach((chart) => chart.close());
      charts = [];
      if (!run.cards.length && run.summary.record?.data?.num_samples) {
        fill(element, h("p", { class: "note" }, t("scores.few")));
        return;
      }
      if (!run.cards.length) {
        fill(
          element,
          h(
            "p",
            { class: "note" },
            t("scores.none"),
            " ",
            h("code", {}, "measure.every=500"),
            " ",
            t("scores.or"),
            " ",
            h("code", {}, run.summary.measure),
          ),
        );
        return;
      }
      const grid = h("div", { class: "scores" });
      fill(element, grid);
      for (const groups of [...byProtocol(run.cards).values()].map((protocols) => [...protocols.values()])) {
        if (groups.length > 1)
          grid.append(
            h(
              "p",
              { class: "note unlike" },
              t("scores.unlike", {
                metric: groups[0][0].label,
                fields: differing(groups.map(([card]) => card)).join(", "),
              }),
            ),
          );
        for (const cards of groups) grid.append(cardOf(cards));
      }
    };
    /** The newest card, and how it came there. @param {any[]} cards */
    const cardOf = (cards) => {
      const card = cards.at(-1),
        trend = h("div", { class: "trend" });
      if (cards.length > 1) {
        const chart = new Chart(trend, {
          title: `${card.label} (${card.fingerprint})`,
          ...aboutMetric(card.metric),
          file: `${run.summary.name}-${card.metric}`,
          height: 132,
          reference: card.reference,
          small: true,
        });
        const banded = cards.every((/** @type {any} */ one) => one.ci95);
        chart.set(
          [
            {
              name: card.label,
              key: card.metric,
              clock: run.clock,
              fixed: true,
              steps: cards.map((c) => c.step),
              values: cards.map((c) => c.value),
              ...(banded ? { low: cards.map((c) => c.ci95[0]), high: cards.map((c) => c.ci95[1]) } : {}),
            },
          ],
          store.timeline.step,
        );
        charts.push(chart);
      }
      const pair = (/** @type {string} */ key, /** @type {any} */ value) => [h("dt", {}, t(key)), h("dd", {}, value)];
      return h(
        "div",
        { class: "score" },
        h("h3", {}, card.label),
        h("p", { class: "value" }, digits(card.value)),
        h(
          "p",
          { class: "note" },
          card.ci95 ? `${t("scores.interval")} ${digits(card.ci95[0])} – ${digits(card.ci95[1])}` : null,
        ),
        h("p", { class: "note" }, `${t("scores.reference")} ${digits(card.reference)}`),
        run.kind === "images" && card.spec?.extractor === "randconv-v1"
          ? h("p", { class: "note" }, t("scores.untrained"))
          : null,
        trend,
        h(
          "details",
          {},
          h("summary", {}, t("scores.protocol")),
          h(
            "dl",
            {},
            pair("chart.step", whole(card.step)),
            pair("scores.samples", `${whole(card.n_fake)} / ${whole(card.n_real)}`),
            pair("scores.better", t(`scores.${card.better}`)),
            pair("scores.fingerprint", h("code", {}, card.fingerprint)),
            Object.entries(card.spec ?? {}).map(([key, value]) =>
              pair(key, typeof value === "string" ? value : JSON.stringify(value)),
            ),
          ),
          (card.warnings ?? []).map((/** @type {string} */ words) => h("p", { class: "note" }, words)),
        ),
      );
    };
    const changed = (/** @type {any} */ event) => {
      if (event.detail.has("scores")) draw();
    };
    const moved = () => charts.forEach((chart) => chart.moveTo(store.timeline.step));
    run.addEventListener("change", changed);
    store.timeline.addEventListener("move", moved);
    draw();
    return () => {
      store.timeline.removeEventListener("move", moved);
      run.removeEventListener("change", changed);
      charts.forEach((chart) => chart.close());
    };
  },
};
