// Images that the generator made from the same noise at every recorded step.
import { fill, h, whole } from "../dom.js";
import { t } from "../i18n.js";

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
    // In frames of text-to-image, each column is drawn for one caption of the run's record.
    const captions = h(
      "div",
      { class: "captions" },
      ...(run.record.data?.form?.captions ?? []).map((/** @type {string} */ text) => h("span", {}, text)),
    );
    captions.style.setProperty("--columns", String(captions.childElementCount || 1));
    fill(element, h("div", { class: "sheetbox" }, canvas), captions, words);
    /** @type {any} */
    let wanted;
    const look = async () => {
      const frame = run.frameAt(store.timeline.step);
      if (!frame || frame === wanted) return;
      wanted = frame;
      try {
        const picture = await run.frameContent(frame);
        if (wanted !== frame) return;
        canvas.width = picture.naturalWidth;
        canvas.height = picture.naturalHeight;
        canvas.getContext("2d").drawImage(picture, 0, 0);
        canvas.dataset.step = String(frame.step);
        words.textContent = t("pictures.summary", { step: whole(frame.step), data: run.summary.data });
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
