// What the server is asked.
import { sentence } from "./i18n.js";

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  const content = await answer.json();
  if (!answer.ok) throw new Refused(content.error ?? answer.statusText, answer.status);
  return content;
}

/** @param {string} path @param {Record<string, any>} content @returns {Promise<any>} */
export async function post(path, content) {
  const answer = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(content),
  });
  const answered = await answer.json();
  if (!answer.ok) throw new Refused(answered.error ?? answer.statusText, answer.status);
  return answered;
}

/** @param {string} id @param {string} name @param {Record<string, any>} values @returns {Promise<{number: number}>} */
export const command = (id, name, values) => post(`/api/runs/${id}/commands`, { name, arguments: values });

/** Arrays that the server packed. @param {string} path @returns {Promise<PointsFrame>} */
export async function framePacked(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (!answer.ok) throw new Refused((await answer.json()).error ?? answer.statusText, answer.status);
  return unpack(await answer.arrayBuffer());
}

class Refused extends Error {
  /** @param {string} reason @param {number} status */
  constructor(reason, status) {
    super(sentence(reason));
    this.status = status;
  }
}

/** @typedef {{data: Float32Array|Uint8Array, shape: number[]}} Block */
/** @typedef {Record<string, Block>} PointsFrame */

/** See dashboard/frames.py. @param {ArrayBuffer} buffer @returns {PointsFrame} */
function unpack(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0) !== 0x474e4631) throw new Error("not a frame");
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  /** @type {PointsFrame} */
  const frame = {};
  for (const { name, type, shape, offset } of header.arrays) {
    const count = shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
    const Kind = type === "uint8" ? Uint8Array : Float32Array;
    frame[name] = { data: new Kind(buffer, 8 + length + offset, count), shape };
  }
  return frame;
}
