# SPDX-License-Identifier: BSD-2-Clause
"""Layout versus schematic: compares a bitstream with the design that nextpnr has routed.

The nets of the bitstream follow from its switches, and those of the design from nextpnr's output of
`--write`. Every switch that is on must be on a path from a pin that drives a net of the design to a
pin that reads it, and every pin of the design must be connected. A look-up table is compared as a
function, because the router permutes its inputs. The other bits must be those that the parameters
of the design's cells require, and otherwise zero.

The wires and bits are those of nextpnr's chip database. The check cannot find a fault of that
database, which affects the bitstream and the check equally.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import permutations

import numpy as np

from firstspike.boards.readback.routed import LayoutReport, RoutedCell, RoutedDesign, UncoveredError

from .chipdb import BLOCK_RAM, BUFFER, DSP, LC, MAX_TILE, PIN, PLL, SPRAM, Bel
from .expected import PlacedCell, expected_bits
from .reader import OPTIONS, Bits
from .settings import bit_name, read_value, setting_indices
from .wiring import switch_indices, wiring_of

_COVERED = {LC, BLOCK_RAM, PIN, BUFFER, PLL, DSP, SPRAM}

_LUT_PINS = ("I0", "I1", "I2", "I3")

_ORDERS = tuple(permutations(range(4)))
"""Possible permutations of the inputs of a look-up table between design and bitstream."""

_OF_CARRY = tuple(order for order in _ORDERS if {order[1], order[2]} == {1, 2})
"""The permutations that keep the second and third input for the carry."""


def check_layout(
    bits: Bits, design: RoutedDesign, pads: Mapping[str, str] | None = None
) -> LayoutReport:
    """Compare a bitstream with a routed design.

    `pads` has the bel of each port in the board's constraints. Raises UncoveredError for a design
    with cells that this check does not cover.
    """
    return _Check(bits, design, pads or {}).report()


class _Check:
    """The comparison; its parts add faults to `faults`."""

    def __init__(self, bits: Bits, design: RoutedDesign, pads: Mapping[str, str]) -> None:
        self._bits, self._design, self._chip, self._pads = bits, design, bits.chip, pads
        self._flat = bits.tiles.tobytes()
        self._wiring = wiring_of(bits)
        self._bels = {bel.name: (number, bel) for number, bel in enumerate(bits.chip.bels)}
        self.faults: list[str] = []
        self._pins = self._unloaded = 0
        self._feedthroughs = self._find_feedthroughs()
        self._required = np.zeros(bits.chip.n_wires, bool)
        """Wires whose level an input of the design reads."""
        self._net_of: dict[int, int] = {}
        """The net of the bitstream for each net of the design, by the driver."""

    def report(self) -> LayoutReport:
        cells = list(self._cells())
        self._find_nets(cells)
        tables = [one for one in cells if one[0].kind == LC]
        for cell, _, bel in cells:
            self._check_pins(cell, bel)
        for cell, number, bel in tables:
            self._check_table(cell, number, bel)
        self._check_switches()
        self._check_rest(cells)
        _, has = switch_indices(self._chip)
        return LayoutReport(
            cells=dict(Counter(cell.kind for cell, _, _ in cells)),
            pins=self._pins,
            unloaded=self._unloaded,
            nets=len(self._net_of),
            luts=len(tables),
            switch_bits=int(has.sum()),
            setting_bits=self._check_settings(cells),
            content_bits=self._check_content(cells),
            pads=len(self._pads),
            faults=self.faults,
        )

    def _cells(self) -> Iterator[PlacedCell]:
        """Yield the design's cells with their bels."""
        self._design.check_covered(_COVERED)
        for cell in self._design.cells.values():
            if cell.parameters.get("IO_STANDARD") == "SB_LVDS_INPUT":
                raise UncoveredError(
                    f"the design has a differential input ({cell.name}), which the check of "
                    "bitstreams does not cover."
                )
            number, bel = self._bels.get(cell.bel, (0, None))
            if bel is None or bel.kind != cell.kind:
                self.faults.append(f"{cell.name}: the chip has no {cell.kind} at {cell.bel}")
            else:
                yield PlacedCell(cell, number, bel)

    def _find_feedthroughs(self) -> dict[int, int]:
        """Return the look-up tables used as wires: the input by the index of the bel."""
        pin_of_bel = {}
        for number, bel in self._bels.values():
            if bel.kind != LC or bel.name in self._design.cells:
                continue
            init = read_value(self._flat, setting_indices(self._chip, bel)["LUT_INIT"])
            for pin, source in enumerate(self._chip.lut_inputs[number]):
                passes = init == 1 << (1 << pin)
                if passes and self._wiring.drivers[source] and self._wiring.loads[bel.wires["O"]]:
                    pin_of_bel[number] = pin
        return pin_of_bel

    def _find_nets(self, cells: Sequence[PlacedCell]) -> None:
        """Join nets across look-up tables used as wires, and find the nets by their drivers."""
        merged = self._wiring.net
        for number, pin in self._feedthroughs.items():
            source = self._chip.lut_inputs[number][pin]
            out = self._chip.bels[number].wires["O"]
            merged = np.where(merged == merged[out], merged[source], merged)
            self._required[source] = True
        self._nets = merged
        owner: dict[int, int] = {}
        for cell, _, bel in cells:
            for port, net in cell.outputs.items():
                wire = self._wire(cell, bel, port)
                if wire is None:
                    continue
                found = int(self._nets[wire])
                if net in self._net_of:
                    self.faults.append(f"{cell.name}: {port} is a second driver of its net")
                if owner.setdefault(found, net) != net:
                    self.faults.append(f"{cell.name}: the net of {port} is joined with another")
                if self._wiring.drivers[wire]:
                    self.faults.append(f"{cell.name}: a switch drives the wire of {port}")
                self._net_of[net] = found

    def _wire(self, cell: RoutedCell, bel: Bel, port: str) -> int | None:
        if port not in bel.wires:
            self.faults.append(f"{cell.name}: {bel.name} has no {port}")
            return None
        return bel.wires[port]

    def _check_pins(self, cell: RoutedCell, bel: Bel) -> None:
        """Compare the nets of a cell's pins, except the inputs of its look-up table."""
        for net in cell.outputs.values():
            if net in self._design.loaded:
                self._pins += 1
            else:
                self._unloaded += 1
        for port, net in cell.inputs.items():
            if cell.kind == LC and port in _LUT_PINS:
                continue
            wire = self._wire(cell, bel, port)
            if wire is None:
                continue
            self._pins += 1
            self._required[wire] = True
            if net not in self._net_of:
                self.faults.append(f"{cell.name}: nothing drives the net of {port}")
            elif self._nets[wire] != self._net_of[net]:
                self.faults.append(f"{cell.name}: {port} is on another net than in the design")

    def _check_table(self, cell: RoutedCell, number: int, bel: Bel) -> None:
        """Compare a look-up table: a permutation of its inputs must give the same nets and bits."""
        wires = self._chip.lut_inputs[number]
        actual = [int(self._nets[w]) if self._wiring.drivers[w] else None for w in wires]
        nets = [cell.inputs.get(port) for port in _LUT_PINS]
        required = [None if net is None else self._net_of.get(net, -1) for net in nets]
        self._pins += sum(net is not None for net in nets)
        carries = cell.number("CARRY_ENABLE")
        fitting = [
            order
            for order in (_OF_CARRY if carries else _ORDERS)
            if all(required[order[pin]] == actual[pin] for pin in range(4))
        ]
        for wire, net in zip(wires, actual, strict=True):
            self._required[wire] |= net is not None
        if not fitting:
            self.faults.append(f"{cell.name}: the inputs at {bel.name} are on other nets")
            return
        init = read_value(self._flat, setting_indices(self._chip, bel)["LUT_INIT"])
        if all(_ordered(cell.number("LUT_INIT"), order) != init for order in fitting):
            self.faults.append(
                f"{cell.name}: the look-up table at {bel.name} is {init:#06x}, another function "
                f"than {cell.number('LUT_INIT'):#06x} of the design"
            )

    def _check_switches(self) -> None:
        """Check that every switch that is on is on a path from a driver of the design to a pin."""
        wiring = self._wiring
        name = self._switch_name
        self.faults += [f"{name(one)} has bits without a meaning" for one in wiring.unknown]
        switch = self._chip.pips["switch"][wiring.pips]
        twice = wiring.drivers[wiring.dst] > 1
        self.faults += [f"{name(one)} drives a wire that another drives" for one in switch[twice]]
        used = np.array(sorted(self._net_of.values()), int)
        foreign = ~np.isin(self._nets[wiring.src], used)
        self.faults += [
            f"{name(one)} is on, but on no net of the design" for one in switch[foreign]
        ]
        idle = (wiring.loads[wiring.dst] == 0) & ~self._required[wiring.dst]
        self.faults += [f"{name(one)} is on, but leads to no pin" for one in switch[idle]]

    def _switch_name(self, switch: int) -> str:
        record = self._chip.switches[switch]
        row, column = record["bits"][0].tolist()
        return f"the switch at X{record['x']}/Y{record['y']} B{row}[{column}]"

    def _check_settings(self, cells: Sequence[PlacedCell]) -> int:
        """Compare all bits outside of switches and look-up tables; return their number."""
        chip = self._chip
        want = np.zeros(len(self._flat), np.uint8)
        required: dict[int, int] = {}
        for owner, at, value in expected_bits(chip, self._design, cells):
            if required.setdefault(at, value) != value:
                self.faults.append(f"{owner}: {bit_name(chip, at)} is to be 0 and 1")
            want[at] = value
        sizes = np.array(chip.sizes)[chip.tiles][..., None, None]
        rows, columns = np.ogrid[: MAX_TILE[0], : MAX_TILE[1]]
        compared = ((rows < sizes[:, :, 0]) & (columns < sizes[:, :, 1])).reshape(-1)
        switches, has = switch_indices(chip)
        compared[switches[has]] = False
        tables = [bel for cell, _, bel in cells if cell.kind == LC]
        for bel in (*tables, *(chip.bels[number] for number in self._feedthroughs)):
            compared[setting_indices(chip, bel)["LUT_INIT"]] = False
        found = self._bits.tiles.reshape(-1)
        for one in np.flatnonzero((found != want) & compared).tolist():
            self.faults.append(f"{bit_name(chip, one)} is {found[one]}, in the design {want[one]}")
        return int(compared.sum())

    def _check_content(self, cells: Sequence[PlacedCell]) -> int:
        """Compare the content of block RAM; return the number of bits."""
        expected = {at: np.zeros_like(found) for at, found in self._bits.content.items()}
        for cell, _, bel in cells:
            if cell.kind == BLOCK_RAM:
                for row, bits in enumerate(expected[bel.x, bel.y]):
                    init = cell.number(f"INIT_{row:X}")
                    bits[:] = [init >> bit & 1 for bit in range(len(bits))]
        for (x, y), bits in expected.items():
            wrong = np.count_nonzero(bits != self._bits.content[x, y])
            if wrong:
                self.faults.append(f"{wrong} bits of the block RAM at X{x}/Y{y} differ")
        return sum(bits.size for bits in expected.values())

    def _check_rest(self, cells: Sequence[PlacedCell]) -> None:
        """Compare the bits that connect pins with global networks, the options, and the pads."""
        joined = {
            self._chip.padin[bel.x, bel.y]
            for cell, _, bel in cells
            if cell.kind == BUFFER and cell.attributes.get("FOR_PAD_IN")
        }
        for bank, x, y in sorted(joined ^ self._bits.extra):
            self.faults.append(f"bit {x}, {y} of bank {bank}, for a global network, differs")
        if self._bits.options != OPTIONS:
            self.faults.append(f"the options are {self._bits.options}, not icepack's {OPTIONS}")
        self.faults += self._design.moved_ports(self._pads)


@lru_cache(1 << 16)
def _ordered(init: int, order: Sequence[int]) -> int:
    """Return the bits of a look-up table whose input `pin` is the former input `order[pin]`."""
    table = 0
    for index in range(16):
        before = sum((index >> pin & 1) << order[pin] for pin in range(4))
        table |= (init >> before & 1) << index
    return table
