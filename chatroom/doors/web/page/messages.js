/**
 * The list of messages: a window on a timeline, with no more rows than a page can bear. It follows what is said as
 * long as the reader is at its end, grows at its beginning as they scroll up, and lets go of rows at the other end.
 */

import { runsIn } from "./crowd.js";
import { element } from "./dom.js";
import { kindOf } from "./kinds.js";
import { Place } from "./places.js";
import { rowOf } from "./row.js";
import { day } from "./times.js";

/** @typedef {{ref: string, kind: "said"|"acted", text: string}} Waiting words of the user that are on their way */

/** @import { Run } from "./crowd.js" */
/** @import { Timeline } from "./timeline.js" */

const MOST = 1000; // rows
const FIRST = 120; // rows of a place that is looked at anew
const STEP = 80; // rows that are added at once in scrolling
const MOST_WAITING = 20; // rows of messages that are on their way
const NEAR = 500; // pixels from an end at which more is fetched
const MANY = 1000; // messages that are asked for at once in looking for one
const SHARE_OF_A_PAGE = 0.9; // that scrolls by for Page Up and Page Down
const AT_END = 48; // pixels from the end that still count as being there

/**
 * @typedef {object} MessagesParts
 * @property {HTMLElement} scroller
 * @property {HTMLElement} title
 * @property {HTMLElement} list
 * @property {HTMLElement} beginning
 * @property {HTMLElement} waiting
 * @property {HTMLElement} stopPart
 * @property {HTMLElement} stopText
 * @property {HTMLButtonElement} toNewest
 * @property {HTMLButtonElement} toFirst
 * @property {HTMLButtonElement} toMention
 */

export class Messages {
  /**
   * @param {MessagesParts} parts
   * @param {(count?: number) => boolean} askForOlder asks for more of the past; whether that is on its way
   */
  constructor(parts, askForOlder) {
    this.scroller = parts.scroller;
    this.title = parts.title;
    this.list = parts.list;
    this.waiting = parts.waiting;
    this.stopPart = parts.stopPart;
    this.stopText = parts.stopText;
    /** The refs of the waiting messages that have a row. */
    this.waitingRefs = "";
    this.beginning = parts.beginning;
    this.toNewest = parts.toNewest;
    this.toFirst = parts.toFirst;
    this.toMention = parts.toMention;
    this.askForOlder = askForOlder;
    this.place = new Place("nowhere", "");
    this.timeline = this.place.timeline;
    this.reader = { me: "", divider: 0 };
    /** The last item of the timeline when it was last drawn. */
    this.newest = 0;
    /** The last item of the timeline that the reader has had on the screen. */
    this.seen = 0;
    /** The id of the event that is looked for in the past; 0 when none is. */
    this.sought = 0;
    /** The first and the last item that have a row. */
    this.low = 1;
    this.high = 0;
    /**
     * The runs of those who came and went that the reader wants to see, each by the seq of an item in it.
     * @type {Set<number>}
     */
    this.unfolded = new Set();
    /** Whether the reader is at the end, which is then followed. */
    this.atEnd = true;
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.toNewest.addEventListener("click", () => {
      this.showNewest();
      this.scroller.focus({ preventScroll: true });
    });
    this.toFirst.addEventListener("click", () => this.reveal(this.place.divider));
    this.toMention.addEventListener("click", () => this.reveal(this.place.mention));
    new ResizeObserver(() => this.atEnd && this.#toEnd()).observe(this.scroller);
  }

  /**
   * Show what is new in `place`, or another place.
   * @param {Place} place
   * @param {string} me the user's nickname
   * @param {boolean} anew whether to draw all of it again
   */
  show(place, me, anew = false) {
    const timeline = place.timeline;
    const dividerMoved = place.divider !== this.reader.divider;
    const old = this.reader.divider;
    this.reader = { me, divider: place.divider };
    this.newest = timeline.to;
    const title = `Messages: ${place.title}`;
    if (this.title.textContent !== title) this.title.textContent = title;
    if (anew || place !== this.place || this.timeline !== timeline || this.#outOfReach(timeline)) {
      this.place = place;
      this.timeline = timeline;
      this.unfolded.clear();
      this.sought = 0;
      this.#begin(timeline.seqOf(place.divider));
    } else {
      this.#dropTrimmed();
      for (const seq of timeline.changed) this.#redraw(seq);
      if (dividerMoved) [old, place.divider].forEach((id) => this.#redraw(timeline.seqOf(id)));
      if (timeline.from < this.low && this.#nearTop()) this.#extendUp();
      this.#follow();
      this.#fold();
      if (this.atEnd) this.#toEnd();
    }
    timeline.changed = [];
    this.#seek();
    this.#fetch();
    this.#tellRest();
  }

  /**
   * Show what the user has said and has yet to come back, below everything else.
   * @param {Waiting[]} waiting
   * @param {number} stoppable how many of those can be taken back
   */
  showWaiting(waiting, stoppable) {
    const shown = waiting.slice(0, MOST_WAITING);
    const refs = `${this.place.key} ${shown.map(({ ref }) => ref).join(" ")}`;
    const text = stoppable ? `${stoppable.toLocaleString()} more to send.` : "";
    if (refs === this.waitingRefs && text === this.stopText.textContent) return;
    this.waitingRefs = refs;
    this.stopText.textContent = text;
    this.stopPart.hidden = !text;
    this.waiting.replaceChildren(...this.#waitingRows(shown));
    if (this.atEnd) this.#toEnd();
  }

  /** @param {Waiting[]} waiting */
  #waitingRows(waiting) {
    const { timeline, reader } = this;
    const at = Date.now() / 1000;
    let previous = timeline.at(timeline.to);
    return waiting.map(({ kind, text }) => {
      const item = { kind, text, at, nick: reader.me, seq: 0 };
      const row = rowOf(item, previous, reader);
      row.querySelector(".line")?.append(element("span", { class: "on-its-way" }, "Sending\u2026"));
      previous = item;
      return row;
    });
  }

  /**
   * Show the event with this id, however far back it is.
   * @param {number} id
   */
  reveal(id) {
    this.sought = id;
    this.#seek();
    this.#tellRest();
  }

  #seek() {
    if (!this.sought) return;
    const { timeline } = this;
    const seq = timeline.seqOf(this.sought);
    if (seq !== undefined) {
      this.sought = 0;
      this.#begin(seq);
      this.#rowAt(seq)?.classList.add("sought");
      this.scroller.focus({ preventScroll: true });
    } else if (timeline.complete || timeline.oldestId < this.sought) this.sought = 0;
    else this.askForOlder(MANY);
  }

  /** Say the days in the words of today. */
  freshenDays() {
    /** @type {NodeListOf<HTMLTimeElement>} */
    const days = this.list.querySelectorAll(".day time");
    for (const time of days) time.textContent = day(Date.parse(time.dateTime) / 1000);
  }

  /** Go to the end. */
  showNewest() {
    if (this.high < this.timeline.to) this.#begin();
    this.#toEnd();
    this.#tellRest();
  }

  /**
   * Scroll by so many pages: up below 0, down above.
   * @param {number} pages
   */
  scrollBy(pages) {
    this.scroller.scrollTop += pages * SHARE_OF_A_PAGE * this.scroller.clientHeight;
  }

  #clear() {
    this.list.replaceChildren();
    this.low = 1;
    this.high = 0;
  }

  /**
   * Whether none of the items that have a row is left, or more have come than are worth adding row by row.
   * @param {Timeline} timeline
   */
  #outOfReach(timeline) {
    return this.low > this.high || timeline.from > this.high || (this.atEnd && timeline.to - this.high > 2 * FIRST);
  }

  /** Draw the newest rows; with the seq of a `target`, those around that one. */
  #begin(target = Infinity) {
    this.#clear();
    const { timeline } = this;
    this.low = Math.max(timeline.from, Math.min(timeline.to - FIRST + 1, target - FIRST / 2));
    this.high = Math.min(timeline.to, this.low + MOST - 1);
    this.seen = timeline.to;
    this.list.append(...this.#rows(this.low, this.high));
    this.#fold();
    this.#toEnd();
    const row = this.#rowAt(target);
    if (!row) return;
    const above = row.offsetTop - this.scroller.clientHeight / 4;
    if (above < this.scroller.scrollTop) this.scroller.scrollTop = above;
    this.#notice();
  }

  /**
   * New rows for the items from `low` to `high`.
   * @param {number} low
   * @param {number} high
   */
  #rows(low, high) {
    const { timeline } = this;
    const items = timeline.items.slice(Math.max(0, low - timeline.from), Math.max(0, high + 1 - timeline.from));
    return items.map((item) => rowOf(item, timeline.at(item.seq - 1), this.reader));
  }

  /**
   * The item of a row.
   * @param {Element} row
   */
  itemOf(row) {
    return this.timeline.at(this.low + [...this.#children()].findIndex((one) => one === row));
  }

  /** Of many who come and go, show the last, and how many they are. */
  #fold() {
    const { timeline } = this;
    const items = timeline.items.slice(this.low - timeline.from, this.high + 1 - timeline.from);
    const runs = runsIn(items, (seq) => this.#rowAt(seq)?.querySelector(".day, .new") !== null);
    const rows = [...this.#children()];
    /** @param {Run} one */
    const unfolded = ({ from, to }) => [...this.unfolded].some((seq) => seq >= from && seq <= to);
    let [run] = runs.splice(0, 1);
    rows.forEach((row, index) => {
      const seq = this.low + index;
      if (run && seq > run.to) [run] = runs.splice(0, 1);
      const inRun = run && seq >= run.from && !unfolded(run) ? run : undefined;
      row.classList.toggle("folded-away", inRun !== undefined && seq < inRun.to);
      this.#summarize(row, inRun?.to === seq ? inRun : undefined);
    });
  }

  /**
   * @param {HTMLElement} row
   * @param {Run|undefined} run that ends there, and is folded
   */
  #summarize(row, run) {
    const before = row.querySelector(".folded");
    if ((before?.textContent ?? "") === (run?.text ?? "")) return;
    before?.remove();
    if (!run) return;
    const more = element("button", { type: "button", title: "Show each" }, run.text);
    more.addEventListener("click", () => {
      this.unfolded.add(run.to);
      this.#keepingPlace(() => this.#fold());
      this.scroller.focus({ preventScroll: true });
    });
    row.querySelector(".line")?.before(element("p", { class: "folded" }, more));
  }

  /** The rows that there are. */
  #children() {
    return /** @type {HTMLCollectionOf<HTMLElement>} */ (this.list.children);
  }

  /** @param {number} seq */
  #rowAt(seq) {
    return this.#children()[seq - this.low];
  }

  /** @param {number|undefined} seq */
  #redraw(seq) {
    if (seq !== undefined && seq <= this.high) this.#rowAt(seq)?.replaceWith(...this.#rows(seq, seq));
  }

  #dropTrimmed() {
    const gone = this.timeline.from - this.low;
    if (gone > 0) this.#keepingPlace(() => this.#dropTop(gone));
  }

  /** @param {number} count */
  #dropTop(count) {
    for (let index = 0; index < count; index += 1) this.list.firstElementChild?.remove();
    this.low += count;
  }

  /** @param {number} count */
  #dropBottom(count) {
    for (let index = 0; index < count; index += 1) this.list.lastElementChild?.remove();
    this.high -= count;
  }

  /**
   * Do something with rows, and have those on the screen that are left stay where they are.
   * @param {() => void} work
   */
  #keepingPlace(work) {
    const { scrollTop } = this.scroller;
    /** @param {HTMLElement} row its lower edge counts: a day or a name above it may come or go */
    const edge = (row) => row.offsetTop + row.offsetHeight;
    const rows = [...this.#children()];
    const index = rows.findIndex((row) => edge(row) > scrollTop);
    const first = rows[index];
    const seq = this.low + index;
    const before = first ? edge(first) - scrollTop : 0;
    work();
    const row = first && this.#rowAt(seq);
    if (row) this.scroller.scrollTop = edge(row) - before;
  }

  #extendUp() {
    const low = Math.max(this.timeline.from, this.low - STEP);
    this.#keepingPlace(() => {
      const old = this.low;
      this.list.prepend(...this.#rows(low, old - 1));
      this.low = low;
      this.#redraw(old);
      this.#dropBottom(Math.max(0, this.high - this.low + 1 - MOST));
      this.#fold();
    });
  }

  #extendDown() {
    const high = Math.min(this.timeline.to, this.high + STEP);
    this.#keepingPlace(() => {
      this.list.append(...this.#rows(this.high + 1, high));
      this.high = high;
      this.#dropTop(Math.max(0, this.high - this.low + 1 - MOST));
      this.#fold();
    });
  }

  /** Add what was said, as far as there is room. */
  #follow() {
    const { timeline } = this;
    if (this.high >= timeline.to) return;
    const room = this.atEnd ? Infinity : this.low + MOST - 1;
    const high = Math.min(timeline.to, room);
    if (high > this.high) this.list.append(...this.#rows(this.high + 1, high));
    this.high = Math.max(this.high, high);
    if (!this.atEnd) return;
    this.#dropTop(Math.max(0, this.high - this.low + 1 - MOST));
    this.#toEnd();
  }

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#notice();
  }

  #notice() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    // Items that have come since the last drawing do not count: they are about to be followed.
    this.atEnd = this.high >= this.newest && scrollHeight - scrollTop - clientHeight < AT_END;
  }

  #nearTop() {
    return this.scroller.scrollTop < NEAR;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (this.high < this.newest && scrollHeight - scrollTop - clientHeight < NEAR) this.#extendDown();
    if (this.low > this.timeline.from && this.#nearTop()) this.#extendUp();
    this.#notice();
    this.#fetch();
    this.#tellRest();
  }

  /** Ask for more of the past, if its beginning is near; and say what stands there. */
  #fetch() {
    const { kind, name, timeline } = this.place;
    const asked = this.low <= timeline.from && this.#nearTop() && this.askForOlder();
    let text = "";
    if (kind === "private") text = "Private messages are not kept: they go when this page does.";
    else if (kind === "room" && timeline.complete) text = `This is where ${name} begins.`;
    else if (asked) text = "Loading\u2026";
    if (text === this.beginning.textContent) return;
    this.#keepingPlace(() => (this.beginning.textContent = text));
    if (this.atEnd) this.#toEnd();
  }

  /**
   * Whether the event with this id is above what is on the screen (-1), on it (0), or below (1).
   * @param {number} id
   */
  #whereIs(id) {
    const seq = this.timeline.seqOf(id);
    if (seq === undefined || seq < this.low) return -1;
    const row = this.#rowAt(seq);
    if (!row) return 1;
    const { scrollTop, clientHeight } = this.scroller;
    if (row.offsetTop + row.offsetHeight <= scrollTop) return -1;
    return row.offsetTop >= scrollTop + clientHeight ? 1 : 0;
  }

  /** Offer the ways to the first new message, and to the first that names the user, until each has been seen. */
  #tellNew() {
    const { place } = this;
    const toFirst = place.behind && place.divider ? this.#whereIs(place.divider) : 0;
    if (toFirst === 0) place.behind = 0;
    const toMention = place.mention ? this.#whereIs(place.mention) : 0;
    if (toMention === 0) place.mention = 0;
    this.toFirst.hidden = toFirst >= 0;
    this.toFirst.textContent = `${place.behind.toLocaleString()} new message${place.behind === 1 ? "" : "s"} \u2191`;
    this.toMention.hidden = toMention === 0;
    this.toMention.textContent = `You are mentioned ${toMention < 0 ? "\u2191" : "\u2193"}`;
  }

  /** Say how much there is behind what is seen. */
  #tellRest() {
    this.#tellNew();
    if (this.atEnd) this.seen = this.timeline.to;
    this.toNewest.hidden = this.atEnd;
    if (this.atEnd) return;
    const behind = this.timeline.items.slice(Math.max(0, this.seen + 1 - this.timeline.from));
    const count = behind.filter(({ kind }) => kindOf(kind)?.nature !== "membership").length;
    this.toNewest.textContent = count ? `${count} new message${count === 1 ? "" : "s"} \u2193` : "To the newest \u2193";
  }
}
