"""``make bench``: measure, and write results.json, docs/benchmarks.rst and docs/benchmarks.svg."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from benchmarks import chart, history, machine, measuring, report, results
from benchmarks.processes import NotMeasured
from benchmarks.scenarios import DOOR_ROWS, DOORS, EVERYBODY, ROWS, SCENARIOS, TOGETHER

TOP = Path(__file__).parent.parent
HISTORY = "history"


def main(arguments: list[str]) -> int:
    """Measure what was asked for; the exit status."""
    # The servers are ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = parse(arguments)
    into = Files(wanted.into)
    if not wanted.only:
        into.write(results.read(into.results))
        return 0
    scratch = measuring.scratch_folder()
    measuring.raise_file_limit()
    versions = measuring.installed([name for name in (*EVERYBODY, *DOORS[1:]) if name not in wanted.skip])
    shown = {name: version for name, version in versions.items() if name in EVERYBODY}
    found = into.read(machine.describe(scratch), shown)
    failed = False
    for part in wanted.only:
        print(f"{part}:", flush=True)
        try:
            if part == HISTORY:
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    found["history"] = history.measure(Path(folder), wanted.messages, _say)
            else:
                measured = measuring.measure(SCENARIOS[part], wanted.runs, list(versions), scratch, _say)
                found["scenarios"][part] = measured
                failed = failed or any(
                    not taken["runs"] for name, taken in measured["servers"].items() if name in DOORS
                )
        except NotMeasured as failure:
            print(f"  {failure}")
            failed = True
        except Exception:
            # Whatever it was, it costs this part alone.
            traceback.print_exc()
            failed = True
        into.write(found)
    _summarize(found, wanted.only)
    return 1 if failed else 0


class Files:
    """Where the figures go, and what is made of them."""

    def __init__(self, folder: Path | None) -> None:
        """:param folder: where all go; without it, each goes to its own place in the checkout."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.results = (folder or TOP / "benchmarks") / "results.json"
        self.page = (folder or TOP / "docs") / "benchmarks.rst"
        self.chart = (folder or TOP / "docs") / "benchmarks.svg"

    def read(self, here: dict[str, str], versions: dict[str, str]) -> results.Results:
        """What was measured before, if it was on this machine."""
        found = results.read(self.results) if self.results.exists() else results.nothing(here)
        if not machine.same(found["machine"], here):
            print("what was measured on another machine is thrown away")
            found = results.nothing(here)
        found["machine"] = {**found["machine"], **here, **versions}
        return found

    def write(self, found: results.Results) -> None:
        """Write all three."""
        results.write(self.results, found)
        self.page.write_text(report.page(found), encoding="utf-8")
        self.chart.write_text(chart.chart(found), encoding="utf-8")


def parse(arguments: list[str]) -> argparse.Namespace:
    """What was asked for; ``only`` has the names of scenarios, and :data:`HISTORY`."""
    parts = [*SCENARIOS, HISTORY]
    names = [*parts, *TOGETHER]

    def some(text: str) -> list[str]:
        unknown = set(text.split(",")) - set(names)
        if unknown:
            raise argparse.ArgumentTypeError(
                f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(names)}"
            )
        return [part for name in text.split(",") for part in TOGETHER.get(name, (name,))]

    parser = argparse.ArgumentParser(prog="make bench", description="Measure chatroom beside its peers.")
    parser.add_argument("--only", metavar="PARTS", type=some, default=parts, help=f"some of {','.join(names)}")
    parser.add_argument("--runs", metavar="N", type=int, default=3, help="of which the median counts: 3")
    parser.add_argument("--skip", metavar="SERVER", action="append", default=[], help="leave out a server")
    parser.add_argument(
        "--messages", metavar="N", type=int, default=history.MESSAGES, help=f"in the long history: {history.MESSAGES}"
    )
    parser.add_argument(
        "--page",
        dest="only",
        action="store_const",
        const=[],
        help="measure nothing, write the page and the chart again",
    )
    parser.add_argument("--into", metavar="FOLDER", type=Path, help="write there, and leave the checkout as it is")
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    print(line, flush=True)


def _summarize(found: results.Results, parts: list[str]) -> None:
    """Print every target of what was measured."""
    print()
    for row in (*ROWS, *DOOR_ROWS):
        if row.scenario in parts:
            for target, met in report.verdicts(found, row):
                print(f"{row.server}: {row.work}: {target}: {met.replace('*', '')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
