// A window over the page that asks for something, and starts a training or keeps a label.
import { h } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {string} title @param {any[]} children what is asked
 * @param {() => Promise<string>} start does it and tells the id of the new run; what it throws is shown
 * @param {(id: string) => void} open shows the new run
 * @param {string} kind class of the window
 * @param {[string, string]} words keys of the button's words, before and while it works
 */
export function askIn(title, children, start, open, kind = "", words = ["dialog.start", "dialog.starting"]) {
  const problem = h("p", { class: "problem", role: "alert" });
  const begin = h("button", { type: "submit", class: "main" }, t(words[0]));
  const form = h(
    "form",
    {
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        if (begin.disabled) return;
        problem.textContent = "";
        begin.disabled = true;
        begin.textContent = t(words[1]);
        try {
          const id = await start();
          dialog.close();
          open(id);
        } catch (error) {
          problem.textContent = String(/** @type {any} */ (error).message);
        }
        begin.disabled = false;
        begin.textContent = t(words[0]);
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
