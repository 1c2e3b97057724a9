// Images of every recorded step: samples from the same noise, or inputs with what a game makes of them.
import { fill, h, whole } from "../dom.js";
import { t } from "../i18n.js";
import { drawSheet } from "../probes.js";
import { get } from "../server.js";
import { drawCells, enlargeable, gridOf, columnsTogether, headsOf } from "../sheet.js";

/** @type {import("../main.js").Panel} */
export default {
  title: "pictures.title",
  order: 10,
  wide: true,
  picture: true,
  suits: (run) => run.kind === "images",
  mount(element, run, store) {
    const canvas = h("canvas", { role: "img", class: "sheet", "aria-label": t("pictures.title") }),
      words = h("p", { class: "summary" });
    // In frames of text-to-image, each column is drawn for one caption of the run's record; few captions repeat.
    /** @type {string[]} */
    const texts = run.record.data?.form?.captions ?? [];
    /** @type {string[]} */
    const columns = run.record.columns?.length ? run.record.columns : texts;
    const isTranslated = columns.includes("input");
    const names = columns.map((name) => (isTranslated ? t(`series.${name}`) : name));
    /** @type {number[]|undefined} */
    const shape = run.record.data?.form?.shape;
    const group = columnsTogether(columns);
    const heads = () => (names.length ? headsOf(names, shape ? { cell: [shape[2], shape[1]], group } : null) : null);
    const captions = () => {
      const row = h(
        "div",
        { class: "captions" },
        names.map((name) => h("span", {}, name)),
      );
      row.style.setProperty("--columns", String(names.length));
      return row;
    };
    /** @type {any} */
    let wanted;
    /** @type {{source: any, grid: import("../sheet.js").Grid, step: number}|null} */
    let shown = null;
    const button = enlargeable(canvas, () => shown, {
      words: (image) => [names[image % (shown?.grid.columns ?? 1)], shownStep()].filter(Boolean).join(" · "),
      more: (image) => nearest(run, shown?.step ?? 0, image),
    });
    const shownStep = () => t("timeline.step", { step: whole(shown?.step ?? 0) });
    fill(
      element,
      h("div", { class: "sheetof" }, texts.length ? null : heads(), h("div", { class: "sheetbox" }, button)),
      texts.length ? captions() : null,
      words,
    );
    const look = async () => {
      const frame = run.frameAt(store.timeline.step);
      if (!frame || frame === wanted) return;
      wanted = frame;
      try {
        const source = await run.frameContent(frame);
        if (wanted !== frame) return;
        shown = { source, grid: { ...gridOf(source, shape), group }, step: frame.step };
        drawCells(canvas, source, shown.grid);
        canvas.dataset.step = String(frame.step);
        words.textContent = t(isTranslated ? "pictures.translated" : "pictures.summary", {
          step: whole(frame.step),
          data: run.summary.data,
        });
        canvas.setAttribute("aria-label", words.textContent);
        const next = run.frames[run.frames.indexOf(frame) + 1];
        if (next) run.frameContent(next).catch(() => {});
      } catch {
        wanted = undefined;
        words.textContent = t("points.unreadable", { step: frame.step });
      }
    };
    const changed = (/** @type {any} */ event) => {
      if (event.detail.has("frames")) look();
    };
    store.timeline.addEventListener("move", look);
    run.addEventListener("change", changed);
    look();
    return () => {
      store.timeline.removeEventListener("move", look);
      run.removeEventListener("change", changed);
    };
  },
};

/**
 * A button that asks for the training images nearest to a recorded one.
 * @param {import("../run.js").Run} run @param {number} step @param {number} image
 */
function nearest(run, step, image) {
  const note = h("p", { class: "note", role: "status" }),
    place = h("div", { class: "probe" });
  const ask = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        ask.hidden = true;
        note.textContent = t("probe.drawing");
        try {
          const { sheets, values } = await get(`/api/runs/${run.id}/probes/neighbours?step=${step}&image=${image}`);
          note.textContent = t("sheet.nearest.note", {
            count: whole(values.searched),
            typical: Math.round(values.typical),
          });
          fill(place, drawSheet(sheets[0], "", t("probe.nearest")));
        } catch (error) {
          ask.hidden = false;
          note.textContent = String(/** @type {any} */ (error).message);
        }
      },
    },
    t("probe.nearest"),
  );
  return h("div", { class: "nearest" }, ask, place, note);
}
