// Alarms, warnings and what was asked of the run: what a person should have read.
import { remedyOf, ruleName, sentenceOf, signOf } from "../alarms.js";
import { fill, h, whole } from "../dom.js";
import { sentence, t } from "../i18n.js";

const SHOWN = ["health", "warning", "start", "resume", "command", "stop", "finish"];
const AT_MOST = 60;

/** @type {import("../main.js").Panel} */
export default {
  title: "log.title",
  order: 40,
  wide: true,
  suits: () => true,
  mount(element, run, store) {
    const list = h("ol", { class: "log", reversed: true });
    element.append(list);
    const draw = () => {
      const events = run.events
        .filter((event) => SHOWN.includes(event.kind))
        .slice(-AT_MOST)
        .reverse();
      fill(
        list,
        events.map((event) =>
          h(
            "li",
            { class: `${event.kind} ${event.severity ?? ""}` },
            h(
              "button",
              {
                type: "button",
                class: "quiet",
                onclick: () => store.timeline.turnToStep(event.step),
              },
              whole(event.step),
            ),
            h(
              "b",
              {},
              event.kind === "health"
                ? `${signOf(event.severity)} ${ruleName(event.rule ?? "")}`
                : event.kind === "command"
                  ? `${event.name} (${t(`log.${event.outcome}`)})`
                  : t(`log.${event.kind}`),
            ),
            event.arguments && Object.keys(event.arguments).length
              ? h(
                  "code",
                  {},
                  Object.entries(event.arguments)
                    .map(([key, value]) => `${key}=${value}`)
                    .join(" "),
                )
              : null,
            event.text ? h("span", {}, event.kind === "health" ? sentenceOf(event) : sentence(event.text)) : null,
            event.kind === "health" ? h("span", { class: "remedy" }, t("alarm.do"), " ", remedyOf(event.rule)) : null,
          ),
        ),
      );
    };
    const changed = (/** @type {any} */ event) => {
      if (event.detail.has("events")) draw();
    };
    run.addEventListener("change", changed);
    draw();
    return () => run.removeEventListener("change", changed);
  },
};
