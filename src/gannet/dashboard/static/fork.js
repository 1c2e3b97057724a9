// A new run from a checkpoint of this one, with other values.
import { askIn } from "./dialog.js";
import { fill, h, whole } from "./dom.js";
import { t } from "./i18n.js";
import { get, post } from "./server.js";

/** @param {import("./run.js").Run} run @param {(id: string) => void} open shows the new run */
export async function forkDialog(run, open) {
  /** @type {number[]} */
  const steps = await get(`/api/runs/${run.id}/checkpoints`).then(
    (answer) => answer.steps,
    () => [],
  );
  const from = h(
    "select",
    {
      id: "fork-step",
      onchange: () => {
        suggest();
        rows.forEach(({ show }) => show());
      },
    },
    [...steps].reverse().map((step) => h("option", { value: step }, t("timeline.step", { step: whole(step) }))),
  );
  const total = h("input", { type: "number", id: "fork-steps", min: 1, step: 1, required: true });
  const suggest = () => {
    const known = run.summary.steps ?? 1000;
    total.value = String(Number(from.value) < known ? known : Number(from.value) + known);
  };
  /** @type {{key: any, value: any, show: () => void}[]} */
  const rows = [];
  const list = h("div", { class: "changes" });
  const add = () => {
    const number = rows.length + 1;
    const key = h(
      "select",
      { "aria-label": t("fork.key", { number }), onchange: () => show() },
      h("option", { value: "" }, t("fork.unchanged")),
      run.keys.map((name) => h("option", { value: name }, name)),
    );
    const value = h("input", {
      type: "number",
      step: "any",
      "aria-label": t("fork.value", { number }),
      disabled: true,
    });
    const show = () => {
      value.disabled = !key.value;
      value.placeholder = key.value ? t("control.none") : "";
      value.value = key.value ? String(run.valueOf(key.value, Number(from.value)) ?? "") : "";
    };
    rows.push({ key, value, show });
    list.append(h("div", { class: "row" }, key, value));
  };
  add();
  suggest();
  const start = async () => {
    const changes = Object.fromEntries(
      rows
        .filter(({ key }) => key.value)
        .map(({ key, value }) => [key.value, value.value === "" ? null : Number(value.value)]),
    );
    return (await post(`/api/runs/${run.id}/forks`, { step: Number(from.value), steps: Number(total.value), changes }))
      .id;
  };
  const asked = [
    h(
      "div",
      { class: "pairs" },
      h("label", { for: "fork-step" }, t("fork.from")),
      from,
      h("label", { for: "fork-steps" }, t("fork.steps")),
      total,
    ),
    h(
      "fieldset",
      { class: "controls" },
      h("legend", {}, t("fork.changes")),
      list,
      h(
        "p",
        {},
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            onclick: () => {
              add();
              rows[rows.length - 1].key.focus();
            },
          },
          t("fork.another"),
        ),
      ),
    ),
  ];
  const dialog = askIn(
    t("fork.title", { name: run.summary.name }),
    [h("p", { class: "note" }, t(steps.length ? "fork.note" : "fork.none")), ...(steps.length ? asked : [])],
    start,
    open,
  );
  if (!steps.length)
    fill(
      dialog.querySelector(".ends"),
      h("button", { type: "button", onclick: () => dialog.close() }, t("dialog.cancel")),
    );
}
