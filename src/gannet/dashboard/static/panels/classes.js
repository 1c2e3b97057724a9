// A row for each class.
import { t } from "../i18n.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("classes", { order: 25, wide: true }, ({ sheets }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, ""));
  place.append(note(t("probe.classes.note")));
});
