// Ordinary charts by Plotly, whose code comes from the installed package; each with a summary in words and a table.
import { colour, digits, fill, h, table, whole } from "./dom.js";
import { t } from "./i18n.js";
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

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const MARKS = ["circle", "diamond", "square", "x", "triangle-up", "cross"];
const ROWS_IN_TABLE = 40;

/**
 * band: low to high is shaded; thin: belongs to the line before, in its colour, without a name; ink: which
 * colour, dash and mark, counted from 0; by place where left out.
 * @typedef {{ink?: number, name: string, steps: number[], values: (number|null)[], low?: (number|null)[], high?:
 *   (number|null)[], band?: boolean, thin?: boolean}} Line
 */

/** Lines over steps, with zoom by dragging and values under the pointer. */
export class Chart {
  /**
   * @param {HTMLElement} place
   * @param {{title: string, height?: number, logarithmic?: boolean, reference?: number|null, small?: boolean, legend?:
   *   boolean, across?: string, zoomed?: (from: number|null, to: number|null) => void}} options
   */
  constructor(place, options) {
    this.options = options;
    this.box = h("div", { class: "chart", role: "img", "aria-label": options.title });
    this.words = h("p", { class: "summary" });
    this.rows = h("div", {});
    this.details = h(
      "details",
      { ontoggle: () => this.tabulate() },
      h("summary", {}, t("chart.table")),
      this.words,
      this.rows,
    );
    this.reset = h(
      "button",
      { type: "button", class: "quiet", hidden: true, onclick: () => this.unzoom() },
      t("chart.reset"),
    );
    fill(
      place,
      options.small ? null : h("div", { class: "charthead" }, h("h3", {}, options.title), this.reset),
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
    this.recoloured = () => this.draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.recoloured);
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
    const words = lines
      .filter((line) => !line.thin)
      .map((line) => summary(line))
      .join(" ");
    if (this.words.textContent !== words) {
      this.words.textContent = words;
      this.box.setAttribute("aria-label", `${this.options.title}. ${words}`);
    }
    this.tabulate();
    this.draw();
  }

  async draw() {
    if (this.drawing) {
      this.again = true;
      return;
    }
    this.drawing = true;
    try {
      const library = await plotly();
      do {
        this.again = false;
        if (this.gone) return;
        await library.react(this.box, this.traces(), this.layout(), {
          displayModeBar: false,
          responsive: true,
          showTips: false,
          doubleClick: "reset",
        });
        if (!this.listening) {
          this.listening = true;
          /** @type {any} */ (this.box).on("plotly_relayout", (/** @type {any} */ change) => this.relaid(change));
        }
      } while (this.again);
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
      this.options.zoomed?.(change["xaxis.range[0]"], change["xaxis.range[1]"]);
    } else if (change["xaxis.autorange"]) {
      this.reset.hidden = true;
      this.options.zoomed?.(null, null);
    }
  }

  async unzoom() {
    (await plotly()).relayout(this.box, { "xaxis.autorange": true, "yaxis.autorange": true });
  }

  traces() {
    const inks = [1, 2, 3, 4, 5, 6].map((n) => colour(`line-${n}`));
    let n = -1;
    return this.lines.flatMap((line) => {
      n = line.ink ?? (line.thin ? n : n + 1);
      const few = line.steps.length < 25,
        ink = inks[n % 6];
      if (line.thin)
        return [
          {
            x: line.steps,
            y: line.values,
            type: "scatter",
            mode: few ? "lines+markers" : "lines",
            showlegend: false,
            hoverinfo: "skip",
            opacity: 0.5,
            line: { color: ink, width: 0.8 },
            marker: { size: 3, color: ink },
          },
        ];
      const trace = {
        x: line.steps,
        y: line.values,
        name: line.name,
        type: "scatter",
        mode: few ? "lines+markers" : "lines",
        connectgaps: false,
        line: { color: ink, width: 1.8, dash: DASHES[n % 6] },
        marker: { symbol: MARKS[n % 6], size: 6, color: ink },
        ...(line.low && line.high && !(line.band && line.steps.length > 1)
          ? {
              error_y: {
                type: "data",
                symmetric: false,
                thickness: 1,
                width: 3,
                array: line.values.map((v, i) => (line.high?.[i] ?? v ?? 0) - (v ?? 0)),
                arrayminus: line.values.map((v, i) => (v ?? 0) - (line.low?.[i] ?? v ?? 0)),
              },
            }
          : {}),
      };
      if (!line.band || line.steps.length < 2) return [trace];
      const edge = {
        x: line.steps,
        type: "scatter",
        mode: "lines",
        line: { width: 0 },
        showlegend: false,
        hoverinfo: "skip",
      };
      return [{ ...edge, y: line.low }, { ...edge, y: line.high, fill: "tonexty", fillcolor: `${ink}38` }, trace];
    });
  }

  /** Another step is shown. @param {number} step */
  moveTo(step) {
    this.step = step;
    this.draw();
  }

  /**
   * Plotly compares arrays by identity, unless the revision of the data changes. Words and numbers are plain: Plotly
   * would put superscripts and links in with inline styles, which the page's policy refuses.
   */
  layout() {
    const [ink, muted, rule] = ["ink", "muted", "rule"].map(colour);
    const line = (/** @type {any} */ shape) => ({ type: "line", yref: "paper", y0: 0, y1: 1, ...shape });
    const reference = this.options.reference;
    return {
      datarevision: this.revision,
      height: this.options.height ?? 220,
      margin: this.options.small ? { l: 40, r: 8, t: 6, b: 20 } : { l: 48, r: 12, t: 8, b: 34 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: muted, size: this.options.small ? 11 : 12, family: "system-ui, sans-serif" },
      uirevision: "kept",
      hovermode: "x unified",
      dragmode: "zoom",
      hoverlabel: { bgcolor: colour("card"), bordercolor: rule, font: { color: ink } },
      showlegend: this.options.legend ?? this.lines.length > 1,
      legend: { orientation: "h", traceorder: "normal", y: -0.2, yanchor: "top", x: 0, font: { color: ink } },
      xaxis: {
        gridcolor: rule,
        zeroline: false,
        linecolor: rule,
        rangemode: "tozero",
        nticks: this.options.small ? 3 : 6,
        title: { text: "" },
      },
      yaxis: {
        gridcolor: rule,
        zeroline: false,
        linecolor: rule,
        nticks: this.options.small ? 3 : 5,
        ...(this.options.logarithmic ? { type: "log", dtick: 1, tickformat: "~g" } : {}),
      },
      shapes: [
        ...(Number.isFinite(this.step)
          ? [line({ x0: this.step, x1: this.step, line: { color: ink, width: 1, dash: "dot" } })]
          : []),
        ...this.alarms.map((alarm) =>
          line({ x0: alarm.step, x1: alarm.step, line: { color: colour("alarm"), width: 1.2 } }),
        ),
        ...(typeof reference === "number"
          ? [
              {
                type: "line",
                xref: "paper",
                x0: 0,
                x1: 1,
                y0: reference,
                y1: reference,
                line: { color: muted, width: 1, dash: "dash" },
              },
            ]
          : []),
      ],
      annotations: this.alarms.map((alarm) => ({
        x: alarm.step,
        yref: "paper",
        y: 1,
        text: "▼",
        showarrow: false,
        font: { color: colour("alarm"), size: 11 },
        hovertext: alarm.text ?? alarm.rule,
        yanchor: "bottom",
        captureevents: true,
      })),
    };
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
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.recoloured);
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
