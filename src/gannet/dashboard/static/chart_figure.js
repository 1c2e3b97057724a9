// What a chart draws, as Plotly takes it: lines, marks and axes.
import { remedyOf, ruleName, sentenceOf } from "./alarms.js";
import { settings, smoothed } from "./chart_settings.js";
import { colour } from "./dom.js";
import { t } from "./i18n.js";

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const MARKS = ["circle", "diamond", "square", "x", "triangle-up", "cross"];
const FEW = 25;
/** Seconds from which times are in a larger unit: its name and its length. @type {[number, string, number][]} */
const UNITS = [
  [3 * 3600, "hours", 3600],
  [600, "minutes", 60],
  [0, "seconds", 1],
];
const HEIGHT = 220,
  ROW = 19;
/** Space below the plot: tick labels and the title of the axis. */
const BELOW = 43;
/** Space on both sides of the plot. */
const SIDES = { l: 52, r: 12 };
/** What a name in the legend takes in addition to its letters: the sample of its line and gaps. */
const SAMPLE = 48;
const FONT = "12px system-ui, sans-serif";

/** Where a step of a line is. @typedef {(line: import("./chart.js").Line|undefined, step: number) => number} Place */
/**
 * The horizontal axis: steps, seconds, minutes or hours of training, or what the chart says.
 * @param {import("./chart.js").Chart} chart
 * @returns {{title: string, place: Place}}
 */
export function acrossOf({ lines, options }) {
  if (options.across) return { title: options.across, place: (_, step) => step };
  const ends = lines.map((line) => line.clock?.(line.steps.at(-1) ?? 0) ?? null);
  if (settings.axis === "step" || !lines.length || ends.some((end) => end === null))
    return { title: t("chart.step"), place: (_, step) => step };
  const longest = Math.max(.../** @type {number[]} */ (ends));
  const [, unit, length] = /** @type {[number, string, number]} */ (UNITS.find(([from]) => longest >= from));
  return {
    title: t(`chart.time.${unit}`),
    place: (line, step) => (line?.clock?.(step) ?? NaN) / length,
  };
}

/** @param {import("./chart.js").Chart} chart */
export function traces(chart) {
  const { place } = acrossOf(chart);
  const inks = [1, 2, 3, 4, 5, 6].map((n) => colour(`line-${n}`));
  let n = -1;
  return chart.lines.flatMap((line) => {
    n = line.ink ?? (line.thin ? n : n + 1);
    return drawn(line, inks[n % 6], n % 6, (step) => place(line, step));
  });
}

/**
 * @param {import("./chart.js").Line} line @param {string} ink @param {number} number of its dash and mark
 * @param {(step: number) => number} place
 */
function drawn(line, ink, number, place) {
  const x = line.steps.map(place),
    mode = line.steps.length < FEW ? "lines+markers" : "lines",
    isSmoothed = settings.smoothing > 0 && !line.fixed,
    smooth = (/** @type {(number|null)[]} */ values) => (isSmoothed ? smoothed(values, settings.smoothing) : values);
  const plain = { x, type: "scatter", showlegend: false, hoverinfo: "skip" };
  if (line.thin)
    return [
      {
        ...plain,
        y: smooth(line.values),
        mode,
        opacity: 0.5,
        line: { color: ink, width: 0.8 },
        marker: { size: 3, color: ink },
      },
    ];
  const isBand = line.band && line.steps.length > 1;
  const trace = {
    x,
    y: smooth(line.values),
    name: line.name,
    type: "scatter",
    mode: isSmoothed ? "lines" : mode,
    connectgaps: false,
    line: { color: ink, width: 1.8, dash: DASHES[number] },
    marker: { symbol: MARKS[number], size: 6, color: ink },
    ...(line.low && line.high && !isBand
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
  const edge = { ...plain, mode: "lines", line: { width: 0 } };
  return [
    ...(isBand
      ? [
          { ...edge, y: smooth(line.low ?? []) },
          { ...edge, y: smooth(line.high ?? []), fill: "tonexty", fillcolor: `${ink}38` },
        ]
      : []),
    // What was recorded stays visible behind its average.
    ...(isSmoothed && !isBand
      ? [{ ...plain, y: line.values, mode: "lines", opacity: 0.35, line: { color: ink, width: 1 } }]
      : []),
    trace,
  ];
}

/**
 * Plotly compares arrays by identity, unless the revision of the data changes. Words and numbers are plain: Plotly
 * would put superscripts and links in with inline styles, which the page's policy refuses.
 * @param {import("./chart.js").Chart} chart
 */
export function layout(chart) {
  const { options, lines } = chart;
  const [ink, muted, rule] = ["ink", "muted", "rule"].map(colour);
  const across = acrossOf(chart);
  const placed = (/** @type {number} */ step) => across.place(lines[0], step);
  const upright = (/** @type {number} */ x, /** @type {any} */ line) => ({
    type: "line",
    yref: "paper",
    y0: 0,
    y1: 1,
    x0: x,
    x1: x,
    line,
  });
  const alarmInk = (/** @type {any} */ alarm) => colour(alarm.severity === "alarm" ? "alarm" : "warning");
  const ticks = options.small ? 3 : 6;
  const hasLegend = options.legend ?? lines.length > 1;
  const rows = hasLegend && !options.small ? legendRows(chart) : 0;
  return {
    datarevision: chart.revision,
    height: (options.height ?? HEIGHT) + ROW * Math.max(0, rows - 1),
    margin: options.small ? { l: 44, r: 8, t: 10, b: 38 } : { ...SIDES, t: 12, b: rows ? BELOW + ROW * rows : 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: muted, size: 12, family: "system-ui, sans-serif" },
    uirevision: across.title,
    hovermode: "x unified",
    dragmode: "zoom",
    hoverlabel: { bgcolor: colour("card"), bordercolor: rule, font: { color: ink } },
    showlegend: hasLegend,
    legend: {
      orientation: "h",
      traceorder: "normal",
      yref: "container",
      y: 0,
      yanchor: "bottom",
      x: 0,
      font: { color: ink, size: 12 },
    },
    xaxis: {
      gridcolor: rule,
      zeroline: false,
      linecolor: rule,
      rangemode: "tozero",
      nticks: ticks,
      title: { text: across.title, font: { size: 12 } },
    },
    yaxis: {
      gridcolor: rule,
      zeroline: false,
      linecolor: rule,
      nticks: options.small ? 3 : 5,
      ...(chart.isLogarithmic ? { type: "log", dtick: decades(lines) < 2 ? "D2" : 1, tickformat: "~g" } : {}),
    },
    shapes: [
      ...(Number.isFinite(placed(chart.step))
        ? [upright(placed(chart.step), { color: ink, width: 1, dash: "dot" })]
        : []),
      ...chart.alarms.map((alarm) => upright(placed(alarm.step), { color: alarmInk(alarm), width: 1.2 })),
      ...(typeof options.reference === "number"
        ? [
            {
              type: "line",
              xref: "paper",
              x0: 0,
              x1: 1,
              y0: options.reference,
              y1: options.reference,
              line: { color: muted, width: 1, dash: "dash" },
            },
          ]
        : []),
    ],
    annotations: chart.alarms.map((alarm) => ({
      x: placed(alarm.step),
      yref: "paper",
      y: 1,
      text: alarm.severity === "alarm" ? "▼" : "▽",
      showarrow: false,
      font: { color: alarmInk(alarm), size: 12 },
      hovertext: `${ruleName(alarm.rule)}: ${sentenceOf(alarm)} ${t("alarm.do")} ${remedyOf(alarm.rule)}`,
      yanchor: "bottom",
      captureevents: true,
    })),
  };
}

/**
 * Rows of the legend: one if all names fit side by side, else columns as wide as the longest name.
 * @param {import("./chart.js").Chart} chart
 */
function legendRows({ lines, box }) {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return 1;
  pen.font = FONT;
  const widths = lines.filter((line) => !line.thin).map(({ name }) => pen.measureText(name).width + SAMPLE);
  const room = Math.max(1, box.clientWidth - SIDES.l - SIDES.r);
  if (widths.reduce((sum, width) => sum + width, 0) <= room) return 1;
  return Math.ceil(widths.length / Math.max(1, Math.floor(room / Math.max(...widths))));
}

/** How many powers of ten lie between the values. @param {import("./chart.js").Line[]} lines */
function decades(lines) {
  let [least, most] = [Infinity, 0];
  for (const { values } of lines)
    for (const value of values)
      if (value !== null && value > 0) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return most > 0 ? Math.log10(most / least) : 0;
}
