// Everything that was logged, as curves; alarms are marked where they happened.
import { h } from "../dom.js";
import { Chart } from "../chart.js";
import { chartControls } from "../chart_settings.js";
import { t } from "../i18n.js";
import { paced } from "../pace.js";
import { get } from "../server.js";

export const GROUPS = ["minimised", "outputs", "modes", "shares", "gradients", "other", "speed"];
const LOW = ["modes", "shares", "gradients", "speed"];

/** What games record besides their terms, in other units. */
const WATCHED = ["absolute_error", "convergence", "k", "observation_noise"];

/** @param {string} name */
export function groupOf(name) {
  if (name === "steps_per_second") return "speed";
  if (name === "vitals/spectrum_excess") return "other"; // powers of ten, not a share
  if (name === "seconds" || (name.startsWith("vitals/") && name.endsWith("/gradient_norm"))) return null;
  if (name.startsWith("vitals/modes_")) return "modes";
  if (name.startsWith("vitals/")) return "shares";
  if (name.endsWith("/gradient_norm")) return "gradients";
  if (/logit_(real|fake)$/.test(name)) return "outputs";
  return name.includes("/") && !WATCHED.includes(name.split("/")[1]) ? "minimised" : "other";
}

/** The name of a series for people: its parts translated where they are known. @param {string} name */
export function seriesName(name) {
  if (name === "steps_per_second") return t("terms.rate");
  const words = name.replace("vitals/", "").split("/");
  return words
    .map((word) => (t(`series.${word}`) === `series.${word}` ? word.replaceAll("_", " ") : t(`series.${word}`)))
    .join("/");
}

/**
 * What a chart of a group is called, explains and links, whichever series of the group it shows.
 * @param {string} group @param {string} recipe
 */
export function aboutGroup(group, recipe) {
  // A recipe of the user's own has no page.
  const method = recipe.endsWith(".py") ? "losses.md" : `methods/${recipe}.md`;
  const page = { minimised: method, modes: "metrics.md#modes", speed: "watching.md", other: "watching.md" }[group];
  return {
    unit: t(`unit.${group}`),
    help: t(`help.${group}`),
    page: page ?? "theory/optimal-discriminator.md",
    logarithmic: group === "gradients",
  };
}

/** @type {import("../main.js").Panel} */
export default {
  title: "terms.title",
  order: 20,
  suits: () => true,
  mount(element, run, store) {
    /** @type {Map<string, Chart>} */
    const charts = new Map();
    /** @type {Map<string, any[]>} */
    const zoomed = new Map();
    const places = new Map(GROUPS.map((group) => [group, h("div", { class: "chartbox" })]));
    element.append(chartControls(), ...places.values());
    const empty = h("p", { class: "note" }, t("terms.none"));
    element.append(empty);

    /** @param {string} group */
    const lines = (group) =>
      [...run.series]
        .filter(([name]) => groupOf(name) === group)
        .map(([name, line]) => ({
          name: seriesName(name.replace("/gradient_norm", "")),
          key: name,
          clock: run.clock,
          ...continued(
            zoomed.get(group)?.find((part) => part.name === name),
            line,
          ),
        }));
    const draw = () => {
      for (const group of GROUPS) {
        const all = lines(group);
        let chart = charts.get(group);
        if (!all.length && !chart) continue;
        empty.hidden = true;
        if (!chart) {
          chart = new Chart(places.get(group), {
            title: t(`terms.${group}`),
            ...aboutGroup(group, run.record.recipe ?? ""),
            file: `${run.summary.name}-${group}`,
            legend: group !== "speed", // whose title and unit name its only line
            height: LOW.includes(group) ? 190 : 260,
            zoomed: (from, to) => zoom(group, from, to),
          });
          charts.set(group, chart);
        }
        chart.set(all, store.timeline.step, group === "minimised" ? run.alarms : []);
      }
    };
    /**
     * Finer points for a part, where the whole was thinned.
     * @param {string} group
     * @param {number|null} from
     * @param {number|null} to
     */
    const zoom = async (group, from, to) => {
      if (from === null || to === null) {
        zoomed.delete(group);
        draw();
        return;
      }
      if (![...run.series.values()].some((line) => line.steps.length >= 2000)) return;
      const { series } = await get(`/api/runs/${run.id}/history?from=${Math.floor(from)}&to=${Math.ceil(to)}`).catch(
        () => ({ series: null }),
      );
      if (series) {
        zoomed.set(group, series);
        draw();
      }
    };
    const { later, stop } = paced(draw);
    const changed = (/** @type {any} */ event) => {
      if (event.detail.has("reset")) zoomed.clear();
      if (event.detail.has("terms") || event.detail.has("events")) later();
    };
    run.addEventListener("change", changed);
    store.timeline.addEventListener("move", later);
    draw();
    return () => {
      run.removeEventListener("change", changed);
      store.timeline.removeEventListener("move", later);
      stop();
      charts.forEach((chart) => chart.close());
    };
  },
};

/**
 * Finer points of a part, and what was recorded since.
 * @param {any} part
 * @param {{steps: number[], values: (number|null)[]}} line
 */
function continued(part, line) {
  if (!part?.steps.length) return line;
  const end = part.steps.at(-1),
    from = line.steps.findIndex((step) => step > end);
  return from < 0
    ? { steps: part.steps, values: part.values }
    : { steps: [...part.steps, ...line.steps.slice(from)], values: [...part.values, ...line.values.slice(from)] };
}
