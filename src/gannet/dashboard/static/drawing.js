// Data drawn by hand, and a training on them.
import { askIn } from "./dialog.js";
import { fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { get, post } from "./server.js";
import { Sketch } from "./sketch.js";

const RECOMMENDED = "particle-gan";
const COUNT = 5000;
const STEPS = 3000;

/** @param {(id: string) => void} open shows the new run */
export function drawingDialog(open) {
  const sketch = new Sketch();
  const brush = h("input", {
    type: "range",
    id: "draw-brush",
    min: 0.01,
    max: 0.2,
    step: 0.01,
    value: sketch.width,
    oninput: () => {
      sketch.width = Number(brush.value);
      sketch.paint();
    },
  });
  const undo = h("button", { type: "button", disabled: true, onclick: () => sketch.undo() }, t("draw.undo"));
  const clear = h("button", { type: "button", disabled: true, onclick: () => sketch.clear() }, t("draw.clear"));
  const described = h("p", { class: "note" }, t("draw.nothing"));
  const summary = h("p", { class: "note" });
  const recipe = h(
    "select",
    {
      id: "draw-recipe",
      "aria-describedby": "draw-summary",
      onchange: () => {
        summary.textContent = recipe.selectedOptions[0]?.title ?? "";
      },
    },
    h("option", { value: RECOMMENDED }, RECOMMENDED),
  );
  summary.id = "draw-summary";
  const steps = h("input", { type: "number", id: "draw-steps", min: 1, step: 1, required: true });
  const count = h("input", { type: "number", id: "draw-count", min: 100, max: 200000, step: 1, required: true });
  [steps.value, count.value] = [String(STEPS), String(COUNT)];
  sketch.addEventListener("change", () => {
    undo.disabled = clear.disabled = !sketch.strokes.length;
    described.textContent = sketch.strokes.length
      ? t("draw.strokes", { count: sketch.strokes.length })
      : t("draw.nothing");
  });
  const start = async () => {
    if (!sketch.strokes.length) throw new Error(t("draw.nothing"));
    return (
      await post("/api/drawings", {
        strokes: sketch.strokes,
        count: Number(count.value),
        recipe: recipe.value,
        steps: Number(steps.value),
      })
    ).id;
  };
  const label = (/** @type {string} */ key) => h("label", { for: `draw-${key}` }, t(`draw.${key}`));
  askIn(
    t("draw.title"),
    [
      h(
        "div",
        { class: "drawing" },
        h("div", { class: "paper" }, sketch.canvas, sketch.said),
        h(
          "div",
          { class: "asked" },
          h("p", { class: "note", id: "draw-keys" }, t("draw.keys")),
          h("div", { class: "row" }, undo, clear),
          described,
          h(
            "div",
            { class: "pairs" },
            label("brush"),
            brush,
            label("count"),
            count,
            label("recipe"),
            recipe,
            label("steps"),
            steps,
          ),
          summary,
        ),
      ),
    ],
    start,
    open,
    "large",
  );
  sketch.paint();
  // A turned phone or a narrower window: the canvas follows.
  new ResizeObserver(() => sketch.paint()).observe(/** @type {HTMLElement} */ (sketch.canvas.parentElement));
  get("/api/recipes").then(
    ({ recipes }) => {
      fill(
        recipe,
        recipes.map((/** @type {any} */ one) => h("option", { value: one.name, title: one.summary }, one.name)),
      );
      recipe.value = RECOMMENDED;
      summary.textContent = recipe.selectedOptions[0]?.title ?? "";
    },
    () => {},
  );
}
