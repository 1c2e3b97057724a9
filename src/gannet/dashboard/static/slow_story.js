// What stands around a step in slow motion: the list of its sub-steps, and the legend of each.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { named } from "./outputs.js";

/** @typedef {import("./substeps.js").Recording} Recording */

/**
 * For each player a numbered list of its sub-steps, and their buttons in order.
 * @param {Recording} recording @param {(number: number) => void} choose
 */
export function partList({ substeps }, choose) {
  /** @type {any[]} */ const marks = [];
  const players = [...new Set(substeps.map(({ player }) => player))].map((player) =>
    h(
      "div",
      { class: `player ${player}`, role: "group", "aria-label": t(`slow.${player}`) },
      h("h3", {}, t(`slow.${player}`)),
      h(
        "ol",
        { start: substeps.findIndex((each) => each.player === player) + 1 },
        substeps.map((each, number) => {
          if (each.player !== player) return null;
          const mark = h(
            "button",
            { type: "button", onclick: () => choose(number) },
            h("b", {}, number + 1),
            t(`slow.${each.part}`),
          );
          marks.push(mark);
          return h("li", {}, mark);
        }),
      ),
    ),
  );
  return { players, marks };
}

/** The entries of the legend. @param {Recording} recording @param {{player: string, part: string}} substep */
export function legendOf(recording, { player, part }) {
  const keys = [
    ...(player === "discriminator" || part === "sample" ? ["real"] : []),
    "fake",
    ...(part === "sample" ? [] : ["contour"]),
    ...(part === "output" || part === "loss" ? ["cross"] : []),
    ...(part === "gradients" ? ["push"] : []),
    ...(part === "update" && player === "generator" ? ["moved"] : []),
    ...(part === "update" && player === "discriminator" ? ["past"] : []),
  ];
  const words = {
    contour: "points.layer.contour",
    cross: `slow.key.cross.${player}`,
    push: player === "discriminator" ? "slow.key.slope" : "slow.key.push",
    moved: "slow.key.moved",
    past: "slow.key.past",
    real: "points.layer.real",
    fake: "points.layer.fake",
  };
  return keys.map((key) =>
    h(
      "span",
      {},
      h("i", { class: `key ${key}`, "aria-hidden": "true" }),
      key === "contour" ? named(words.contour, recording.outputs) : t(words[/** @type {keyof typeof words} */ (key)]),
    ),
  );
}
