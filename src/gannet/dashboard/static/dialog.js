// A window over the page that asks for something and starts a training.
import { h } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {string} title @param {any[]} children what is asked
 * @param {() => Promise<string>} start does it and tells the id of the new run; what it throws is shown
 * @param {(id: string) => void} open shows the new run
 */
export function askIn(title, children, start, open, kind = "") {
  const problem = h("p", { class: "problem", role: "alert" });
  const begin = h("button", { type: "submit", class: "main" }, t("dialog.start"));
  const form = h(
    "form",
    {
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        if (begin.disabled) return;
        problem.textContent = "";
        begin.disabled = true;
        begin.textContent = t("dialog.starting");
        try {
          const id = await start();
          dialog.close();
          open(id);
        } catch (error) {
          problem.textContent = String(/** @type {any} */ (error).message);
        }
        begin.disabled = false;
        begin.textContent = t("dialog.start");
      },
    },
    children,
    problem,
    h(
      "div",
      { class: "row ends" },
      begin,
      h("button", { type: "button", onclick: () => dialog.close() }, t("dialog.cancel")),
    ),
  );
  const dialog = h(
    "dialog",
    { class: kind, "aria-label": title, onclose: () => dialog.remove() },
    h("h2", {}, title),
    form,
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
