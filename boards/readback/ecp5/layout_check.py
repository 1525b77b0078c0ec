# SPDX-License-Identifier: BSD-2-Clause
"""Layout versus schematic: compares a bitstream with the design that nextpnr has routed.

The nets of the bitstream follow from its switches, and those of the design from nextpnr's output of
`--write`. Every switch that is on must be on a path from a pin that drives a net of the design to a
pin that reads it, and every pin of the design must be connected. A look-up table is compared as a
function, because the router permutes its inputs. The other bits must be those that the cells of the
design require, or those of a design without cells.

The wires and bits are those of Project Trellis' tables, which ecppack reads, and from which
nextpnr's chip database is made. The check cannot find a fault of these tables, which affects the
bitstream and the check equally.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from firstspike.boards.readback.routed import (
    LayoutReport,
    RoutedCell,
    RoutedDesign,
    RoutedError,
    UncoveredError,
)

from .database import Group, Tile, bit_name
from .expected import PlacedCell, Setting, Settings, is_plain_pin, marked_bits, ram_number
from .pins import BLOCK_RAM, COMB, IO, KINDS, LUT_PINS, Location, place_of, wire_name
from .reader import RAM_WORDS, Bits
from .wiring import fixed_arcs, tile_bits, tiles_of, wires_of, wiring_of

_CONTROL = 0x40000000
_RATES = {"2.4": 0x00, "4.8": 0x01, "9.7": 0x20, "19.4": 0x30, "38.8": 0x38, "62": 0x3B}
"""Clock field of the control register, by the MHz at which the FPGA reads the bitstream."""


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
        self._bits, self._design, self._pads = bits, design, pads
        self._wires, self._wiring = wires_of(bits.device), wiring_of(bits)
        parts = (fixed_arcs(bits.device), self._wiring.implied, self._wiring.switches)
        self._src = np.concatenate([part.src for part in parts])
        self._dst = np.concatenate([part.dst for part in parts])
        self.faults: list[str] = []
        self._cells = list(self._placed())
        self._tables = [
            one
            for one in self._cells
            if one.cell.kind == COMB and one.cell.parameters.get("MODE") != "RAMW_BLOCK"
        ]

    def report(self) -> LayoutReport:
        drivers = self._drivers()
        self._nets = self._spread(drivers)
        pins, reached_wires = self._check_pins()
        self._check_switches(reached_wires)
        for cell, location in self._tables:
            self._check_table(cell, location.x, location.y, location.number)
        outputs = [net for cell, _ in self._cells for net in cell.outputs.values()]
        unloaded = sum(net not in self._design.loaded for net in outputs)
        self._check_rest()
        return LayoutReport(
            cells=dict(Counter(cell.kind for cell, _ in self._cells)),
            pins=pins + len(outputs) - unloaded,
            unloaded=unloaded,
            nets=len(drivers),
            luts=len(self._tables),
            switch_bits=int(self._wiring.want.sum()),
            setting_bits=self._check_bits(),
            content_bits=self._check_content(),
            pads=len(self._pads),
            faults=self.faults,
        )

    def _placed(self) -> Iterator[PlacedCell]:
        self._design.check_covered(KINDS)
        for cell in self._design.cells.values():
            if cell.kind == IO and not is_plain_pin(cell):
                raise UncoveredError(
                    f"{cell.name} is a differential or referenced pin, or has a register, which "
                    "the check of bitstreams does not cover."
                )
            yield PlacedCell(cell, place_of(cell))

    def _drivers(self) -> dict[int, int]:
        """Return the net of each wire that an output drives."""
        net_of_wire: dict[int, int] = {}
        visited: set[int] = set()
        for cell, location in self._cells:
            for port, net in cell.outputs.items():
                wire = self._wire(cell, location, port)
                if net in visited or wire in net_of_wire:
                    self.faults.append(f"{cell.name}: {port} is a second driver of its net")
                visited.add(net)
                net_of_wire[wire] = net
        return net_of_wire

    def _wire(self, cell: RoutedCell, location: Location, port: str) -> int:
        """Return the wire of a cell's port."""
        name = wire_name(cell, location, port)
        return int(self._wires.number(location.x, location.y, name)[0])

    def _spread(self, drivers: Mapping[int, int]) -> dict[int, int]:
        """Return the net of each wire, propagated from its driver switch by switch."""
        nets = dict(drivers)
        front: Collection[int] = drivers
        following = _neighbours(self._src, self._dst)
        while front:
            reached = []
            for wire, neighbour in following(front):
                if neighbour not in nets:
                    nets[neighbour] = nets[wire]
                    reached.append(neighbour)
                elif nets[neighbour] != nets[wire]:
                    self.faults.append(f"{self._name(neighbour)} has two drivers")
            front = reached
        return nets

    def _name(self, wire: int) -> str:
        x, y, name = self._wires.position(wire)
        return f"the wire {name} at R{y}C{x}"

    def _check_pins(self) -> tuple[int, set[int]]:
        """Compare inputs except those of look-up tables; return their number and wires."""
        pins, reached_wires = 0, set()
        for cell, location in self._cells:
            for port, net in cell.inputs.items():
                pins += 1
                if cell.kind == COMB and port in LUT_PINS:
                    continue
                wire = self._wire(cell, location, port)
                reached_wires.add(wire)
                if self._nets.get(wire) != net:
                    self.faults.append(f"{cell.name}: {port} is on another net than in the design")
            if cell.kind == COMB:
                for port in LUT_PINS:
                    reached_wires |= set(self._pin(location.x, location.y, port, location.number))
        return pins, reached_wires

    def _pin(self, x: int, y: int, port: str, number: int) -> list[int]:
        """Return the wires of an input of a look-up table."""
        wires: list[int] = self._wires.number(x, y, f"{port}{number}_SLICE").tolist()
        return wires

    def _check_switches(self, required: set[int]) -> None:
        """Check that every switch that is on is on a path from a driver of the design to a pin."""
        drivers_of = _neighbours(self._dst, self._src)
        leads: set[int] = set()
        front = required
        # nextpnr routes a clock to all quadrants, whether or not it is used there
        for _ in range(2):
            while front:
                leads |= front
                front = {driver for _, driver in drivers_of(front)} - leads
            front = self._other_quadrants(leads) - leads
        on = self._wiring.switches
        for source, driven in zip(on.src.tolist(), on.dst.tolist(), strict=True):
            if source not in self._nets:
                self.faults.append(
                    f"a switch to {self._name(driven)} is on, but on no net of the design"
                )
            elif driven not in leads:
                self.faults.append(f"a switch to {self._name(driven)} is on, but leads to no pin")

    def _other_quadrants(self, leads: set[int]) -> set[int]:
        """Return the wires of clocks in quadrants that do not use them."""
        clocks = set()
        for number in range(16):
            names = (f"G_{quadrant}PCLK{number}" for quadrant in self._bits.device.quadrants)
            wires = {int(self._wires.number(0, 0, name)[0]) for name in names}
            used = {self._nets.get(wire) for wire in wires & leads}
            clocks |= {wire for wire in wires if self._nets.get(wire) in used}
        return clocks

    def _check_table(self, cell: RoutedCell, x: int, y: int, number: int) -> None:
        """Compare a look-up table as a function of nets; an input without a net is 1."""
        nets = [self._nets.get(self._pin(x, y, port, number)[0]) for port in LUT_PINS]
        want = [cell.inputs.get(port) for port in LUT_PINS]
        if set(nets) - {None} != set(want) - {None}:
            self.faults.append(f"{cell.name}: the inputs at {cell.bel} are on other nets")
            return
        init, expected_init = self._table_bits(x, y, number), cell.number("INITVAL")
        if nets == want and init == expected_init:
            return
        mode = cell.parameters.get("MODE", "LOGIC")
        levels = tuple(
            int(cell.parameters.get(f"{port}MUX", "1").strip() != "0") for port in LUT_PINS
        )
        # a carry reads the inputs in pairs
        near = [range(4) if mode != "CCU2" else range(pin & 2, (pin & 2) + 2) for pin in range(4)]
        choices = [
            [None] if net is None else [one for one in near[pin] if nets[one] == net]
            for pin, net in enumerate(want)
        ]
        unused = tuple(net is None for net in nets)
        if mode == "DPRAM" or all(
            _permuted(expected_init, order, levels, unused, mode == "CCU2") != init
            for order in product(*choices)
        ):
            self.faults.append(
                f"{cell.name}: the look-up table at {cell.bel} is {init:#06x}, another function "
                f"than {expected_init:#06x} of the design"
            )

    def _table_bits(self, x: int, y: int, number: int) -> int:
        tile, word = self._slices[x, y], self._bits.device.kinds["PLC2"].words[_table_name(number)]
        return sum(
            all(self._bits.cram[tile.frame + f, tile.bit + b] == v for f, b, v in group) << bit
            for bit, group in enumerate(word.bits)
        )

    @cached_property
    def _slices(self) -> dict[tuple[int, int], Tile]:
        return {(tile.x, tile.y): tile for tile in tiles_of(self._bits.device)["PLC2"]}

    def _check_bits(self) -> int:
        """Compare all bits; return the number of bits outside of switches."""
        want = self._wanted_bits()
        actual = self._bits.cram
        for frame, bit in np.argwhere(want != actual).tolist():
            self.faults.append(
                f"{bit_name(self._bits.device, frame, bit)} is {actual[frame, bit]}, in the design "
                f"{want[frame, bit]}"
            )
        return int(actual.size - self._wiring.want.sum())

    def _wanted_bits(self) -> np.ndarray:
        """Return the configuration memory that the switches and the cells of the design require."""
        device, want = self._bits.device, self._wiring.want.copy()
        tables = {(location.x, location.y, location.number) for _, location in self._tables}
        settings: dict[str, list[Setting]] = {}
        groups: list[Setting] = []
        for one in Settings(device, self._design, self._nets).all(self._cells):
            if one.in_group:
                groups.append(one)
            else:
                settings.setdefault(one.tile.name, []).append(one)
        requested = {
            (name, one.name) for name, tile_settings in settings.items() for one in tile_settings
        }
        requested |= {(self._slices[x, y].name, _table_name(number)) for x, y, number in tables}
        for tile_settings in settings.values():
            for one in sorted(tile_settings, key=lambda one: not one.name.startswith("BASE_")):
                _set(want, one.tile, self._groups(one))
        self._set_defaults(want, requested)
        for one in groups:
            _set(want, one.tile, self._groups(one, may_lack=True))
        for tile, (frame, bit) in marked_bits(device):
            want[tile.frame + frame, tile.bit + bit] = 1
        for x, y, number in tables:  # these are compared as functions
            tile, word = self._slices[x, y], device.kinds["PLC2"].words[_table_name(number)]
            for group in word.bits:
                for frame, bit, _ in group:
                    at = tile.frame + frame, tile.bit + bit
                    want[at] = self._bits.cram[at]
        return want

    def _groups(self, one: Setting, may_lack: bool = False) -> Iterator[Group]:
        """Yield the bits of a setting with their values."""
        kind = self._bits.device.kinds[one.tile.kind]
        if isinstance(one.value, str):
            if may_lack and one.value not in getattr(kind.choices.get(one.name), "values", ()):
                return
            if one.value != "_NONE_":
                if one.name not in kind.choices or one.value not in kind.choices[one.name].values:
                    raise RoutedError(
                        f"{one.owner}: {one.tile.kind} has no {one.name} of {one.value!r:.40}."
                    )
                yield kind.choices[one.name].values[one.value]
        elif one.name in kind.words:
            yield from _word(kind.words[one.name].bits, one.value)
        elif not may_lack:
            raise RoutedError(f"{one.owner}: {one.tile.kind} has no {one.name}.")

    def _set_defaults(self, want: np.ndarray, requested: set[tuple[str, str]]) -> None:
        for kind, tiles in tiles_of(self._bits.device).items():
            meaning = self._bits.device.kinds[kind]
            defaults = {name: list(_word(w.bits, w.default)) for name, w in meaning.words.items()}
            defaults |= {
                name: [choice.values[choice.default]]
                for name, choice in meaning.choices.items()
                if choice.default is not None
            }
            frames, positions = tile_bits(tiles)
            names = [tile.name for tile in tiles]
            for name, groups in defaults.items():
                indices = [at for at, one in enumerate(names) if (one, name) not in requested]
                for group in groups:
                    for frame, bit, value in group:
                        want[frames[indices, frame, 0], positions[indices, 0, bit]] = value

    def _check_content(self) -> int:
        """Compare the content of block RAM; return the number of bits."""
        expected = {}
        for cell, _ in self._cells:
            if cell.kind == BLOCK_RAM:
                expected[ram_number(cell)] = cell, _content(cell)
        nothing = np.zeros(RAM_WORDS, np.uint16)
        for number in sorted(set(expected) | set(self._bits.content)):
            name, content = expected.get(number, (None, nothing))
            found = self._bits.content.get(number, nothing)
            wrong = int(np.bitwise_count(found ^ content).sum())
            if wrong:
                owner = "no cell" if name is None else name.name
                self.faults.append(f"{owner}: {wrong} bits of the block RAM {number} differ")
        return 9 * RAM_WORDS * len(expected)

    def _check_rest(self) -> None:
        """Compare the control register, and the locations of the pins."""
        rate = self._design.settings.get("arch.sysconfig.MCCLK_FREQ", "2.4")
        found = self._bits.options
        want = {"control": _CONTROL | _RATES.get(rate.removesuffix(".0"), 0), "usercode": 0}
        for name in sorted({*want, *found}):
            if found.get(name) != want.get(name):
                self.faults.append(
                    f"the {name} register is {found.get(name)}, in the design {want.get(name)}"
                )
        self.faults += self._design.moved_ports(self._pads)


def _table_name(number: int) -> str:
    """Return the name of the setting with the bits of a slice's look-up table."""
    return f"SLICE{'ABCD'[number // 2]}.K{number % 2}.INIT"


def _neighbours(
    ends: np.ndarray, others: np.ndarray
) -> Callable[[Collection[int]], Iterator[tuple[int, int]]]:
    """Return a function that yields, for some of the `ends` of arcs, each with the other end."""
    order = np.argsort(ends, kind="stable")
    ends, others = ends[order], others[order]

    def neighbours(wires: Collection[int]) -> Iterator[tuple[int, int]]:
        front = list(wires)
        begins, stops = (np.searchsorted(ends, front, side).tolist() for side in ("left", "right"))
        for wire, begin, stop in zip(front, begins, stops, strict=True):
            for other in others[begin:stop].tolist():
                yield wire, other

    return neighbours


def _set(want: np.ndarray, tile: Tile, groups: Iterator[Group]) -> None:
    for group in groups:
        for frame, bit, value in group:
            want[tile.frame + frame, tile.bit + bit] = value


def _word(bits: Sequence[Group], value: Sequence[bool]) -> Iterator[Group]:
    for group, is_on in zip(bits, value, strict=True):
        yield tuple((frame, bit, one if is_on else 1 - one) for frame, bit, one in group)


def _content(cell: RoutedCell) -> np.ndarray:
    """Return the content of a block RAM from its parameters: 16 words of 18 bits in 320 bits."""
    words = np.zeros(RAM_WORDS, np.uint16)
    for part in range(64):
        value = cell.number(f"INITVAL_{part:02X}")
        for word in range(32 if value else 0):
            words[32 * part + word] = value >> 20 * (word // 2) + 9 * (word % 2) & 0x1FF
    return words


@lru_cache(1 << 16)
def _permuted(
    init: int,
    pin_order: tuple[int | None, ...],
    levels: tuple[int, ...],
    unused: tuple[bool, ...],
    is_carry: bool,
) -> int:
    """Return a look-up table whose input `pin` of the design is `pin_order[pin]` of the slice.

    An input of the design without a net has its level, and the unused inputs of the slice have no
    effect. In a carry both are in pairs, since it also reads the first two inputs without the
    others.
    """
    table = 0
    for index in range(16):
        before = 0
        for pin, source in enumerate(pin_order):
            level = levels[pin]
            if source is not None:
                level = index >> source & 1
            elif is_carry:
                pair = [one for one in (pin & 2, pin | 1) if unused[one]]
                level = int(any(index >> one & 1 for one in pair))
            before |= level << pin
        table |= (init >> before & 1) << index
    return table
