// Sheets of images with a gap between them. A click, or Enter, enlarges one of them.
import { fill, h, sign } from "./dom.js";
import { t } from "./i18n.js";
import { SIGNS } from "./timeline.js";

const TILE = 56;
const GAP = 2;
/** Between groups of columns. */
const WIDE_GAP = 14;
const LARGE = 448;

/**
 * @typedef {{columns: number, rows: number, cell: [number, number], group?: number}} Grid cell: width and height in
 *   pixels; group: columns that belong together, such as input, output and target
 * @typedef {object} Chosen
 * @property {(image: number) => string} words of one image
 * @property {(image: number) => any} [more] an element below the enlarged image
 */

/** The grid of a sheet without gaps. @param {any} source @param {number[]|undefined} shape channels, height, width */
export function gridOf(source, shape) {
  const { naturalWidth, naturalHeight } = source;
  const isWhole = shape && naturalHeight % shape[1] === 0 && naturalWidth % shape[2] === 0;
  const [height, width] = isWhole ? shape.slice(1) : [naturalHeight, naturalWidth];
  /** @type {Grid} */
  const grid = {
    columns: naturalWidth / width,
    rows: naturalHeight / height,
    cell: [width, height],
  };
  return grid;
}

/** Columns that belong together: from one input to the next; 0 if the columns are no such groups.
 * @param {string[]} names of the columns */
export const columnsTogether = (names) => (names[0] === "input" ? Math.max(0, names.indexOf("input", 1)) : 0);

/** The left edge of a column. @param {number} column @param {number} width @param {number} [group] */
const leftOf = (column, width, group) =>
  column * (width + GAP) + (group ? Math.floor(column / group) * (WIDE_GAP - GAP) : 0);

/** The column at a share of the width of a drawn sheet. @param {number} share @param {Grid} grid */
function columnAt(share, { columns, cell, group }) {
  const width = cell[0] * scaleOf(cell, TILE),
    place = share * (leftOf(columns - 1, width, group) + width);
  let column = columns - 1;
  while (column && leftOf(column, width, group) - GAP / 2 > place) column--;
  return column;
}

/**
 * Headings above the columns of a sheet.
 * @param {string[]} names @param {Pick<Grid, "cell"|"group">|null} grid null if all columns have one distance
 */
export function headsOf(names, grid) {
  const row = h("div", { class: "heads" }),
    group = grid?.group || 0,
    width = grid ? grid.cell[0] * scaleOf(grid.cell, TILE) : 1;
  row.style.setProperty("--columns", String(names.length || 1));
  names.forEach((name, column) => {
    const head = h("span", { class: (group ? column % group : column) % 2 ? "dark" : "" }, name);
    if (group) head.style.gridColumn = String(column + 1 + Math.floor(column / group));
    row.append(head);
  });
  if (group)
    row.style.gridTemplateColumns = names
      .map((_, column) => {
        const track = `minmax(0, ${width + GAP}fr)`;
        return column && column % group === 0 ? `minmax(0, ${WIDE_GAP - GAP}fr) ${track}` : track;
      })
      .join(" ");
  return row;
}

/**
 * Draw every image of a sheet, with gaps.
 * @param {HTMLCanvasElement} canvas takes the size that it needs
 * @param {CanvasImageSource} source images without gaps
 * @param {Grid} grid
 */
export function drawCells(canvas, source, grid) {
  const { columns, rows, cell, group } = grid,
    [width, height] = cell.map((side) => side * scaleOf(cell, TILE));
  canvas.width = leftOf(columns - 1, width, group) + width;
  canvas.height = rows * (height + GAP) - GAP;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.imageSmoothingEnabled = false;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      pen.drawImage(
        source,
        column * cell[0],
        row * cell[1],
        cell[0],
        cell[1],
        leftOf(column, width, group),
        row * (height + GAP),
        width,
        height,
      );
}

/** @param {[number, number]} cell @param {number} side */
const scaleOf = (cell, side) => Math.max(1, Math.round(side / Math.max(...cell)));

/**
 * A button around the canvas of a sheet that enlarges the image under the pointer, or the first one.
 * @param {HTMLCanvasElement} canvas
 * @param {() => {source: CanvasImageSource, grid: Grid}|null} shown
 * @param {Chosen} chosen
 */
export function enlargeable(canvas, shown, chosen) {
  return h(
    "button",
    {
      type: "button",
      class: "sheetbutton",
      title: t("sheet.enlarge"),
      "aria-label": t("sheet.enlarge"),
      onclick: (/** @type {MouseEvent} */ event) => {
        const now = shown();
        if (!now) return;
        const box = canvas.getBoundingClientRect(),
          { columns, rows } = now.grid;
        const at = (/** @type {number} */ share, /** @type {number} */ count) =>
          Math.min(count - 1, Math.max(0, Math.floor(share * count)));
        // Pressed by key, a click has no place.
        const number = event.detail
          ? at((event.clientY - box.top) / box.height, rows) * columns +
            columnAt((event.clientX - box.left) / box.width, now.grid)
          : 0;
        enlarge(now.source, now.grid, number, chosen);
      },
    },
    canvas,
  );
}

/**
 * A window with one image of a sheet; arrow keys go to its neighbours.
 * @param {CanvasImageSource} source @param {Grid} grid @param {number} first @param {Chosen} chosen
 */
function enlarge(source, { columns, rows, cell }, first, { words, more }) {
  const scale = scaleOf(cell, LARGE);
  const canvas = h("canvas", { role: "img", width: cell[0] * scale, height: cell[1] * scale }),
    pen = canvas.getContext("2d"),
    caption = h("p", { class: "summary", "aria-live": "polite" }),
    below = h("div", {});
  let at = first;
  const show = (/** @type {number} */ number) => {
    at = Math.min(Math.max(number, 0), columns * rows - 1);
    const [x, y] = [(at % columns) * cell[0], Math.floor(at / columns) * cell[1]];
    pen.imageSmoothingEnabled = false;
    pen.drawImage(source, x, y, cell[0], cell[1], 0, 0, canvas.width, canvas.height);
    canvas.dataset.image = String(at);
    const about = t("sheet.image", { number: at + 1, count: columns * rows });
    caption.textContent = [about, words(at)].filter(Boolean).join(" · ");
    canvas.setAttribute("aria-label", caption.textContent);
    fill(below, more?.(at));
  };
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => show(at - 1),
    ArrowRight: () => show(at + 1),
    ArrowUp: () => show(at - columns),
    ArrowDown: () => show(at + columns),
  };
  const turn = (/** @type {"back"|"play"} */ name, /** @type {number} */ by) =>
    h(
      "button",
      { type: "button", class: "round", "aria-label": t(`sheet.${name}`), onclick: () => show(at + by) },
      sign(SIGNS[name]),
    );
  const dialog = h(
    "dialog",
    {
      class: "enlarged",
      "aria-label": t("sheet.title"),
      onclose: () => dialog.remove(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (!keys[event.key]) return;
        event.preventDefault();
        keys[event.key]();
      },
    },
    canvas,
    caption,
    h(
      "div",
      { class: "row" },
      turn("back", -1),
      turn("play", 1),
      h("button", { type: "button", onclick: () => dialog.close() }, t("sheet.close")),
    ),
    below,
  );
  document.body.append(dialog);
  show(first);
  dialog.showModal();
}
