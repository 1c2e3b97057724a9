// Images from the newest checkpoint: on request while the run is training, automatically when it has ended.
import { h, whole } from "../dom.js";
import { t } from "../i18n.js";
import { checkpointOf } from "../probes.js";

/** @type {import("../main.js").Panel} */
export default {
  title: "probe.title",
  order: 21,
  wide: true,
  suits: (run) => run.kind === "images",
  mount(element, run) {
    const checkpoint = checkpointOf(run);
    const words = h("p", { class: "summary", role: "status" });
    const draw = h("button", { type: "button", onclick: () => checkpoint.begin() }, t("probe.draw"));
    const other = h(
      "button",
      { type: "button", onclick: () => checkpoint.begin(checkpoint.seed + 1) },
      t(run.record.columns?.includes("input") ? "probe.other.inputs" : "probe.other"),
    );
    element.append(words, h("div", { class: "row" }, draw, other));
    const newest = () =>
      Math.max(-1, ...run.events.filter((event) => event.kind === "checkpoint").map((event) => event.step));
    const show = () => {
      const newer = newest() > checkpoint.step;
      words.textContent =
        {
          unasked: t("probe.unasked"),
          asked: t("probe.asked"),
          there: t("probe.there", { step: whole(checkpoint.step) }),
          failed: checkpoint.problem,
        }[checkpoint.state] ?? "";
      draw.hidden = checkpoint.state === "asked" || (checkpoint.state === "there" && !newer);
      draw.textContent = checkpoint.state === "there" ? t("probe.newer", { step: whole(newest()) }) : t("probe.draw");
      other.hidden = checkpoint.state !== "there";
    };
    const begin = () => {
      if (checkpoint.state === "unasked" && run.summary.state !== "running" && run.summary.state !== "empty")
        checkpoint.begin();
      show();
    };
    let failedAt = -1;
    const changed = (/** @type {any} */ event) => {
      if (!event.detail.has("events") && !event.detail.has("state")) return;
      // What failed was asked of an older one, or of none.
      if (checkpoint.state === "failed" && newest() > failedAt) checkpoint.state = "unasked";
      begin();
    };
    const answered = () => {
      if (checkpoint.state === "failed") failedAt = newest();
      show();
    };
    checkpoint.addEventListener("change", answered);
    run.addEventListener("change", changed);
    begin();
    return () => {
      checkpoint.removeEventListener("change", answered);
      run.removeEventListener("change", changed);
    };
  },
};
