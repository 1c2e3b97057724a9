// What can be asked of the process that trains; it answers with an event. Pausing and stepping are in the page's
// header, the rest is a card.
import { fill, h } from "./dom.js";
import { sentence, t } from "./i18n.js";
import { forkDialog } from "./fork.js";
import { command } from "./server.js";

/**
 * @param {import("./run.js").Run} run
 * @param {(id: string) => void} open shows another run
 * @returns {{card: HTMLElement, pace: HTMLElement}}
 */
export function controls(run, open) {
  const answer = h("p", { class: "note", role: "status" });
  const reason = h("p", { class: "note" });
  /** @param {string} name @param {Record<string, any>} values */
  const send = async (name, values = {}) => {
    answer.textContent = t("control.sent", { name: t(`control.${name}`) });
    try {
      const { number } = await command(run.id, name, values);
      const reply = await replyTo(run, number);
      answer.textContent = reply
        ? t(reply.outcome === "refused" ? "control.refused" : "control.done", {
            name: t(`control.${name}`),
            text: sentence(reply.text ?? ""),
            step: reply.step,
          })
        : t("control.silent");
    } catch (error) {
      answer.textContent = /** @type {any} */ (error).message;
    }
  };
  const button = (/** @type {string} */ key, /** @type {() => void} */ action, kind = "") =>
    h("button", { type: "button", class: kind, onclick: action }, t(key));

  const speed = h("input", {
    type: "number",
    min: 0.1,
    step: "any",
    placeholder: t("control.unlimited"),
    id: "control-speed",
  });
  const key = h(
    "select",
    { id: "control-key", onchange: () => show() },
    run.keys.map((name) => h("option", { value: name }, name)),
  );
  const value = h("input", { type: "number", step: "any", id: "control-value", placeholder: t("control.none") });
  let offered = "";
  const show = () => {
    value.value = offered = String(run.valueOf(key.value) ?? "");
  };
  show();

  const goOrPause = h("button", { type: "button", class: "main", onclick: () => send(run.paused ? "go" : "pause") });
  const pace = h(
    "fieldset",
    { class: "controls row" },
    h("legend", { class: "visually-hidden" }, t("control.pace")),
    goOrPause,
    button("control.stepBoth", () => send("step", { player: "all", count: 1 })),
    run.players.length === 1
      ? []
      : [
          button("control.stepD", () => send("step", { player: "discriminator", count: 1 })),
          button("control.stepG", () => send("step", { player: "generator", count: 1 })),
        ],
  );
  const all = h(
    "fieldset",
    { class: "controls" },
    h("legend", { class: "visually-hidden" }, t("control.title")),
    h(
      "form",
      {
        class: "row",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          send("speed", { steps_per_second: speed.value ? Number(speed.value) : null });
        },
      },
      h("label", { for: "control-speed" }, t("control.speedLimit")),
      speed,
      h("button", { type: "submit" }, t("control.apply")),
    ),
    run.keys.length
      ? h(
          "form",
          {
            class: "row",
            onsubmit: (/** @type {Event} */ event) => {
              event.preventDefault();
              send("set", { key: key.value, value: value.value === "" ? null : Number(value.value) });
            },
          },
          h("label", { for: "control-key" }, t("control.key")),
          key,
          h("label", { class: "visually-hidden", for: "control-value" }, t("control.newValue")),
          value,
          h("button", { type: "submit" }, t("control.apply")),
        )
      : null,
    h(
      "div",
      { class: "row" },
      button("control.snapshot", () => send("snapshot")),
      button(
        "control.stop",
        () => {
          if (confirm(t("control.sure"))) send("stop");
        },
        "danger",
      ),
    ),
  );

  const refresh = () => {
    const alive = run.summary.state === "running" && run.connected && !run.readOnly;
    all.disabled = pace.disabled = !alive;
    pace.hidden = !run.connected || run.summary.state !== "running";
    // Edited elsewhere, and not typed over here.
    if (value.value === offered && document.activeElement !== value) show();
    goOrPause.textContent = t(run.paused ? "control.go" : "control.pause");
    const why = run.readOnly
      ? t("control.readOnly")
      : alive
        ? ""
        : t(run.connected ? "control.over" : "control.away", { state: t(`state.${run.summary.state}`) });
    if (reason.textContent !== why) fill(reason, why);
    details.classList.toggle("over", !alive);
  };
  const details = h(
    "section",
    { class: "card", "aria-label": t("control.title") },
    h("h2", {}, t("control.title")),
    reason,
    all,
    answer,
    run.readOnly
      ? null
      : h(
          "p",
          { class: "forking" },
          h("button", { type: "button", onclick: () => forkDialog(run, open) }, t("fork.open")),
        ),
  );
  run.addEventListener("change", refresh);
  refresh();
  return { card: details, pace };
}

/**
 * The event that answers a command; null where none comes.
 * @param {import("./run.js").Run} run
 * @param {number} number
 * @returns {Promise<any>}
 */
export function replyTo(run, number, seconds = 20) {
  return new Promise((done) => {
    const look = () => {
      const found = run.events.find((event) => event.kind === "command" && event.number === number);
      if (found) finish(found);
    };
    const finish = (/** @type {any} */ found) => {
      run.removeEventListener("change", look);
      clearTimeout(timer);
      done(found);
    };
    const timer = setTimeout(() => finish(null), seconds * 1000);
    run.addEventListener("change", look);
    look();
  });
}
