/**
 * What has happened in one place, oldest first, without a gap and without a repeat.
 *
 * Each item has a `seq`, one more than that of the item before it; older ones that are put in front go below. So
 * a place in the list stays known while the list grows at both ends and is trimmed. Items that the server's log
 * keeps have an `id` too; private messages, notices and errors have none.
 */
export class Timeline {
  constructor() {
    this.items = [];
    /** Whether there is nothing older that could be asked for. */
    this.complete = false;
  }

  get from() {
    return this.items.length ? this.items[0].seq : 1;
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

  at(seq) {
    return this.items[seq - this.from];
  }

  /** The place of the event with this id; undefined when it is not here. */
  seqOf(id) {
    return id ? this.items.find((item) => item.id === id)?.seq : undefined;
  }

  /** Put an item at the end. @returns {boolean} false for an event that is here already */
  append(item) {
    if (item.id && item.id <= this.newestId) return false;
    this.items.push({ ...item, seq: this.to + 1 });
    return true;
  }

  /** Put older events in front; those that are here already are passed over. */
  prepend(events) {
    const oldest = this.oldestId || Infinity;
    const older = events.filter((event) => event.id < oldest);
    let seq = this.from - older.length;
    this.items.unshift(...older.map((event) => ({ ...event, seq: seq++ })));
  }

  /** Let go of all but the newest `most`: they can be asked for again. */
  trim(most) {
    if (this.items.length > most) {
      this.items.splice(0, this.items.length - most);
      this.complete = false;
    }
  }
}
