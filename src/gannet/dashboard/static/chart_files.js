// A chart as files: the drawing as SVG, and its values as CSV.
import { layout, traces } from "./chart_figure.js";
import { colour, h } from "./dom.js";

/**
 * The drawing with its title, its legend and the colours of the page.
 * @param {import("./chart.js").Chart} chart @param {any} library Plotly
 * @returns {Promise<string>}
 */
export async function asSvg(chart, library) {
  const { height, margin, ...rest } = layout(chart);
  const width = Math.max(chart.box.clientWidth, 480),
    background = colour("card");
  const address = await library.toImage(
    {
      data: traces(chart),
      layout: {
        ...rest,
        margin: { ...margin, t: 40 },
        title: { text: chart.heading, x: 0.02, font: { size: 14, color: colour("ink") } },
        paper_bgcolor: background,
        plot_bgcolor: background,
      },
    },
    { format: "svg", width, height: Math.max(height, 240) + 40, imageDataOnly: true },
  );
  return address;
}

/**
 * The values as they were recorded, one row for each step: never smoothed, in full precision.
 * @param {import("./chart.js").Line[]} lines @param {string} across name of the first column
 */
export function asCsv(lines, across) {
  const clock = lines[0]?.clock,
    isTimed = clock && lines.every((line) => line.clock === clock) && clock(0) !== null;
  /** @type {[string, Map<number, number|null|undefined>][]} */
  const columns = isTimed ? [["seconds", new Map()]] : [];
  const steps = [...new Set(lines.flatMap((line) => line.steps))].sort((a, b) => a - b);
  if (isTimed) steps.forEach((step) => columns[0][1].set(step, clock(step)));
  const add = (/** @type {string} */ name, /** @type {number[]} */ at, /** @type {(number|null)[]} */ values) =>
    columns.push([name, new Map(at.map((step, i) => [step, values[i]]))]);
  for (const line of lines) {
    const name = line.key ?? line.name;
    add(name, line.steps, line.values);
    if (line.low && line.high) {
      add(`${name} low`, line.steps, line.low);
      add(`${name} high`, line.steps, line.high);
    }
  }
  const rows = steps.map((step) => [step, ...columns.map(([, values]) => values.get(step) ?? "")]);
  return [[across, ...columns.map(([name]) => name)], ...rows].map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

/** @param {string|number} cell */
function quoted(cell) {
  return /[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell);
}

/** @param {string} name @param {string} kind @param {string} content */
export function save(name, kind, content) {
  const address = URL.createObjectURL(new Blob([content], { type: kind }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
