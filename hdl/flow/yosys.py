"""Runs scripts of Yosys."""

from pathlib import Path

from .toolchain import run_tool

_LOG = "yosys.log"


def run_yosys(folder: Path, commands: list[str], *, native: bool = False) -> None:
    """Run commands with `folder` as the current one; what they print is dropped.

    Results are to be written to files: from its first `abc` on the Yosys of PyPI prints nothing
    more, so its log has the error too.

    Raises ToolError.
    """
    script = folder / "script.ys"
    script.write_text("\n".join(commands) + "\n")
    words = ["-q", "-l", _LOG, "-s", script.name]
    run_tool("yosys", words, folder, native=native, log=_LOG)
