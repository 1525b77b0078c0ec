# SPDX-License-Identifier: BSD-2-Clause
"""The scan of positions in a convolutional layer: of one spike, or of all reached positions."""

from collections.abc import Iterator

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.memories import Memory

from .config import LayerConfig
from .locator import Locator, axes_of, convolution_of, request_layout
from .operations import operation_layout, read_layout
from .reached import ReachedPositions


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


class PositionWalk(Block):
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
        yield from ReachedPositions.memories(config)

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
        tells = ~rows & (operation.advance | operation.end)
        adds = operation.row.any() & (reach.tap_y < down.kernel) & (reach.tap_x < across.kernel)
        nothing = operation.end | (reached.count == 0)
        final_told = nothing | (last_group & (number == reached.count - 1))
        final_across = (reach.x == 0) | (reach.tap_x + across.stride >= across.kernel)
        final_down = (reach.y == 0) | (reach.tap_y + down.stride >= down.kernel)
        final_added = last_group & final_across & final_down

        # The visit.
        dropped, ends, goes = Signal(), Signal(), Signal()
        visit = reached.i.payload
        m.d.comb += [
            dropped.eq(self.stale & ~operation.end),
            reached.i.valid.eq(valid & ~dropped & Mux(tells, reached.settled, adds)),
            goes.eq(reached.i.valid & reached.i.ready),
            ends.eq(dropped | Mux(tells, goes & final_told & ~adds, ~adds | (goes & final_added))),
            visit.operation.eq(operation),
            visit.operation.group.eq(group),
            visit.operation.first.eq(1),
            visit.operation.start.eq(0),
            visit.operation.advance.eq(tells & operation.advance),
            visit.operation.nothing.eq(tells & nothing),
            visit.operation.row.eq(~tells),
            visit.operation.closes.eq(tells & final_told),
            visit.position.eq(Mux(tells, number, reach.position)),
            visit.word.eq(base + reach.row),
        ]

        # The next visit of the scan.
        with m.If(goes):
            m.d.sync += [group.eq(group + 1), base.eq(base + kind.rows)]
            with m.If(last_group | (tells & nothing)):
                m.d.sync += [group.eq(0), base.eq(0), number.eq(number + 1)]
                with m.If(~tells):
                    with m.If(~final_across):
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
            with m.If(tells & final_told):
                m.d.sync += rows.eq(1)

        # The next request.
        load, located = ~valid | ends, locator.o.payload
        m.d.comb += [
            locator.o.ready.eq(load),
            reached.clear.eq(locator.o.valid & load & located.operation.start),
        ]
        with m.If(load):
            m.d.sync += [valid.eq(locator.o.valid), operation.eq(located.operation)]
            for of in (reach, line):
                m.d.sync += [
                    *(of[name].eq(located[name]) for name in ("y", "x", "tap_y", "tap_x")),
                    of.position.eq(times(across.out, located.y) + located.x),
                    of.row.eq(located.first + times(across.kernel, located.tap_y) + located.tap_x),
                ]
            m.d.sync += [
                rows.eq(0),
                number.eq(0),
                group.eq(0),
                base.eq(0),
            ]
