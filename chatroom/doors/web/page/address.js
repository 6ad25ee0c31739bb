/**
 * The page's address, which names the place that is looked at: it can be shared, and Back goes to the place before.
 * `#room=tea` is the form that the page writes. `#tea` and `?room=tea` are understood too.
 */

/** @import { Place } from "./places.js" */

/** @param {string} text @returns {string} empty when it is not well encoded */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** @param {string} name @returns {string} empty for one that no room can have */
const roomName = (name) => (/[\s,]/.test(name) ? "" : name.replace(/^#/, ""));

/**
 * The room that an address names; empty for none.
 * @param {{hash: string, search?: string}} address
 */
export function roomIn({ hash, search = "" }) {
  const fragment = hash.slice(1);
  const named = new URLSearchParams(fragment).get("room") ?? (fragment.includes("=") ? "" : decoded(fragment));
  return roomName(named || (new URLSearchParams(search).get("room") ?? ""));
}

/**
 * The person whom an address names, for a private conversation; empty for none.
 * @param {{hash: string}} address
 */
export const personIn = ({ hash }) => new URLSearchParams(hash.slice(1)).get("with") ?? "";

/**
 * The fragment that names a place; empty for nowhere.
 * @param {Pick<Place, "kind"|"name">} place
 */
export function fragmentOf({ kind, name }) {
  if (kind === "nowhere") return "";
  return `#${kind === "room" ? "room" : "with"}=${encodeURIComponent(name)}`;
}

export class Address {
  /**
   * @param {object} asks
   * @param {() => Place} asks.here gives the place that is looked at
   * @param {(room: string) => boolean} asks.isIn whether the user is in a room
   * @param {(room: string) => void} asks.join
   * @param {(nickname: string) => void} asks.whisper
   */
  constructor(asks) {
    this.asks = asks;
    addEventListener("hashchange", () => this.#changed());
  }

  /**
   * Name the place that is looked at.
   * @param {boolean} step whether Back is to lead to the one before
   */
  follow(step) {
    const here = this.asks.here();
    const fragment = fragmentOf(here);
    const named = here.kind === "room" ? roomIn(location) : personIn(location);
    if (!fragment || (location.hash === fragment && !location.search)) return;
    const address = location.pathname + fragment;
    // The same place, named in another way, is no step.
    if (step && named !== here.name) history.pushState({ place: here.key }, "", address);
    else history.replaceState({ place: here.key }, "", address);
  }

  #changed() {
    const room = roomIn(location);
    const person = personIn(location);
    // Somebody goes back or forth: a room that was left in the meantime stays left.
    const known = history.state === null || this.asks.isIn(room);
    if (room && known) this.asks.join(room);
    else if (person) this.asks.whisper(person);
    else this.follow(false);
  }
}
