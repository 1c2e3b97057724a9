// Walks through the latent space.
import { t } from "../i18n.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("interpolation", { order: 45 }, ({ sheets }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, ""));
  place.append(note(t("probe.interpolation.note")));
});
