// Sliders along the directions in which samples change most.
import { t } from "../i18n.js";
import { fill, h } from "../dom.js";
import { drawSheet, note, probe } from "../probes.js";

export default probe("latent", { order: 46 }, ({ sheets: [first], values }, place, again) => {
  const sliders = Array.from({ length: values.directions }, (_, n) =>
    h("input", {
      type: "range",
      min: -4,
      max: 4,
      step: 0.5,
      value: 0,
      id: `direction-${n + 1}`,
      oninput: () => move(),
    }),
  );
  const picture = h("div", {}, drawSheet(first, "", t("probe.latent.note"))),
    outputs = sliders.map(() => h("output", {}, "0"));
  let busy = false,
    waiting = false;
  const move = async () => {
    sliders.forEach((slider, n) => {
      outputs[n].textContent = slider.value;
    });
    if (busy) {
      waiting = true;
      return;
    }
    busy = true;
    do {
      waiting = false;
      try {
        const {
          sheets: [sheet],
        } = await again(Object.fromEntries(sliders.map((slider, n) => [`d${n + 1}`, Number(slider.value)])));
        fill(picture, drawSheet(sheet, "", t("probe.latent.note")));
      } catch (error) {
        outputs[0].textContent = String(/** @type {any} */ (error).message);
      }
    } while (waiting);
    busy = false;
  };
  const back = h(
    "button",
    {
      type: "button",
      onclick: () => {
        sliders.forEach((slider) => {
          slider.value = "0";
        });
        move();
      },
    },
    t("probe.latent.back"),
  );
  place.append(
    picture,
    h(
      "div",
      { class: "sliders" },
      sliders.map((slider, n) => h("label", {}, t("probe.latent.direction", { number: n + 1 }), slider, outputs[n])),
    ),
    h("div", { class: "row" }, back),
    note(t("probe.latent.note")),
  );
});
