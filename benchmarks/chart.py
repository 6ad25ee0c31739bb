"""docs/benchmarks.svg: how many times as good as inspircd each server is, at each kind of work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from benchmarks.report import figure
from benchmarks.results import Results
from benchmarks.scenarios import CHATROOM, INSPIRCD, LIMIT, NGIRCD, ROWS, Row

WIDTH, LEFT, RIGHT, TOP = 860, 280, 60, 92
BAR, BETWEEN, BETWEEN_ROWS = 11, 3, 18
SHOWN = (CHATROOM, NGIRCD, LIMIT)
"""inspircd is the line that the bars start from."""

# It has a background of its own, so that its letters can be read on any page.
_STYLE = """\
svg{font:13px system-ui,sans-serif}
.page{fill:#fff}.text{fill:#1f2328}.faint{fill:#59636e}.grid{stroke:#d1d9e0}.line{stroke:#1f2328}
.chatroom{fill:#0969da}.ngircd{fill:#bf8700}.bare{fill:#8c959f}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117}.text{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#3d444d}.line{stroke:#e6edf3}
.chatroom{fill:#4493f8}.ngircd{fill:#d29922}.bare{fill:#6e7681}}
"""


def chart(results: Results) -> str:
    """The chart as SVG; work that inspircd has no figure for is not in it."""
    rows = [(row, bars) for row in ROWS if (bars := list(_bars(results, row)))]
    ratios = [ratio for _, bars in rows for _, ratio in bars]
    low = math.floor(math.log10(min([0.5, *ratios])))
    high = math.ceil(math.log10(max([2.0, *ratios])))

    def across(ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(ratio) - low) / (high - low)

    parts: list[str] = []
    down = float(TOP)
    for row, bars in rows:
        height = len(bars) * (BAR + BETWEEN) - BETWEEN
        parts += _label(row, down + height / 2)
        for server, ratio in bars:
            start, end = sorted((across(1), across(ratio)))
            name = server.partition(" ")[0]
            parts.append(
                f'<rect class="{name}" x="{start:.1f}" y="{down:.1f}" width="{end - start:.1f}" height="{BAR}"/>'
            )
            shown = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"
            # Beside the bar, on the side to which it points.
            at, anchor = (end + 5, "start") if ratio >= 1 else (start - 5, "end")
            parts.append(_text(at, down + BAR - 1, shown, "faint", anchor))
            down += BAR + BETWEEN
        down += BETWEEN_ROWS
    bottom = down - BETWEEN_ROWS / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 30:.0f}" role="img">',
            f"<title>How many times as good as inspircd</title><style>{_STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{bottom + 30:.0f}"/>',
            _text(16, 28, "Times as good as inspircd (1), each at the same work; to the right is better", "text"),
            *_legend(),
            *_grid(range(low, high + 1), across, bottom),
            *parts,
            f'<line class="line" x1="{across(1):.1f}" x2="{across(1):.1f}" y1="{TOP - 10}" y2="{bottom:.1f}"/>',
            "</svg>\n",
        ]
    )


def _bars(results: Results, row: Row) -> Iterator[tuple[str, float]]:
    """Each server's name, and how many times as good as inspircd it is."""
    peer = figure(results, row, INSPIRCD)
    for server in SHOWN if peer and row.in_chart else ():
        found = figure(results, row, server)
        if peer and found:
            yield server, found / peer if row.more_is_better else peer / found


def _label(row: Row, middle: float) -> Iterator[str]:
    what, _, measured = row.work.partition(": ")
    yield _text(LEFT - 12, middle - 2 if measured else middle + 5, what, "text", "end")
    if measured:
        yield _text(LEFT - 12, middle + 13, measured, "faint", "end")


def _legend() -> Iterator[str]:
    across = 16
    for server in SHOWN:
        yield f'<rect class="{server.partition(" ")[0]}" x="{across}" y="44" width="{BAR}" height="{BAR}"/>'
        yield _text(across + BAR + 6, 54, server, "text")
        across += 40 + 8 * len(server)


def _grid(powers: range, across: Callable[[float], float], bottom: float) -> Iterator[str]:
    for power in powers:
        at = across(10.0**power)
        yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 10}" y2="{bottom:.1f}"/>'
        yield _text(at, bottom + 18, f"{10.0**power:g}", "faint", "middle")


def _text(across: float, down: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{across:.1f}" y="{down:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
