// What the outputs of a discriminator mean, as the run recorded it (runs/outputs.py), and the words for it.
import { t } from "./i18n.js";

const KINDS = ["logit", "relative", "critic"];

/**
 * @param {any} arrays of a frame or of a step in slow motion
 * @returns {string} one of KINDS
 */
export const outputKind = (arrays) => KINDS[arrays?.output_kind?.data[0]] ?? "logit";

/**
 * The words of a key for outputs of this kind; for logits they have the key itself.
 * @param {string} key
 * @param {string} kind
 * @param {Record<string, any>} [values]
 */
export const named = (key, kind, values) => t(kind === "logit" ? key : `${key}.${kind}`, values);
