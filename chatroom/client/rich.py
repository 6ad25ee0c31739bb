"""The rich terminal, for people, by prompt_toolkit: the typed message stays below those of others.

There is no full screen and no second screen: shown messages belong to the terminal, which scrolls, searches and keeps
them. Only the rows of the input line and of the status line are drawn anew. Events that arrive in one turn of the
reactor are printed together, so that a burst costs one drawing.

The input line holds one message, perhaps of several lines, or a command; Enter sends it. Line ends that are pasted are
part of the message. A message that cannot be sent stays in the input line.

Pasted text is said, and is no command: where it would look like one, a second slash is put in front of it. Before more
than a few pasted lines are said, the person is asked. A terminal that does not mark what is pasted sends it as keys;
many lines that come in one :mod:`~chatroom.client.burst` are taken for a paste.

When the window changes its size, terminals disagree about what becomes of the rows on it. So all of them are cleared,
and the last lines printed anew.

This terminal needs the reactor that runs on asyncio, since prompt_toolkit reads the keys by asyncio.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from time import monotonic
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_completions, is_searching
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    VerticalAlign,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenuControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth
from prompt_toolkit.widgets import CompletionsToolbar, SearchToolbar
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from chatroom.client.bell import Bell
from chatroom.client.burst import FEW, Burst
from chatroom.client.completion import complete, explanation, wanted
from chatroom.client.errors import NotConnected
from chatroom.client.outgoing import Outgoing
from chatroom.client.render_context import RenderContext
from chatroom.client.roster import Roster
from chatroom.client.terminal import Speaker, is_command, spoken
from chatroom.client.theme import STYLES, Line, Theme
from chatroom.client.wrapping import rows_of, wrapped
from chatroom.model.answers import Answer, CommandHelp, Limits, Notice, Refused, RoomList, Welcome
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.text import clean, clean_lines

MAX_INPUT_ROWS = 8
"""Rows that the input line may take before it scrolls within them."""

LEAST_ROWS = 2
"""Rows that the input line and the status line take at least."""

MAX_MENU_ROWS = 8
"""Rows that the menu of commands may take before it scrolls."""

KEPT_LINES = 500
"""Lines that are printed again when the window changes its size; more fit into no window."""

ROOMS_WITHIN = 2.0
"""Seconds that Tab waits for the server to tell which rooms there are."""

ROOMS_GOOD_FOR = 10.0
"""Seconds for which the rooms that the server told are taken for those that there are."""


class Link(Enum):
    """The state of the connection to the server, as the status line says it."""

    CONNECTING = "connecting"
    ASKED = "not in the room yet"
    """The person is asked for another nickname."""
    IN = "connected"
    LOST = "no connection"
    """There is none, and the next is tried in a while."""


class RichTerminal:
    """The person's screen and keyboard."""

    can_ask = True

    def __init__(self, *, bell: bool = True, encrypted: bool = False) -> None:
        """:param encrypted: whether every connection to the server is."""
        self._encrypted = encrypted
        self._bell = Bell(self._ring) if bell else None
        self._theme = Theme()
        self._roster = Roster()
        self._commands: Sequence[CommandHelp] = ()
        self._limits: Limits | None = None
        self._context = RenderContext("", "")
        # The last lines that were printed, the rows that all of them took, and the window that they were made for.
        self._printed: deque[Line] = deque(maxlen=KEPT_LINES)
        self._rows_printed = 0
        self._size = Size(0, 0)
        # The commands by which the server was asked for its rooms: when that was, and what waits for the answer.
        self._rooms_asked: dict[str, float] = {}
        self._rooms_told: asyncio.Event | None = None
        self._unshown: list[Line] = []
        self._complaints: list[str] = []
        self._link = Link.CONNECTING
        # When the next connection is tried, by the reactor's clock.
        self._try_at = 0.0
        self._answer: Callable[[str], None] | None = None
        self._question = ""
        # Whether that question is whether to say a paste.
        self._asked_about_paste = False
        # Whether something in the input line was pasted.
        self._pasted = False
        self._outgoing = Outgoing()
        # The content of the input line while a question takes its place.
        self._put_aside = Document()
        # Whether the person was told, since the connection was lost, that nothing is sent.
        self._told_to_wait = False
        self._leaving = False
        self._over = False
        self._gone: Deferred[None] = Deferred()

    def start(self, speaker: Speaker, reactor: Any) -> None:
        self._speaker = speaker
        self._reactor = reactor
        self._burst = Burst(reactor, self._burst_is_over)
        self._buffer = Buffer(
            completer=_Completer(self._complete, self._explain, self._know_rooms),
            history=InMemoryHistory(),
            multiline=False,
            accept_handler=self._accept,
        )
        self._style = Style.from_dict(dict(STYLES))
        self._app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=self._keys(),
            style=self._style,
            output=_output(),
            color_depth=ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None,
            erase_when_done=True,
            # Elsewhere, a signal tells of a new size.
            terminal_size_polling_interval=None if os.name == "posix" else 0.5,
        )
        self._app.before_render += self._look_at_size
        self._countdown = LoopingCall(self._app.invalidate)
        self._countdown.clock = reactor
        # However the program ends, the terminal is given back first.
        reactor.addSystemEventTrigger("before", "shutdown", self._leave_the_terminal)
        # In a turn of its own: the loop does not run before.
        reactor.callLater(0, self._run)

    def _run(self) -> None:
        if self._over:
            self._finished(None)
            return
        if sys.platform != "win32":
            # The signal says that the window was closed.
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._speaker.end)
        running = self._app.run_async(set_exception_handler=False, handle_sigint=False)
        Deferred.fromFuture(asyncio.ensure_future(running)).addBoth(self._finished)

    def _finished(self, result: object) -> None:
        self._over = True
        # Of these two errors, the cause is a terminal that has gone.
        if isinstance(result, Failure) and not result.check(EOFError, OSError):
            self._speaker.end(result.getErrorMessage())
        with suppress(OSError):
            for line in self._complaints:
                print(f"! {clean(line)}", file=sys.stderr, flush=True)
        self._gone.callback(None)
        self._speaker.ended()

    def _leave_the_terminal(self) -> Deferred[None]:
        self.close()
        return self._gone

    # What is drawn.

    def _layout(self) -> Layout:
        search = SearchToolbar()
        line = BufferControl(
            self._buffer,
            search_buffer_control=search.control,
            preview_search=True,
            input_processors=[BeforeInput(self._prompt, style="class:prompt")],
        )
        window = Window(line, height=Dimension(min=1, max=MAX_INPUT_ROWS), wrap_lines=True, dont_extend_height=True)
        status = Window(FormattedTextControl(lambda: FormattedText(self._status())), height=1, dont_extend_height=True)
        explained = Condition(self._menu_has_explanations)
        menu = ConditionalContainer(
            Window(
                CompletionsMenuControl(),
                height=Dimension(min=1, max=MAX_MENU_ROWS),
                dont_extend_height=True,
                style="class:completion-menu",
            ),
            filter=has_completions & explained,
        )
        toolbar = ConditionalContainer(CompletionsToolbar(), filter=~explained)
        return Layout(HSplit([window, search, menu, toolbar, status], align=VerticalAlign.TOP), window)

    def _menu_has_explanations(self) -> bool:
        state = self._buffer.complete_state
        return state is not None and any(completion.display_meta_text for completion in state.completions)

    def _prompt(self) -> str:
        return self._question or "> "

    def _status(self) -> Line:
        parts = []
        if self._context.room:
            room = clean(self._context.room)
            others = self._roster.others(room)
            parts = [room + (f" +{others}" if others else "")]
            if size := self._roster.size(room):
                parts.append(f"{size} here")
        parts.append(self._connection())
        if self._outgoing:
            parts.append(f"{self._outgoing.lines} pasted lines to say, Ctrl-C stops them")
        if self._link is not Link.IN and (waiting := self._speaker.unacknowledged):
            parts.append(f"{waiting} to be sent again")
        return [("class:status" if self._link is Link.IN else "class:status.warning", " | ".join(parts))]

    def _connection(self) -> str:
        if self._leaving:
            return "leaving"
        state: str = self._link.value
        if self._link is not Link.LOST:
            return f"{state}, encrypted" if self._encrypted and self._link is Link.IN else state
        left = round(self._try_at - self._reactor.seconds())
        return f"{state}: trying again {f'in {left} s' if left > 0 else 'now'}"

    def _print(self, lines: Iterable[Line]) -> None:
        """Print whole lines above the input line, in the next turn."""
        if not self._unshown:
            self._reactor.callLater(0, self._print_now)
        self._unshown.extend(lines)

    def _print_now(self) -> None:
        lines, self._unshown = self._unshown, []
        if not lines:
            return
        drawn = self._app.is_running
        if drawn:
            self._app.renderer.erase()
        self._printed.extend(lines)
        self._print_rows([row for line in lines for row in self._wrapped(line)])
        if drawn:
            self._app.invalidate()

    def _print_rows(self, rows: Sequence[Line]) -> None:
        width = self._app.output.get_size().columns
        self._rows_printed += sum(rows_of(row, width, get_cwidth) for row in rows)
        pieces = FormattedText([piece for row in rows for piece in (*row, ("", "\n"))])
        print_formatted_text(self._app.output, pieces, self._style, None, self._app.color_depth)

    def _wrapped(self, line: Line) -> Sequence[Line]:
        return wrapped(line, max(1, self._app.output.get_size().columns), get_cwidth)

    def _look_at_size(self, app: Application[None]) -> None:
        """Print the last lines anew if the window has another size than at the last drawing."""
        size, before = app.output.get_size(), self._size
        self._size = size
        if before.columns and size != before:
            self._print_anew(size, before)

    def _print_anew(self, size: Size, before: Size) -> None:
        output, screen = self._app.output, self._app.renderer.last_rendered_screen
        drawn = screen.height if screen is not None else 0
        self._app.renderer.erase()
        if self._rows_printed < max(size.rows, before.rows):
            # What stood there before the client came is moved up to where the terminal keeps it.
            output.cursor_goto(size.rows, 1)
            output.write_raw("\n" * size.rows)
            self._rows_printed = size.rows
        for row in range(1, size.rows + 1):
            # Row by row, as terminals keep the rows of a screen that is cleared at once, with all that is stale.
            output.cursor_goto(row, 1)
            output.erase_end_of_line()
        output.cursor_goto(1, 1)
        rows: list[Line] = []
        left = size.rows - max(drawn, LEAST_ROWS)
        for line in reversed(self._printed):
            of_line = self._wrapped(line)
            left -= sum(rows_of(row, size.columns, get_cwidth) for row in of_line)
            if left < 0:
                break
            rows[:0] = of_line
        printed = self._rows_printed
        self._print_rows(rows)
        self._rows_printed = printed

    def show(self, thing: Event | Answer, context: RenderContext) -> None:
        self._context = context
        self._roster.note(thing, context)
        if isinstance(thing, Welcome):
            self._commands = thing.commands
            self._limits = thing.limits
        if self._bell is not None:
            self._bell.heard(thing, context)
        self._print(self._theme.lines(thing, context))
        self._app.invalidate()

    def looked_up(self, answer: Event | Answer) -> None:
        if isinstance(answer, RoomList):
            self._roster.learn(answer)
        if self._rooms_told is not None:
            self._rooms_told.set()

    def _ring(self) -> None:
        self._app.output.bell()
        self._app.output.flush()

    def complain(self, line: str) -> None:
        # Errors are written once the terminal is given back.
        self._complaints.append(line)

    # The connection to the server.

    def connecting(self) -> None:
        self._set_link(Link.CONNECTING)

    def trying_again(self, where: str, pause: float) -> None:
        if self._link is not Link.LOST:
            self._print(self._theme.lines(Notice(f"no connection to {where}: trying again"), self._context))
        self._try_at = self._reactor.seconds() + pause
        self._set_link(Link.LOST)

    def entered(self, transport: Any) -> None:
        self._told_to_wait = False
        self._set_link(Link.IN)
        self._say_outgoing()

    def lost(self) -> None:
        self._end_question()
        self._set_link(Link.CONNECTING)

    def _set_link(self, link: Link) -> None:
        if link is Link.LOST and not self._countdown.running:
            self._countdown.start(1)
        elif link is not Link.LOST and self._countdown.running:
            self._countdown.stop()
        self._link = link
        self._app.invalidate()

    # What is typed.

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        if self._answer is None:
            self._put_aside = self._buffer.document
            self._buffer.reset()
        self._asked_about_paste = False
        self._question = question
        self._answer = answer
        self._set_link(Link.ASKED)

    def _end_question(self) -> None:
        """Withdraw the question, and restore the input line."""
        if self._answer is not None:
            self._answer, self._question = None, ""
            self._asked_about_paste = False
            self._buffer.document = self._put_aside

    def answered(self) -> None:
        self._say_outgoing()
        self._app.invalidate()

    def unsaid(self) -> Sequence[str]:
        return tuple(self._outgoing)

    def left_unread(self) -> bool:
        return False

    def _complete(self, line: str) -> Iterable[tuple[str, int]]:
        if self._answer is not None:
            return []
        others = [name for name in self._roster.nicknames() if name != self._context.nickname]
        return complete(line, others, self._roster.rooms(), self._commands)

    def _explain(self, completed: str) -> str:
        return clean(explanation(completed, self._commands))

    async def _know_rooms(self, line: str) -> None:
        """Ask the server for its rooms, and wait for the answer, if one is to be completed."""
        if wanted(line, self._commands) != "room" or self._link is not Link.IN or self._answer is not None:
            return
        command = "/rooms"
        if any(row.name == "rooms" and row.arguments for row in self._commands):
            command = f"/rooms {line.rpartition(' ')[2].removeprefix('#')}".rstrip()
        now = monotonic()
        self._rooms_asked = {asked: at for asked, at in self._rooms_asked.items() if now - at < ROOMS_GOOD_FOR}
        if command in self._rooms_asked or not self._speaker.look_up(command):
            return
        self._rooms_asked[command] = now
        self._rooms_told = asyncio.Event()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._rooms_told.wait(), ROOMS_WITHIN)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        empty = Condition(lambda: not self._buffer.text)

        @keys.add(Keys.BracketedPaste)
        def _paste(event: KeyPressEvent) -> None:
            self._paste(event.data)

        @keys.add(Keys.Enter, filter=~is_searching)
        def _enter(event: KeyPressEvent) -> None:
            # Keys that came behind this one at once were not typed.
            if self._burst or event.key_processor.input_queue:
                self._burst.add(self._buffer.text)
                self._buffer.reset(append_to_history=True)
            else:
                self._buffer.validate_and_handle()

        @keys.add(Keys.Escape, Keys.Enter, filter=~is_searching)
        def _alt_enter(event: KeyPressEvent) -> None:
            self._buffer.insert_text("\n")

        @keys.add("c-c", filter=~is_searching)
        def _ctrl_c(event: KeyPressEvent) -> None:
            if self._burst or self._outgoing or self._asked_about_paste:
                self._stop_paste()
            elif self._leaving:
                self._speaker.end()
            elif self._buffer.text:
                self._pasted = False
                self._buffer.reset()
                self._shrink()
            else:
                self._leave()

        @keys.add("c-d", filter=empty)
        def _ctrl_d(event: KeyPressEvent) -> None:
            self._leave()

        @keys.add("c-z")
        def _ctrl_z(event: KeyPressEvent) -> None:
            event.app.suspend_to_background()

        return keys

    def _leave(self) -> None:
        self._leaving = True
        self._app.invalidate()
        if self._link is Link.IN:
            self._speaker.no_more()
        else:
            self._speaker.end()

    def _accept(self, buffer: Buffer) -> bool:
        """Send the content of the input line, since Enter was pressed; whether it stays there."""
        self._shrink()
        if (answer := self._answer) is not None:
            text = _sendable_lines(buffer.text)
            self._end_question()
            answer(text.replace("\n", " "))
            # The message from before the question stands in place of the answer.
            return True
        if self._pasted and self._link is Link.IN and _count(buffer.text.rstrip("\n")) > FEW:
            self._ask_about_paste(buffer.document)
            return True
        sent = self._send(buffer.text)
        if not sent and self._link is not Link.IN and not buffer.text.endswith("\n"):
            # The next line goes below it.
            buffer.cursor_position = len(buffer.text)
            buffer.insert_text("\n")
        return not sent

    def _send(self, typed: str) -> bool:
        """Send what was typed; False when it could not be, and stands in the input line still or again."""
        text = _sendable_lines(typed)
        if not clean_lines(text).strip():
            return True
        try:
            if is_command(text):
                self._speaker.do(text)
            else:
                self._speaker.say(spoken(text))
        except NotConnected as error:
            if not self._told_to_wait:
                self._told_to_wait = True
                self._refuse(error)
            return False
        except ChatError as error:
            self._refuse(error)
            return False
        self._pasted = False
        return True

    # What is pasted.

    def _paste(self, text: str) -> None:
        """Insert pasted text into the input line, where it waits for Enter."""
        self._pasted = True
        lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
        pasted = "\n".join(map(clean, lines))
        if self._buffer.cursor_position == 0 and self._answer is None:
            whole = pasted + self._buffer.text
            # It is a message, not a command, and a message may not begin otherwise.
            if pasted.startswith("/") and "\n" not in whole:
                pasted = f"/{pasted}"
        self._buffer.insert_text(pasted)

    def _burst_is_over(self, lines: Sequence[str], dropped: int) -> None:
        """Take in lines that came at once, as if typed when they are few."""
        if self._asked_about_paste and len(lines) > 1:
            self._put_aside = _at_the_end("\n".join([self._put_aside.text, *lines]))
            self._question = _question(self._put_aside.text)
            self._app.invalidate()
        elif _count("\n".join(lines)) + dropped <= FEW:
            self._take_typed(lines)
        else:
            self._pasted = True
            text = "\n".join([*lines, self._buffer.text] if self._buffer.text else lines)
            if self._link is Link.IN and self._answer is None:
                self._ask_about_paste(_at_the_end(text))
            else:
                self._put_in(text)

    def _take_typed(self, lines: Sequence[str]) -> None:
        for number, line in enumerate(lines):
            behind = self._buffer.text
            if (answer := self._answer) is not None:
                self._end_question()
                answer(_sendable_lines(line))
                self._put_in(behind)
            elif not self._send(line):
                # The lines behind one that cannot be sent wait with it.
                waiting = [rest for rest in lines[number:] if rest.strip()]
                self._buffer.document = _at_the_end("\n".join([*waiting, behind]))
                break

    def _put_in(self, text: str) -> None:
        """Put ``text`` into the input line, or behind the question that has its place."""
        if not text:
            return
        if self._answer is None:
            self._buffer.document = _at_the_end("\n".join(filter(None, (self._buffer.text, text))))
        else:
            self._put_aside = _at_the_end("\n".join(filter(None, (self._put_aside.text, text))))

    def _ask_about_paste(self, document: Document) -> None:
        self._put_aside = document
        self._buffer.reset()
        self._asked_about_paste = True
        self._question = _question(document.text)
        self._answer = self._answered_about_paste
        self._app.invalidate()

    def _answered_about_paste(self, answer: str) -> None:
        text = self._buffer.text
        if answer.strip().lower() in ("y", "yes"):
            self._buffer.reset()
            self._pasted = False
            self._outgoing.start(_sendable_lines(text), self._context.room, self._limits)
            self._say_outgoing()
        elif answer.strip().lower() not in ("n", "no"):
            self._ask_about_paste(self._buffer.document)

    def _say_outgoing(self) -> None:
        """Say the next part of what was pasted, once the part before is answered."""
        while self._outgoing and self._link is Link.IN and not self._speaker.unacknowledged:
            try:
                self._speaker.say(self._outgoing.first, self._outgoing.room)
            except NotConnected:
                break
            except ChatError as error:
                self._refuse(error)
            self._outgoing.said()

    def _stop_paste(self) -> None:
        """Say no more of what was pasted."""
        lines = self._outgoing.stop()
        if self._burst:
            # The input line has the beginning of the next one.
            lines += _count("\n".join(self._burst.take()))
            self._buffer.reset()
        if self._asked_about_paste:
            lines += _count(self._put_aside.text)
            self._put_aside = Document()
            self._end_question()
            self._pasted = False
        were = "line was" if lines == 1 else "lines were"
        self._print(self._theme.lines(Notice(f"{lines} {were} not said"), self._context))
        self._shrink()

    def _refuse(self, error: ChatError) -> None:
        self._print(self._theme.lines(Refused(error.code, str(error)), self._context))

    def _shrink(self) -> None:
        """Have the input line take no more rows than it needs."""
        self._app.renderer.erase()
        self._app.invalidate()

    # The end.

    def close(self) -> None:
        self._over = True
        with suppress(OSError):
            self._print_now()
        if self._app.is_running and not self._app.is_done:
            self._app.exit()


def _sendable(line: str) -> str:
    """``line`` without control characters, and without halves of characters, which some keys stand for."""
    return clean(line).encode(ENCODING, "replace").decode(ENCODING)


def _sendable_lines(text: str) -> str:
    return "\n".join(map(_sendable, text.rstrip("\n").split("\n")))


def _at_the_end(text: str) -> Document:
    return Document(text, len(text))


def _count(text: str) -> int:
    """The number of lines in ``text``."""
    return text.count("\n") + 1


def _question(text: str) -> str:
    return f"Say {_count(text)} lines? y or n: "


class _Completer(Completer):
    """The completions, as prompt_toolkit asks for them."""

    def __init__(
        self,
        find: Callable[[str], Iterable[tuple[str, int]]],
        explain: Callable[[str], str],
        prepare: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        """:param prepare: waits until ``find`` can find what the line wants."""
        self._find = find
        self._explain = explain
        self._prepare = prepare

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        await self._prepare(document.current_line_before_cursor)
        for completion in self.get_completions(document, complete_event):
            yield completion

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for text, length in self._find(document.current_line_before_cursor):
            yield Completion(text, -length, display=text.rstrip(" :"), display_meta=self._explain(text))


def _output() -> Output:
    if sys.platform == "win32":
        return create_output()
    output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
    # Not every terminal answers the question where the cursor is, and nothing here depends on it.
    output.enable_cpr = False
    return output
