// Codes that the generator was taught to show, each moved alone.
import { t } from "../i18n.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("codes", { order: 43 }, ({ sheets }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, name(sheet.name.replace("code ", ""))));
  place.append(note(t("probe.codes.note")));
});

/** @param {string} code */
function name(code) {
  const [word, number] = code.split(" ");
  const known = t(`probe.codes.${word}`);
  return known === `probe.codes.${word}` ? code : `${known} ${number ?? ""}`.trim();
}
