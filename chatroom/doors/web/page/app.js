/** The page: its parts are made here, and each is handed what it needs of the others. */

import { Address, roomIn } from "./address.js";
import { Announcer } from "./announcer.js";
import { Arrival } from "./arrival.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { part } from "./dom.js";
import { Drawers } from "./drawers.js";
import { Entrance } from "./entrance.js";
import { Header, labelOf } from "./header.js";
import { listenToKeys } from "./keys.js";
import { Memory } from "./memory.js";
import { Messages } from "./messages.js";
import { Moves } from "./moves.js";
import { Passes } from "./passes.js";
import { Requests } from "./requests.js";
import { Search } from "./search.js";
import { Self } from "./self.js";
import { People, Rooms } from "./sidebars.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { transcriptOf } from "./transcript.js";
import { Typing } from "./typing.js";

/** @import { DrawerName } from "./drawers.js" */
/** @import { Command } from "./typed.js" */
/** @import { Many } from "./typing.js" */

const PAGE = 50; // events of the past that are asked for at once
const LONGEST_CHARACTER = 2; // units of UTF-16, which a browser counts in a field
const LIST_AGAIN = 60_000; // milliseconds after which the rooms are asked for again

let scheduled = false;
let moved = true;

const socketAddress = new URL("chat", location.href);
socketAddress.protocol = socketAddress.protocol.replace("http", "ws");
socketAddress.hash = socketAddress.search = "";

const announcer = new Announcer(part("announcer"));

/** @type {Store} */
const store = new Store({
  changed: schedule,
  moved: () => {
    moved = true;
    // At once: the field must never be shown for another place than the one that its text goes to.
    showWhere();
    address.follow(store.entered);
    // The question was about the text of another place.
    part("many-dialog", HTMLDialogElement).close();
    search.clear();
    askWho();
  },
  heard: (place, item) => announcer.heard(store, place, item),
  live: () => {
    requests.live();
    for (const nickname of store.ignored.names) requests.ask(`/ignore ${nickname}`);
    const most = store.limits.nickname * LONGEST_CHARACTER;
    for (const id of ["join-name", "self-nickname", "nickname"]) part(id, HTMLInputElement).maxLength = most;
    requests.ask("/rooms");
    askWho();
    const wanted = arrival.takeWanted();
    if (wanted) moves.join(wanted);
  },
  found: (message) => search.show(message),
  refused: (error) => search.refused(error) || forms.some((form) => form.refused(error)),
});

/** @type {Connection} */
const connection = new Connection(socketAddress, {
  hello: () => arrival.hello(),
  message: (message) => {
    const made = requests.answered(message);
    arrival.heard(message);
    store.take(message, made);
    if (message.kind === "error") typing.refused(made, message);
    for (const form of forms) form.answered(message);
  },
  refused: (error) => arrival.refused(error),
  ping: () => requests.ask("/ping"),
  changed: (state, retryAt) => {
    if (state !== "in") typing.givenUp(requests.lost());
    arrival.changed(state, retryAt);
  },
});

const requests = new Requests((line) => connection.send(line));

const composer = new Composer(
  {
    form: part("composer", HTMLFormElement),
    field: part("composer-text", HTMLTextAreaElement),
    label: part("composer-label"),
    button: part("composer-send"),
  },
  send,
  () => ({
    nicknames: store.view.nicknamesToOffer(store.me),
    rooms: [...new Set([...store.rooms.keys(), ...store.listed.map(({ room }) => room)])],
    commands: store.commands,
  }),
);

const messages = new Messages(
  {
    scroller: part("messages"),
    title: part("messages-title"),
    list: part("list"),
    beginning: part("beginning"),
    waiting: part("waiting"),
    stopPart: part("stop-part"),
    stopText: part("stop-text"),
    toNewest: part("to-newest", HTMLButtonElement),
    toFirst: part("to-first", HTMLButtonElement),
    toMention: part("to-mention", HTMLButtonElement),
  },
  askForOlder,
);

const rooms = new Rooms(
  {
    joined: part("joined"),
    private: part("private"),
    privatePart: part("private-part"),
    others: part("others"),
    othersPart: part("others-part"),
    othersMore: part("others-more"),
    side: part("rooms"),
    form: part("join-form", HTMLFormElement),
    field: part("join-name", HTMLInputElement),
    error: part("join-error"),
    selfName: part("self-name"),
    selfAvatar: part("self-avatar"),
    elsewhere: part("elsewhere"),
  },
  store,
  {
    look: (place) => moves.look(place),
    leave: (place) => moves.leave(place),
    join: (name) => moves.join(name),
    request: (name) => moves.request(name),
    find: (words) => requests.ask(`/rooms ${words}`),
    joined: () => moves.arrived(),
  },
);

const people = new People(
  { list: part("people-list"), more: part("people-more"), count: part("people-count") },
  (nickname) => moves.whisper(nickname),
);

const search = new Search(
  {
    form: part("search-form", HTMLFormElement),
    field: part("search-words", HTMLInputElement),
    state: part("search-state"),
    list: part("found"),
  },
  {
    find: (words) => (store.view.kind === "room" ? requests.ask(`/search ${words}`, store.view.name) : ""),
    reveal: (id) => {
      drawers.uncover();
      messages.reveal(id);
    },
  },
);

const drawers = new Drawers(
  {
    rooms: { side: part("rooms"), opener: part("rooms-open"), closer: part("rooms-close") },
    people: { side: part("people"), opener: part("people-open"), closer: part("people-close") },
    search: {
      side: part("search"),
      opener: part("search-open"),
      closer: part("search-close"),
      first: part("search-words"),
    },
  },
  { main: part("main"), shade: part("shade") },
);

const header = new Header(
  {
    name: part("place-name"),
    topic: part("topic", HTMLButtonElement),
    form: part("topic-form", HTMLFormElement),
    field: part("topic-text", HTMLInputElement),
    error: part("topic-error"),
    cancel: part("topic-cancel", HTMLButtonElement),
  },
  {
    setTopic: (topic) => ask(`/topic ${topic || "-"}`, store.view.name),
    done: focusToType,
  },
);

const status = new Status(
  {
    banner: part("connection"),
    text: part("connection-text"),
    count: part("connection-count"),
    now: part("connection-now", HTMLButtonElement),
  },
  (text) => announcer.say(text),
);

const entrance = new Entrance(
  {
    main: part("entrance"),
    form: part("entrance-form", HTMLFormElement),
    field: part("nickname", HTMLInputElement),
    error: part("nickname-error"),
    button: part("enter", HTMLButtonElement),
    where: part("entrance-where"),
  },
  (nickname) => arrival.enter(nickname),
);

const moves = new Moves(
  store,
  (command) => ask(command),
  () => {
    drawers.uncover();
    focusToType();
  },
);

/** @type {Arrival} */
const arrival = new Arrival(
  {
    store,
    connection,
    requests,
    memory: new Memory(
      () => sessionStorage,
      () => localStorage,
    ),
    entrance,
    passes: new Passes({ part: part("pass-part"), field: part("pass", HTMLInputElement) }),
    status,
    chat: { show: showChat, hide: hideChat },
  },
  roomIn(location),
);

const address = new Address({
  here: () => store.view,
  isIn: (room) => store.rooms.has(room),
  join: (room) => store.entered && moves.join(room),
  whisper: (nickname) => store.entered && moves.whisper(nickname),
});

const typing = new Typing(
  store,
  requests,
  {
    // Commands that the page answers by showing something, perhaps beside what the server does.
    join: (typed) => (typed.argument ? moves.join(typed.argument) : pass(typed)),
    history: () => askForOlder(),
    who: (typed) => show("people", typed),
    rooms: (typed) => show("rooms", typed),
    search: ({ argument }) => {
      drawers.show("search", part("composer-text"));
      search.look(argument);
    },
    quit: ({ ready }) => leave(ready.typed),
  },
  (place, text) => composer.restore(place, text),
  confirmMany,
);

const self = new Self(
  {
    opener: part("self", HTMLButtonElement),
    dialog: part("self-dialog", HTMLDialogElement),
    form: part("self-form", HTMLFormElement),
    field: part("self-nickname", HTMLInputElement),
    error: part("self-error"),
    cancel: part("self-cancel", HTMLButtonElement),
    leave: part("self-leave", HTMLButtonElement),
  },
  {
    name: () => store.me,
    rename: (nickname) => ask(`/nick ${nickname}`),
    leave: () => leave("/quit"),
    closed: focusToType,
  },
);

/** The forms whose requests are answered beside their fields. */
const forms = [rooms.asking, header.asking, self.asking];

listenToKeys(
  { main: part("main"), field: part("composer-text", HTMLTextAreaElement), scroller: part("messages") },
  { type: () => composer.focus(), scroll: (pages) => messages.scrollBy(pages) },
);

function showChat() {
  if (!part("chat").hidden) return;
  part("chat").hidden = false;
  focusToType();
}

function hideChat() {
  part("chat").hidden = true;
}

/** @param {string} command says goodbye */
function leave(command) {
  composer.drafts = {};
  arrival.leave(command);
}

// Requests of the user.

/**
 * Make a request of the user.
 * @param {string} command
 * @param {string} room that it is about; empty for none
 * @returns {string} the ref of the request; empty when it cannot be made
 */
function ask(command, room = "") {
  if (connection.state !== "in") return "";
  const wanted = room ? { do: command, room } : { do: command };
  return requests.make(store.view.key, { wanted, typed: "" });
}

/** @param {Command} typed a command that the server answers */
const pass = ({ ready }) => requests.make(store.view.key, ready);

/** @returns {boolean} whether older messages are on their way */
function askForOlder(count = PAGE) {
  return store.askForOlder(count, (command, room) => requests.ask(command, room));
}

/** Ask for all the nicknames of the room looked at, where only some are known. */
function askWho() {
  if (store.entered && store.view.kind === "room" && store.view.unnamed) requests.ask(`/who ${store.view.name}`);
}

/**
 * Show a side, as it was typed, and ask the server for what stands there.
 * @param {DrawerName} side
 * @param {Command} typed
 */
function show(side, typed) {
  drawers.show(side, part("composer-text"));
  // Beside the messages it is in nobody's way, and whoever types goes on typing.
  if (!drawers.covers) focusToType();
  pass(typed);
}

/** @param {Many} many */
function confirmMany({ lines, messages: number, title }) {
  const several = number > 1 ? ` They go out as ${number.toLocaleString()} messages.` : "";
  part("many-text").textContent = `These are ${lines.toLocaleString()} lines to ${title}.${several}`;
  part("many-dialog", HTMLDialogElement).showModal();
}

/**
 * @param {string} text
 * @param {boolean} pasted
 * @param {boolean} sure
 */
function send(text, pasted, sure) {
  if (connection.state !== "in") {
    announcer.say("Not sent: offline. The text is kept.");
    return false;
  }
  // The user is on the way to another room: nobody can say yet where the text is meant for.
  if (requests.joining) return false;
  const sent = typing.send(text, pasted, sure);
  if (sent) store.view.known();
  messages.showNewest();
  schedule();
  return sent;
}

// Drawing.

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
  rooms.show();
  people.show(store);
  showWhere();
  messages.show(store.view, store.me, anew);
  messages.showWaiting(requests.waiting(store.view.key), requests.stoppable(store.view.key));
  part("nowhere").hidden = store.view.kind !== "nowhere" || !store.entered;
  status.title(store);
  arrival.remember(composer.drafts);
}

function showWhere() {
  header.show(store.view);
  composer.show(store.view.key, labelOf(store.view), store.view.kind !== "nowhere");
}

/** Have the focus in the message field; on a screen that is touched, that would open the keyboard. */
function focusToType() {
  if (matchMedia("(pointer: coarse)").matches) part("place-name").focus({ preventScroll: true });
  else composer.focus();
}

addEventListener("keydown", (event) => {
  const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !step || !store.entered) return;
  if (document.querySelector("dialog[open]")) return;
  event.preventDefault();
  moves.step(step, rooms.inOrder());
});

/** A window that is only seen beside another, in which somebody works, is not looked at. */
const isWatched = () => !document.hidden && document.hasFocus();

for (const change of ["focus", "blur"]) addEventListener(change, () => store.watch(isWatched()));
document.addEventListener("visibilitychange", () => {
  store.watch(isWatched());
  if (document.hidden) return;
  draw();
  connection.hurry();
});
addEventListener("online", () => connection.hurry());
addEventListener("offline", () => connection.offline());
addEventListener("pagehide", () => arrival.remember(composer.drafts));
part("many-send").addEventListener("click", () => {
  part("many-dialog", HTMLDialogElement).close();
  composer.submit(true);
});
part("many-dialog").addEventListener("close", () => focusToType());
part("stop").addEventListener("click", () => {
  typing.stop(store.view.key);
  schedule();
  focusToType();
});
part("skip").addEventListener("click", (event) => {
  event.preventDefault();
  composer.focus();
});
part("connection-now").addEventListener("click", () => {
  connection.comeBack();
  // The button goes while it is tried, and would take the focus with it.
  focusToType();
});
part("list").addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a.enter-room");
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  moves.join(roomIn(link));
});
part("list").addEventListener("copy", (event) => {
  const text = transcriptOf(getSelection(), part("list"), (row) => messages.itemOf(row));
  if (!text) return;
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
});
setInterval(() => messages.freshenDays(), LIST_AGAIN);
setInterval(() => !document.hidden && store.entered && requests.ask("/rooms"), LIST_AGAIN);

store.watched = isWatched();
arrival.begin(composer);
