// All runs of the folder; ids, not places, say which are chosen.
import { badge, ruleName } from "./alarms.js";
import { fill, h, whole } from "./dom.js";
import { t } from "./i18n.js";
import { get } from "./server.js";

/** @type {Record<string, (a: any, b: any) => number>} */
const ORDERS = {
  name: (a, b) => nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }),
  newest: (a, b) => b.changed - a.changed,
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || b.changed - a.changed,
  alarms: (a, b) => (b.alarms?.length ?? 0) - (a.alarms?.length ?? 0) || b.changed - a.changed,
};
const STATES = ["running", "paused", "interrupted", "stopped", "finished", "empty", "damaged"];
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
    /** @type {any[]} */ this.compared = [];
    this.filter = h("input", {
      type: "search",
      id: "runs-filter",
      placeholder: t("page.filter"),
      "aria-label": t("page.filter"),
      oninput: () => this.draw(),
    });
    this.sort = h(
      "select",
      { id: "runs-sort", "aria-label": t("page.sort"), onchange: () => this.draw() },
      Object.keys(ORDERS).map((name) => h("option", { value: name }, t(`page.sort.${name}`))),
    );
    this.comparisons = h("div", { class: "comparisons" });
    this.list = h("ul", {});
    fill(
      place,
      h("h2", {}, t("page.runs")),
      h("p", { class: "note" }, t("page.choose")),
      this.comparisons,
      h("div", { class: "row finding" }, this.filter, this.sort),
      this.list,
    );
    place.setAttribute("aria-label", t("page.runs"));
    setInterval(() => {
      if (!document.hidden) this.refresh();
    }, EVERY_MILLISECONDS);
  }

  async refresh() {
    try {
      ({ runs: this.runs, read_only: this.readOnly, comparisons: this.compared } = await get("/api/runs"));
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
    const now = JSON.stringify([this.runs, this.ids, this.compared, this.filter.value, this.sort.value]);
    if (now === this.drawn) return;
    this.drawn = now;
    const focused = /** @type {HTMLElement} */ (document.activeElement)?.id;
    document.body.classList.toggle("lone", this.runs.length < 2);
    fill(
      this.comparisons,
      this.compared.map(({ id, name, runs }) =>
        h(
          "a",
          { href: `#comparison=${id}`, id: `comparison-${id}` },
          t("comparison.open", { name, count: runs.length }),
        ),
      ),
    );
    fill(
      this.list,
      this.found().map((run) => this.line(run)),
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  /** The runs with all words of the filter, in the order that was chosen. */
  found() {
    const words = this.filter.value.toLowerCase().split(/\s+/);
    return this.runs
      .filter((run) => words.every((/** @type {string} */ word) => textOf(run).includes(word)))
      .sort(ORDERS[this.sort.value]);
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
        "aria-label": t("page.compareWith", { name: nameOf(run) }),
        disabled: !on && (isDamaged || this.ids.length >= AT_MOST),
        onchange: (/** @type {any} */ event) =>
          this.chosen(event.target.checked ? [...this.ids, run.id] : this.ids.filter((id) => id !== run.id)),
      }),
      h(
        "a",
        { href: `#runs=${run.id}`, id: `run-${run.id}`, "aria-current": on ? "true" : null },
        h("span", { class: "name" }, nameOf(run)),
        run.title ? h("span", { class: "about" }, run.name) : null,
        run.description ? h("span", { class: "about" }, run.description) : null,
        h(
          "span",
          { class: "about" },
          h("span", { class: `state ${state}` }, t(`state.${state}`)),
          isDamaged ? "" : ` ${whole(run.step)}`,
        ),
        badge(run.alarms ?? []),
        isDamaged ? h("span", { class: "problem" }, run.problem) : "",
      ),
    );
  }
}

/** @param {any} run @returns {string} */
const nameOf = (run) => run.title || run.name;

/** What the filter searches. @param {any} run */
function textOf(run) {
  const alarms = (run.alarms ?? []).map((/** @type {any} */ alarm) => `${alarm.rule} ${ruleName(alarm.rule)}`);
  const words = [
    run.name,
    run.title,
    run.description,
    run.data,
    run.recipe,
    run.state,
    t(`state.${run.state}`),
    ...alarms,
  ];
  return words.join(" ").toLowerCase();
}
