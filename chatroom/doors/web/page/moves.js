/** Going from place to place. */

/** @import { Place } from "./places.js" */
/** @import { Store } from "./store.js" */

export class Moves {
  /**
   * @param {Store} store
   * @param {(command: string) => string} ask has the server do what a command says; gives the ref of the request, and
   *   nothing while there is no connection
   * @param {() => void} arrived called when the user has asked to be elsewhere
   */
  constructor(store, ask, arrived) {
    this.store = store;
    this.ask = ask;
    this.arrived = arrived;
  }

  /**
   * Look at a place that the user is in.
   * @param {Place} place
   */
  look(place) {
    this.store.look(place);
    this.arrived();
  }

  /**
   * Look at the next place, or at the one before.
   * @param {number} step 1 or -1
   * @param {Place[]} inOrder
   */
  step(step, inOrder) {
    const now = inOrder.indexOf(this.store.view);
    const from = now < 0 && step < 0 ? 0 : now;
    const next = inOrder[(from + step + inOrder.length) % inOrder.length];
    if (next) this.look(next);
  }

  /**
   * Go to a room that the user need not be in yet.
   * @param {string} name as somebody types it
   */
  join(name) {
    this.request(name);
    this.arrived();
  }

  /**
   * The same, for one who waits for the answer.
   * @param {string} name as somebody types it
   * @returns {string|undefined} the ref of the request, empty while there is no connection; undefined where the user is
   *   in the room already
   */
  request(name) {
    const place = this.store.rooms.get(name.replace(/^#/, ""));
    if (!place) return this.ask(`/join ${name}`);
    this.store.look(place);
    return undefined;
  }

  /**
   * Leave a room, or end a conversation.
   * @param {Place} place
   */
  leave(place) {
    if (place.kind === "room") this.ask(`/leave ${place.name}`);
    else this.store.end(place);
    this.arrived();
  }

  /**
   * Talk to one person alone.
   * @param {string} nickname
   */
  whisper(nickname) {
    this.look(this.store.conversation(nickname));
  }
}
