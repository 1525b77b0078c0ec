# SPDX-License-Identifier: BSD-2-Clause
"""The conversion of beats to the events of a core."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.layer.events import Kind, tell_row
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block

from .core_map import EVENT_BEAT, NO_ROW
from .image_input import entry_layout
from .register import WORD_BITS


class EventUnpacker(Block):
    """Forward each beat to the core as an event, and send END after an image's last beat.

    A tick or row that exceeds the field of the core becomes a value that the core rejects. A last
    beat without a row becomes END only.

    Latency: 0 cycles; throughput: one beat per cycle, and one more cycle for END.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__(
            entries=In(stream.Signature(entry_layout(WORD_BITS))),
            events=CoreSignature(config).flip().members["events"],
            #: To the core; high for a cycle.
            abort_image=Out(1),
        )

    def build(self, m: Module) -> None:
        entry, event = self.entries.payload, self.events.payload
        tick, row = (entry.data[field.low :][: field.bits] for field in EVENT_BEAT)
        ending = Signal()  # the last beat has been sent, END has not
        abort = self.entries.valid & entry.abort & ~ending
        none = row == NO_ROW
        only_end = none & entry.last
        m.d.comb += [
            self.abort_image.eq(abort),
            self.events.valid.eq(ending | (self.entries.valid & ~entry.abort)),
            self.entries.ready.eq(abort | (~ending & self.events.ready)),
            event.kind.eq(
                Mux(ending | only_end, Kind.END, Mux(none, Kind.ADVANCE, Kind.SPIKE)),
            ),
            event.tick.eq(saturated(tick, len(event.tick), highest=self._config.deadline)),
        ]
        first = self._config.layers[0].folding
        m.d.comb += tell_row(event, first.n_in, first.rows, row)
        accepted = self.events.valid & self.events.ready
        with m.If(accepted):
            m.d.sync += ending.eq(Mux(ending, 0, entry.last & ~none))
