// Ordinary charts by Plotly, whose code comes from the installed package; each with an explanation, a summary in words,
// a table, and files.
import { layout, traces } from "./chart_figure.js";
import { asCsv, asSvg, save } from "./chart_files.js";
import { settings } from "./chart_settings.js";
import { digits, fill, h, table, whole } from "./dom.js";
import { t } from "./i18n.js";
import { spend } from "./pace.js";
import { get } from "./server.js";

/** @type {Promise<any>|undefined} */
let loading;

function plotly() {
  const begun = (loading ??= (async () => {
    // The package carries style sheets of kinds of charts that are not used here; elements with their ids keep them
    // out.
    for (const id of (await get("/api/charts")).styles) document.head.append(h("meta", { id }));
    await new Promise((done, failed) =>
      document.head.append(h("script", { src: "/plotly.js", onload: done, onerror: failed })),
    );
    return /** @type {any} */ (window).Plotly;
  })());
  // The next chart asks again: the server may have been away for a moment.
  begun.catch(() => {
    if (loading === begun) loading = undefined;
  });
  return begun;
}

const ROWS_IN_TABLE = 40;

/**
 * band: low to high is shaded; thin: belongs to the line before, in its colour, without a name; ink: which
 * colour, dash and mark, counted from 0; by place where left out. key: its name in files. fixed: never smoothed, since
 * it has few values that matter. clock: seconds of training at a step; null where they are unknown.
 * @typedef {{ink?: number, name: string, key?: string, steps: number[], values: (number|null)[], low?:
 *   (number|null)[], high?: (number|null)[], band?: boolean, thin?: boolean, fixed?: boolean, clock?: (step: number) =>
 *   number|null}} Line
 */
/**
 * unit: of the values; help: what the chart shows and why it matters; page: of the documentation, below /docs/; across:
 * the horizontal axis, if it is not the training; small: within a card that has the title already.
 * @typedef {{title: string, unit?: string, help?: string, page?: string, file?: string, height?: number, logarithmic?:
 *   boolean, reference?: number|null, small?: boolean, legend?: boolean, across?: string, zoomed?: (from: number|null,
 *   to: number|null) => void}} Options
 */

/** Lines over steps or time, with zoom by dragging and values under the pointer. */
export class Chart {
  /** @param {HTMLElement} place @param {Options} options */
  constructor(place, options) {
    this.options = options;
    this.heading = options.unit ? `${options.title} (${options.unit})` : options.title;
    this.box = h("div", { class: "chart", role: "img", "aria-label": options.title });
    this.words = h("p", { class: "summary" });
    this.rows = h("div", {});
    this.details = h(
      "details",
      { ontoggle: () => this.tabulate() },
      h("summary", {}, t("chart.values")),
      this.words,
      h(
        "div",
        { class: "charttools" },
        this.tool("SVG", t("chart.saveSvg", { title: options.title }), async () =>
          save(`${this.fileName}.svg`, "image/svg+xml", await asSvg(this, await plotly())),
        ),
        this.tool("CSV", t("chart.saveCsv", { title: options.title }), () =>
          save(`${this.fileName}.csv`, "text/csv", asCsv(this.lines, options.across ?? "step")),
        ),
      ),
      this.rows,
    );
    this.reset = this.tool(t("chart.reset"), "", () => this.unzoom());
    this.reset.hidden = true;
    this.isLogarithmic = options.logarithmic ?? false;
    this.log = this.tool(t("chart.log"), t("chart.logOf", { title: options.title }), () => {
      this.isLogarithmic = !this.isLogarithmic;
      this.draw();
    });
    this.help = h(
      "p",
      { class: "help", hidden: true },
      options.help,
      " ",
      options.page ? h("a", { href: `/docs/${options.page}`, target: "_blank" }, t("chart.more")) : null,
    );
    const why = options.help
      ? this.tool("?", t("chart.why", { title: options.title }), () => {
          this.help.hidden = !this.help.hidden;
          why?.setAttribute("aria-expanded", String(!this.help.hidden));
        })
      : null;
    why?.setAttribute("aria-expanded", "false");
    const tools = h("div", { class: "charttools" }, this.reset, this.log, why);
    fill(
      place,
      h("div", { class: "charthead" }, options.small ? null : h("h3", {}, options.title, this.unit()), tools),
      this.help,
      this.box,
      this.details,
    );
    /** @type {Line[]} */ this.lines = [];
    this.step = 0;
    this.revision = 0;
    /** @type {any[]} */ this.alarms = [];
    this.drawing = false;
    this.again = false;
    this.gone = false;
    /** Whether the chart was drawn once; from then on it is drawn only where it can be seen. */
    this.begun = false;
    this.isSeen = false;
    this.isStale = false;
    this.watch = new IntersectionObserver(
      (entries) => {
        this.isSeen = entries.some((entry) => entry.isIntersecting);
        if (this.isSeen && this.isStale) this.draw();
      },
      { rootMargin: "100px" },
    );
    this.watch.observe(this.box);
    this.redraw = () => {
      this.revision += 1;
      this.draw();
    };
    settings.addEventListener("change", this.redraw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.redraw);
    addEventListener("resize", this.redraw);
  }

  unit() {
    return this.options.unit ? h("span", { class: "unit" }, ` (${this.options.unit})`) : null;
  }

  get fileName() {
    return (this.options.file ?? this.options.title).replace(/[^\p{L}\p{N}_.@-]+/gu, "-");
  }

  /** @param {string} words @param {string} label @param {() => void} act */
  tool(words, label, act) {
    return h(
      "button",
      { type: "button", class: "quiet", "aria-label": label || null, title: label || null, onclick: act },
      words,
    );
  }

  /**
   * Lines may be the arrays of last time, grown in place.
   * @param {Line[]} lines
   * @param {number} step
   * @param {any[]} [alarms]
   */
  set(lines, step, alarms = []) {
    this.lines = lines;
    this.step = step;
    this.alarms = alarms;
    this.revision += 1;
    this.tabulate();
    this.draw();
  }

  /** What the chart shows, in words, and whether a logarithmic axis can show it. */
  tell() {
    const isPositive = this.lines.every(({ values }) => values.every((value) => value === null || value > 0));
    this.log.hidden = !isPositive && !this.isLogarithmic;
    this.log.setAttribute("aria-pressed", String(this.isLogarithmic));
    const words = this.lines
      .filter((line) => !line.thin)
      .map((line) => summary(line))
      .join(" ");
    if (this.words.textContent === words) return;
    this.words.textContent = words;
    this.box.setAttribute("aria-label", `${this.options.title}. ${words}`);
  }

  async draw() {
    this.again = true;
    if (this.drawing) return;
    this.drawing = true;
    try {
      const library = await plotly();
      while (this.again) {
        this.again = false;
        this.isStale = this.begun && !this.isSeen;
        if (this.gone || this.isStale) return;
        this.begun = true;
        this.tell();
        const start = performance.now();
        const drawn = library.react(this.box, traces(this), layout(this), {
          displayModeBar: false,
          responsive: true,
          showTips: false,
          doubleClick: "reset",
        });
        spend(performance.now() - start);
        await drawn;
        if (!this.listening) {
          this.listening = true;
          /** @type {any} */ (this.box).on("plotly_relayout", (/** @type {any} */ change) => this.relaid(change));
        }
      }
    } catch {
      /* Plotly's code did not arrive: the next values draw again. */
    } finally {
      this.drawing = false;
    }
  }

  /** @param {any} change */
  relaid(change) {
    if (change["xaxis.range[0]"] !== undefined) {
      this.reset.hidden = false;
      if (settings.axis === "step") this.options.zoomed?.(change["xaxis.range[0]"], change["xaxis.range[1]"]);
    } else if (change["xaxis.autorange"]) {
      this.reset.hidden = true;
      this.options.zoomed?.(null, null);
    }
  }

  async unzoom() {
    (await plotly()).relayout(this.box, { "xaxis.autorange": true, "yaxis.autorange": true });
  }

  /** Another step is shown. @param {number} step */
  moveTo(step) {
    this.step = step;
    this.draw();
  }

  tabulate() {
    if (!this.details.open) return;
    const [first] = this.lines;
    if (!first) return;
    const every = Math.max(1, Math.ceil(first.steps.length / ROWS_IN_TABLE));
    const steps = first.steps.filter((_, i) => (first.steps.length - 1 - i) % every === 0);
    const at = this.lines.map((line) => new Map(line.steps.map((step, i) => [step, line.values[i]])));
    fill(
      this.rows,
      table(
        this.options.title,
        [this.options.across ?? t("chart.step"), ...this.lines.map((line) => line.name)],
        steps.map((step) => [
          this.options.across ? digits(step) : whole(step),
          ...at.map((values) => digits(values.get(step))),
        ]),
      ),
    );
  }

  close() {
    this.gone = true;
    this.watch.disconnect();
    settings.removeEventListener("change", this.redraw);
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.redraw);
    removeEventListener("resize", this.redraw);
    if (loading)
      loading.then(
        (library) => library.purge(this.box),
        () => {},
      );
  }
}

/** @param {Line} line */
function summary(line) {
  const values = /** @type {number[]} */ (line.values.filter((value) => value !== null));
  if (!values.length) return t("chart.nothing", { name: line.name });
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return t("chart.summary", { name: line.name, last: digits(values.at(-1)), least: digits(least), most: digits(most) });
}
