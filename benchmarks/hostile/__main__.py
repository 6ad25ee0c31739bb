"""``make hostile``: attack, and say whether the others were harmed."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import machine, measuring, results
from benchmarks.__main__ import Files
from benchmarks.hostile import figures, trial
from benchmarks.hostile.attacks import ATTACKS
from benchmarks.hostile.figures import Figures
from benchmarks.hostile.trial import Times
from benchmarks.processes import NotMeasured
from benchmarks.report import list_table


def main(arguments: list[str]) -> int:
    """Run what was asked for; the exit status: 1 when a target was missed."""
    # The servers are ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = parse(arguments)
    if wanted.list:
        for attack in ATTACKS.values():
            print(f"{attack.name:24} {attack.sentence}")
        return 0
    measuring.raise_file_limit()
    with tempfile.TemporaryDirectory(dir=measuring.scratch_folder()) as scratch:
        return attack_all(wanted, Path(scratch))


def attack_all(wanted: argparse.Namespace, scratch: Path) -> int:
    """Run one attack after the other; the exit status."""
    times = Times(wanted.seconds, wanted.after)
    found: list[Figures] = []
    failed = False
    for name in wanted.only:
        attack = ATTACKS[name]
        say(f"{name}: {attack.sentence}")
        try:
            one = trial.run(attack, times, wanted.options, scratch)
            if wanted.stop:
                one["stop_s"] = trial.stop(attack, times, wanted.options, scratch)
        except NotMeasured as failure:
            say(f"    NOT MEASURED: {failure}")
            failed = True
            continue
        found.append(one)
        failed = failed or bool(figures.missed(one))
        say_figures(one)
        if wanted.json:
            wanted.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if wanted.write:
            keep(one, times, scratch)
    if wanted.rst:
        print(list_table(figures.HEADS, [figures.cells(one) for one in found]))
    missed = [one["name"] for one in found if figures.missed(one)]
    say(f"{len(found) - len(missed)} of {len(wanted.only)} attacks harmed nobody")
    if missed:
        say(f"targets were missed in: {', '.join(missed)}")
    return 1 if failed else 0


def keep(one: Figures, times: Times, scratch: Path) -> None:
    """Put it in the place of its earlier figures, in results.json and on the page."""
    files = Files(None)
    found = results.read(files.results)
    here = machine.describe(scratch)
    known = {row["name"]: row for row in (found["hostile"] or {"attacks": []})["attacks"]}
    known[one["name"]] = one
    found["hostile"] = {
        "machine": f"{here['processor']}, {here['system']}",
        "when": time.strftime("%Y-%m-%d"),
        "seconds": times.attack,
        "after": times.after,
        # In the order of the table; an attack that is no more goes.
        "attacks": [known[name] for name in ATTACKS if name in known],
    }
    files.write(found)


def parse(arguments: list[str]) -> argparse.Namespace:
    """What was asked for."""

    def names(text: str) -> list[str]:
        unknown = set(text.split(",")) - set(ATTACKS)
        if unknown:
            raise argparse.ArgumentTypeError(f"no such attack: {', '.join(sorted(unknown))}; --list shows them")
        return text.split(",")

    parser = argparse.ArgumentParser(
        prog="make hostile", description="Attack a server, and see whether others are harmed."
    )
    parser.add_argument("--list", action="store_true", help="list the attacks, and run none")
    parser.add_argument(
        "--only", metavar="NAMES", type=names, default=list(ATTACKS), help="some attacks, with , between"
    )
    parser.add_argument("--seconds", metavar="S", type=float, default=10.0, help="how long each attack goes on: 10")
    parser.add_argument(
        "--after", metavar="S", type=float, default=60.0, help="how long memory may take to be back: 60"
    )
    parser.add_argument("--short", dest="after", action="store_const", const=10.0, help="10 s for that")
    parser.add_argument("--no-stop", dest="stop", action="store_false", help="leave out SIGTERM in the middle")
    parser.add_argument("--rst", action="store_true", help="print a table in reStructuredText at the end")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there")
    parser.add_argument(
        "--write", action="store_true", help="put the figures into results.json and docs/benchmarks.rst"
    )
    parser.add_argument("options", nargs="*", metavar="OPTION", help="options for the server, behind --")
    return parser.parse_args(arguments)


def say_figures(one: Figures) -> None:
    """Print what was measured, and each target that was missed."""
    effort = one["effort"]
    say(f"    {figures.line(one)}")
    say(
        f"    the attacker sent {effort['sent'] / 1e6:,.1f} MB and read {effort['received'] / 1e6:,.1f} MB"
        f" over {effort['connections']:,} connections, of which the server closed {effort['closed']:,};"
        f" {effort['refused']:,} were refused; {effort['ready']:,} of {ATTACKS[one['name']].clients:,} were ready;"
        f" the honest members were busy for {one['busy']:.0%}"
    )
    for lost in one["lost"]:
        say(f"    lost: {lost}")
    for target in figures.missed(one):
        say(f"    MISSED: {target}")


def say(line: str) -> None:
    """Print it at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
