# SPDX-License-Identifier: BSD-2-Clause
"""Checks a bitstream without the routed design: its switches, its drivers and its pins.

The check finds bits that no design can have. It does not verify the function of the design: use the
layout check, or simulate the bits.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .chipdb import PIN, Bel
from .reader import OPTIONS, Bits
from .used import UsedCells

_OUTPUT = 0b111100
"""Bits of a pin's type that are 0 if the pin never drives its pad."""


@dataclass(frozen=True, kw_only=True)
class StructureReport:
    """Numbers of the checked parts, and their faults."""

    cells: Mapping[str, int]
    """The used cells by kind."""
    switches: int
    """Switches that are on."""
    pads: int
    """Ports of the design that were checked."""
    faults: Sequence[str]


def check_structure(bits: Bits, pads: Mapping[str, str]) -> StructureReport:
    """Check a bitstream; `pads` has the bel of each port of the design.

    Every switch must have a meaning, no wire and no net may have two drivers, every pin that drives
    its pad must be a port of the design, and each port must have a pin.
    """
    used = UsedCells(bits)
    wiring, cells = used.wiring, used.cells
    faults = []
    for switch in wiring.unknown.tolist():
        record = bits.chip.switches[switch]
        faults.append(f"a switch at X{record['x']}/Y{record['y']} has bits without a meaning")
    twice = np.flatnonzero(wiring.drivers > 1)
    faults += [f"wire {wire} is driven by two switches" for wire in twice.tolist()]
    driven = np.flatnonzero(used.driven)
    shared = np.flatnonzero(np.bincount(wiring.net[driven]) > 1)
    faults += [f"net {net} is driven by two cells" for net in shared.tolist()]
    faults += _pin_faults(cells, pads)
    if bits.options != OPTIONS:
        faults.append(f"the options are {bits.options}, not icepack's {OPTIONS}")
    kinds = Counter(bel.kind for bel, _ in cells)
    return StructureReport(
        cells=dict(kinds), switches=len(np.unique(bits.chip.pips["switch"][wiring.pips])),
        pads=len(pads), faults=faults,
    )  # fmt: skip


def _pin_faults(
    cells: Sequence[tuple[Bel, Mapping[str, int]]], pads: Mapping[str, str]
) -> list[str]:
    """Return the pins that drive a pad without a port, and the ports without a pin."""
    pins = {bel.name: held for bel, held in cells if bel.kind == PIN}
    ports = set(pads.values())
    foreign = [name for name, held in pins.items() if held["PIN_TYPE"] & _OUTPUT]
    faults = [f"the pin at {name} drives, but is no port" for name in foreign if name not in ports]
    return faults + [f"{port} has no pin at {bel}" for port, bel in pads.items() if bel not in pins]
