/** The page: every part of it is made here, and told of the others what it needs. */

import { Announcer } from "./announcer.js";
import { Arrival, roomInAddress } from "./arrival.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { part, parts } from "./dom.js";
import { Drawers } from "./drawers.js";
import { Entrance } from "./entrance.js";
import { Header, labelOf } from "./header.js";
import { Messages } from "./messages.js";
import { Moves } from "./moves.js";
import { Search } from "./search.js";
import { Self } from "./self.js";
import { People, Rooms } from "./sidebars.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { Typing } from "./typing.js";

const PAGE = 50; // events of the past that are asked for at once
const LIST_AGAIN = 60_000; // milliseconds after which the rooms are asked for again

let scheduled = false;
let moved = true;
let whispering = false; // whether what is said privately next is to be looked at, since it was typed as /msg

const address = new URL("chat", location.href);
address.protocol = address.protocol.replace("http", "ws");
address.hash = address.search = "";

const announcer = new Announcer(part("announcer"));

const store = new Store({
  changed: schedule,
  moved: () => {
    moved = true;
    // At once: where one types must never be another place than what is typed goes to.
    showWhere();
    search.clear();
    askWho();
  },
  heard: (place, item) => announcer.heard(store, place, item),
  echoed: (place, item) => {
    typing.echoed(place, item);
    place.divider = 0;
    if (whispering && place.kind === "private") store.look(place);
    whispering &&= place.kind !== "private";
  },
  live: () => {
    typing.caughtUp();
    if (store.view.kind === "room" && store.view.name !== store.active) moves.follow(store.view);
    connection.send("/rooms");
    askWho();
  },
  found: (message) => search.show(message),
  refused,
});

const connection = new Connection(address, {
  hello: () => arrival.hello(),
  message: (message) => store.take(message),
  refused: (error) => arrival.refused(error),
  changed: (state, retryAt) => {
    if (state !== "in") typing.lost();
    arrival.changed(state, retryAt);
  },
});

const composer = new Composer(parts({ form: "composer", field: "composer-text", label: "composer-label" }), send);

const messages = new Messages(
  parts({ scroller: "messages", title: "messages-title", list: "list", beginning: "beginning", toNewest: "to-newest" }),
  askForOlder,
);

const rooms = new Rooms(
  parts({
    joined: "joined",
    private: "private",
    privatePart: "private-part",
    others: "others",
    othersPart: "others-part",
    form: "join-form",
    field: "join-name",
    selfName: "self-name",
    selfAvatar: "self-avatar",
    elsewhere: "elsewhere",
  }),
  {
    look: (place) => moves.look(place),
    leave: (place) => moves.leave(place),
    join: (name) => moves.join(name),
  },
);

const people = new People(
  parts({ list: "people-list", more: "people-more", count: "people-count" }),
  (nickname) => moves.whisper(nickname),
);

const search = new Search(
  parts({ form: "search-form", field: "search-words", state: "search-state", list: "found" }),
  {
    find: (words) => store.view.kind === "room" && connection.send(`/search ${words}`),
    reveal: (id) => {
      drawers.uncover();
      messages.reveal(id);
    },
  },
);

const drawers = new Drawers(
  {
    rooms: parts({ side: "rooms", opener: "rooms-open", closer: "rooms-close" }),
    people: parts({ side: "people", opener: "people-open", closer: "people-close" }),
    search: parts({ side: "search", opener: "search-open", closer: "search-close", first: "search-words" }),
  },
  parts({ main: "main", shade: "shade" }),
);

const header = new Header(
  parts({ name: "place-name", topic: "topic", form: "topic-form", field: "topic-text", cancel: "topic-cancel" }),
  (topic) => connection.send(`/topic ${topic || "-"}`),
);

const status = new Status(
  parts({
    banner: "connection",
    text: "connection-text",
    count: "connection-count",
    now: "connection-now",
    rename: "connection-rename",
  }),
  (text) => announcer.say(text),
);

const entrance = new Entrance(
  parts({
    main: "entrance",
    form: "entrance-form",
    field: "nickname",
    error: "nickname-error",
    button: "enter",
    where: "entrance-where",
  }),
  (nickname) => arrival.enter(nickname),
);

const moves = new Moves(store, connection, () => {
  drawers.uncover();
  focusToType();
});

const arrival = new Arrival(store, entrance, status, { show: showChat, hide: () => (part("chat").hidden = true) });

const typing = new Typing(
  store,
  connection,
  {
    // Commands that the page answers by showing something, perhaps beside what the server does.
    join: (argument, line) => (argument ? moves.join(argument) : connection.send(line)),
    leave: (argument, line) => moves.ask(line),
    history: () => askForOlder(),
    msg: (argument, line) => (whispering = connection.send(line)),
    who: (argument, line) => show("people", line),
    rooms: (argument, line) => show("rooms", line),
    search: (argument) => {
      drawers.show("search", part("composer-text"));
      part("search-words").value = argument;
      part("search-form").requestSubmit();
    },
    quit: leave,
  },
  (place, text) => composer.restore(place, text),
);

new Self(
  parts({
    opener: "self",
    dialog: "self-dialog",
    form: "self-form",
    field: "self-nickname",
    cancel: "self-cancel",
    leave: "self-leave",
  }),
  { name: () => store.me, rename: (nickname) => connection.send(`/nick ${nickname}`), leave },
);

function showChat() {
  if (!part("chat").hidden) return;
  part("chat").hidden = false;
  focusToType();
}

function leave() {
  composer.drafts = {};
  arrival.leave();
}

// What one asks for.

/** @returns {boolean} whether older messages are on their way */
function askForOlder(count = PAGE) {
  const line = store.askForOlder(count);
  if (line) connection.send(line);
  return store.asked?.room === store.view.name;
}

/** Ask for all the nicknames of the room looked at, where only some are known. */
function askWho() {
  if (store.entered && store.view.kind === "room" && store.view.unnamed) connection.send(`/who ${store.view.name}`);
}

/** Show a side, as it was typed, and ask the server for what stands there. */
function show(side, line) {
  drawers.show(side, part("composer-text"));
  // Beside the messages it is in nobody's way, and whoever types goes on typing.
  if (!drawers.covers) focusToType();
  connection.send(line);
}

function send(typed) {
  if (connection.state !== "in") {
    announcer.say("Not sent: offline. The text is kept.");
    return false;
  }
  if (store.moving) return false;
  const sent = typing.send(typed);
  store.view.divider = 0;
  messages.showNewest();
  schedule();
  return sent;
}

// What comes of it.

function refused({ code, text }) {
  typing.refused(code);
  if (code !== "nothing-to-search") return false;
  search.refused(text);
  return true;
}

// Showing it.

/** Draw what has changed, once for all that comes until the next frame; a page that is hidden has no frames. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(draw, 200);
  else requestAnimationFrame(draw);
}

function draw() {
  if (!scheduled) return;
  scheduled = false;
  const anew = moved;
  moved = false;
  rooms.show(store);
  people.show(store);
  showWhere();
  messages.show(store.view, store.me, anew);
  part("nowhere").hidden = store.view.kind !== "nowhere" || !store.entered;
  status.title(store);
  arrival.remember(composer.drafts);
}

function showWhere() {
  header.show(store.view);
  composer.show(store.view.key, labelOf(store.view), store.view.kind !== "nowhere");
}

/** Have the focus where one types; on a screen that is touched, that would open the keyboard. */
function focusToType() {
  if (matchMedia("(pointer: coarse)").matches) part("place-name").focus({ preventScroll: true });
  else composer.focus();
}

addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !step || !store.entered) return;
  event.preventDefault();
  moves.step(step, rooms.inOrder(store));
});

document.addEventListener("visibilitychange", () => {
  store.watch(!document.hidden);
  if (document.hidden) return;
  draw();
  connection.hurry();
});
addEventListener("hashchange", () => {
  const room = roomInAddress();
  if (store.entered && room) moves.join(room);
});
addEventListener("online", () => connection.hurry());
addEventListener("pagehide", () => arrival.remember(composer.drafts));
part("skip").addEventListener("click", (event) => {
  event.preventDefault();
  composer.focus();
});
part("connection-now").addEventListener("click", () => {
  connection.hurry();
  // The button goes while it is tried, and would take the focus with it.
  focusToType();
});
part("connection-rename").addEventListener("click", () => arrival.rename());
setInterval(() => messages.freshenDays(), LIST_AGAIN);
setInterval(() => !document.hidden && store.entered && connection.send("/rooms"), LIST_AGAIN);

store.watched = !document.hidden;
arrival.begin(connection, composer);
