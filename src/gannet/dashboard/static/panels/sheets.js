// Probe panels that show sheets of images with a note. They differ in words only: each is a row of this table.
import { t } from "../i18n.js";
import { digits, whole } from "../dom.js";
import { drawSheet, note, probe } from "../probes.js";

/**
 * @typedef {object} Row
 * @property {string} question as the server calls it; its words are `probe.QUESTION...`
 * @property {number} order smaller comes first
 * @property {boolean} [wide] takes the left, larger column
 * @property {(sheet: string, values: Record<string, any>) => string} [title] of a sheet, by its name; none if left out
 * @property {(values: Record<string, any>) => string} [words] of the note; `probe.QUESTION.note` if left out
 */

/** @type {Row[]} */
const ROWS = [
  {
    question: "averages",
    order: 22,
    wide: true,
    title: (sheet, { inputs }) => t(`probe.averages.${sheet}${sheet === "raw" && inputs ? ".inputs" : ""}`),
    words: ({ difference }) => t("probe.averages.note", { difference: digits(difference, 3) }),
  },
  {
    question: "outputs",
    order: 23,
    wide: true,
    title: (sheet) => t(`probe.outputs.${sheet}`),
    words: ({ count, real_mean: real, fake_mean: fake, relative }) =>
      [
        t("probe.outputs.note", { count, real: digits(real, 3), fake: digits(fake, 3) }),
        t(relative ? "probe.outputs.relative" : "probe.outputs.zero"),
      ].join(" "),
  },
  {
    question: "nearest",
    order: 24,
    wide: true,
    title: () => t("probe.nearest.heads"),
    words: ({ all, searched, median, typical }) =>
      t(all ? "probe.nearest.all" : "probe.nearest.some", {
        count: whole(searched),
        median: digits(median, 3),
        typical: digits(typical, 3),
      }),
  },
  {
    question: "translations",
    order: 21,
    wide: true,
    words: ({ held_out: heldOut, difference, back }) => {
      const seen = heldOut ? "probe.translations.heldOut" : "probe.translations.seen";
      return t(back ? "probe.translations.back" : seen, { difference: digits(difference, 3) });
    },
  },
  { question: "classes", order: 25, wide: true },
  { question: "codes", order: 43, title: codeName },
  {
    question: "reconstructions",
    order: 44,
    words: ({ held_out: heldOut, encoded, found }) => {
      const sought = t(heldOut ? "probe.reconstructions.heldOut" : "probe.reconstructions.seen", {
        found: digits(found, 3),
      });
      if (encoded === undefined) return sought;
      return `${sought} ${t("probe.reconstructions.encoded", { encoded: digits(encoded, 3) })}`;
    },
  },
  { question: "interpolation", order: 45 },
];

export default ROWS.map(({ question, order, wide, title = () => "", words = () => t(`probe.${question}.note`) }) =>
  probe(question, { order, wide }, ({ sheets, values }, place) => {
    for (const sheet of sheets) place.append(drawSheet(sheet, title(sheet.name, values)));
    place.append(note(words(values)));
  }),
);

/** @param {string} sheet */
function codeName(sheet) {
  const code = sheet.replace("code ", "");
  const [word, number] = code.split(" ");
  const known = t(`probe.codes.${word}`);
  return known === `probe.codes.${word}` ? code : `${known} ${number ?? ""}`.trim();
}
