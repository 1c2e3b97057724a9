// One run as the page knows it: loaded once, then followed from a cursor.
import { Curves } from "./curves.js";
import { FrameCache, imageAt } from "./frame_cache.js";
import { framePacked, get } from "./server.js";

const EVENTS_KEPT = 2000;
const POLL_MILLISECONDS = 1500;
const RETRY_MILLISECONDS = 1500;
/** News is dispatched this often at most: each drawing of the page takes processor time from the training. */
const NEWS_MILLISECONDS = 400;
/** The news waits this long at most for the frame that is part of it. */
const FRAME_MILLISECONDS = 500;

/**
 * Tells of "change" (detail: a Set of "terms", "events", "frames", "scores", "state", "reset"), at most 2.5 times a
 * second, and of "replaced" if its record is another one.
 */
export class Run extends EventTarget {
  /** @param {string} id */
  constructor(id) {
    super();
    this.id = id;
    /** @type {any} */ this.summary = {};
    /** @type {any} */ this.record = {};
    this.curves = new Curves();
    /** @type {any[]} */ this.events = [];
    /** @type {{step: number, version: string}[]} */ this.frames = [];
    /** @type {any[]} */ this.cards = [];
    this.cursor = "";
    this.connected = true;
    this.gone = false;
    /** Every event number taken, in order: for tests. @type {number[]} */ this.taken = [];
    this.frameCache = new FrameCache();
    /** Seconds of training at a step. */ this.clock = (/** @type {number} */ step) => this.curves.secondsAt(step);
    this.scoresAsked = 0;
    this.changes = new Set();
    this.telling = false;
    this.lastDispatch = -Infinity;
    /** @type {EventSource|undefined} */ this.source = undefined;
    this.closed = false;
  }

  get kind() {
    return this.summary.kind;
  }
  /** What people call the run: its title, or its folder. @returns {string} */
  get name() {
    return this.summary.title || this.summary.name;
  }
  /** Name -> its curve. */
  get series() {
    return this.curves.series;
  }
  /** Whether this view is read-only. */
  get readOnly() {
    return Boolean(this.summary.read_only);
  }
  /** Names of those who take turns: each has a learning rate. @returns {string[]} */
  get players() {
    return this.keys.map((key) => /^optimizer\.(\w+)\.lr$/.exec(key)?.[1] ?? "").filter(Boolean);
  }
  /** Keys that may be edited, learning rates first. @returns {string[]} */
  get keys() {
    const all = Object.keys(this.summary.numbers ?? {}),
      isRate = (/** @type {string} */ key) => key.endsWith(".lr");
    return [...all.filter(isRate), ...all.filter((key) => !isRate(key))];
  }
  /** What a key is at a step, live edits counted. @param {string} key @returns {number|null} */
  valueOf(key, step = Infinity) {
    const edits = this.events.filter(
      (e) =>
        e.kind === "command" &&
        e.name === "set" &&
        e.outcome === "applied" &&
        e.arguments?.key === key &&
        e.step <= step,
    );
    return edits.length ? edits[edits.length - 1].arguments.value : (this.summary.numbers?.[key] ?? null);
  }
  get lastStep() {
    return this.summary.step ?? 0;
  }
  get paused() {
    const last = this.events
      .filter(
        (e) =>
          e.kind === "command" &&
          e.outcome === "applied" &&
          (e.name === "pause" || e.name === "go" || e.name === "step"),
      )
      .at(-1);
    return this.summary.state === "running" && last !== undefined && last.name !== "go";
  }
  /** What the health rules reported. @returns {any[]} */
  get alarms() {
    return this.events.filter((event) => event.kind === "health");
  }

  async load() {
    const [about, history, scores] = await Promise.all([
      get(`/api/runs/${this.id}`),
      get(`/api/runs/${this.id}/history`),
      get(`/api/runs/${this.id}/scores`),
    ]);
    const { record, ...summary } = about;
    this.record = record;
    this.summary = summary;
    this.curves.load(history);
    this.events = history.events;
    this.frames = history.frames.map((/** @type {any} */ pair) => ({ step: pair[0], version: pair[1] }));
    this.cursor = history.cursor;
    this.cards = scores.cards;
    this.taken = [];
    this.tell("terms", "events", "frames", "scores", "state");
  }

  /** @param {boolean} live by a stream; otherwise by asking now and then, since a browser holds few streams at once. */
  follow(live) {
    if (live) this.stream();
    else this.poll();
  }

  stream() {
    if (this.closed) return;
    const source = new EventSource(`/api/runs/${this.id}/stream?after=${encodeURIComponent(this.cursor)}`);
    this.source = source;
    source.addEventListener("open", () => this.setConnected(true));
    source.addEventListener("events", (message) => {
      this.cursor = message.lastEventId;
      this.take(JSON.parse(message.data));
    });
    source.addEventListener("reset", () => {
      source.close();
      this.reload();
    });
    source.addEventListener("gone", () => {
      source.close();
      this.vanish();
    });
    source.addEventListener("error", () => {
      this.setConnected(false);
      // The browser tries again by itself, from the last id, unless it was refused for good.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.stream(), RETRY_MILLISECONDS);
    });
  }

  async poll() {
    let more = false;
    while (!this.closed) {
      if (!more) await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
      more = false;
      if (document.hidden) continue;
      try {
        const delta = await get(`/api/runs/${this.id}/events?after=${encodeURIComponent(this.cursor)}`);
        this.setConnected(true);
        if (delta.reset) return this.reload(false);
        this.cursor = delta.cursor;
        this.take(delta.events);
        more = delta.more;
      } catch (error) {
        if (/** @type {any} */ (error).status === 404) return this.vanish();
        this.setConnected(false);
      }
    }
  }

  /** What was seen is no longer in the file: a resume forgot it. */
  async reload(live = true) {
    this.frameCache.clear();
    try {
      await this.load();
      this.tell("reset");
    } catch {
      this.setConnected(false);
      await new Promise((done) => setTimeout(done, RETRY_MILLISECONDS));
    }
    if (!this.closed) this.follow(live);
  }

  /**
   * What the list of runs says now, for what no event tells: a killed process, scores of another process, another
   * record.
   * @param {any} listed
   */
  heed(listed) {
    if (this.summary.state === "running" && listed.state === "interrupted") {
      this.summary.state = "interrupted";
      this.tell("state");
    }
    if (listed.title !== this.summary.title || listed.description !== this.summary.description) {
      Object.assign(this.summary, { title: listed.title, description: listed.description });
      this.tell("state");
    }
    if (listed.scores !== this.summary.scores) {
      this.summary.scores = listed.scores;
      this.askScores();
    }
    if (listed.version !== this.summary.version) {
      this.summary.version = listed.version;
      get(`/api/runs/${this.id}`).then(
        ({ record }) => {
          if (JSON.stringify(record) !== JSON.stringify(this.record)) this.dispatchEvent(new Event("replaced"));
        },
        () => {},
      );
    }
  }

  vanish() {
    this.gone = true;
    this.summary = { ...this.summary, state: "gone" };
    this.tell("state");
  }

  /** @param {any[]} events */
  take(events) {
    for (const event of events) {
      this.taken.push(event.seq);
      if (event.kind !== "command") this.summary.step = event.step;
      if (event.kind === "terms" || event.kind === "vitals") this.takeValues(event);
      else if (event.kind === "frame") this.takeFrame(event);
      else {
        this.events.push(event);
        this.tell("events");
      }
      if (event.kind === "scores") this.askScores();
      const state = { finish: "finished", stop: "stopped", start: "running", resume: "running" }[
        /** @type {string} */ (event.kind)
      ];
      if (state) this.summary.state = state;
      this.tell("state");
    }
    if (this.events.length > EVENTS_KEPT) this.events.splice(0, this.events.length - EVENTS_KEPT);
    if (this.taken.length > EVENTS_KEPT) this.taken.splice(0, this.taken.length - EVENTS_KEPT);
  }

  /** @param {any} event */
  takeValues(event) {
    const { added, long } = this.curves.take(event);
    if (long) this.thin();
    if (added) this.tell("terms");
  }

  /** Memory stays bounded: the server thins the whole curve again. */
  thin() {
    this.curves.drop();
    get(`/api/runs/${this.id}/history`).then(
      (history) => {
        this.curves.merge(history);
        this.tell("terms");
      },
      () => {},
    );
  }

  /** @param {any} event */
  takeFrame(event) {
    const step = event.step;
    const at = this.frames.findIndex((frame) => frame.step >= step);
    const frame = { step, version: event.version };
    if (at < 0) this.frames.push(frame);
    else this.frames.splice(at, this.frames[at].step === step ? 1 : 0, frame);
    this.tell("frames");
  }

  askScores() {
    const asked = ++this.scoresAsked;
    get(`/api/runs/${this.id}/scores`).then(
      ({ cards }) => {
        if (asked !== this.scoresAsked) return;
        this.cards = cards;
        this.tell("scores");
      },
      () => {
        this.summary.scores = undefined;
      },
    ); // the list of runs asks again
  }

  /** The newest frame that is not later than a step. @param {number} step */
  frameAt(step) {
    let low = 0,
      high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle].step <= step) low = middle + 1;
      else high = middle;
    }
    return this.frames[low - 1];
  }

  /** @param {{step: number, version: string}} frame @param {string} [part] */
  address(frame, part = "") {
    return `/api/runs/${this.id}/frames/${frame.step}${part}?v=${frame.version}`;
  }

  /** The earth mover's plan of a frame of points. @param {{step: number, version: string}} frame */
  plan(frame) {
    return this.frameCache.content(this.address(frame, "/plan"), framePacked);
  }

  /** A frame of points, or an image. @param {{step: number, version: string}} frame @returns {Promise<any>} */
  frameContent(frame) {
    return this.frameCache.content(this.address(frame), this.kind === "images" ? imageAt : framePacked);
  }

  /** @param {boolean} connected */
  setConnected(connected) {
    if (connected === this.connected) return;
    this.connected = connected;
    this.tell("state");
    if (connected) this.tell("frames", "scores"); // what could not be fetched meanwhile
  }

  /** @param {...string} what */
  tell(...what) {
    what.forEach((word) => this.changes.add(word));
    if (this.telling) return;
    this.telling = true;
    setTimeout(() => this.dispatch(), Math.max(0, this.lastDispatch + NEWS_MILLISECONDS - performance.now()));
  }

  async dispatch() {
    // The newest frame is drawn with everything else: by itself it would cost the browser as much once more.
    const newest = this.frames.at(-1);
    if (this.changes.has("frames") && newest)
      await Promise.race([
        this.frameContent(newest).catch(() => {}), // the panel that shows it says what is wrong
        new Promise((done) => setTimeout(done, FRAME_MILLISECONDS)),
      ]);
    const changes = this.changes;
    this.changes = new Set();
    this.telling = false;
    this.lastDispatch = performance.now();
    this.dispatchEvent(new CustomEvent("change", { detail: changes }));
  }

  close() {
    this.closed = true;
    this.source?.close();
    this.frameCache.clear();
  }
}
