// The title and the description of a run, kept in the run.
import { askIn } from "./dialog.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { post } from "./server.js";

const TITLE_AT_MOST = 80;
const DESCRIPTION_AT_MOST = 300;

/** @param {import("./run.js").Run} run */
export function labelButton(run) {
  return h(
    "button",
    {
      type: "button",
      id: "label",
      class: "quiet",
      "aria-label": t("label.of", { name: run.name }),
      onclick: () => labelDialog(run),
    },
    t("label.open"),
  );
}

/** @param {import("./run.js").Run} run */
function labelDialog(run) {
  const field = (/** @type {string} */ name, /** @type {number} */ maxlength) => {
    const input = h("input", { type: "text", id: `label-${name}`, maxlength });
    input.value = run.summary[name] ?? "";
    return input;
  };
  const title = field("title", TITLE_AT_MOST),
    description = field("description", DESCRIPTION_AT_MOST);
  askIn(
    t("label.of", { name: run.summary.name }),
    [
      h("p", { class: "note" }, t("label.note")),
      h(
        "div",
        { class: "pairs" },
        h("label", { for: "label-title" }, t("label.title")),
        title,
        h("label", { for: "label-description" }, t("label.description")),
        description,
      ),
    ],
    async () => {
      const given = { title: title.value.trim(), description: description.value.trim() };
      await post(`/api/runs/${run.id}/label`, given);
      Object.assign(run.summary, given);
      return run.id;
    },
    () => run.tell("state"),
    "",
    ["label.save", "label.saving"],
  );
}
