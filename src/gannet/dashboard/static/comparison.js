// The result of `gannet compare` as a table: metrics over recipes, mean and standard deviation over the seeds.
import { digits, h, table } from "./dom.js";
import { t } from "./i18n.js";

const ARROWS = /** @type {Record<string, string>} */ ({ higher: " ↑", lower: " ↓", one: " → 1", real: " → " });

/** @param {any} comparison as /api/runs has it */
export function comparisonCard(comparison) {
  const names = [...new Set(comparison.recipes.flatMap((/** @type {any} */ one) => one.metrics.map(nameOf)))];
  const rows = names.map((name) => {
    const found = comparison.recipes.map((/** @type {any} */ one) =>
      one.metrics.find((/** @type {any} */ metric) => nameOf(metric) === name),
    );
    const known = found.find(Boolean),
      best = bestOf(found);
    return [
      `${name}${ARROWS[known.better] ?? ""}`,
      ...found.map((/** @type {any} */ metric) => h(metric && metric === best ? "b" : "span", {}, valueOf(metric))),
      digits(known.reference, 3),
    ];
  });
  const title = t("comparison.title", { name: comparison.name });
  return h(
    "section",
    { class: "card comparison", "aria-label": title },
    h("h2", {}, title),
    h("p", { class: "note" }, t(comparison.complete ? "comparison.note" : "comparison.incomplete")),
    table(
      title,
      [
        t("comparison.metric"),
        ...comparison.recipes.map((/** @type {any} */ one) => one.name),
        t("comparison.reference"),
      ],
      rows,
    ),
  );
}

/** @param {any} metric */
const nameOf = (metric) => metric.label;

/** @param {any} metric */
function valueOf(metric) {
  if (!metric || metric.mean === null) return "–";
  const spread = metric.deviation === null ? "" : ` ± ${digits(metric.deviation, 2)}`,
    some = metric.count < metric.runs ? ` (${metric.count}/${metric.runs})` : "";
  return `${digits(metric.mean, 3)}${spread}${some}`;
}

/** The one with the best mean, if a value is missing nowhere in it and means differ. @param {any[]} found */
function bestOf(found) {
  const whole = found.filter((metric) => metric && metric.mean !== null && metric.count === metric.runs);
  const badness = (/** @type {any} */ { mean, better, reference }) =>
    better === "lower"
      ? mean
      : better === "higher"
        ? -mean
        : Math.abs(mean - (better === "one" ? 1 : (reference ?? 0)));
  whole.sort((a, b) => badness(a) - badness(b));
  return whole.length > 1 && badness(whole[0]) < badness(whole[1]) ? whole[0] : undefined;
}
