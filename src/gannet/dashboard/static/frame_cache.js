// The contents of the frames that were shown last.
const FRAMES_KEPT = 64;

export class FrameCache {
  constructor() {
    /** @type {Map<string, Promise<any>>} */ this.contents = new Map();
  }

  /**
   * The content at an address, loaded once while it is among the last used.
   * @param {string} address @param {(address: string) => Promise<any>} load
   */
  content(address, load) {
    const known = this.contents.get(address);
    if (known) {
      this.contents.delete(address);
      this.contents.set(address, known);
      return known;
    }
    const content = load(address);
    content.catch(() => this.contents.delete(address));
    this.contents.set(address, content);
    if (this.contents.size > FRAMES_KEPT) {
      this.contents.delete(/** @type {string} */ (this.contents.keys().next().value));
    }
    return content;
  }

  clear() {
    this.contents.clear();
  }
}

/** @param {string} address */
export async function imageAt(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}
