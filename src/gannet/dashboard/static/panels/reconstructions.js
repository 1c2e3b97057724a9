// Real pictures and what comes back from the latents that the encoder finds for them.
import { t } from "../i18n.js";
import { digits } from "../dom.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("reconstructions", { order: 44 }, ({ sheets, values }, place) => {
  for (const sheet of sheets) place.append(drawSheet(sheet, ""));
  place.append(
    note(
      t(values.held_out ? "probe.reconstructions.unseen" : "probe.reconstructions.seen", {
        difference: digits(values.difference, 3),
      }),
    ),
  );
});
