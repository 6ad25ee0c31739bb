/** The lists at the sides: the rooms and conversations that the user is in, other rooms, the people. */

import { Asking, OFFLINE } from "./asking.js";
import { element, KeyedList, unseen } from "./dom.js";
import { folded } from "./folding.js";
import { avatarOf, hue, nameOf } from "./names.js";
import { initial } from "./nicknames.js";

/** @import { Place } from "./places.js" */
/** @import { Store } from "./store.js" */

const MOST_PEOPLE = 300;
const MOST_OTHERS = 100;
/** In milliseconds from the last letter: when the server is asked for rooms that are not listed. */
const FIND_AFTER = 250;

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** @param {Iterable<string>} names */
const sorted = (names) => [...names].sort(byName.compare);

/**
 * @param {HTMLElement} badge
 * @param {number} number
 * @param {boolean} mentioned
 */
function count(badge, number, mentioned) {
  badge.hidden = number === 0;
  badge.textContent = number > 99 ? "99+" : String(number);
  badge.classList.toggle("mentioned", mentioned);
}

const hash = () => element("span", { class: "hash", "aria-hidden": "true" }, "#");

/**
 * The row of a place that the user is in.
 * @param {string} name
 * @param {Node} sign stands before the name
 * @param {() => void} look
 * @param {() => void} leave
 */
function ownRow(name, sign, look, leave) {
  const badge = element("span", { class: "badge", hidden: true });
  const said = unseen("");
  const open = element(
    "button",
    { type: "button", class: "go" },
    sign,
    element("bdi", { class: "name" }, name),
    badge,
    said,
  );
  const title = `Leave ${name}`;
  const close = element("button", { type: "button", class: "icon leave", "aria-label": title, title }, "\u00d7");
  open.addEventListener("click", look);
  close.addEventListener("click", leave);
  return { row: element("li", { class: "place own" }, open, close), open, badge, said };
}

/**
 * @param {ReturnType<typeof ownRow>} made
 * @param {Place} place
 * @param {boolean} current whether it is looked at
 */
function updateOwnRow({ row, open, badge, said }, place, current) {
  if (current) open.setAttribute("aria-current", "true");
  else open.removeAttribute("aria-current");
  row.classList.toggle("current", current);
  row.classList.toggle("unread", place.unread > 0);
  count(badge, place.unread, place.mentioned);
  const words = place.unread ? (place.mentioned ? " unread, you are mentioned" : " unread") : "";
  if (said.textContent !== words) said.textContent = words;
}

/**
 * The row of a room that the user is not in.
 * @param {string} name
 * @param {() => void} join
 */
function otherRow(name, join) {
  const size = element("span", { class: "size" });
  const open = element(
    "button",
    { type: "button", class: "go" },
    hash(),
    element("bdi", { class: "name" }, name),
    size,
  );
  open.addEventListener("click", join);
  return { row: element("li", { class: "place other" }, open), open, size };
}

/**
 * @typedef {object} RoomsParts
 * @property {HTMLElement} side
 * @property {HTMLElement} joined
 * @property {HTMLElement} private
 * @property {HTMLElement} privatePart
 * @property {HTMLElement} others
 * @property {HTMLElement} othersPart
 * @property {HTMLElement} othersMore
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} field
 * @property {HTMLElement} error
 * @property {HTMLElement} selfName
 * @property {HTMLElement} selfAvatar
 * @property {HTMLElement} elsewhere
 */

export class Rooms {
  #shownName = "";
  /** @type {Place|undefined} */
  #shownPlace;

  /**
   * @param {RoomsParts} parts
   * @param {Store} store
   * @param {object} asks
   * @param {(place: Place) => void} asks.look
   * @param {(place: Place) => void} asks.leave
   * @param {(room: string) => void} asks.join
   * @param {(room: string) => string|undefined} asks.request the same, for one who waits for the answer: gives the ref
   *   of the request, empty while there is no connection; undefined in a room that the user is in already
   * @param {(words: string) => void} asks.find look for rooms beyond those that are listed
   * @param {() => void} asks.joined called when the room that was asked for may be looked at
   */
  constructor(parts, store, asks) {
    this.parts = parts;
    this.store = store;
    /**
     * @param {Map<string, Place>} places
     * @param {(name: string) => Node} sign
     */
    const own = (places, sign) => (/** @type {string} */ name) => {
      /** @param {(place: Place) => void} ask */
      const withPlace = (ask) => () => {
        const place = places.get(name);
        if (place) ask(place);
      };
      return ownRow(name, sign(name), withPlace(asks.look), withPlace(asks.leave));
    };
    this.joined = new KeyedList(parts.joined, own(store.rooms, hash));
    this.private = new KeyedList(parts.private, own(store.privates, avatarOf));
    this.others = new KeyedList(parts.others, (name) => otherRow(name, () => asks.join(name)));
    this.asking = new Asking(parts, {
      ask: (name) => {
        if (!name) return { error: "Type the name of a room first." };
        if (/\s/.test(name)) return { error: `A room\u2019s name has no spaces: try ${name.replace(/\s+/g, "-")}` };
        const ref = asks.request(name);
        if (ref === undefined) return "done";
        return ref ? { ref } : { error: OFFLINE };
      },
      done: () => asks.joined(),
    });
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let later;
    parts.field.addEventListener("input", () => {
      this.show();
      clearTimeout(later);
      const words = parts.field.value.trim().replace(/^#/, "");
      if (words && store.listedInPart) later = setTimeout(() => asks.find(words), FIND_AFTER);
    });
    parts.field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !parts.field.value) return;
      event.stopPropagation();
      this.asking.begin();
      this.show();
    });
  }

  show() {
    const { store } = this;
    this.#places(this.joined, store.rooms);
    this.#places(this.private, store.privates);
    this.parts.privatePart.hidden = store.privates.size === 0;
    this.#others();
    this.#self();
    this.#showCurrent();
    const rest = store.places().filter((place) => place !== store.view);
    const unread = rest.reduce((sum, place) => sum + place.unread, 0);
    count(this.parts.elsewhere, unread, rest.some((place) => place.mentioned));
  }

  /** Every place that the user is in, as they stand here. */
  inOrder() {
    const { rooms, privates } = this.store;
    return [rooms, privates].flatMap((places) => sorted(places.keys()).flatMap((name) => places.get(name) ?? []));
  }

  /** Have the place that is looked at on the screen, once for each place. */
  #showCurrent() {
    if (this.#shownPlace === this.store.view) return;
    const current = this.parts.side.querySelector(".place.current");
    if (current) this.#shownPlace = this.store.view;
    current?.scrollIntoView({ block: "nearest" });
  }

  /**
   * Whether a name has in it what the user looks for.
   * @param {string} name
   */
  #isWanted(name) {
    const wanted = folded(this.parts.field.value.trim().replace(/^#/, "").normalize("NFC"));
    return folded(name.normalize("NFC")).includes(wanted);
  }

  /**
   * @param {KeyedList<ReturnType<typeof ownRow>>} list
   * @param {Map<string, Place>} places
   */
  #places(list, places) {
    const names = sorted(places.keys()).filter((name) => this.#isWanted(name));
    list.show(names, (made, name) => {
      const place = places.get(name);
      if (place) updateOwnRow(made, place, place === this.store.view);
    });
  }

  #others() {
    const all = this.store.listed.filter(({ room }) => !this.store.rooms.has(room) && this.#isWanted(room));
    const others = all.slice(0, MOST_OTHERS);
    const more = all.length - others.length;
    const hidden = this.store.listedInPart && !this.parts.field.value ? "and more" : "";
    const text = more > 0 ? `and ${more.toLocaleString()} more` : hidden;
    const told = text && `${text}: type a part of the name above`;
    if (this.parts.othersMore.textContent !== told) this.parts.othersMore.textContent = told;
    const byRoom = new Map(others.map((summary) => [summary.room, summary]));
    this.parts.othersPart.hidden = others.length === 0;
    this.others.show([...byRoom.keys()], ({ open, size }, name) => {
      const people = byRoom.get(name)?.size ?? 0;
      open.title = byRoom.get(name)?.topic ?? "";
      size.replaceChildren(String(people), unseen(people === 1 ? " person" : " people"));
    });
  }

  #self() {
    const { me } = this.store;
    if (this.#shownName === me) return;
    this.#shownName = me;
    const { selfName, selfAvatar } = this.parts;
    selfName.textContent = me;
    selfAvatar.textContent = initial(me);
    selfAvatar.className = `avatar ${hue(me)}`;
  }
}

/**
 * @param {string} nickname
 * @param {() => void} talk
 */
function personRow(nickname, talk) {
  const you = element("span", { class: "you" });
  const away = element("span", { class: "why" });
  const go = element(
    "button",
    { type: "button", class: "go", title: `Talk to ${nickname} privately` },
    avatarOf(nickname),
    nameOf(nickname),
    you,
    away,
  );
  go.addEventListener("click", talk);
  return { row: element("li", { class: "place person" }, go), you, away };
}

export class People {
  #shown = "";

  /**
   * @param {{list: HTMLElement, more: HTMLElement, count: HTMLElement}} parts
   * @param {(nickname: string) => void} talk called with the nickname of the person to talk to privately
   */
  constructor(parts, talk) {
    this.parts = parts;
    this.list = new KeyedList(parts.list, (nickname) => personRow(nickname, () => talk(nickname)));
  }

  /** @param {Store} store */
  show({ view: place, me, ignored }) {
    const now = `${place.kind} ${place.name} ${place.version} ${me} ${ignored.version}`;
    if (now === this.#shown) return;
    this.#shown = now;
    const all = new Set(place.kind === "private" ? [me, ...(place.gone ? [] : [place.name])] : place.people);
    const size = place.kind === "private" ? all.size : place.size;
    this.parts.count.textContent = String(size);
    const named = sorted(all).slice(0, MOST_PEOPLE);
    this.list.show(named, ({ row, you, away }, nickname) => {
      const why = place.away.get(nickname) ?? "";
      you.textContent = nickname === me ? "you" : ignored.has(nickname) ? "ignored" : "";
      away.textContent = why && `away: ${why}`;
      away.title = why;
      row.classList.toggle("away", why !== "");
    });
    const more = size - named.length;
    this.parts.more.textContent = more > 0 ? `and ${more} more` : "";
  }
}
