# SPDX-License-Identifier: BSD-2-Clause
"""Placed designs with every kind of cell, for the check of bitstreams of each family."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from firstspike.boards.routed import RoutedDesign, read_routed


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
