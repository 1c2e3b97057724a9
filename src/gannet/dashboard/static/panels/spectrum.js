// Frequencies and levels of real and generated images.
import { t } from "../i18n.js";
import { h } from "../dom.js";
import { Chart } from "../chart.js";
import { note, probe } from "../probes.js";

export default probe("spectrum", { order: 47 }, ({ curves, values }, place) => {
  const charts = curves.map((curve) => {
    const box = h("div", { class: "chartbox" });
    place.append(box);
    const chart = new Chart(box, {
      title: t(`probe.spectrum.${curve.name}`),
      unit: t(`unit.${curve.name}`),
      help: t(`help.${curve.name}`),
      page: curve.name === "spectrum" ? "metrics.md#power-spectrum" : "watching.md",
      height: 210,
      logarithmic: curve.logarithmic,
      across: t(`probe.spectrum.${curve.name}Axis`),
    });
    chart.set(
      Object.entries(curve.lines).map(([name, line]) => ({
        name: t(`points.layer.${name}`),
        key: name,
        steps: curve.x,
        values: line.map((value) => (value > 0 ? value : null)),
      })),
      NaN,
    );
    return chart;
  });
  place.append(note(t("probe.spectrum.note", { real: values.real, fake: values.fake })));
  return () => charts.forEach((chart) => chart.close());
});
