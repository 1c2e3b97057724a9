// All runs of the folder; ids, not places, say which are chosen.
import { fill, h, whole } from "./dom.js";
import { t } from "./i18n.js";
import { get } from "./server.js";

const EVERY_MILLISECONDS = 3000;
const AT_MOST = 8;

/** Tells of "listed" whenever the list was read. */
export class RunList extends EventTarget {
  /** @param {HTMLElement} place @param {(ids: string[]) => void} chosen */
  constructor(place, chosen) {
    super();
    this.place = place;
    this.chosen = chosen;
    /** @type {any[]} */ this.runs = [];
    /** @type {string[]} */ this.ids = [];
    this.drawn = "";
    this.readOnly = false;
    place.setAttribute("aria-label", t("page.runs"));
    setInterval(() => {
      if (!document.hidden) this.refresh();
    }, EVERY_MILLISECONDS);
  }

  async refresh() {
    try {
      ({ runs: this.runs, read_only: this.readOnly } = await get("/api/runs"));
    } catch {
      return;
    }
    this.draw();
    this.dispatchEvent(new Event("listed"));
  }

  /** @param {string[]} ids */
  choose(ids) {
    this.ids = ids;
    this.draw();
  }

  draw() {
    const now = JSON.stringify([this.runs, this.ids]);
    if (now === this.drawn) return;
    this.drawn = now;
    const focused = /** @type {HTMLElement} */ (document.activeElement)?.id;
    document.body.classList.toggle("lone", this.runs.length < 2);
    fill(
      this.place,
      h("h2", {}, t("page.runs")),
      h("p", { class: "note" }, t("page.choose")),
      h(
        "ul",
        {},
        this.runs.map((run) => this.line(run)),
      ),
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {any} run */
  line(run) {
    const on = this.ids.includes(run.id);
    const isDamaged = run.state === "damaged";
    const state = run.paused ? "paused" : run.state;
    return h(
      "li",
      { class: on ? "on" : "" },
      h("input", {
        type: "checkbox",
        id: `with-${run.id}`,
        checked: on,
        "aria-label": t("page.compareWith", { name: run.name }),
        disabled: !on && (isDamaged || this.ids.length >= AT_MOST),
        onchange: (/** @type {any} */ event) =>
          this.chosen(event.target.checked ? [...this.ids, run.id] : this.ids.filter((id) => id !== run.id)),
      }),
      h(
        "a",
        { href: `#runs=${run.id}`, id: `run-${run.id}`, "aria-current": on ? "true" : null },
        h("span", { class: "name" }, run.name),
        h(
          "span",
          { class: "about" },
          h("span", { class: `state ${state}` }, t(`state.${state}`)),
          isDamaged ? "" : ` ${whole(run.step)}`,
        ),
        isDamaged ? h("span", { class: "problem" }, run.problem) : "",
      ),
    );
  }
}
