// Real and generated points over what the discriminator thinks of the plane.
import { digits, eachFrame, fill, h, table, wantsStillness, whole } from "../dom.js";
import { bandwidth, modeCounts } from "../density.js";
import { diverging, drawField, rising, sharpened, viewOf } from "../plane.js";
import { named, outputKind } from "../outputs.js";
import { fieldOf, fieldsOf } from "../points_field.js";
import { LAYERS, MORE, drawLayers } from "../points_layers.js";
import { t } from "../i18n.js";

const LARGEST = 720;
const SMALLEST = 260;
const MORPH_MILLISECONDS = 1800;
/** Modes with a bar each, and missing modes that are named. */
const BARS_AT_MOST = 36,
  NAMED_AT_MOST = 24;

/** @type {import("../main.js").Panel} */
export default {
  title: "points.title",
  order: 10,
  wide: true,
  picture: true,
  suits: (run) => run.kind === "points",
  mount(element, run, store) {
    store.shared.points ??= {
      field: "d",
      layers: new Set(["real", "fake", "modes", "contour"]),
      morph: 1,
      listeners: new Set(),
    };
    const panel = new PointsPanel(element, run, store);
    return () => panel.close();
  },
};

class PointsPanel {
  /** @param {HTMLElement} element @param {import("../run.js").Run} run @param {import("../main.js").Store} store */
  constructor(element, run, store) {
    this.run = run;
    this.store = store;
    this.choice = store.shared.points;
    this.modes = run.record.data?.modes;
    /** @type {any} */ this.frame = null;
    /** @type {any} */ this.before = null;
    /** @type {any} */ this.plan = null;
    this.shownStep = -1;
    /** @type {string} */ this.kind = "";
    /** @type {Record<string, any>} */ this.fields = {};
    /** @type {{name: string, box: any, label: any}[]} */ this.boxes = [];
    this.build(element);
    this.draw = eachFrame(() => this.paint());
    this.look = () => this.fetch();
    this.changed = (/** @type {any} */ event) => {
      if (event.detail.has("frames")) this.fetch();
    };
    this.rechosen = () => {
      this.syncChoices();
      this.draw();
      if (MORE.some((layer) => this.choice.layers.has(layer))) this.fetch();
    };
    store.timeline.addEventListener("move", this.look);
    run.addEventListener("change", this.changed);
    this.choice.listeners.add(this.rechosen);
    this.watchSize = new ResizeObserver(() => this.draw());
    this.watchSize.observe(element);
    addEventListener("resize", this.draw); // of its height, which the element does not follow
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.draw);
    this.fetch();
  }

  /** @param {HTMLElement} element */
  build(element) {
    this.canvas = h("canvas", { role: "img", class: "plane", "aria-label": t("points.title") });
    this.tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    this.fieldChoice = h("select", {
      "aria-label": t("points.field"),
      title: t("points.field"),
      onchange: () => {
        this.choice.field = this.fieldChoice.value;
        this.tell();
      },
    });
    this.boxes = LAYERS.filter((name) => name !== "modes" || this.modes).map((name) => {
      const box = h("input", {
        type: "checkbox",
        onchange: () => {
          box.checked ? this.choice.layers.add(name) : this.choice.layers.delete(name);
          this.tell();
        },
      });
      return {
        name,
        box,
        label: h(
          "label",
          { class: "chip" },
          box,
          // Two rings: around a mode that is found, and around one that is missing.
          (name === "modes" ? ["modes found", "modes"] : [name]).map((key) =>
            h("i", { class: `key ${key}`, "aria-hidden": "true" }),
          ),
          h("span", {}, t(`points.layer.${name}`)),
        ),
      };
    });
    this.morph = h("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      value: 1,
      class: "morph",
      oninput: () => {
        this.choice.morph = Number(this.morph.value);
        this.tell();
      },
    });
    this.morphButton = h("button", { type: "button", onclick: () => this.play() }, t("points.morphPlay"));
    this.morphRow = h(
      "div",
      { class: "row" },
      this.morphButton,
      h("label", { class: "grow" }, h("span", { class: "visually-hidden" }, t("points.morph")), this.morph),
    );
    this.bar = h("div", { class: "colourbar" });
    this.note = h("p", { class: "note" });
    this.words = h("p", { class: "summary" });
    this.counts = h("ul", { class: "counts", "aria-label": t("points.modes") });
    this.missing = h("p", { class: "missing", hidden: true });
    this.rule = h("p", { class: "note rule", hidden: !this.modes });
    this.rows = h("div", {});
    this.details = h("details", { ontoggle: () => this.tabulate() }, h("summary", {}, t("chart.table")), this.rows);
    this.legend = h(
      "div",
      { class: "tools" },
      h("div", { class: "fieldrow" }, this.fieldChoice, this.bar),
      h(
        "div",
        { class: "chips", role: "group", "aria-label": t("points.layers") },
        this.boxes.map((each) => each.label),
      ),
    );
    fill(
      element,
      h("div", { class: "planebox" }, this.canvas, this.tip),
      this.legend,
      this.note,
      this.words,
      this.missing,
      this.counts,
      this.rule,
      this.morphRow,
      this.details,
    );
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => {
      this.tip.hidden = true;
    });
    this.syncChoices();
  }

  /** The chosen field, or D where another run's choice does not exist. */
  get field() {
    return fieldsOf(this.kind).includes(this.choice.field) ? this.choice.field : "d";
  }

  /** Name everything by what the outputs of this run's discriminator mean. */
  name() {
    const kind = outputKind(this.frame);
    if (kind === this.kind) return;
    this.kind = kind;
    // Where one legend serves several runs, it says nothing that may be false for some of them.
    const isShared = Boolean(this.legend.closest(".common"));
    const words = (/** @type {string} */ key) => (isShared ? t(key) : named(key, kind));
    fill(
      this.fieldChoice,
      fieldsOf(kind).map((name) =>
        h("option", { value: name }, name === "d" ? words("points.field.d") : t(`points.field.${name}`)),
      ),
    );
    const contour = this.boxes.find((each) => each.name === "contour");
    if (contour)
      contour.label.lastChild.textContent = isShared ? t("points.layer.contour.any") : words("points.layer.contour");
    this.syncChoices();
  }

  syncChoices() {
    this.fieldChoice.value = this.field;
    this.boxes.forEach(({ name, box }) => {
      box.checked = this.choice.layers.has(name);
    });
    this.morph.value = String(this.choice.morph);
  }

  tell() {
    this.choice.listeners.forEach((/** @type {() => void} */ listener) => listener());
  }

  async fetch() {
    const wanted = this.run.frameAt(this.store.timeline.step);
    if (!wanted) return;
    this.wanted = wanted;
    const at = this.run.frames.indexOf(wanted),
      { layers } = this.choice;
    try {
      const [frame, before, plan] = await Promise.all([
        this.run.frameContent(wanted),
        at > 0 && layers.has("movement") ? this.run.frameContent(this.run.frames[at - 1]) : null,
        layers.has("plan") ? this.run.plan(wanted).catch(() => null) : null,
      ]);
      if (this.wanted !== wanted) return;
      this.frame = frame;
      this.before = before;
      this.plan = plan;
      this.shownStep = wanted.step;
      this.fields = {};
      this.draw();
      const next = this.run.frames[at + 1];
      if (next) this.run.frameContent(next).catch(() => {});
    } catch {
      this.note.textContent = t("points.unreadable", { step: wanted.step });
    }
  }

  paint() {
    const { frame, canvas } = this;
    if (!frame || !canvas.isConnected) return;
    this.name();
    const size = this.room();
    canvas.style.width = canvas.style.height = `${size}px`;
    const pen = sharpened(canvas, size),
      extent = frame.extent.data,
      view = viewOf(extent, size);
    this.view = view;
    const key = `${this.shownStep} ${this.field}`;
    const field = (this.fields[key] ??= fieldOf(this.field, frame, this.modes));
    if (field) drawField(pen, view, field.values, field.side, field.rising ? rising() : diverging());
    const counted = this.modes ? modeCounts(frame.fake.data, this.modes) : null;
    const { modes, before, plan } = this,
      { layers, morph: share } = this.choice;
    drawLayers(pen, view, frame, { layers, share, modes, counted, before, plan });
    this.describe(field, counted);
    canvas.dataset.step = String(this.shownStep);
  }

  /** The side of the plane, so that it and its legend are between the header and the recording bar. */
  room() {
    const [main, bar] = ["main", "timeline"].map((id) => /** @type {HTMLElement} */ (document.getElementById(id))),
      box = this.canvas.parentElement,
      card = box.closest(".card"),
      [top, side] = [box, card].map((each) => each.getBoundingClientRect().top);
    const above = main.offsetTop + parseFloat(getComputedStyle(main).paddingTop) + top - side;
    const high = innerHeight - bar.offsetHeight - above - this.legend.offsetHeight - 16;
    return Math.floor(Math.min(LARGEST, box.clientWidth, Math.max(SMALLEST, high)));
  }

  /** @param {any} field @param {any} counted */
  describe(field, counted) {
    const { frame } = this,
      total = frame.fake.shape[0];
    this.morphRow.hidden = !frame.latents;
    for (const { name, label } of this.boxes)
      label.hidden =
        (name === "push" && !frame.pull) ||
        (name === "manifold" && !frame.manifold) ||
        (name === "contour" && !(frame.logits || frame.field));
    fill(
      this.bar,
      ...(field
        ? [
            h("span", { class: "ends" }, `${this.end("low")} ${field.low}`),
            h("i", { class: field.rising ? "rising" : "diverging", "aria-hidden": "true" }),
            h("span", { class: "ends" }, `${field.high} ${this.end("high")}`),
          ]
        : []),
    );
    const width = digits(bandwidth(frame.extent.data), 2);
    const about = field?.smoothed
      ? t(this.modes ? "points.smoothedTruth" : "points.smoothed", { width, total })
      : this.field === "gradient"
        ? t("points.differences")
        : this.field === "d" && this.kind !== "logit"
          ? t(`points.about.${this.kind}`)
          : "";
    const planned =
      this.plan && this.choice.layers.has("plan")
        ? t("points.plan", { count: this.plan.count.data[0], w1: digits(this.plan.w1.data[0], 3) })
        : "";
    this.note.textContent = [about, planned].filter(Boolean).join(" ");
    const found = counted?.counts.filter((/** @type {number} */ n) => n > 0).length;
    this.words.textContent = counted
      ? t("points.summary", {
          step: whole(this.shownStep),
          found,
          modes: counted.counts.length,
          share: Math.round((100 * counted.good) / total),
        })
      : t("points.summaryPlain", { step: whole(this.shownStep), total });
    this.canvas.setAttribute("aria-label", this.words.textContent);
    this.rule.textContent = t("points.rule", { total });
    this.showCounts(counted?.counts ?? [], total);
    this.tabulate();
  }

  /** @param {"low"|"high"} end of the colours */
  end(end) {
    const key = `points.${end}.${this.field}`;
    return this.field === "d" ? named(key, this.kind) : t(key);
  }

  /** Those that are missing in one line, and a bar for each of the others, if they are few. @param {number[]} counts
   * @param {number} total */
  showCounts(counts, total) {
    const numbers = counts.map((_, m) => m),
      missing = numbers.filter((m) => !counts[m]),
      shown = counts.length > BARS_AT_MOST ? [] : numbers.filter((m) => counts[m]);
    this.missing.hidden = !missing.length;
    const more = missing.length > NAMED_AT_MOST ? " …" : "";
    this.missing.textContent = t("points.missing", {
      count: missing.length,
      numbers:
        missing
          .slice(0, NAMED_AT_MOST)
          .map((m) => m + 1)
          .join(", ") + more,
    });
    while (this.counts.children.length > shown.length) this.counts.lastChild.remove();
    while (this.counts.children.length < shown.length)
      this.counts.append(h("li", {}, h("span", { class: "name" }), h("i", { "aria-hidden": "true" }), h("b", {})));
    const fair = total / counts.length;
    shown.forEach((m, place) => {
      const [name, bar, number] = this.counts.children[place].children;
      name.textContent = t("points.mode", { number: m + 1 });
      bar.style.setProperty("--share", String(Math.min(1, counts[m] / (2 * fair))));
      number.textContent = String(counts[m]);
    });
  }

  tabulate() {
    if (!this.details.open || !this.frame) return;
    const { fake } = this.frame,
      rows = Array.from({ length: Math.min(100, fake.shape[0]) }, (_, i) => [
        i,
        digits(fake.data[2 * i]),
        digits(fake.data[2 * i + 1]),
      ]);
    fill(this.rows, table(t("points.tableTitle", { step: this.shownStep }), ["#", "x", "y"], rows));
  }

  /** @param {PointerEvent} event */
  hover(event) {
    if (!this.frame || !this.view) return;
    const box = this.canvas.getBoundingClientRect(),
      u = (event.clientX - box.left) / box.width,
      v = (event.clientY - box.top) / box.height;
    const [x0, x1, y0, y1] = this.frame.extent.data,
      field = this.frame.field;
    let words = `x ${digits(x0 + u * (x1 - x0), 3)}  y ${digits(y1 - v * (y1 - y0), 3)}`;
    if (field) {
      const side = field.shape[0],
        at = Math.round((1 - v) * (side - 1)) * side + Math.round(u * (side - 1));
      const values = this.kind === "logit" ? field : this.frame.logits;
      words += `  ${named("points.value", this.kind, { value: digits(values.data[at], 3) })}`;
    }
    this.tip.hidden = false;
    this.tip.textContent = words;
    this.tip.style.left = `${Math.min(event.clientX - box.left + 12, box.width - 150)}px`;
    this.tip.style.top = `${event.clientY - box.top + 14}px`;
  }

  play() {
    if (wantsStillness()) {
      this.choice.morph = this.choice.morph < 1 ? 1 : 0;
      this.tell();
      return;
    }
    const began = performance.now();
    const tick = (/** @type {number} */ now) => {
      const share = Math.min(1, (now - began) / MORPH_MILLISECONDS);
      this.choice.morph = share * share * (3 - 2 * share);
      this.tell();
      if (share < 1 && this.canvas.isConnected) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  close() {
    this.store.timeline.removeEventListener("move", this.look);
    this.run.removeEventListener("change", this.changed);
    this.choice.listeners.delete(this.rechosen);
    this.dark.removeEventListener("change", this.draw);
    this.watchSize.disconnect();
    removeEventListener("resize", this.draw);
  }
}
