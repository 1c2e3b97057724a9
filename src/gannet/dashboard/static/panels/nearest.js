// Samples beside the training pictures nearest to them.
import { t } from "../i18n.js";
import { digits, whole } from "../dom.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("nearest", { order: 24, wide: true }, ({ sheets, values }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, t("probe.nearest.heads")));
  place.append(
    note(
      t(values.all ? "probe.nearest.all" : "probe.nearest.some", {
        count: whole(values.searched),
        median: digits(values.median, 3),
        typical: digits(values.typical, 3),
      }),
    ),
  );
});
