// Where in the recording the page is. Several runs move in lockstep, by step.
import { sentenceOf } from "./alarms.js";
import { fill, h, sign, whole } from "./dom.js";
import { sentence, t } from "./i18n.js";

const FRAMES_PER_SECOND = 6;
export const SIGNS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z",
  first: "M3 2.5h2.2v11H3zM13.5 2.5v11L6 8z",
  back: "M11.5 2.5v11L4 8z",
  forward: "M3 2.5v11L9 8zM10.8 2.5H13v11h-2.2z",
};
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

/** Tells of "move" (another step is shown) and "status". */
export class Timeline extends EventTarget {
  /** @param {HTMLElement} place */
  constructor(place) {
    super();
    this.place = place;
    /** @type {import("./run.js").Run[]} */ this.runs = [];
    /** @type {number[]} */ this.steps = [];
    this.step = 0;
    this.follow = true;
    this.playing = false;
    this.speed = 1;
    this.last = 0;
    this.heard = (/** @type {any} */ event) => this.refresh(event.detail);
    this.build();
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {import("./run.js").Run[]} runs */
  show(runs) {
    this.runs.forEach((run) => run.removeEventListener("change", this.heard));
    this.runs = runs;
    this.runs.forEach((run) => run.addEventListener("change", this.heard));
    this.follow = true;
    this.playing = false;
    this.steps = [];
    this.refresh(new Set(["frames", "events"]));
  }

  get index() {
    let low = 0,
      high = this.steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= this.step) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** @param {Set<string>} changes */
  refresh(changes) {
    if (changes.has("frames")) {
      const steps = new Set(this.runs.flatMap((run) => run.frames.map((frame) => frame.step)));
      this.steps = [...steps].sort((a, b) => a - b);
      const end = this.steps.at(-1) ?? 0;
      if (this.follow || this.step > end) this.go(end);
    }
    this.draw(changes.has("frames") || changes.has("events"));
  }

  /** @param {number} step */
  go(step) {
    const moved = this.step !== step;
    this.step = step;
    this.draw(false);
    if (moved) this.dispatchEvent(new Event("move"));
  }

  /** By hand: following stops, unless it was to the very end. @param {number} index */
  turnTo(index) {
    const end = this.steps.length - 1;
    const at = Math.min(Math.max(index, 0), end);
    this.follow = at === end && !this.playing;
    if (end >= 0) this.go(this.steps[at]);
  }

  toggle() {
    this.playing = !this.playing;
    if (this.playing) {
      this.follow = false;
      if (this.index >= this.steps.length - 1) this.go(this.steps[0] ?? 0);
      this.last = performance.now();
      requestAnimationFrame((now) => this.tick(now));
    }
    this.draw(false);
  }

  /** @param {number} now */
  tick(now) {
    if (!this.playing) return;
    const rate = FRAMES_PER_SECOND * this.speed,
      passed = Math.floor(((now - this.last) / 1000) * rate);
    // A page that slept continues where it was.
    const frames = Math.min(passed, Math.max(1, Math.ceil(rate)));
    if (frames > 0) {
      this.last = now;
      const next = this.index + frames;
      if (next >= this.steps.length - 1) {
        this.playing = false;
        this.follow = true;
        this.go(this.steps.at(-1) ?? 0);
        return;
      }
      this.go(this.steps[next]);
    }
    requestAnimationFrame((later) => this.tick(later));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (
      event.altKey ||
      event.ctrlKey ||
      event.metaKey ||
      target.closest("input, select, textarea, summary, dialog, .scroll")
    )
      return;
    const onButton = target.closest("button, a");
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => this.hand(this.index - (event.shiftKey ? 10 : 1)),
      ArrowRight: () => this.hand(this.index + (event.shiftKey ? 10 : 1)),
      Home: () => this.hand(0),
      End: () => this.hand(this.steps.length - 1),
    };
    if (!onButton) actions[" "] = () => this.toggle();
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** @param {number} index */
  hand(index) {
    this.playing = false;
    this.turnTo(index);
  }

  build() {
    const button = (/** @type {keyof typeof SIGNS} */ name, /** @type {() => void} */ action) =>
      h(
        "button",
        {
          class: "round",
          type: "button",
          "aria-label": t(`timeline.${name}`),
          title: t(`timeline.${name}`),
          onclick: action,
        },
        sign(SIGNS[name]),
      );
    this.playButton = button("play", () => this.toggle());
    this.slider = h("input", {
      type: "range",
      min: 0,
      value: 0,
      step: 1,
      "aria-label": t("timeline.frame"),
      id: "scrubber",
      oninput: () => this.hand(Number(this.slider.value)),
    });
    this.marks = h("div", { class: "marks", "aria-hidden": "true" });
    this.label = h("output", { class: "step", for: "scrubber" });
    this.followBox = h("input", {
      type: "checkbox",
      checked: true,
      onchange: () => {
        this.follow = this.followBox.checked;
        this.playing = false;
        if (this.follow) this.go(this.steps.at(-1) ?? 0);
        this.draw(false);
      },
    });
    this.speedChoice = h(
      "select",
      {
        "aria-label": t("timeline.speed"),
        onchange: () => {
          this.speed = Number(this.speedChoice.value);
        },
      },
      SPEEDS.map((speed) => h("option", { value: speed, selected: speed === 1 }, `${speed}×`)),
    );
    fill(
      this.place,
      h(
        "div",
        { class: "buttons", role: "group", "aria-label": t("timeline.playback") },
        button("first", () => this.hand(0)),
        button("back", () => this.hand(this.index - 1)),
        this.playButton,
        button("forward", () => this.hand(this.index + 1)),
        this.speedChoice,
      ),
      h("div", { class: "track" }, this.marks, this.slider),
      this.label,
      h("label", { class: "chip" }, this.followBox, t("timeline.follow")),
    );
    this.place.setAttribute("aria-label", t("timeline.title"));
  }

  /** @param {boolean} withMarks */
  draw(withMarks) {
    const end = this.steps.length - 1;
    this.place.hidden = end < 0;
    this.slider.max = String(Math.max(end, 0));
    this.slider.value = String(this.index);
    const words = t("timeline.step", { step: whole(this.step) });
    this.slider.setAttribute("aria-valuetext", words);
    this.label.textContent = words;
    this.followBox.checked = this.follow;
    const name = this.playing ? "pause" : "play";
    this.playButton.querySelector("path").setAttribute("d", SIGNS[name]);
    this.playButton.setAttribute("aria-label", t(`timeline.${name}`));
    this.playButton.title = t(`timeline.${name}`);
    if (withMarks) this.drawMarks();
  }

  drawMarks() {
    const end = this.steps.length - 1;
    const events = this.runs
      .flatMap((run) => run.events.filter((event) => ["health", "warning", "resume", "command"].includes(event.kind)))
      .slice(-300);
    fill(
      this.marks,
      end < 1
        ? []
        : events.map((event) => {
            const words =
              event.kind === "health" ? sentenceOf(event) : sentence(event.text ?? event.name ?? event.kind);
            const mark = h("i", {
              class: `mark ${event.kind} ${event.severity ?? ""}`,
              title: `${whole(event.step)}: ${words}`,
            });
            mark.style.left = `${100 * Math.min(1, this.placeOf(event.step) / end)}%`;
            return mark;
          }),
    );
  }

  /** A step by hand, such as that of an alarm. @param {number} step */
  turnToStep(step) {
    this.follow = false;
    this.hand(Math.round(this.placeOf(step)));
  }

  /** Where a step lies among the frames, fractional. @param {number} step */
  placeOf(step) {
    const after = this.steps.findIndex((other) => other >= step);
    if (after <= 0) return after < 0 ? this.steps.length - 1 : 0;
    const [a, b] = [this.steps[after - 1], this.steps[after]];
    return after - 1 + (step - a) / (b - a);
  }
}
