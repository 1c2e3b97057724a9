// A canvas to draw on with mouse, pen, touch or keyboard. All of them make the same strokes: corners in [0, 1] x [0,
// 1], y upwards.
import { colour, h } from "./dom.js";
import { sharpened } from "./plane.js";
import { t } from "./i18n.js";

const CELLS = 32;
const SIZE = 440;
const LARGE_STEP = 4;
/** Corners nearer than this to the one before are left out; what reads the strokes has a grid of 1,024. */
const NEAREST = 1 / 2048;

/** @typedef {{points: [number, number][], width: number}} Stroke */

/** Tells of "change" when there is another stroke, or one less. */
export class Sketch extends EventTarget {
  constructor() {
    super();
    /** @type {Stroke[]} */ this.strokes = [];
    /** @type {Stroke|null} */ this.open = null;
    this.width = 0.06;
    /** The cursor of the keyboard, in cells. @type {[number, number]} */ this.cursor = [CELLS / 2, CELLS / 2];
    this.pointer = -1;
    this.size = SIZE;
    this.canvas = h("canvas", {
      class: "plane sketch",
      tabindex: 0,
      role: "application",
      "aria-label": t("draw.canvas"),
      "aria-describedby": "draw-keys",
      onpointerdown: (/** @type {PointerEvent} */ event) => this.press(event),
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerup: (/** @type {PointerEvent} */ event) => this.lift(event),
      onpointercancel: (/** @type {PointerEvent} */ event) => this.lift(event),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onfocus: () => this.paint(),
      onblur: () => {
        this.end();
        this.paint();
      },
    });
    this.said = h("p", { class: "visually-hidden", role: "status" });
  }

  /** @param {[number, number]} point */
  begin(point) {
    this.end();
    this.open = { points: [point], width: this.width };
    this.strokes.push(this.open);
    this.tell();
  }

  /** @param {[number, number]} point */
  to(point) {
    const last = this.open?.points.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAREST) return;
    this.open?.points.push(point);
    this.tell();
  }

  end() {
    this.open = null;
  }

  undo() {
    this.end();
    this.strokes.pop();
    this.say(t("draw.undone", { count: this.strokes.length }));
    this.tell();
  }

  clear() {
    this.end();
    this.strokes = [];
    this.say(t("draw.cleared"));
    this.tell();
  }

  tell() {
    this.paint();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} words */
  say(words) {
    this.said.textContent = words;
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect(),
      within = (/** @type {number} */ share) => Math.min(1, Math.max(0, share));
    return [within((event.clientX - box.left) / box.width), within(1 - (event.clientY - box.top) / box.height)];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (this.pointer >= 0 || event.button !== 0) return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.begin(this.placeOf(event));
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (event.pointerId !== this.pointer) return;
    const pieces = event.getCoalescedEvents?.() ?? [];
    for (const piece of pieces.length ? pieces : [event]) this.to(this.placeOf(piece));
  }

  /** @param {PointerEvent} event */
  lift(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = -1;
    this.end();
  }

  /**
   * Arrows move the cursor, space puts the brush down and lifts it, backspace takes the last stroke back.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const far = event.shiftKey ? LARGE_STEP : 1;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => this.walk(-far, 0),
      ArrowRight: () => this.walk(far, 0),
      ArrowUp: () => this.walk(0, far),
      ArrowDown: () => this.walk(0, -far),
      Backspace: () => this.undo(),
      Delete: () => this.undo(),
      " ": () => {
        if (this.open) this.end();
        else this.begin(this.here);
        this.say(t(this.open ? "draw.down" : "draw.up"));
        this.paint();
      },
    };
    if (!actions[event.key] || (event.key === " " && event.repeat)) return;
    event.preventDefault();
    actions[event.key]();
  }

  /** @returns {[number, number]} */
  get here() {
    return [this.cursor[0] / CELLS, this.cursor[1] / CELLS];
  }

  /** @param {number} right @param {number} up */
  walk(right, up) {
    const within = (/** @type {number} */ cell) => Math.min(CELLS, Math.max(0, cell));
    this.cursor = [within(this.cursor[0] + right), within(this.cursor[1] + up)];
    if (this.open && this.pointer < 0) this.to(this.here);
    this.say(t("draw.at", { x: Math.round(100 * this.here[0]), y: Math.round(100 * this.here[1]) }));
    this.paint();
  }

  paint() {
    const { canvas } = this;
    if (!canvas.isConnected) return;
    const size = (this.size = Math.max(180, Math.min(SIZE, canvas.parentElement.clientWidth)));
    canvas.style.width = canvas.style.height = `${size}px`;
    const pen = sharpened(canvas, size);
    pen.strokeStyle = colour("rule");
    pen.lineWidth = 1;
    pen.beginPath();
    for (let line = 1; line < 8; line++) {
      const at = Math.round((line * size) / 8) + 0.5;
      pen.moveTo(at, 0);
      pen.lineTo(at, size);
      pen.moveTo(0, at);
      pen.lineTo(size, at);
    }
    pen.stroke();
    pen.lineCap = pen.lineJoin = "round";
    for (const { points, width } of this.strokes) {
      pen.strokeStyle = colour("real");
      pen.globalAlpha = 0.55;
      pen.lineWidth = Math.max(2, width * size);
      pen.beginPath();
      points.forEach(([x, y], i) => {
        if (i) pen.lineTo(x * size, (1 - y) * size);
        else pen.moveTo(x * size, (1 - y) * size);
      });
      if (points.length === 1) pen.lineTo(points[0][0] * size, (1 - points[0][1]) * size + 0.01);
      pen.stroke();
    }
    pen.globalAlpha = 1;
    if (document.activeElement === canvas) this.paintCursor(pen);
  }

  /** @param {CanvasRenderingContext2D} pen */
  paintCursor(pen) {
    const [x, y] = [this.here[0] * this.size, (1 - this.here[1]) * this.size],
      radius = Math.max(4, (this.width * this.size) / 2);
    pen.strokeStyle = colour("ink");
    pen.lineWidth = this.open ? 2.5 : 1.2;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    for (const [a, b] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      pen.moveTo(x + a * radius, y + b * radius);
      pen.lineTo(x + a * (radius + 6), y + b * (radius + 6));
    }
    pen.stroke();
  }
}
