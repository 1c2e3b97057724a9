// What the discriminator finds most and least like the data.
import { t } from "../i18n.js";
import { digits } from "../dom.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("scores", { order: 23, wide: true }, ({ sheets, values }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, t(`probe.scores.${sheet.name}`)));
  place.append(
    note(
      t("probe.scores.note", {
        count: values.count,
        real: digits(values.real_mean, 3),
        fake: digits(values.fake_mean, 3),
      }) + (values.relative ? ` ${t("probe.scores.relative")}` : ` ${t("probe.scores.zero")}`),
    ),
  );
});
