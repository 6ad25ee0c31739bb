/** The lists at the sides: the rooms and conversations that one is in, other rooms, the people. */

import { element, sync, unseen } from "./dom.js";
import { avatarOf, hue, initial, nameOf } from "./names.js";

const MOST_PEOPLE = 300;
const MOST_OTHERS = 100;

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

const sorted = (places) => [...places.keys()].sort(byName.compare);

function count(badge, number, mentioned) {
  badge.hidden = number === 0;
  badge.textContent = number > 99 ? "99+" : String(number);
  badge.classList.toggle("mentioned", mentioned);
}

export class Rooms {
  /**
   * @param {Object<string, Element>} parts
   * @param {{look: Function, leave: Function, join: Function}} asks what one can ask for: to look at a place, to
   *   leave it, to join a room by its name
   */
  constructor(parts, asks) {
    Object.assign(this, parts);
    this.asks = asks;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.field.value.trim();
      if (name) asks.join(name);
      this.field.value = "";
    });
  }

  show(store) {
    this.#places(this.joined, store.rooms, store);
    this.#places(this.private, store.privates, store);
    this.privatePart.hidden = store.privates.size === 0;
    this.#others(store);
    if (this.shownName !== store.me) {
      this.shownName = store.me;
      this.selfName.textContent = store.me;
      this.selfAvatar.textContent = initial(store.me);
      this.selfAvatar.className = `avatar ${hue(store.me)}`;
    }
    const rest = [...store.rooms.values(), ...store.privates.values()].filter((place) => place !== store.view);
    const unread = rest.reduce((sum, place) => sum + place.unread, 0);
    count(this.elsewhere, unread, rest.some((place) => place.mentioned));
  }

  /** Every place that one is in, as they stand here. */
  inOrder({ rooms, privates }) {
    return [rooms, privates].flatMap((places) => sorted(places).map((name) => places.get(name)));
  }

  #places(list, places, store) {
    const names = sorted(places);
    const make = (name) => {
      const row = element("li", { class: "place own" });
      const open = element(
        "button",
        { type: "button", class: "go" },
        list === this.private ? avatarOf(name) : element("span", { class: "hash", "aria-hidden": "true" }, "#"),
        element("bdi", { class: "name" }, name),
        element("span", { class: "badge", hidden: true }),
        element("span", { class: "unseen" }),
      );
      const title = `Leave ${name}`;
      const leave = element("button", { type: "button", class: "icon leave", "aria-label": title, title }, "\u00d7");
      open.addEventListener("click", () => this.asks.look(places.get(name)));
      leave.addEventListener("click", () => this.asks.leave(places.get(name)));
      row.append(open, leave);
      return row;
    };
    sync(list, names, make, (row, name) => {
      const place = places.get(name);
      const [open] = row.children;
      const [badge, said] = [...open.children].slice(-2);
      if (place === store.view) open.setAttribute("aria-current", "true");
      else open.removeAttribute("aria-current");
      row.classList.toggle("current", place === store.view);
      row.classList.toggle("unread", place.unread > 0);
      count(badge, place.unread, place.mentioned);
      const words = place.unread ? (place.mentioned ? " unread, you are mentioned" : " unread") : "";
      if (said.textContent !== words) said.textContent = words;
    });
  }

  #others(store) {
    const others = store.listed.filter(({ room }) => !store.rooms.has(room)).slice(0, MOST_OTHERS);
    const byRoom = new Map(others.map((summary) => [summary.room, summary]));
    this.othersPart.hidden = others.length === 0;
    const make = (name) => {
      const join = element(
        "button",
        { type: "button", class: "go" },
        element("span", { class: "hash", "aria-hidden": "true" }, "#"),
        element("bdi", { class: "name" }, name),
        element("span", { class: "size" }),
      );
      join.addEventListener("click", () => this.asks.join(name));
      return element("li", { class: "place other" }, join);
    };
    sync(this.others, [...byRoom.keys()], make, (row, name) => {
      const { size, topic } = byRoom.get(name);
      row.firstElementChild.title = topic;
      row.querySelector(".size").replaceChildren(String(size), unseen(size === 1 ? " person" : " people"));
    });
  }
}

export class People {
  /**
   * @param {Object<string, Element>} parts
   * @param {(nickname: string) => void} talk called with the nickname that one wants to talk to privately
   */
  constructor(parts, talk) {
    Object.assign(this, parts);
    this.talk = talk;
  }

  show(store) {
    const place = store.view;
    const now = `${place.kind} ${place.name} ${place.version} ${store.me}`;
    if (now === this.shown) return;
    this.shown = now;
    const all = place.kind === "private" ? [store.me, place.name] : [...place.people];
    const size = place.kind === "private" ? new Set(all).size : place.size;
    this.count.textContent = String(size);
    const named = [...new Set(all)].sort(byName.compare).slice(0, MOST_PEOPLE);
    const make = (nickname) => {
      const go = element(
        "button",
        { type: "button", class: "go", title: `Talk to ${nickname} privately` },
        avatarOf(nickname),
        nameOf(nickname),
        element("span", { class: "you" }),
      );
      go.addEventListener("click", () => this.talk(nickname));
      return element("li", { class: "place person" }, go);
    };
    sync(this.list, named, make, (row, nickname) => {
      const mine = nickname === store.me;
      row.querySelector(".you").textContent = mine ? "you" : "";
    });
    const more = size - named.length;
    this.more.textContent = more > 0 ? `and ${more} more` : "";
  }
}
