"""Where the server's time goes: ``make profile`` writes a flame graph of it under load to build/profile.svg.

py-spy starts the server, since it may look into its own children without being root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import CHATLOAD, raise_file_limit, scratch_folder
from benchmarks.processes import NotMeasured, free_port, processors, running, wait_until_it_listens
from benchmarks.scenarios import DOORS, SCENARIOS
from benchmarks.servers import BUILD, SERVERS, Server

PICTURE = BUILD / "profile.svg"

BY_PROTOCOL = {SERVERS[name].protocol: SERVERS[name] for name in DOORS}

LONGER = 5
"""How many times as much is said as in the scenario, so that there are samples enough."""


def main(arguments: list[str]) -> None:
    """Profile the server in one scenario."""
    parser = argparse.ArgumentParser(prog="make profile", description="Draw where the server's time goes under load.")
    parser.add_argument("--only", metavar="SCENARIO", default="small", choices=SCENARIOS, help="which: small")
    parser.add_argument("--door", default="line", choices=BY_PROTOCOL, help="by which door: line")
    parser.add_argument("--native", action="store_true", help="show what C does as well")
    wanted = parser.parse_args(arguments)
    raise_file_limit()
    draw(wanted.only, BY_PROTOCOL[wanted.door], PICTURE, ["--native"] if wanted.native else [])
    print(f"open {PICTURE}")


def draw(scenario: str, server: Server, picture: Path, options: list[str]) -> None:
    """Run ``scenario`` on chatroom, and draw a flame graph of it.

    :param options: more of py-spy's.
    :raises NotMeasured: there was no profile.
    """
    spy = shutil.which("py-spy", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if spy is None:
        raise NotMeasured("py-spy is not installed: make profile installs it")
    with tempfile.TemporaryDirectory(dir=scratch_folder()) as name:
        folder, port = Path(name), free_port()
        recording = [spy, "record", "--format", "flamegraph", "--rate", "500", "--threads", "--output", str(picture)]
        command = [*recording, *options, "--", *server.command(port, folder)]
        picture.unlink(missing_ok=True)
        with running(command, folder, processors()[0]) as spying:
            wait_until_it_listens(spying, port, folder)
            load = SCENARIOS[scenario].load.split()
            if "--messages" in load:
                at = load.index("--messages") + 1
                load[at] = str(LONGER * int(load[at]))
            subprocess.run([CHATLOAD, "--proto", server.protocol, "--port", str(port), *load], check=True)
            for child in _children(spying.pid):
                os.kill(child, signal.SIGTERM)
            # It draws when what it looks into has ended.
            spying.wait(60)
            if not picture.exists():
                raise NotMeasured((folder / "output.txt").read_text(errors="replace"))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


if __name__ == "__main__":
    main(sys.argv[1:])
