# SPDX-License-Identifier: BSD-2-Clause
"""Placed designs with every kind of cell, for the check of bitstreams of each family."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from os import environ
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from firstspike.boards.building.bitstream import REPORT, fingerprint
from firstspike.boards.building.layout import ROUTED, layout_record
from firstspike.boards.building.programmer import program
from firstspike.boards.pins.board import Board
from firstspike.boards.readback.routed import RoutedDesign, read_routed
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.scripts.verbs.check.bitstream import command as check_command

from .mutants import of_bytes, of_json


class Example(NamedTuple):
    """A design that was placed and packed, in a folder as that of a build."""

    folder: Path
    bits: Any
    written: dict[str, Any]
    """The JSON that nextpnr has written."""
    check: Callable[[Any, RoutedDesign], Any]
    """Compares bits of the family with a design."""

    @property
    def design(self) -> RoutedDesign:
        """The design, read anew."""
        return self.changed(lambda module: None)

    def changed(self, change: Callable[[dict[str, Any]], object]) -> RoutedDesign:
        """The design whose only module was changed."""
        return read_routed(self.changed_text(change).encode())

    def changed_text(self, change: Callable[[dict[str, Any]], object]) -> str:
        """Return the file of nextpnr whose only module was changed."""
        written = json.loads(json.dumps(self.written))
        change(*written["modules"].values())
        return json.dumps(written)

    def faults(self, **changed: Any) -> list[str]:
        """Return the faults that the check finds with other bits in the placed design."""
        return list(self.check(replace(self.bits, **changed), self.design).faults)

    def check_equal(self) -> None:
        """The check finds no fault, and has compared every cell and pin."""
        report = self.check(self.bits, self.design)
        assert report.faults == []
        (module,) = self.written["modules"].values()
        assert report.cells == Counter(cell["type"] for cell in module["cells"].values())
        inputs = sum(len(cell.inputs) for cell in self.design.cells.values())
        outputs = [net for cell in self.design.cells.values() for net in cell.outputs.values()]
        assert report.pins == inputs + sum(net in self.design.loaded for net in outputs)

    def check_fault(self, change: Callable[[dict[str, Any]], object], message: str) -> None:
        """The check says what was changed in the design."""
        faults = self.check(self.bits, self.changed(change)).faults
        assert any(message in fault for fault in faults), faults


def cell_of(module: dict[str, Any], kind: str, **parameters: str) -> dict[str, Any]:
    """The first cell of this kind with these parameters."""
    return next(
        cell
        for cell in module["cells"].values()
        if cell["type"] == kind and parameters.items() <= cell["parameters"].items()
    )


Change = Callable[[dict[str, Any]], object]
"""Changes a module in place."""


def exchange(kind: str, one: str, other: str) -> Change:
    """Two pins of a cell trade their nets."""

    def change(module: dict[str, Any]) -> None:
        pins = cell_of(module, kind)["connections"]
        pins[one], pins[other] = pins[other], pins[one]

    return change


def reconnect(kind: str, pin: str, other: str | None = None) -> Change:
    """A pin of a cell gets the net of another pin, too, or none."""

    def change(module: dict[str, Any]) -> None:
        pins = cell_of(module, kind)["connections"]
        pins[pin] = pins[other] if other else []

    return change


def reset(kind: str, name: str, value: str, of: str = "parameters", **parameters: str) -> Change:
    """A parameter or an attribute of a cell has another value."""

    def change(module: dict[str, Any]) -> None:
        cell_of(module, kind, **parameters)[of][name] = value

    return change


def with_flip(content: bytes, at: int = 5000) -> bytes:
    """Invert a bit of a byte."""
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


TEXTS = ("", "x", "-1", "0 ", "²", "9" * 5000, "X999/Y999/SLICEA.LC0", "set_io", "\x1b[2J")
"""Words that nextpnr does not write."""


def of_cells(rng: Random, content: bytes) -> bytes:
    """A routed design: cells, pins and settings have other names, other values, or are missing."""
    written = json.loads(content)
    (module,) = written["modules"].values()
    cells = list(module["cells"].values())
    by_kind = list({cell["type"]: cell for cell in cells}.values())
    for _ in range(rng.choice((1, 1, 2, 8))):
        cell, other = (rng.choice(rng.choice((cells, by_kind))) for _ in range(2))
        field = rng.choice(("type", "bel", "parameters", "attributes", "connections"))
        if field == "type":
            cell["type"] = other["type"]
        elif field == "bel":
            bel = cell["attributes"]["NEXTPNR_BEL"]
            moved = re.sub(r"\d+", lambda _: str(rng.randrange(130)), bel, count=rng.choice((1, 3)))
            renamed = re.sub(r"[A-D]", "Z", bel)
            taken = other["attributes"]["NEXTPNR_BEL"]
            cell["attributes"]["NEXTPNR_BEL"] = rng.choice((moved, renamed, taken, *TEXTS))
        elif cell[field] and other[field]:
            name, foreign = rng.choice(list(cell[field])), rng.choice(list(other[field]))
            match rng.randrange(4):
                case 0:
                    del cell[field][name]
                case 1:
                    cell[field][foreign] = cell[field][name]
                    cell["port_directions"].setdefault(foreign, rng.choice(("input", "output")))
                case 2:
                    cell[field][name] = other[field][foreign]
                case _:
                    cell[field][name] = rng.choice(([1], [-1], [10**30], *TEXTS))
    return json.dumps(written).encode()


def of_words(rng: Random, content: bytes) -> bytes:
    """A text whose words are missing, repeated, exchanged or others."""
    parts = re.split(rb"([^\s\"]+)", content)
    for _ in range(rng.choice((1, 1, 4))):
        at, other = (rng.randrange(1, len(parts), 2) for _ in range(2))
        word, odd = parts[at], rng.choice(TEXTS).encode()
        parts[at] = rng.choice((b"", word * 2, parts[other], odd, of_bytes(rng, word)))
    return b"".join(parts)


MUTATORS = {ROUTED: (of_cells, of_cells, of_json, of_words), REPORT: (of_json, of_words)}
"""How the files of a build are changed; others as `of_words` and `of_bytes` do."""


def check_mutant(one: Example, folder: Path, board: Board, seed: int) -> None:
    """A changed file of a build is checked, or refused in a sentence that names it."""
    rng = Random(seed)
    (bitstream,) = one.folder.glob("firstspike.bi[nt]")
    layout = layout_record(bitstream, board)
    report = {"board": board.name, "device": board.device.name, "network": "", "layout": layout}
    files = {path.name: path.read_bytes() for path in one.folder.glob("firstspike.[blp]*")}
    files[ROUTED] = json.dumps(one.written).encode()
    files[REPORT] = json.dumps(report | {"bitstream": fingerprint(bitstream)}).encode()
    changed = rng.choice(list(files))
    files[changed] = rng.choice(MUTATORS.get(changed, (of_words, of_bytes)))(rng, files[changed])
    if changed != ROUTED and rng.random() < 0.3:
        del files[ROUTED]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    words = [str(folder / bitstream.name)]
    names = {changed, "the PATH"}
    if changed == REPORT or ROUTED not in files:
        names |= {"report", bitstream.name}
    for check in (
        lambda: check_command.main(words, standalone_mode=False),
        lambda: program(board, Path(*words)),
    ):
        with patch.dict(environ, PATH=""):  # without programmers
            told = _refusal(check)
        assert told is None or any(name in told for name in names), told


def _refusal(check: Callable[[], object]) -> str | None:
    try:
        check()
    except FirstSpikeError as error:
        return str(error)
    return None
