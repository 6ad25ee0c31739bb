"""docs/benchmarks.rst: the page that says how fast chatroom is, made from the figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.hostile import figures
from benchmarks.results import HistoryRow, Results, median
from benchmarks.scenarios import (
    CHATROOM,
    DOOR_ROWS,
    DOORS,
    EVERYBODY,
    INSPIRCD,
    LIMIT,
    ROWS,
    SCENARIOS,
    Row,
    Target,
)

NONE = "–"

_PAGE = """\
Benchmarks
==========

.. This page and its chart are written by make bench, from benchmarks/results.json.

How chatroom compares with two IRC servers written in C and C++, and with a C program that does nothing but hand what
it reads to everybody: as near to what the machine can do as is simple. chatroom keeps its history on disk meanwhile,
and shows nothing before the disk has it (``--durability power``); the others keep nothing. Everybody comes to chatroom
by the line door here; `By door`_ has the others.

.. image:: benchmarks.svg
   :alt: How many times as good as inspircd each server is, at each kind of work
   :width: 100%

The table
---------

Medians of {runs}. Targets are ratios to another server's figure in the same run where they can be: the figures
belong to the machine, the ratios travel.

{table}
{failures}
By door
-------

The same work through each of chatroom's doors, and by IRC to inspircd; in brackets, how many times the line door's
figure it is.

{doors}

What goes out is made once for all who see the same, by whatever door: a batch is one write for each member, with twice
the bytes where a line has become an object of JSON in a WebSocket message. What comes in is dearer there: a message,
which is masked and taken apart a frame at a time, takes some 20 µs more than a line. That is 0.04 µs of a delivery
where 500 listen, and much where few do. With ten who speak, the load generator has as much to do as the server: there,
CPU time tells the doors apart better than deliveries a second.

Where the time goes
-------------------

- *One line in flight* is two things: showing it to a hundred, which costs what it costs inspircd, and keeping it. A
  commit takes 0.2 ms here, three quarters of it the disk's sync; the way to the writer's thread and back takes as
  long again as the rest of it. Nothing of that can overlap when there is one line at a time. A faster disk shortens
  it, and so does ``--durability process``, which does without the sync.
- *19 speak among 20* is the cost of a message, not of a delivery: some 15 µs of processor time. The way from bytes to
  bytes, through session, room and delivery, is 2 of them, and the commit 3, at 70 messages to a batch. Most of the
  rest is the reactor's: about 20 µs for each read of some eight lines, as much for each batch to come back from the
  writer, and a system call for each write. Larger batches cost less, but all wait while the disk syncs them. What
  would be needed to be level with a C server here is a cheaper read: fewer layers between epoll and a protocol.
- *50 speak among 1000* goes past what one write for each line and member can do, since a batch is one write. Where
  many are to be written to, a batch waits for a quarter of the time that this took before, so that all who answer
  each other are in it.

The machine
-----------

{machine}

How it is measured
------------------

- A load generator (``benchmarks/chatload.c``, one thread, epoll) logs everybody in, has some of them speak, and checks
  that everybody received every line, whole, once, and in its speaker's order. A run in which anything was lost does not
  count. A line has 64 bytes unless it says otherwise below.
- The servers run one at a time and in turn, each afresh for every run, on a processor of its own; the generator has
  another.
- Limits on how fast one may speak are off everywhere (chatroom: ``--rate 0``). chatroom is otherwise as it comes, the
  IRC servers are as Debian has them. It has one door open: the one that is measured.
- *one line in flight*: the next line is sent when the last one has arrived. For chatroom that is the time of a
  commit, with the disk's sync in it. *50 lines a second*: sent by the clock, and latency counts from when a line was
  due, so that a server that stalls cannot hide it. Otherwise each speaker has several lines in flight.
- Deliveries are lines received: one line said among 500 is 500 of them, and 499 by IRC, which has no echo.
- Those who *do not read* read nothing from their first moment on, and are let go once they are behind by
  ``--sendq``; the run without them is the same with the other 900 alone.
- Memory is what the system counts as resident: for a member, how much more there is with 3000 of them than with none.

What the load generator is told, in full:

{loads}

{history}
Hostile clients
---------------

``make hostile`` attacks a server with its default settings, in every way that has harmed a server of this kind or that
might, one after the other: by floods of lines, frames, pings, fragments and commands of telnet; by questions, names and
logins that are dear; by connections that come and go; and by clients that read nothing. Meanwhile, 20 honest members
at the line, web and IRC doors say five lines a second in all, one more asks something each second (``/who``,
``/history``, ``/search``, ``/rooms``), and each second a newcomer comes in.

- A line's delay counts from when it was due until another honest member is shown it. It is taken for each line and
  each of the others.
- A newcomer's time counts from connecting to the welcome, an answer's from the question to the answer: the slowest of
  each is shown.
- Honest members are lost when the server closes their connections, up to the end of the measuring. Some attacks have
  honest members who read slowly, beside the 20.
- Memory is what the system counts as resident: before the attack, at its peak, and afterwards, as soon as it is back
  near to the beginning, or a minute later.
- A second run of the attack tells the server to end in the middle of it (``SIGTERM``).
- The server has both processors. The attacker is a process of its own with the lower priority on one of them, and sends
  bytes that were made before; the honest members are another process.

Targets:

{targets}

{hostile}
A few attacks alone, a shorter run, and other settings of the server, behind ``--``:

.. code-block:: console

   $ make hostile ARGS='--list'
   $ make hostile ARGS='--only ws-pings,irc-who --short'
   $ make hostile ARGS='--only talk-long -- --rate 5'

A target that is missed is printed, and the exit status is 1. All of them take about two hours; ``--write`` puts their
figures into ``benchmarks/results.json`` and this page. A new attack is a function in ``benchmarks/hostile/``.

To repeat it
------------

.. code-block:: console

   $ apt-get install gcc make python3-venv inspircd ngircd
   $ make bench

takes about a quarter of an hour, and writes ``benchmarks/results.json``, this page and its chart. The IRC servers
need not run as services; one that is not installed is left out. Nothing else should run meanwhile. A part of it,
whose figures replace only their own:

.. code-block:: console

   $ make bench ARGS='--only small,burst --runs 1'

``make bench ARGS=--help`` lists the parts. ``make profile`` draws where the server's time goes (``build/profile.svg``).
"""

_HISTORY = """\
A long history
--------------

A history of {messages:,} messages, in the words of a made-up language as unequally frequent as those of any other,
takes {log_mib:,.0f} MiB. Its search index takes {index_mib:,.0f} MiB, and is made in {index_s:,.0f} s. A server that
has them is asked through a socket. *First* is with nothing of the files in the system's memory; the median and the
worst are of the times after that.

{table}

"""


def page(results: Results) -> str:
    """The whole page."""
    return _PAGE.format(
        runs=_runs(results),
        table=list_table(["Work", "Unit", *EVERYBODY, "Target", "Met"], list(_rows(results))),
        doors=list_table(["Work", "Unit", *_DOOR_HEADS, "Target", "Met"], list(_door_rows(results))),
        failures=_failures(results),
        machine="\n".join(f"- {name}: {value}" for name, value in results["machine"].items()),
        loads=list_table(
            ["Work", "chatload's arguments"],
            [[work, f"``{SCENARIOS[row.scenario].load}``"] for work, row in _works()],
        ),
        history=_history(results),
        targets="\n".join(f"- {target.describe()}" for target in figures.TARGETS),
        hostile=_hostile(results),
    )


def _works() -> Iterator[tuple[str, Row]]:
    """What is done, each once, and a row of it."""
    for row in (*ROWS, *DOOR_ROWS):
        if not row.work.startswith("the same"):
            yield row.work + (", by door" if row in DOOR_ROWS else ""), row


def _runs(results: Results) -> str:
    """How many runs the medians are of."""
    counts = {
        len(measured["servers"][CHATROOM]["runs"])
        for measured in results["scenarios"].values()
        if CHATROOM in measured["servers"]
    }
    if not counts:
        return "no runs yet"
    words = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{max(counts)}"
    return f"{words} run{'s' if counts != {1} else ''}"


# The table.


def figure(results: Results, row: Row, server: str, scenario: str = "") -> float | None:
    """A server's figure in the unit of ``row``."""
    found = median(results, scenario or row.scenario, server, row.figure)
    return None if found is None else found * row.scale


def verdict(results: Results, row: Row, target: Target) -> tuple[float, bool] | None:
    """How chatroom stands to what it is held against, in the words of :func:`describe`, and whether that will do."""
    ours = figure(results, row, row.server)
    theirs = figure(results, row, target.server, target.scenario) if target.server else 0.0
    if ours is None or theirs is None or (target.times and not theirs):
        return None
    limit = theirs * target.times + target.more
    met = ours >= limit if row.more_is_better else ours <= limit
    if target.times and target.more:
        return ours - theirs * target.times, met
    return (ours / theirs if target.times else ours), met


def describe(row: Row, target: Target) -> str:
    """What is asked for."""
    bound = "at least" if row.more_is_better else "at most"
    names = {LIMIT: f"the {LIMIT}", CHATROOM: "the line door"}
    whose = "its own without them" if target.scenario else f"{names.get(target.server, target.server)}'s"
    if target.times and target.more:
        return f"{bound} {target.more:g} {row.unit} above {whose}"
    if target.times:
        return f"{bound} {target.times:.1f} of {whose}"
    return f"{bound} {target.more:g} {row.unit}"


def verdicts(results: Results, row: Row) -> Iterator[tuple[str, str]]:
    """Each target of ``row``, and whether it is met, for people."""
    for target in row.targets:
        found = verdict(results, row, target)
        if found is None:
            yield describe(row, target), "not measured"
        else:
            value, met = found
            unit = "" if target.times and not target.more else f" {row.unit}"
            yield describe(row, target), f"{'yes' if met else '**no**'} ({value:.2f}{unit})"


def _rows(results: Results) -> Iterator[list[str]]:
    for row in ROWS:
        shown = [_shown(row, figure(results, row, server)) for server in EVERYBODY]
        yield [row.work, row.unit, *shown, *_judged(results, row)]


_DOOR_HEADS = ("line", "WebSocket", "IRC", INSPIRCD)


def _door_rows(results: Results) -> Iterator[list[str]]:
    for row in DOOR_ROWS:
        line = figure(results, row, CHATROOM)
        cells = [_shown(row, line)]
        for server in (*DOORS[1:], INSPIRCD):
            value = figure(results, row, server)
            cells.append(_shown(row, value) + (f" ({value / line:.2f})" if value is not None and line else ""))
        yield [row.work, row.unit, *cells, *_judged(results, row)]


def _shown(row: Row, value: float | None) -> str:
    return NONE if value is None else f"{value:,.{row.digits}f}"


def _judged(results: Results, row: Row) -> list[str]:
    """The row's targets, and whether they are met."""
    judged = list(verdicts(results, row)) or [(NONE, NONE)]
    return ["; ".join(part) for part in zip(*judged, strict=True)]


def _failures(results: Results) -> str:
    lines = [
        f"- {scenario}, {server}: {_literal(failure)}\n"
        for scenario, measured in results["scenarios"].items()
        for server, taken in measured["servers"].items()
        for failure in taken["failures"]
    ]
    return "\nWhat did not come to its end:\n\n" + "".join(lines) if lines else ""


def _literal(text: str) -> str:
    """What another program said, so that nothing in it is markup."""
    return f"``{' '.join(text.replace('`', '').split()) or '(nothing)'}``"


# A long history.


def _history(results: Results) -> str:
    history = results["history"]
    if history is None:
        return ""
    rows = [[row["name"], *_times(row), *_history_verdict(row)] for row in history["rows"]]
    table = list_table(["What", "Median, ms", "Worst, ms", "First, ms", "Target, ms", "Met"], rows)
    return _HISTORY.format(
        messages=history["messages"],
        log_mib=history["log_mib"],
        index_mib=history["index_mib"],
        index_s=history["index_s"],
        table=table,
    )


def _times(row: HistoryRow) -> list[str]:
    return [f"{value:.1f}" for value in (row["median_ms"], row["worst_ms"], row["first_ms"])]


def _history_verdict(row: HistoryRow) -> list[str]:
    target = row["target_ms"]
    if target is None:
        return [NONE, NONE]
    return [f"{target:g}", "yes" if row["median_ms"] < target else "**no**"]


# Hostile clients.


def _hostile(results: Results) -> str:
    hostile = results["hostile"]
    if hostile is None:
        return "They are not measured yet.\n"
    measured = (
        f"Measured on {hostile['machine']}, {hostile['when']}: {hostile['seconds']:g} s of each attack, and memory"
        f" {hostile['after']:g} s after it."
    )
    return f"{measured}\n\n{list_table(figures.HEADS, [figures.cells(one) for one in hostile['attacks']])}\n"


def list_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A list table of reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [heads, *rows]:
        first, *others = row
        lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
    return "\n".join(lines)
