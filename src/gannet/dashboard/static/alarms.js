// What the health rules reported, wherever it is shown: in the list of runs, in the header, in events and on charts.
import { digits, h, whole } from "./dom.js";
import { findings } from "./i18n/findings.js";
import { language, t } from "./i18n.js";

/** @typedef {{rule: string, severity?: string, step: number, text?: string, values?: Record<string, any>}} Alarm */

/** The newest report of each rule, alarms first. @param {Alarm[]} events @returns {Alarm[]} */
export function newestOf(events) {
  const found = [...new Map(events.map((event) => [event.rule, event])).values()];
  return found.sort((a, b) => Number(b.severity === "alarm") - Number(a.severity === "alarm") || b.step - a.step);
}

/** The name of a rule for people. @param {string} rule */
export const ruleName = (rule) => known(`rule.${rule}`) ?? rule.replaceAll("-", " ");

/** What was seen. A rule that has no sentence in the language of the page keeps its own. @param {Alarm} alarm */
export function sentenceOf({ rule, step, text, values }) {
  const numbers = /** @type {Record<string, any>} */ ({ step, ...values });
  const known = (language === "zh" ? (findings[rule] ?? []) : []).find((words) =>
    [...words.matchAll(/\{(\w+)/g)].every(([, name]) => typeof numbers[name] === "number"),
  );
  const filled = known?.replace(/\{(\w+)([%^]?)\}/g, (_, name, how) => {
    const value = numbers[name];
    if (how === "%") return `${digits(100 * value, 3)}%`;
    if (how === "^") return digits(10 ** value, 2);
    return name === "step" || name.endsWith("_step") ? whole(value) : digits(value, 3);
  });
  return filled ?? text ?? "";
}

/** What to try. @param {string} rule */
export const remedyOf = (rule) => known(`remedy.${rule}`) ?? "";

/** @param {string} key */
function known(key) {
  const words = t(key);
  return words === key ? null : words;
}

/** A sign with the name of the first of them, and how many there are more. @param {Alarm[]} alarms */
export function badge(alarms) {
  if (!alarms.length) return null;
  const [{ rule, severity }] = alarms;
  return h(
    "span",
    { class: `alarm ${severity ?? ""}` },
    `${signOf(severity)} ${ruleName(rule)}`,
    alarms.length > 1 ? ` +${alarms.length - 1}` : null,
  );
}

/** @param {string|undefined} severity */
export const signOf = (severity) => (severity === "alarm" ? "▲" : "△");

/**
 * The alarms of runs as a part of the header that unfolds: what was seen, and what to do.
 * @param {import("./run.js").Run[]} runs
 * @param {(step: number) => void} show shows a step
 * @param {boolean} open
 */
export function alarmMenu(runs, show, open) {
  const all = runs.flatMap((run) => newestOf(run.alarms).map((alarm) => ({ run, alarm })));
  if (!all.length) return null;
  const isAlarm = all.some(({ alarm }) => alarm.severity === "alarm"),
    first = newestOf(all.map(({ alarm }) => alarm));
  return h(
    "details",
    { class: "alarms", open },
    h("summary", { class: `alarm ${isAlarm ? "alarm" : "warning"}` }, [...(badge(first)?.childNodes ?? [])]),
    h(
      "div",
      { class: "card" },
      all.map(({ run, alarm }) =>
        h(
          "section",
          {},
          h(
            "h2",
            { class: `alarm ${alarm.severity ?? ""}` },
            `${signOf(alarm.severity)} ${ruleName(alarm.rule)}`,
            runs.length > 1 ? ` · ${run.name}` : null,
          ),
          h("p", {}, sentenceOf(alarm)),
          h("p", {}, h("b", {}, t("alarm.do")), " ", remedyOf(alarm.rule)),
          h("p", { class: "note" }, t("alarm.doctor"), " ", h("code", {}, run.summary.doctor)),
          h(
            "button",
            { type: "button", onclick: () => show(alarm.step) },
            t("alarm.show", { step: whole(alarm.step) }),
          ),
        ),
      ),
    ),
  );
}
