# SPDX-License-Identifier: BSD-2-Clause
"""The locator: it finds out which positions of a layer that convolves a spike reaches."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.layers.convolution import Convolution
from firstspike.hdl.lib.arithmetic import quotient, times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Stage

from .config import LayerConfig
from .events import address_shape
from .operations import operation_layout


def convolution_of(config: LayerConfig) -> Convolution:
    """Return the kind of a layer that convolves. Raises TypeError for another layer."""
    kind = config.folding.kind
    if not isinstance(kind, Convolution):
        raise TypeError(f"only a layer that convolves has positions, not {kind}.")
    return kind


def request_layout(config: LayerConfig) -> data.StructLayout:
    """An operation of the whole layer, and the address of the input that spikes with it."""
    return struct(
        operation=operation_layout(config), address=address_shape(config.folding.kind.n_in)
    )


class Axis(NamedTuple):
    """How a kernel moves along an axis of its maps."""

    size: int
    """Inputs."""
    kernel: int
    stride: int
    padding: int
    out: int
    """Positions."""

    def last(self, place: Value) -> Value:
        """Return the last position that may see the input at a place."""
        highest = self.size - 1 + self.padding
        position = quotient(place + self.padding, self.stride, highest)
        if highest // self.stride < self.out:
            return position
        return Mux(position >= self.out, self.out - 1, position)

    def tap(self, place: Value, position: Value) -> Value:
        """Return by which tap a position sees it; `kernel` or more if it does not."""
        return place + self.padding - times(self.stride, position)

    @property
    def taps(self) -> range:
        """Numbers that a tap can be: those of the kernel, and those that `tap` returns."""
        beyond = self.size + self.padding - self.stride * (self.out - 1)
        return range(max(self.kernel, self.stride, beyond))


def axes_of(kind: Convolution) -> tuple[Axis, Axis]:
    """Return the axes of a layer's maps, down and across."""
    of = kind.geometry
    pairs = zip(of.size, of.kernel, of.stride, of.padding, of.out, strict=True)
    down, across = (Axis(*pair) for pair in pairs)
    return down, across


def reach_layout(config: LayerConfig) -> data.StructLayout:
    """The positions that a spike reaches: the last one, and by which tap of the kernel it sees it.

    Each position before it, down or across, sees the spike by a tap that is one stride further.
    """
    kind = convolution_of(config)
    down, across = axes_of(kind)
    return struct(
        any=1,  # there are such positions
        y=range(down.out),
        x=range(across.out),
        tap_y=down.taps,
        tap_x=across.taps,
        position=range(kind.positions),  # y * across + x
        row=range(kind.rows),  # of the weights, of this tap
    )


def located_layout(config: LayerConfig) -> data.StructLayout:
    """An operation of the whole layer, and which positions its spike reaches."""
    return struct(operation=operation_layout(config), reach=reach_layout(config))


class Locator(Block):
    """Splits an address into map, row and column, and finds the last position that sees it.

        address -> map, place in the map -> row, column -> last position and tap, down and across

    Divisions are products with constants. Latency: `latencies.LOCATE`; throughput: one operation
    per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: Without a row in the operation the address means nothing.
            i=In(stream.Signature(request_layout(config))),
            o=Out(stream.Signature(located_layout(config))),
        )

    def build(self, m: Module) -> None:
        kind = convolution_of(self._config)
        geometry, (down, across) = kind.geometry, axes_of(kind)
        layout = operation_layout(self._config)

        def stage(name: str, **found: ShapeLike) -> Stage:
            """A register behind `name`, for the operation and what has been found out by then."""
            made = Stage(struct(operation=layout, **found))
            m.submodules[name] = made
            return made

        def passed(before: stream.Interface, after: stream.Interface) -> None:
            m.d.comb += [
                after.valid.eq(before.valid),
                before.ready.eq(after.ready),
                after.payload.operation.eq(before.payload.operation),
            ]

        # The map, and the place in it.
        places = down.size * across.size
        by_map = stage("by_map", map=range(kind.maps), place=range(places))
        passed(self.i, by_map.i)
        address, found = self.i.payload.address, by_map.i.payload
        number = Signal(range(kind.maps))
        m.d.comb += [
            number.eq(quotient(address, places, kind.n_in - 1)),
            found.map.eq(number),
            found.place.eq(address - times(places, number)),
        ]

        # Its row and column, and the first weight of its map.
        by_row = stage("by_row", first=range(kind.rows), y=range(down.size), x=range(across.size))
        passed(by_map.o, by_row.i)
        split, found = by_map.o.payload, by_row.i.payload
        y = Signal(range(down.size))
        m.d.comb += [
            y.eq(quotient(split.place, across.size, places - 1)),
            found.first.eq(times(geometry.taps, split.map)),
            found.y.eq(y),
            found.x.eq(split.place - times(across.size, y)),
        ]

        # The last position down and across, and the tap.
        by_tap = stage(
            "by_tap",
            first=range(kind.rows),
            **{
                name: field.shape
                for name, field in reach_layout(self._config)
                if name in ("y", "x", "tap_y", "tap_x")
            },
        )
        passed(by_row.o, by_tap.i)
        at, found = by_row.o.payload, by_tap.i.payload
        m.d.comb += found.first.eq(at.first)
        for axis, place, last, tap in (
            (down, at.y, found.y, found.tap_y),
            (across, at.x, found.x, found.tap_x),
        ):
            position = Signal(range(axis.out))
            m.d.comb += [
                position.eq(axis.last(place)),
                last.eq(position),
                tap.eq(axis.tap(place, position)),
            ]

        # Both together.
        passed(by_tap.o, self.o)
        at, reach = by_tap.o.payload, self.o.payload.reach
        m.d.comb += [
            reach.any.eq((at.tap_y < down.kernel) & (at.tap_x < across.kernel)),
            *(reach[name].eq(at[name]) for name in ("y", "x", "tap_y", "tap_x")),
            reach.position.eq(times(across.out, at.y) + at.x),
            reach.row.eq(at.first + times(across.kernel, at.tap_y) + at.tap_x),
        ]
