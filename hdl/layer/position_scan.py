# SPDX-License-Identifier: BSD-2-Clause
"""The scan of positions in a convolutional layer: of one spike, or of all reached positions."""

from collections.abc import Iterator

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.memories import Memory, inside

from .config import LayerConfig
from .locator import Locator, axes_of, convolution_of, request_layout
from .operations import operation_layout, read_layout
from .reached_positions import ReachedPositions


def reach_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a position whose kernel covers a spike, with the tap and weight row."""
    kind = convolution_of(config)
    down, across = axes_of(kind)
    return struct(
        y=range(down.out),
        x=range(across.out),
        tap_y=down.taps,
        tap_x=across.taps,
        position=range(kind.positions),  # = y * across.out + x
        row=range(kind.rows),
    )


class PositionScan(Block):
    """Split an operation of the whole layer into visits: one per position and group.

        requests -> Locator -> scan -> ReachedPositions -> reads

    An advance visits all reached positions. If no position has been reached, one visit with
    `nothing` advances only the time. Afterwards the row is added at the positions whose kernels
    cover the spike, in descending order. Positions that have not been reached need no visit,
    because they still have the state of an image's start.

    Latency to the first read: `config.folding.located_cycles` + `latencies.REACHED_POSITIONS`.
    Throughput: one visit per cycle; a request without visits takes a cycle. An advance stalls until
    the preceding visits that add rows have left the ReachedPositions.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: Operations of the whole layer.
            i=In(stream.Signature(request_layout(config))),
            #: The image is decided: abort the scan, and drop all requests except the image's end.
            stale=In(1),
            #: Operations for one position and group, with the address of the weight word.
            reads=Out(stream.Signature(read_layout(config))),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of the ReachedPositions."""
        yield from inside("reached", ReachedPositions.memories(config))

    def build(self, m: Module) -> None:
        config, groups = self._config, self._config.folding.groups
        kind = convolution_of(config)
        down, across = axes_of(kind)
        m.submodules.locator = locator = Locator(config)
        m.submodules.reached = reached = ReachedPositions(config)
        wiring.connect(m, wiring.flipped(self.i), locator.i)
        wiring.connect(m, reached.o, wiring.flipped(self.reads))

        # The request, and the state of its scan.
        operation, valid = Signal(operation_layout(config)), Signal()
        reach = Signal(reach_layout(config))  # the next position
        line = Signal.like(reach)  # the first position of its line, at the largest x
        rows = Signal()  # the scan adds the row; before that it advances the positions
        number = Signal(range(kind.positions))  # index in the list of reached positions
        group, base = Signal(range(groups)), Signal(range(config.folding.bank_words))
        last_group = group == groups - 1
        in_list = ~rows & (operation.advance | operation.end)
        adds = operation.row.any() & (reach.tap_y < down.kernel) & (reach.tap_x < across.kernel)
        nothing = operation.end | (reached.count == 0)
        ends_list = nothing | (last_group & (number == reached.count - 1))
        final_across = (reach.x == 0) | (reach.tap_x + across.stride >= across.kernel)
        final_down = (reach.y == 0) | (reach.tap_y + down.stride >= down.kernel)
        final_added = last_group & final_across & final_down

        # The visit.
        dropped, ends, goes = Signal(), Signal(), Signal()
        visit = reached.i.payload
        m.d.comb += [
            dropped.eq(self.stale & ~operation.end),
            reached.i.valid.eq(valid & ~dropped & Mux(in_list, reached.settled, adds)),
            goes.eq(reached.i.valid & reached.i.ready),
            ends.eq(dropped | Mux(in_list, goes & ends_list & ~adds, ~adds | (goes & final_added))),
            visit.operation.eq(operation),
            visit.operation.group.eq(group),
            visit.operation.first.eq(1),
            visit.operation.start.eq(0),
            visit.operation.advance.eq(in_list & operation.advance),
            visit.operation.nothing.eq(in_list & nothing),
            visit.operation.row.eq(~in_list),
            visit.operation.closes.eq(in_list & ends_list),
            visit.position.eq(Mux(in_list, number, reach.position)),
            visit.word.eq(base + reach.row),
        ]

        # The next visit of the scan.
        with m.If(goes):
            m.d.sync += [group.eq(group + 1), base.eq(base + kind.rows)]
            with m.If(last_group | (in_list & nothing)):
                m.d.sync += [group.eq(0), base.eq(0), number.eq(number + 1)]
                with m.If(~in_list):
                    self._step(m, reach, line, final_across)
            with m.If(in_list & ends_list):
                m.d.sync += rows.eq(1)

        # The next request.
        load, located = ~valid | ends, locator.o.payload
        m.d.comb += [
            locator.o.ready.eq(load),
            reached.clear.eq(locator.o.valid & load & located.operation.start),
        ]
        with m.If(load):
            m.d.sync += [valid.eq(locator.o.valid), operation.eq(located.operation)]
            self._load(m, located, reach, line)
            m.d.sync += [rows.eq(0), number.eq(0), group.eq(0), base.eq(0)]

    def _step(self, m: Module, reach: data.View, line: data.View, ends_line: Value) -> None:
        """Move `reach` to the next position; `line` is the first position of its line."""
        down, across = axes_of(convolution_of(self._config))
        with m.If(~ends_line):
            m.d.sync += [
                reach.x.eq(reach.x - 1),
                reach.tap_x.eq(reach.tap_x + across.stride),
                reach.position.eq(reach.position - 1),
                reach.row.eq(reach.row + across.stride),
            ]
        with m.Else():
            next_position = line.position - across.out
            next_row = line.row + down.stride * across.kernel
            m.d.sync += [
                reach.x.eq(line.x),
                reach.tap_x.eq(line.tap_x),
                reach.y.eq(reach.y - 1),
                reach.tap_y.eq(reach.tap_y + down.stride),
                *(of.position.eq(next_position) for of in (reach, line)),
                *(of.row.eq(next_row) for of in (reach, line)),
            ]

    def _load(self, m: Module, located: data.View, *registers: data.View) -> None:
        """Load the last position whose kernel may cover the spike."""
        _, across = axes_of(convolution_of(self._config))
        row = located.first + times(across.kernel, located.tap_y) + located.tap_x
        for register in registers:
            m.d.sync += [
                *(register[name].eq(located[name]) for name in ("y", "x", "tap_y", "tap_x")),
                register.position.eq(times(across.out, located.y) + located.x),
                register.row.eq(row),
            ]
