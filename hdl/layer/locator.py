# SPDX-License-Identifier: BSD-2-Clause
"""The Locator, which finds the output positions that a spike reaches in a convolutional layer."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.layers.convolution import Convolution
from firstspike.hdl.lib.arithmetic import quotient, times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Stage

from .config import LayerConfig
from .events import address_shape
from .operations import operation_layout


def convolution_of(config: LayerConfig) -> Convolution:
    """Return the kind of a convolutional layer. Raises TypeError for another layer."""
    kind = config.folding.kind
    if not isinstance(kind, Convolution):
        raise TypeError(f"only a layer that convolves has positions, not {kind}.")
    return kind


def request_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a request: an operation of the whole layer, and the spiking input."""
    return struct(operation=operation_layout(config), address=address_shape(config.folding.n_in))


class Axis(NamedTuple):
    """The geometry of a convolution along one axis of its maps."""

    size: int
    """Number of inputs."""
    kernel: int
    stride: int
    padding: int
    out: int
    """Number of output positions."""

    def last(self, coordinate: Value) -> Value:
        """Return the last position whose kernel may cover the input at coordinate `coordinate`."""
        highest = self.size - 1 + self.padding
        position = quotient(coordinate + self.padding, self.stride, highest)
        if highest // self.stride < self.out:
            return position
        return Mux(position >= self.out, self.out - 1, position)

    def tap(self, coordinate: Value, position: Value) -> Value:
        """Return the tap of the kernel at `position` for the input at coordinate `coordinate`.

        The result is `kernel` or more if the kernel at this position does not cover the input.
        """
        return coordinate + self.padding - times(self.stride, position)

    @property
    def taps(self) -> range:
        """The range of tap numbers, which includes the results of `tap` beyond the kernel."""
        beyond = self.size + self.padding - self.stride * (self.out - 1)
        return range(max(self.kernel, self.stride, beyond))


def axes_of(kind: Convolution) -> tuple[Axis, Axis]:
    """Return the vertical and the horizontal axis of a layer's maps."""
    of = kind.geometry
    pairs = zip(of.size, of.kernel, of.stride, of.padding, of.out, strict=True)
    down, across = (Axis(*pair) for pair in pairs)
    return down, across


def located_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an operation and the last position whose kernel may cover its spike.

    `tap_y` and `tap_x` are the tap of the kernel at this position. A tap outside of the kernel
    means that no kernel covers the spike. For each previous position along an axis, the tap
    increases by the stride.
    """
    kind = convolution_of(config)
    down, across = axes_of(kind)
    return struct(
        operation=operation_layout(config),
        first=range(kind.rows),  # the first weight of the spike's map
        y=range(down.out),
        x=range(across.out),
        tap_y=down.taps,
        tap_x=across.taps,
    )


class Locator(Block):
    """Split an input address into map, row and column, and find the last position that covers it.

        address -> map, index in the map -> row, column -> last position and tap of each axis

    Divisions are products with constants.

    Latency: `latencies.LOCATE` cycles; throughput: one operation per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: Requests; the address is ignored if the operation adds no row.
            i=In(stream.Signature(request_layout(config))),
            #: The operations, each with the position and tap of its spike.
            o=Out(stream.Signature(located_layout(config))),
        )

    def build(self, m: Module) -> None:
        kind = convolution_of(self._config)
        geometry, (down, across) = kind.geometry, axes_of(kind)

        # Three pipeline stages for the operation, with the intermediate results beside them.
        by_map, by_row, by_position = (Stage(operation_layout(self._config)) for _ in range(3))
        m.submodules += [by_map, by_row, by_position]
        m.d.comb += [
            by_map.i.valid.eq(self.i.valid),
            by_map.i.payload.eq(self.i.payload.operation),
            self.i.ready.eq(by_map.i.ready),
            self.o.valid.eq(by_position.o.valid),
            self.o.payload.operation.eq(by_position.o.payload),
            by_position.o.ready.eq(self.o.ready),
        ]
        wiring.connect(m, by_map.o, by_row.i)
        wiring.connect(m, by_row.o, by_position.i)

        # The map.
        map_size = down.size * across.size
        map_, address = Signal(range(kind.maps)), Signal(range(kind.n_in))
        with m.If(by_map.load):
            m.d.sync += [
                address.eq(self.i.payload.address),
                map_.eq(quotient(self.i.payload.address, map_size, kind.n_in - 1)),
            ]

        # Stage 2: the index in the map, its row, and the first weight of the map.
        in_map, index_in_map = Signal(range(map_size)), Signal(range(map_size))
        row, first = Signal(range(down.size)), Signal(range(kind.rows))
        m.d.comb += in_map.eq(address - times(map_size, map_))
        with m.If(by_row.load):
            m.d.sync += [
                index_in_map.eq(in_map),
                row.eq(quotient(in_map, across.size, map_size - 1)),
                first.eq(times(geometry.taps, map_)),
            ]

        # Stage 3: the last position along each axis.
        column = Signal(range(across.size))
        first_weight, at_y, at_x = Signal.like(first), Signal.like(row), Signal.like(column)
        y, x = Signal(range(down.out)), Signal(range(across.out))
        m.d.comb += column.eq(index_in_map - times(across.size, row))
        with m.If(by_position.load):
            m.d.sync += [
                first_weight.eq(first),
                at_y.eq(row),
                at_x.eq(column),
                y.eq(down.last(row)),
                x.eq(across.last(column)),
            ]

        # The taps at this position.
        out = self.o.payload
        m.d.comb += [
            *(out[name].eq(of) for name, of in (("first", first_weight), ("y", y), ("x", x))),
            out.tap_y.eq(down.tap(at_y, y)),
            out.tap_x.eq(across.tap(at_x, x)),
        ]
