// The page's language: chosen by the browser, changed by a switch, kept by the browser.
import en from "./i18n/en.js";
import { refusals } from "./i18n/refusals.js";
import zh from "./i18n/zh.js";

/** @type {Record<string, Record<string, string>>} */
const languages = { en, zh };
const stored = localStorage.getItem("gannet-language");
export const language =
  stored && stored in languages ? stored : navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";

/**
 * The words for a key, with {name} filled in; the key itself if it is unknown.
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export function t(key, values = {}) {
  const words = languages[language][key] ?? en[/** @type {keyof typeof en} */ (key)] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** A sentence of the server or of training in the page's language, as far as it is known. @param {string} sentence */
export function sentence(sentence) {
  if (language !== "zh") return sentence;
  for (const [expression, words] of refusals) {
    const found = new RegExp(`^${expression}$`).exec(sentence);
    if (found) return words.replace(/\{(\d)\}/g, (_, number) => found[Number(number)]);
  }
  return sentence;
}

export function otherLanguage() {
  return language === "zh" ? { name: "English", code: "en" } : { name: "中文", code: "zh" };
}

export function switchLanguage() {
  localStorage.setItem("gannet-language", otherLanguage().code);
  location.reload();
}
