// Questions to the newest checkpoint of a run. A separate process answers them one after another, because training may
// be running.
import { fill, h } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { get } from "./server.js";
import { drawCells, enlargeable, columnsTogether, headsOf } from "./sheet.js";

/**
 * @typedef {{name: string, columns: number, rows: number, cell: [number, number], heads: string[], sides: string[],
 *   png: string}} Sheet
 */
/** @typedef {{name: string, x: number[], lines: Record<string, number[]>, logarithmic: boolean}} Curve */
/** @typedef {{step: number, sheets: Sheet[], curves: Curve[], values: Record<string, any>}} Answer */

/** What is known of a run's newest checkpoint; tells of "change". */
class Checkpoint extends EventTarget {
  /** @param {import("./run.js").Run} run */
  constructor(run) {
    super();
    this.run = run;
    /** @type {string[]} */ this.questions = [];
    this.step = -1;
    this.seed = 0;
    this.state = "unasked";
    this.problem = "";
  }

  async begin(seed = this.seed) {
    this.seed = seed;
    this.state = "asked";
    this.dispatchEvent(new Event("change"));
    try {
      const { questions, step, problem } = await get(`/api/runs/${this.run.id}/probes`);
      [this.questions, this.step, this.problem, this.state] = [
        questions,
        step,
        sentence(problem ?? ""),
        problem ? "failed" : "there",
      ];
    } catch (error) {
      [this.problem, this.state] = [String(/** @type {any} */ (error).message), "failed"];
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name @param {Record<string, number>} [values] @returns {Promise<Answer>} */
  ask(name, values = {}) {
    const words = new URLSearchParams(
      Object.entries({ seed: this.seed, ...values }).map(([key, value]) => [key, String(value)]),
    );
    return get(`/api/runs/${this.run.id}/probes/${name}?${words}`);
  }
}

/** @type {WeakMap<import("./run.js").Run, Checkpoint>} */
const known = new WeakMap();

/** @param {import("./run.js").Run} run */
export function checkpointOf(run) {
  const found = known.get(run) ?? new Checkpoint(run);
  known.set(run, found);
  return found;
}

/**
 * A panel that shows the answer to one question, where the game can be asked it; drawn when it comes into view.
 * @param {string} question
 * @param {{order: number, wide?: boolean}} where
 * @param {(answer: Answer, place: HTMLElement, again: (values: Record<string, number>) => Promise<Answer>) => (() =>
 *   void)|void} draw what it returns takes everything back
 * @returns {import("./main.js").Panel}
 */
export function probe(question, { order, wide = false }, draw) {
  return {
    title: `probe.${question}`,
    order,
    wide,
    suits: (run) => run.kind === "images",
    mount(element, run) {
      const checkpoint = checkpointOf(run);
      const card = /** @type {HTMLElement} */ (element.closest(".card"));
      const place = h("div", { class: "probe" }),
        note = h("p", { class: "note", role: "status" });
      element.append(note, place);
      let visible = false,
        drawn = "";
      /** @type {(() => void)|void} */
      let undo;
      const look = async () => {
        card.hidden = !checkpoint.questions.includes(question);
        const wanted = `${checkpoint.step} ${checkpoint.seed}`;
        if (card.hidden || !visible || checkpoint.state !== "there" || drawn === wanted) return;
        drawn = wanted;
        if (!place.hasChildNodes()) note.textContent = t("probe.drawing");
        try {
          const answer = await checkpoint.ask(question);
          if (drawn !== wanted) return;
          note.textContent = "";
          fill(place);
          undo?.();
          undo = draw(answer, place, (values) => checkpoint.ask(question, values));
          place.dataset.step = String(answer.step);
        } catch (error) {
          drawn = "";
          note.textContent = String(/** @type {any} */ (error).message);
        }
      };
      const watcher = new IntersectionObserver(
        (entries) => {
          visible = entries.some((entry) => entry.isIntersecting);
          look();
        },
        { rootMargin: "200px" },
      );
      watcher.observe(card);
      checkpoint.addEventListener("change", look);
      card.hidden = true;
      look();
      return () => {
        undo?.();
        watcher.disconnect();
        checkpoint.removeEventListener("change", look);
      };
    },
  };
}

/**
 * Images in rows and columns, with headings.
 * @param {Sheet} sheet
 * @param {string} title
 * @param {string} [words] a note below it
 */
export function drawSheet(sheet, title, words = "") {
  const { columns } = sheet,
    grid = { ...sheet, group: columnsTogether(sheet.heads) },
    names = sheet.heads.map((word) => (grid.group ? t(`series.${word}`) : word));
  const canvas = h("canvas", { role: "img", "aria-label": [title, words].filter(Boolean).join(". ") });
  const source = new Image();
  source.src = `data:image/png;base64,${sheet.png}`;
  const figure = h("figure", { class: sheet.sides.length ? "sheetof withsides" : "sheetof" });
  figure.style.setProperty("--columns", String(columns));
  source.decode().then(
    () => {
      drawCells(canvas, source, grid);
      figure.style.setProperty("--natural", `${canvas.width}px`);
      canvas.dataset.drawn = "1";
    },
    () => {},
  );
  const heads = names.length ? headsOf(names, grid) : null;
  const sides = sheet.sides.length
    ? h(
        "div",
        { class: "sides" },
        sheet.sides.map((word) =>
          h("span", {}, t(`probe.side.${word}`) === `probe.side.${word}` ? word : t(`probe.side.${word}`)),
        ),
      )
    : null;
  fill(
    figure,
    title ? h("figcaption", {}, h("b", {}, title), words ? ` ${words}` : "") : null,
    heads,
    sides,
    enlargeable(canvas, () => (canvas.dataset.drawn ? { source, grid } : null), {
      words: (image) =>
        [title, names[image % columns], sheet.sides[Math.floor(image / columns)]].filter(Boolean).join(" · "),
    }),
  );
  return figure;
}

/** @param {string} words */
export const note = (words) => h("p", { class: "note" }, words);
