// One step in slow motion: made by training itself, played here sub-step by sub-step.
import { eachFrame, fill, h, sign, table, wantsStillness, whole } from "../dom.js";
import { replyTo } from "../controls.js";
import { sharpened, viewOf } from "../plane.js";
import { command, framePacked } from "../server.js";
import { drawOutputs, drawSubstep, Recording, rowsOf, valuesOf } from "../substeps.js";
import { legendOf, partList } from "../slow_story.js";
import { SIGNS } from "../timeline.js";
import { sentence, t } from "../i18n.js";

const LARGEST = 560;
const MOTION_MILLISECONDS = 1100;
const STAY_MILLISECONDS = 3600;
const STRIP_HEIGHT = 84;

/** @type {import("../main.js").Panel} */
export default {
  title: "slow.title",
  order: 26,
  wide: true,
  suits: (run) => run.kind === "points" && run.players.length !== 1,
  mount(element, run) {
    const panel = new SlowPanel(element, run);
    return () => panel.close();
  },
};

class SlowPanel {
  /** @param {HTMLElement} element @param {import("../run.js").Run} run */
  constructor(element, run) {
    this.run = run;
    /** @type {Recording|null} */ this.recording = null;
    this.step = -1;
    this.at = 0;
    this.share = 1;
    this.playing = 0;
    this.began = 0;
    this.asking = false;
    this.awaited = false;
    this.explained = false;
    /** @type {any[]} */ this.marks = [];
    this.listed = "";
    this.draw = eachFrame(() => this.paint());
    this.build(element);
    this.changed = (/** @type {any} */ event) => {
      if (event.detail.has("events") || event.detail.has("state")) this.refresh();
    };
    run.addEventListener("change", this.changed);
    this.watchSize = new ResizeObserver(() => this.draw());
    this.watchSize.observe(element);
    addEventListener("resize", this.draw); // of its height, which the element does not follow
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.draw);
    this.refresh();
  }

  /** @param {HTMLElement} element */
  build(element) {
    this.askButton = h("button", { type: "button", class: "main", onclick: () => this.ask() }, t("slow.ask"));
    this.choice = h("select", { onchange: () => this.load(Number(this.choice.value), false) });
    this.choiceLabel = h("label", { class: "field" }, t("slow.recorded"), " ", this.choice);
    this.answer = h("p", { class: "note", role: "status" });
    this.parts = h("div", { class: "substeps" });
    this.canvas = h("canvas", { role: "img", class: "plane" });
    this.strip = h("canvas", { class: "strip", "aria-hidden": "true" });
    this.legend = h("p", { class: "legend" });
    this.words = h("p", { class: "summary", "aria-live": "polite" });
    this.values = h("dl", { class: "values" });
    this.rows = h("div", {});
    this.details = h("details", { ontoggle: () => this.tabulate() }, h("summary", {}, t("chart.table")), this.rows);
    const button = (/** @type {"back"|"play"|"forward"} */ name, /** @type {() => void} */ action) =>
      h(
        "button",
        { class: "round", type: "button", "aria-label": t(`slow.${name}`), title: t(`slow.${name}`), onclick: action },
        sign(SIGNS[name]),
      );
    this.playButton = button("play", () => this.toggle());
    this.story = h(
      "div",
      {
        class: "story",
        hidden: true,
        role: "group",
        tabindex: 0,
        "aria-label": t("slow.keys"),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      },
      this.parts,
      h(
        "div",
        { class: "row telling" },
        h(
          "div",
          { class: "buttons" },
          button("back", () => this.hand(this.at - 1)),
          this.playButton,
          button("forward", () => this.hand(this.at + 1)),
        ),
        this.words,
      ),
      h("div", { class: "planebox" }, this.canvas),
      this.strip,
      this.legend,
      this.values,
      this.details,
    );
    fill(
      element,
      h("p", { class: "note intro" }, t("slow.intro")),
      h("div", { class: "row" }, this.askButton, this.choiceLabel),
      this.answer,
      this.story,
    );
  }

  /** Steps that were recorded, oldest first. @returns {number[]} */
  get recorded() {
    return [...new Set(this.run.events.filter((event) => event.kind === "slow").map((event) => event.step))].sort(
      (a, b) => a - b,
    );
  }

  refresh() {
    const steps = this.recorded,
      alive = this.run.summary.state === "running" && this.run.connected && !this.run.readOnly;
    this.askButton.disabled = !alive || this.asking;
    this.askButton.hidden = !alive;
    this.choiceLabel.hidden = !steps.length;
    if (alive && this.explained) {
      this.explained = false;
      this.answer.textContent = "";
    }
    if (!alive && !steps.length) this.explained = true;
    if (this.explained) this.answer.textContent = t(this.run.readOnly ? "slow.readOnly" : "slow.over");
    if (steps.join() !== this.listed) {
      this.listed = steps.join();
      fill(
        this.choice,
        steps.map((step) => h("option", { value: step }, t("timeline.step", { step: whole(step) }))),
      );
      this.choice.value = String(this.step);
    }
    const newest = steps.at(-1);
    if (newest === undefined || (this.step >= 0 && !(this.awaited && newest > this.step))) return;
    const start = this.awaited;
    this.awaited = false;
    this.load(newest, start);
  }

  async ask() {
    this.asking = true;
    this.awaited = true; // before the request: the recorded step may arrive sooner than its answer
    this.askButton.disabled = true;
    this.answer.textContent = t("slow.asked");
    try {
      const { number } = await command(this.run.id, "slow", {});
      const reply = await replyTo(this.run, number);
      if (!reply || reply.outcome === "refused") {
        this.awaited = false;
        this.answer.textContent = reply ? sentence(reply.text) : t("control.silent");
      } else this.answer.textContent = this.run.paused ? "" : t("slow.running");
    } catch (error) {
      this.awaited = false;
      this.answer.textContent = /** @type {any} */ (error).message;
    }
    this.asking = false;
    this.refresh();
  }

  /** @param {number} step @param {boolean} start whether to play at once */
  async load(step, start) {
    this.step = step;
    this.choice.value = String(step);
    try {
      const arrays = await framePacked(`/api/runs/${this.run.id}/slow/${step}`);
      if (this.step !== step) return;
      this.recording = new Recording(arrays);
    } catch (error) {
      this.answer.textContent = String(/** @type {any} */ (error).message);
      return;
    }
    this.story.hidden = false;
    const parts = partList(this.recording, (number) => this.hand(number));
    this.marks = parts.marks;
    fill(this.parts, parts.players);
    this.pause();
    this.turnTo(0);
    if (start && !wantsStillness()) this.toggle();
  }

  /** By hand: automatic play ends. @param {number} number */
  hand(number) {
    this.pause();
    this.turnTo(number);
  }

  /** @param {number} number */
  turnTo(number) {
    const { recording } = this;
    if (!recording) return;
    this.at = Math.min(Math.max(number, 0), recording.substeps.length - 1);
    const { player, part } = recording.substeps[this.at];
    this.marks.forEach((mark, n) => {
      if (n === this.at) mark.setAttribute("aria-current", "step");
      else mark.removeAttribute("aria-current");
    });
    const key = `slow.${player}.${part}`;
    this.words.textContent = part === "output" && recording.outputs !== "logit" ? t(`${key}.relative`) : t(key);
    this.canvas.setAttribute(
      "aria-label",
      `${this.at + 1}. ${t(`slow.${player}`)}, ${t(`slow.${part}`)}. ${this.words.textContent}`,
    );
    fill(
      this.values,
      valuesOf(recording, { player, part }).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
    const judged = part === "output" || part === "loss";
    this.strip.hidden = !judged;
    fill(this.legend, legendOf(recording, { player, part }));
    this.tabulate();
    this.animate();
  }

  animate() {
    this.share = wantsStillness() ? 1 : 0;
    const began = (this.began = performance.now());
    const tick = (/** @type {number} */ now) => {
      if (began !== this.began || !this.canvas.isConnected) return;
      const time = Math.min(1, Math.max(0, now - began) / MOTION_MILLISECONDS);
      this.share = Math.max(this.share, time * time * (3 - 2 * time));
      this.paint();
      if (this.share < 1) requestAnimationFrame(tick);
      else this.canvas.dataset.shown = `${this.step}/${this.at + 1}`;
    };
    requestAnimationFrame(tick);
  }

  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    if (!this.recording) return;
    if (this.at >= this.recording.substeps.length - 1) this.turnTo(0);
    this.playing = window.setInterval(() => {
      if (!this.recording || this.at >= this.recording.substeps.length - 1) this.pause();
      else this.turnTo(this.at + 1);
    }, STAY_MILLISECONDS);
    this.showPlaying();
  }

  pause() {
    clearInterval(this.playing);
    this.playing = 0;
    this.showPlaying();
  }

  showPlaying() {
    const name = this.playing ? "pause" : "play";
    this.playButton.querySelector("path").setAttribute("d", SIGNS[name]);
    this.playButton.setAttribute("aria-label", t(`slow.${name}`));
    this.playButton.title = t(`slow.${name}`);
  }

  /**
   * Arrows turn the sub-steps while the focus is in here; elsewhere they turn the recording.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.altKey || event.ctrlKey || event.metaKey || target.closest("summary, .scroll")) return;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => this.hand(this.at - 1),
      ArrowRight: () => this.hand(this.at + 1),
      Home: () => this.hand(0),
      End: () => this.hand(Infinity),
    };
    if (!target.closest("button")) actions[" "] = () => this.toggle();
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  paint() {
    const { recording, canvas, strip } = this;
    if (!recording || this.story.hidden) return;
    const size = Math.max(200, Math.min(LARGEST, canvas.parentElement.clientWidth, Math.max(300, innerHeight - 470)));
    canvas.style.width = canvas.style.height = `${size}px`;
    const substep = recording.substeps[this.at];
    drawSubstep(sharpened(canvas, size), viewOf(recording.extent, size), recording, substep, this.share);
    if (strip.hidden) return;
    strip.style.width = `${size}px`;
    drawOutputs(sharpened(strip, size, STRIP_HEIGHT), size, STRIP_HEIGHT, recording, substep.player);
  }

  tabulate() {
    if (!this.details.open || !this.recording) return;
    const { head, rows } = rowsOf(this.recording, this.recording.substeps[this.at]);
    fill(this.rows, table(t("slow.title"), head, rows));
  }

  close() {
    this.pause();
    this.began = 0;
    this.run.removeEventListener("change", this.changed);
    this.dark.removeEventListener("change", this.draw);
    this.watchSize.disconnect();
    removeEventListener("resize", this.draw);
  }
}
