// The page: which runs are shown, and where each panel is placed.
import { alarmMenu } from "./alarms.js";
import { controls } from "./controls.js";
import { chartControls } from "./chart_settings.js";
import { compareTable } from "./compare.js";
import { comparisonCard } from "./comparison.js";
import { drawingDialog } from "./drawing.js";
import { fill, h, whole } from "./dom.js";
import { labelButton } from "./label.js";
import { language, otherLanguage, switchLanguage, t } from "./i18n.js";
import { Run } from "./run.js";
import { RunList } from "./runlist.js";
import { get } from "./server.js";
import { together } from "./together.js";
import { Timeline } from "./timeline.js";
import { modeCounts } from "./density.js";

const RUNS_AT_ONCE = 8;
const STATUS_MILLISECONDS = 4000;
const CONTROL_ORDER = 11;

/**
 * A file in panels/ has one of these, or a list of them, as its default export.
 * @typedef {object} Panel
 * @property {string} title key of i18n, or words
 * @property {number} order smaller comes first
 * @property {boolean} [wide] takes the left, larger column
 * @property {boolean} [picture] shown for every run when several are side by side
 * @property {(run: Run) => boolean} suits
 * @property {(element: HTMLElement, run: Run, store: Store) => (() => void)} mount fills the element; what it returns
 *   takes everything back
 */
/**
 * @typedef {{timeline: Timeline, t: typeof t, shared: Record<string, any>}} Store shared: choices that panels of
 *   several runs have in common
 */

const place = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = place("main");
const timeline = new Timeline(place("timeline"));
/** @type {Store} */
const store = { timeline, t, shared: {} };
/** @type {Run[]} */
let shown = [];
/** @type {Panel[]} */
let panels = [];
/** @type {(() => void)[]} */
let undo = [];

async function begin() {
  place("skip").textContent = t("page.skip");
  const { panels: files } = await get("/api/panels");
  panels = (await Promise.all(files.map((/** @type {string} */ file) => import(`./panels/${file}`)))).flatMap(
    (module) => module.default,
  );
  panels.sort((a, b) => a.order - b.order);
  const list = new RunList(place("runs"), (ids) => {
    location.hash = ids.length ? `runs=${ids.join(",")}` : "";
  });
  const menu = h(
    "button",
    {
      type: "button",
      class: "menu",
      "aria-expanded": false,
      "aria-controls": "runs",
      onclick: () => {
        const open = document.body.classList.toggle("with-runs");
        menu.setAttribute("aria-expanded", String(open));
      },
    },
    t("page.runs"),
  );
  const draw = h("button", { type: "button", hidden: true, onclick: () => drawingDialog(show) }, t("draw.open"));
  fill(
    place("top"),
    h(
      "span",
      { class: "brand" },
      h("img", { src: "/static/icon.svg", alt: "Gannet", width: 28, height: 28 }),
      h("b", {}, "Gannet"),
    ),
    menu,
    h("div", { id: "heading" }),
    h("div", { id: "pace" }),
    draw,
    h(
      "button",
      { type: "button", class: "quiet", lang: otherLanguage().code, onclick: switchLanguage },
      otherLanguage().name,
    ),
  );
  list.addEventListener("listed", () => {
    const listed = new Map(list.runs.map((run) => [run.id, run]));
    if (shown.some((run) => run.gone && listed.has(run.id))) {
      open(true);
      return;
    }
    // A run that the address names may have been listed only now, while another one was shown.
    const isNew = named().some((id) => listed.has(id) && !shown.some((run) => run.id === id));
    if (!shown.length || wanted().length > shown.length || isNew) open();
    shown.forEach((run) => {
      if (listed.has(run.id)) run.heed(listed.get(run.id));
    });
  });
  addEventListener("hashchange", () => open());
  setInterval(speak, STATUS_MILLISECONDS);
  await list.refresh();
  draw.hidden = list.readOnly;
  place("top").dataset.ready = "1";

  /** A run that was just started. @param {string} id */
  async function show(id) {
    await list.refresh();
    location.hash = `runs=${id}`;
  }

  /** The comparison that the address names, or that the watched folder is. @returns {any} */
  function comparison() {
    const address = new URLSearchParams(location.hash.slice(1)),
      named = address.get("comparison");
    if (address.has("runs")) return undefined;
    return list.compared.find(({ id, is_root: isRoot }) => (named ? id === named : isRoot));
  }

  /** The runs that the address names. @returns {string[]} */
  function named() {
    return (new URLSearchParams(location.hash.slice(1)).get("runs") ?? "").split(",").filter(Boolean);
  }

  /** @returns {string[]} */
  function wanted() {
    const compared = comparison();
    if (compared?.runs.length) return compared.runs.slice(0, RUNS_AT_ONCE);
    const known = new Set(list.runs.map((run) => run.id));
    const ids = named()
      .filter((id) => known.has(id))
      .slice(0, RUNS_AT_ONCE);
    if (ids.length || !list.runs.length) return ids;
    const newest = [...list.runs].sort(
      (a, b) => Number(b.state === "running") - Number(a.state === "running") || b.changed - a.changed,
    )[0];
    return [newest.id];
  }

  /** @param {boolean} reload even if the same runs are shown already */
  async function open(reload = false) {
    const ids = reload ? shown.map((run) => run.id) : wanted();
    if (!reload && ids.join() === shown.map((run) => run.id).join() && (ids.length || main.hasChildNodes())) return;
    document.body.classList.remove("with-runs");
    menu.setAttribute("aria-expanded", "false");
    undo.forEach((back) => back());
    undo = [];
    shown.forEach((run) => run.close());
    shown = ids.map((id) => new Run(id));
    list.choose(ids);
    if (!ids.length) {
      fill(main, h("section", { class: "card" }, h("h1", {}, t("page.empty")), h("p", {}, t("page.emptyHelp"))));
      return;
    }
    const opened = shown;
    try {
      await Promise.all(shown.map((run) => run.load()));
    } catch (error) {
      fill(
        main,
        h(
          "section",
          { class: "card" },
          h("h1", {}, t("page.failed")),
          h("p", {}, String(/** @type {any} */ (error).message)),
        ),
      );
      shown = [];
      return;
    }
    if (opened !== shown) return;
    timeline.show(shown);
    if (shown.length === 1) one(shown[0], show);
    else several(shown, comparison());
    shown.forEach((run, number) => run.follow(number === 0));
    heading();
    shown.forEach((run) => run.addEventListener("change", heading));
    shown.forEach((run) =>
      run.addEventListener("replaced", () => {
        if (opened === shown) open(true);
      }),
    );
    speak();
  }
}

/** @param {Run} run @param {(id: string) => void} show */
function one(run, show) {
  const left = h("div", { class: "column" }),
    right = h("div", { class: "column" }),
    loose = document.createElement("div");
  fill(main, h("div", { class: "columns" }, left, right));
  const control = controls(run, show);
  fill(place("pace"), control.pace);
  undo.push(() => fill(place("pace")));
  const cards = [{ card: control.card, order: CONTROL_ORDER, wide: true }];
  for (const panel of panels.filter((each) => each.suits(run)))
    cards.push({ card: mount(panel, run, loose, t(panel.title)), order: panel.order, wide: Boolean(panel.wide) });
  cards.sort((a, b) => a.order - b.order);
  const narrow = matchMedia("(max-width: 1180px)");
  const arrange = () => cards.forEach(({ card, wide }) => (wide || narrow.matches ? left : right).append(card));
  arrange();
  narrow.addEventListener("change", arrange);
  undo.push(() => narrow.removeEventListener("change", arrange));
}

/** @param {Run[]} runs @param {any} compared the comparison that they are from, if that is shown */
function several(runs, compared) {
  const side = h("div", { class: "side" }),
    tools = h("section", { class: "card common", "aria-label": t("page.common") });
  fill(
    main,
    h("h1", { class: "visually-hidden" }, t("page.several", { count: runs.length })),
    compared ? comparisonCard(compared) : null,
    tools,
    side,
  );
  for (const run of runs) {
    const column = h("div", { class: "column" });
    side.append(column);
    for (const panel of panels.filter((each) => each.picture && each.suits(run))) mount(panel, run, column, run.name);
  }
  // Choices are the same for all runs: the first panel's controls stand once, above all of them. What colours mean
  // differs between runs, so every panel keeps its colour bar.
  const [first, ...others] = /** @type {HTMLElement[]} */ ([...side.querySelectorAll(".tools")]);
  for (const each of [first, ...others]) each?.before(...each.querySelectorAll(".colourbar"));
  others.forEach((other) => other.remove());
  fill(tools, first, chartControls());
  main.append(compareTable(runs));
  undo.push(together(runs, main, store));
}

/** @param {Panel} panel @param {Run} run @param {HTMLElement} column @param {string} title */
function mount(panel, run, column, title) {
  const body = h("div", { class: "body" });
  const card = h("section", { class: "card", "aria-label": title }, h("h2", {}, title), body);
  column.append(card);
  try {
    undo.push(panel.mount(body, run, store));
  } catch (error) {
    body.append(h("p", { class: "note" }, t("page.panelFailed")));
    console.error(error);
  }
  return card;
}

let headed = "";
function heading() {
  if (!shown.length) return;
  const [run] = shown,
    progress = t("page.progress", {
      step: whole(run.lastStep),
      steps: run.summary.steps ? whole(run.summary.steps) : "?",
    });
  // Most news is a step. The rest is written again only when it changes, so that nobody's focus is taken away.
  const now = JSON.stringify(
    shown.map((each) => [
      each.id,
      each.connected,
      each.paused,
      each.readOnly,
      { ...each.summary, step: 0 },
      each.alarms,
    ]),
  );
  const written = document.querySelector("#heading .progress");
  if (now === headed && (shown.length > 1 || written)) {
    if (written && written.textContent !== progress) written.textContent = progress;
    return;
  }
  headed = now;
  const unfolded = /** @type {HTMLDetailsElement|null} */ (document.querySelector("#heading .alarms"))?.open ?? false;
  const state = run.connected ? (run.paused ? "paused" : run.summary.state) : "disconnected";
  const many = shown.length > 1;
  fill(
    place("heading"),
    h(
      "div",
      { class: "titled" },
      h("h1", {}, many ? t("page.several", { count: shown.length }) : run.name),
      many || run.readOnly ? null : labelButton(run),
    ),
    many
      ? null
      : h(
          "p",
          {},
          h("span", { class: `state ${state}` }, t(`state.${state}`)),
          " ",
          h("span", { class: "progress" }, progress),
          " · ",
          `${run.summary.data}, ${run.summary.recipe}`,
          run.summary.title ? ` · ${run.summary.name}` : null,
        ),
    many || !run.summary.description ? null : h("p", { class: "described" }, run.summary.description),
    alarmMenu(shown, (step) => timeline.turnToStep(step), unfolded),
  );
  document.title = many ? "Gannet" : `${run.name} · Gannet`;
}

let said = "";
async function speak() {
  if (!shown.length || shown.length > 1) return;
  const [run] = shown;
  let words = t("timeline.step", { step: timeline.step });
  const modes = run.record.data?.modes,
    frame = run.frameAt(timeline.step);
  if (modes && frame) {
    const content = await run.frameContent(frame).catch(() => null);
    if (content) {
      const counts = modeCounts(content.fake.data, modes).counts;
      words = t("page.spoken", { step: frame.step, found: counts.filter((n) => n > 0).length, modes: counts.length });
    }
  }
  if (!run.connected) words = t("state.disconnected");
  if (words !== said) place("status").textContent = words;
  said = words;
}

/** For tests and for the curious: what the page holds. */
Object.assign(window, {
  gannet: {
    get runs() {
      return shown;
    },
    timeline,
    language,
  },
});
begin();
