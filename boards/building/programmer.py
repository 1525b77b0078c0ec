# SPDX-License-Identifier: BSD-2-Clause
"""Programs a board with its own programmer."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firstspike.boards.families.registry import facts_of
from firstspike.boards.pins.board import Board, Flash
from firstspike.boards.readback.routed import HEAD
from firstspike.golden.foreign.json_text import JsonError
from firstspike.golden.system import programs
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.temporary import temporary_folder

from .bitstream import BUILT, REPORT, WEIGHTS, bitstreams, fingerprint, read_report
from .plan import fitting

WHERE = {
    "iceprog": "on Debian, apt-get install fpga-icestorm",
    "openFPGALoader": "on Debian, apt-get install openfpgaloader",
    "dfu-util": "on Debian, apt-get install dfu-util",
    "icesprog": "take it from the folder tools of github.com/wuxx/icesugar",
}
"""Instructions for installing each programmer."""


EMPTY = b"\xff"
"""Value of an erased byte of a flash."""

RELEASED = Path(__file__).parents[1] / "released"
"""Folder of the bitstreams of a release, with a folder per board."""


class ProgrammerError(FirstSpikeError):
    """The board has not been programmed; the message contains the programmer's reason."""


def built_for(board: Board, builds: Path) -> Path:
    """Return the bitstream for the board in the folder `builds`.

    Raises ProgrammerError if there is no bitstream, or more than one.
    """
    candidates = [
        path for folder in sorted(builds.glob(f"*-{board.name}")) for path in bitstreams(folder)
    ]
    if not candidates:
        raise ProgrammerError(
            f"there is no bitstream for the {board.title} in {builds}: run "
            f"`firstspike build {fitting(board) or 'NET'} --board {board.name}`, or name one."
        )
    if len(candidates) > 1:
        names = ", ".join(map(str, candidates))
        raise ProgrammerError(
            f"there are several bitstreams for the {board.title}, name one: {names}"
        )
    return candidates[0]


def released_for(board: Board) -> Path:
    """Return the bitstream for the board in the release.

    Raises ProgrammerError if the installation has none.
    """
    candidates = bitstreams(RELEASED / board.name)
    if not candidates:
        raise ProgrammerError(
            f"this installation has no bitstream for the {board.title}: run "
            f"`firstspike build {fitting(board) or 'NET'} --board {board.name}`."
        )
    return candidates[0]


def program(board: Board, bitstream: Path) -> str:
    """Program the board with the first of its programmers that is installed; return its name.

    Other data of the build for the board's flash are written first, since the board starts after
    its bitstream is written. Raises ProgrammerError.
    """
    flash = _check(board, bitstream)
    bitstream = bitstream.absolute()  # a programmer would treat a name such as --help as an option
    for command in board.programmers:
        if shutil.which(command[0]):
            break
    else:
        names = [command[0] for command in board.programmers]
        raise ProgrammerError(
            f"the {board.title} is programmed by {' or '.join(names)}, which is not on the PATH: "
            f"{WHERE[names[0]]}."
        )
    if flash is None:
        _run(board, [*command, str(bitstream)])
    else:
        assert board.flash is not None  # checked by `_check`
        _write(board, board.flash, command, bitstream)
    return command[0]


def _write(board: Board, flash: Flash, command: Sequence[str], bitstream: Path) -> None:
    """Write the weights and then the bitstream, or both at once. Raises ProgrammerError."""
    tool, weights, address = command[0], bitstream.with_name(WEIGHTS), str(flash.address)
    options = flash.writers[tool]
    with temporary_folder() as folder:
        file = folder / bitstream.name
        if options is None:
            begin = bitstream.read_bytes().ljust(flash.address, EMPTY)
            file.write_bytes(begin + weights.read_bytes())
            return _run(board, [*command, str(file)])
        _run(board, [*command, *options, address, str(weights)])
        if tool in flash.readers:
            content = weights.read_bytes()
            read_options = [*flash.readers[tool], address, "-l", str(len(content)), str(file)]
            _run(board, [*command, *read_options])
            if file.read_bytes() != content:
                raise ProgrammerError(
                    f"the flash of the {board.title} does not hold the weights that {tool} has "
                    "written: try again; if it stays so, the flash is worn."
                )
    return _run(board, [*command, str(bitstream)])


def _run(board: Board, command: Sequence[str]) -> None:
    done = programs.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        reason = _reason(done.stdout) or f"it ends with status {done.returncode}"
        raise ProgrammerError(
            f"{command[0]} has not programmed the {board.title}: {reason}{_advice(board, reason)}."
        )


def _check(board: Board, bitstream: Path) -> dict[str, Any] | None:
    """Refuse a bitstream that is not a file, is empty, or differs from the report of its build.

    Returns the report's entry of another file for the flash, which is checked, too. A bitstream
    whose name `firstspike build` does not use is the user's own, and has no report.
    """
    if not bitstream.is_file():
        raise ProgrammerError(f"there is no bitstream {str(bitstream)!r}.")
    if not bitstream.stat().st_size:
        raise ProgrammerError(f"{bitstream} is empty: build it anew.")
    if bitstream not in bitstreams(bitstream.parent):
        _check_family(board, bitstream)
        return None
    path = bitstream.with_name(REPORT)
    try:
        report = read_report(bitstream.parent, BUILT)
    except FileNotFoundError:
        raise ProgrammerError(f"{bitstream} has no {REPORT} beside it: build it anew.") from None
    except JsonError as error:
        raise ProgrammerError(
            f"{path} is no report of a bitstream: build it anew ({error})."
        ) from None
    other, device, built = report["board"], report["device"], report["bitstream"]
    if (other, device) != (board.name, board.device.name):
        raise ProgrammerError(
            f"{bitstream} was built for {other} ({device}), not for {board.name} "
            f"({board.device.name}): build it anew, or name another --board."
        )
    _compare(bitstream, built, path)
    layout: dict[str, Any] = report.get("layout") or {}
    if layout.get("faults"):
        first = ", ".join(layout["first"][:1])
        raise ProgrammerError(
            f"{bitstream} differs from the routed design, as {path} says (first: {first}): build "
            "it anew."
        )
    flash: dict[str, Any] | None = report.get("flash")
    if flash is not None:
        weights = bitstream.with_name(WEIGHTS)
        if board.flash is None or flash["place"] != board.flash.address:
            raise ProgrammerError(
                f"{path} has another place in the flash than the {board.title}: build it anew."
            )
        if not weights.is_file():
            raise ProgrammerError(f"there is no {weights}: build it anew.")
        _compare(weights, {name: flash[name] for name in built}, path)
    return flash


def _check_family(board: Board, bitstream: Path) -> None:
    """Refuse a file that does not begin as the bitstreams of the board's family do."""
    family = board.device.family
    with bitstream.open("rb") as file:
        if facts_of(family).preamble in file.read(HEAD):
            return
    raise ProgrammerError(
        f"{bitstream} is no bitstream for the {board.title} ({board.device.name}): its first "
        f"{HEAD} bytes have no preamble of the family {family.name}. Name a bitstream, "
        "or another --board."
    )


def _compare(file: Path, built: dict[str, Any], report: Path) -> None:
    """Refuse a file that differs from the one in the report."""
    actual = fingerprint(file)
    if actual["bytes"] < built["bytes"]:
        raise ProgrammerError(
            f"{file} is cut short, {actual['bytes']} of {built['bytes']} bytes: build it anew."
        )
    if actual != built:
        raise ProgrammerError(f"{file} is not what {report} says was built: build it anew.")


_FAILURE = re.compile(
    r"can't|cannot|could not|unable|fail|error|not found|no .*available|denied|permission|access",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(r"denied|permission|access|-4\b", re.IGNORECASE)
_UNKNOWN = re.compile(r"find board", re.IGNORECASE)
_ABSENT = re.compile(r"find|found|available|no device|-3\b", re.IGNORECASE)


def _reason(output: str) -> str:
    """Return the line of a programmer's output that gives the reason of a failure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if _FAILURE.search(line) and "warning" not in line.lower()]
    return (telling or lines[-1:] or [""])[0].removeprefix("Error: ").rstrip(".")


def _advice(board: Board, reason: str) -> str:
    if _FORBIDDEN.search(reason):
        return "; you may not use the USB device: let a udev rule allow it (see docs/boards.md)"
    if _UNKNOWN.search(reason):
        return "; it does not know this board: update it, or correct `programmers` of the Board"
    if _ABSENT.search(reason):
        return f"; {board.attach}, and check that you may use its USB device"
    return ""
