// The sub-steps of one step in slow motion: what each shows on the plane and in numbers. All values are those that
// training had.
import { colour, digits } from "./dom.js";
import { t } from "./i18n.js";
import { outputKind } from "./outputs.js";
import { diverging, drawArrows, drawContour, drawField, drawPoints, scaledArrows } from "./plane.js";

const PARTS = ["sample", "output", "loss", "gradients", "update"];
const LONGEST_ARROW = 0.11;
/** There are few points here. */
const LARGER = 1.6;

/** @typedef {{player: string, part: string}} Substep */
/** @typedef {import("./plane.js").View} View */

/** The arrays of a file in slow/, see runs/schema.py. */
export class Recording {
  /** @param {import("./server.js").PointsFrame} arrays */
  constructor(arrays) {
    this.arrays = arrays;
    this.extent = arrays.extent.data;
    this.outputs = outputKind(arrays);
    const players = [
      ...new Set(
        Object.keys(arrays)
          .filter((name) => name.includes("/"))
          .map((name) => name.split("/")[0]),
      ),
    ];
    /** @type {Substep[]} */
    this.substeps = players.flatMap((player) => PARTS.map((part) => ({ player, part })));
  }

  /** @param {string} player @param {string} name @returns {ArrayLike<number>|null} */
  of(player, name) {
    return this.arrays[`${player}/${name}`]?.data ?? null;
  }

  /** @param {string} player @returns {[string, number][]} */
  losses(player) {
    const before = `${player}/loss/`;
    return Object.entries(this.arrays)
      .filter(([name]) => name.startsWith(before))
      .map(([name, { data }]) => [name.slice(before.length), data[0]]);
  }

  /** The output that separates generated from real: zero, or that of the average sample. @param {string} player */
  zero(player) {
    return this.of(player, "centre")?.[0] ?? 0;
  }

  /**
   * The colour of an output, in [-1, 1]: below zero for generated.
   * @param {string} player
   * @returns {(output: number) => number}
   */
  shade(player) {
    const spread = this.of(player, "spread")?.[0],
      zero = this.zero(player);
    return spread === undefined ? (output) => Math.tanh(output / 2) : (output) => (output - zero) / (spread || 1);
  }
}

/** @param {ArrayLike<number>} values */
export const mean = (values) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
/** @param {ArrayLike<number>} vectors */
const lengths = (vectors) =>
  Array.from({ length: vectors.length / 2 }, (_, i) => Math.hypot(vectors[2 * i], vectors[2 * i + 1]));
/** @param {ArrayLike<number>} from @param {ArrayLike<number>} to */
const between = (from, to) => Float64Array.from(to, (value, i) => value - from[i]);

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Recording} recording
 * @param {Substep} substep
 * @param {number} share of the sub-step's motion, 1 is done
 */
export function drawSubstep(pen, view, recording, { player, part }, share) {
  const zero = recording.zero(player),
    shade = diverging(),
    isD = player === "discriminator";
  const real = recording.of(player, "real"),
    fake = recording.of(player, "fake");
  const before = recording.of(player, "field_before"),
    after = recording.of(player, "field_after");
  if (part !== "sample" && before) {
    const side = Math.round(Math.sqrt(before.length)),
      moved = part === "update" && after ? share : 0;
    const outputs = Float64Array.from(before, (output, i) => (after ? output + (after[i] - output) * moved : output));
    drawField(pen, view, outputs.map(recording.shade(player)), side, shade);
    if (moved && isD)
      drawContour(
        pen,
        view,
        Float64Array.from(before, (output) => output - zero),
        side,
        [4, 4],
      );
    drawContour(
      pen,
      view,
      outputs.map((output) => output - zero),
      side,
    );
  }
  pen.globalAlpha = part === "sample" ? share : 1;
  if (real && (isD || part === "sample")) drawPoints(pen, view, real, "real", LARGER);
  if (!fake) {
    pen.globalAlpha = 1;
    return;
  }
  if (part === "update" && !isD) {
    const moved = between(fake, recording.of(player, "fake_after") ?? fake);
    drawArrows(
      pen,
      view,
      Array.from({ length: fake.length / 2 }, (_, i) => [
        fake[2 * i],
        fake[2 * i + 1],
        moved[2 * i] * share,
        moved[2 * i + 1] * share,
      ]),
      "ink",
    );
    drawPoints(
      pen,
      view,
      Float64Array.from(fake, (value, i) => value + moved[i] * share),
      "fake",
      LARGER,
    );
    return;
  }
  if (part === "gradients") {
    const gradient = recording.of(player, "gradient"),
      pushes = gradient ? Float64Array.from(gradient, (value) => -value) : recording.of(player, "slope");
    if (pushes) drawArrows(pen, view, scaledArrows(fake, pushes, recording.extent, LONGEST_ARROW * share), "push");
  }
  drawPoints(pen, view, fake, "fake", LARGER);
  pen.globalAlpha = 1;
  if (part === "output" || part === "loss") {
    if (isD)
      drawCrosses(
        pen,
        view,
        mistaken(real, recording.of(player, "logit_real"), (output) => output < zero),
      );
    drawCrosses(
      pen,
      view,
      mistaken(fake, recording.of(player, "logit_fake"), (output) => output > zero === isD),
    );
  }
}

/**
 * Points whose outputs say so.
 * @param {ArrayLike<number>|null} points
 * @param {ArrayLike<number>|null} outputs
 * @param {(output: number) => boolean} wrong
 */
function mistaken(points, outputs, wrong) {
  return points && outputs
    ? Array.from(outputs, (output, i) => (wrong(output) ? [points[2 * i], points[2 * i + 1]] : [])).filter(
        (point) => point.length,
      )
    : [];
}

/** @param {CanvasRenderingContext2D} pen @param {View} view @param {number[][]} points */
function drawCrosses(pen, view, points) {
  pen.beginPath();
  for (const [px, py] of points) {
    const [x, y, r] = [view.x(px), view.y(py), Math.max(4, view.size / 110)];
    pen.moveTo(x - r, y - r);
    pen.lineTo(x + r, y + r);
    pen.moveTo(x - r, y + r);
    pen.lineTo(x + r, y - r);
  }
  pen.strokeStyle = colour("ink");
  pen.lineWidth = 1.3;
  pen.stroke();
}

/**
 * Outputs on a line: real ones above it, generated ones below, their means as triangles.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} width
 * @param {number} height
 * @param {Recording} recording
 * @param {string} player
 */
export function drawOutputs(pen, width, height, recording, player) {
  const rows = [
    ["real", recording.of(player, "logit_real"), -1],
    ["fake", recording.of(player, "logit_fake"), 1],
  ];
  const all = rows.flatMap(([, outputs]) => Array.from(/** @type {any} */ (outputs ?? [])));
  if (!all.length) return;
  const zero = recording.zero(player),
    [least, most] = [Math.min(...all, zero), Math.max(...all, zero)];
  const edge = 14,
    middle = height / 2,
    x = (/** @type {number} */ output) => edge + ((output - least) / (most - least || 1)) * (width - 2 * edge);
  pen.strokeStyle = colour("muted");
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(edge, middle);
  pen.lineTo(width - edge, middle);
  pen.moveTo(x(zero), 14);
  pen.lineTo(x(zero), height - 14);
  pen.stroke();
  for (const [kind, outputs, sign] of /** @type {[string, ArrayLike<number>|null, number][]} */ (rows)) {
    if (!outputs) continue;
    pen.fillStyle = pen.strokeStyle = colour(kind);
    pen.lineWidth = 1.1;
    for (const output of Array.from(outputs)) {
      pen.beginPath();
      pen.arc(x(output), middle + sign * 9, 3, 0, 2 * Math.PI);
      if (kind === "real") pen.stroke();
      else pen.fill();
    }
    const at = x(mean(outputs)),
      y = middle + sign * 17;
    pen.beginPath();
    pen.moveTo(at, y);
    pen.lineTo(at - 5, y + sign * 8);
    pen.lineTo(at + 5, y + sign * 8);
    pen.fill();
  }
  pen.fillStyle = colour("muted");
  pen.font = "12px system-ui, sans-serif";
  const write = (/** @type {number} */ output, /** @type {CanvasTextAlign} */ align, /** @type {number} */ at) => {
    pen.textAlign = align;
    pen.fillText(digits(output, 3), at, height - 3);
  };
  write(least, "left", 2);
  write(most, "right", width - 2);
  if (x(zero) > 60 && x(zero) < width - 60) write(zero, "center", x(zero));
}

/**
 * Name and number, as a person reads them.
 * @param {Recording} recording
 * @param {Substep} substep
 * @returns {[string, string][]}
 */
export function valuesOf(recording, { player, part }) {
  const isD = player === "discriminator",
    zero = recording.zero(player),
    of = (/** @type {string} */ name) => recording.of(player, name);
  const real = of("logit_real"),
    fake = of("logit_fake"),
    shown = (of("fake")?.length ?? 0) / 2;
  const right = (/** @type {ArrayLike<number>} */ outputs, /** @type {(output: number) => boolean} */ test) =>
    t("slow.of", { part: Array.from(outputs).filter(test).length, whole: outputs.length });
  /** @type {Record<string, any[][]>} */
  const found = {
    sample: [
      ["slow.value.real", isD ? (of("real")?.length ?? 0) / 2 : null],
      ["slow.value.fake", shown || null],
    ],
    output: [
      ["slow.value.outputReal", isD && real ? digits(mean(real)) : null],
      ["slow.value.outputFake", fake ? digits(mean(fake)) : null],
      ["slow.value.rightReal", isD && real ? right(real, (output) => output > zero) : null],
      [
        isD ? "slow.value.rightFake" : "slow.value.fooled",
        fake ? right(fake, (output) => output > zero !== isD) : null,
      ],
    ],
    loss: [
      ...recording.losses(player).map(([name, value]) => /** @type {[string, any]} */ ([name, digits(value)])),
      ...(recording.losses(player).length > 1
        ? [["slow.value.total", digits(recording.losses(player).reduce((sum, [, value]) => sum + value, 0))]]
        : []),
    ],
    gradients: [
      ["slow.value.norm", of("gradient_norm") ? digits(/** @type {any} */ (of("gradient_norm"))[0]) : null],
      ["slow.value.push", of("gradient") ? digits(mean(lengths(/** @type {any} */ (of("gradient"))))) : null],
      [
        "slow.value.slope",
        !of("gradient") && of("slope") ? digits(mean(lengths(/** @type {any} */ (of("slope"))))) : null,
      ],
    ],
    update: isD
      ? changeOf(recording, player)
      : [
          ["slow.value.moved", movedOf(recording, player, mean)],
          ["slow.value.farthest", movedOf(recording, player, (all) => Math.max(...Array.from(all)))],
        ],
  };
  return found[part]
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name.startsWith("slow.") ? t(name) : name, String(value)]);
}

/** @param {Recording} recording @param {string} player @returns {[string, any][]} */
function changeOf(recording, player) {
  const [before, after] = [recording.of(player, "field_before"), recording.of(player, "field_after")];
  if (!before || !after) return [];
  const changes = Array.from(between(before, after), Math.abs);
  return [
    ["slow.value.changed", digits(mean(changes))],
    ["slow.value.changedMost", digits(Math.max(...changes))],
  ];
}

/** @param {Recording} recording @param {string} player @param {(all: number[]) => number} sum */
function movedOf(recording, player, sum) {
  const [from, to] = [recording.of(player, "fake"), recording.of(player, "fake_after")];
  return from && to ? digits(sum(lengths(between(from, to)))) : null;
}

/**
 * Rows of a table: every point that is shown, with what is known of it at this sub-step.
 * @param {Recording} recording
 * @param {Substep} substep
 */
export function rowsOf(recording, { player, part }) {
  const of = (/** @type {string} */ name) => recording.of(player, name),
    judged = part !== "sample",
    push = of("gradient") ?? of("slope");
  const head = [
    t("slow.point"),
    "x",
    "y",
    ...(judged ? [t("slow.judged")] : []),
    ...(part === "gradients" ? [t("slow.pushX"), t("slow.pushY")] : []),
    ...(part === "update" ? [t("slow.afterX"), t("slow.afterY")] : []),
  ];
  const list = (/** @type {string} */ kind) =>
    Array.from({ length: (of(kind)?.length ?? 0) / 2 }, (_, i) => {
      const pair = (/** @type {ArrayLike<number>|null} */ vectors) =>
        kind === "fake" && vectors ? [digits(vectors[2 * i]), digits(vectors[2 * i + 1])] : ["–", "–"];
      const [x, y] = [/** @type {any} */ (of(kind))[2 * i], /** @type {any} */ (of(kind))[2 * i + 1]];
      return [
        `${t(`points.layer.${kind}`)} ${i}`,
        digits(x),
        digits(y),
        ...(judged ? [digits(of(`logit_${kind}`)?.[i])] : []),
        ...(part === "gradients" ? pair(push) : []),
        ...(part === "update" ? pair(of("fake_after")) : []),
      ];
    });
  return { head, rows: [...(player === "discriminator" ? list("real") : []), ...list("fake")] };
}
