// The averaged and the raw generator on the same noise.
import { t } from "../i18n.js";
import { digits } from "../dom.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("averages", { order: 22, wide: true }, ({ sheets, values }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, t(`probe.averages.${sheet.name}`)));
  place.append(note(t("probe.averages.note", { difference: digits(values.difference, 3) })));
});
