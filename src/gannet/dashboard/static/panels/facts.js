// How the run was made.
import { configuration } from "../compare.js";
import { h, table } from "../dom.js";
import { t } from "../i18n.js";

/** @type {import("../main.js").Panel} */
export default {
  title: "facts.title",
  order: 50,
  wide: true,
  suits: () => true,
  mount(element, run) {
    const rows = Object.entries(configuration(run));
    element.append(
      h(
        "details",
        {},
        h("summary", {}, t("facts.show", { count: rows.length })),
        table(t("facts.title"), [t("compare.key"), t("facts.value")], rows),
      ),
    );
    return () => {};
  },
};
