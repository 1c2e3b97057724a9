// What is different between runs.
import { h, table } from "./dom.js";
import { t } from "./i18n.js";

/** Everything that made a run, flat. @param {import("./run.js").Run} run @returns {Record<string, string>} */
export function configuration(run) {
  const { recipe, arguments: given, data, settings, environment } = run.record;
  const { modes: _, form: __, ...source } = data ?? {};
  /** @type {Record<string, string>} */
  const flat = {};
  const walk = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      Object.entries(value).forEach(([key, inner]) => walk(name ? `${name}.${key}` : key, inner));
    else flat[name] = typeof value === "string" ? value : JSON.stringify(value);
  };
  walk("", { recipe, ...given });
  walk("data", source);
  walk("", settings ?? {});
  walk("environment", environment ?? {});
  return flat;
}

/** @param {import("./run.js").Run[]} runs */
export function compareTable(runs) {
  const all = runs.map(configuration);
  const keys = [...new Set(all.flatMap(Object.keys))]
    .filter((key) => new Set(all.map((flat) => flat[key])).size > 1)
    .sort();
  const rows = keys.map((key) => [key, ...all.map((flat) => flat[key] ?? "–")]);
  return h(
    "section",
    { class: "card", "aria-label": t("compare.title") },
    h("h2", {}, t("compare.title")),
    rows.length
      ? table(t("compare.title"), [t("compare.key"), ...runs.map((run) => run.name)], rows)
      : h("p", { class: "note" }, t("compare.same")),
  );
}
