/**
 * The timeline of one place: items in their order, oldest first, without a gap and without a repeat.
 *
 * Each item has a `seq`, one more than that of the item before it; older ones that are put in front go below. So
 * a place in the list stays known while the list grows at both ends and is trimmed. Items that the server's log
 * keeps have an `id` too; private messages, notices and errors have none.
 */

import { kindOf } from "./kinds.js";
import { markOf, removedIds } from "./wire.js";

/** @import { EventKind } from "./kinds.js" */
/** @import { RoomEvent } from "./wire.js" */

/**
 * A deed of somebody: an event of the log, or, without an id, a private message or a departure that was not kept.
 * @typedef {{kind: EventKind, at: number, nick: string, text: string, id?: number, room?: string,
 *   extras?: Record<string, unknown>}} Deed
 */
/**
 * A remark of the server or of the page itself.
 * @typedef {{kind: "notice"|"error", at: number, text: string, nick?: undefined, id?: undefined}} Remark
 */
/**
 * An invitation of somebody into a room.
 * @typedef {{kind: "invited", at: number, nick: string, room: string, text: string, id?: undefined}} Invitation
 */
/** @typedef {Deed|Remark|Invitation} Item */
/** @typedef {Item & {seq: number}} Placed */

export class Timeline {
  constructor() {
    /** @type {Placed[]} */
    this.items = [];
    /** Whether there is nothing older that could be asked for. */
    this.complete = false;
    /** The number of trims: events that were asked for before the last one do not join on to the items left. */
    this.trims = 0;
    /**
     * The seqs of items that have changed since they were last drawn.
     * @type {number[]}
     */
    this.changed = [];
  }

  get from() {
    return this.items[0]?.seq ?? 1;
  }

  get to() {
    return this.from + this.items.length - 1;
  }

  /** The oldest id that is here; 0 when none is. */
  get oldestId() {
    return this.items.find((item) => item.id)?.id ?? 0;
  }

  get newestId() {
    return this.items.findLast((item) => item.id)?.id ?? 0;
  }

  /** @param {number} seq */
  at(seq) {
    return this.items[seq - this.from];
  }

  /**
   * The seq of the event with this id; undefined when it is not here.
   * @param {number} id
   */
  seqOf(id) {
    return id ? this.items.find((item) => item.id === id)?.seq : undefined;
  }

  /**
   * Put an item at the end.
   * @param {Item} item
   * @returns {boolean} false for an event that is here already
   */
  append(item) {
    if (item.id && item.id <= this.newestId) return false;
    this.items.push({ ...item, seq: this.to + 1 });
    return true;
  }

  /**
   * Put older events in front; those that are here already are passed over.
   * @param {RoomEvent[]} events oldest first
   */
  prepend(events) {
    const oldest = this.oldestId || Infinity;
    const older = events.filter(({ id }) => id !== undefined && id < oldest);
    let seq = this.from - older.length;
    this.items.unshift(...older.map((event) => ({ ...event, seq: seq++ })));
  }

  /**
   * Put marks in the place of messages that were removed.
   * @param {RoomEvent} removal
   */
  remove(removal) {
    const ids = removedIds(removal);
    this.items = this.items.map((item) => {
      if (!item.id || !ids.has(item.id) || kindOf(item.kind)?.nature !== "talk") return item;
      // The next one may have gone on under the same name.
      this.changed.push(item.seq, item.seq + 1);
      return markOf(item, removal);
    });
  }

  /**
   * Let go of all but the newest `most`: they can be asked for again.
   * @param {number} most
   */
  trim(most) {
    if (this.items.length > most) {
      this.items.splice(0, this.items.length - most);
      this.trims += 1;
      this.complete = false;
    }
  }
}
