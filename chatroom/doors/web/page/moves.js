/** Going from place to place: what is looked at, and the room that the server takes what one says to be for. */

export class Moves {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./connection.js").Connection} connection
   * @param {() => void} arrived called when one has asked to be elsewhere
   */
  constructor(store, connection, arrived) {
    Object.assign(this, { store, connection, arrived });
  }

  /** Look at a place that one is in, and speak there. */
  look(place) {
    this.follow(place);
    this.arrived();
  }

  /** The same, without more ado. */
  follow(place) {
    const { store, connection } = this;
    store.look(place);
    const there = store.switching === 0 && store.active === place.name;
    if (place.kind === "room" && !there && connection.send(`/join ${place.name}`)) store.switching += 1;
  }

  /** Look at the next place, or at the one before. @param {number} step 1 or -1 */
  step(step, inOrder) {
    const now = inOrder.indexOf(this.store.view);
    const next = inOrder[(now + step + inOrder.length) % inOrder.length];
    if (next) this.look(next);
  }

  /** Go to a room that one need not be in yet, by what somebody calls it. */
  join(name) {
    const place = this.store.rooms.get(name.replace(/^#/, ""));
    if (place) this.follow(place);
    else this.ask(`/join ${name}`);
    this.arrived();
  }

  /** Leave a room, or end a conversation. */
  leave(place) {
    if (place.kind === "room") this.ask(`/leave ${place.name}`);
    else this.store.end(place);
    this.arrived();
  }

  /** Ask to be in another room than now: what one says has to wait until the server has said which one that is. */
  ask(line) {
    this.store.moving = this.connection.send(line);
  }

  /** Talk to one person alone. */
  whisper(nickname) {
    this.look(this.store.conversation(nickname));
  }
}
