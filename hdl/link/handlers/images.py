# SPDX-License-Identifier: BSD-2-Clause
"""The handler of the images: PIXELS, INPUTS and EVENTS."""

from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Cat, Module, Mux, ShapeLike, Signal, Value, ValueLike
from amaranth.lib import enum, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CYCLES_BITS
from firstspike.hdl.layer.events import Kind, tell_row
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.resetless_register import resetless_register
from firstspike.hdl.link.handlers.word_packer import WordPacker
from firstspike.hdl.link.protocol.folding import BITMAP_BITS
from firstspike.hdl.link.protocol.formats import (
    DECISION_BYTES,
    SPIKES_BYTES,
    TURNAROUND_BYTES,
    UNLABELLED,
    DecisionFlag,
    Request,
)
from firstspike.hdl.link.protocol.messages import bitmap_bytes

from .handler import Handler, bytes_of, core_ports


class State(enum.Enum):
    """States of the ImageHandler."""

    LABEL = 0  # wait for the label, which is byte 0 of an image
    BITMAP = 1  # pass the bytes of a bitmap to the core
    GATHER = 2  # collect the four bytes of an event
    EVENT = 3  # send the event to the core
    WAIT = 4  # wait for the decision


class ImageHandler(Handler):
    """Send images to the core, and answer with its decisions.

    The handler sends the words of a bitmap as fast as the core accepts them, so that the cycle
    count of an image is that of the core only. If the words are longer than a byte, the handler
    first collects the whole image. Each event takes 8 cycles, which may be slower than the core.

    If a row spikes twice in an image, the handler replaces the row of the second event by one out
    of range, which the core drops and flags. A memory holds one bit per row that has spiked. After
    the decision the events are read from the Ring again, and clear their bits. This second pass
    takes 8 cycles per event before the answer, but needs no sweep over all rows.

    Latency: 0 cycles for a byte of a bitmap, without WordPacker. Throughput: one byte of a bitmap
    per cycle, or one event in 8 cycles.
    """

    requests = (Request.PIXELS, Request.INPUTS, Request.EVENTS)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._config = config
        super().__init__(
            index,
            #: Request a byte of the payload in every cycle.
            every_cycle=Out(1),
            #: The payload will be valid in every cycle from now on.
            follows=In(1),
            **core_ports(config, "events", "decision"),
            #: The class of the latest decision, and whether an image has been decided.
            shown=Out(range(config.layers[-1].folding.n_out)),
            shown_valid=Out(1),
            **core_ports(config, "words", "labels", "learned"),
        )

    @staticmethod
    def memories(config: CoreConfig) -> Iterator[Memory]:
        """Yield the bits of the rows that have spiked, and the memory of the WordPacker."""
        yield Memory("", 1, 1 << _row_bits(config))
        if config.bitmap and config.n_inputs and config.bitmap > BITMAP_BITS:
            packer = WordPacker.memories(config.bitmap, bitmap_bytes(config.n_inputs))
            yield from inside("packer", packer)

    def build(self, m: Module) -> None:
        config, request, payload = self._config, self.request, self.request.payload
        state = Signal(State)
        # The decision, in the format of the answer.
        said = self.decision.payload
        flags = Signal(8)
        m.d.comb += flags[DecisionFlag.FORCED].eq(said.forced)
        for name, _ in said.causes.shape():
            m.d.comb += flags[DecisionFlag[name.upper()]].eq(said.causes[name])
        values = {"class": said["class"], "flags": flags, "tick": said.tick, "cycles": said.cycles}
        record = []
        for name, size in DECISION_BYTES.items():
            record += bytes_of(values[name], size)
        for name, _ in said.spikes_in.shape():
            record += bytes_of(said.spikes_in[name], SPIKES_BYTES)
        settled = self.decision.valid  # the image's end
        if config.learns:
            here, updated, cycles = self._learn(m, payload.valid & (state == State.LABEL))
            settled &= here
            m.d.comb += flags[DecisionFlag.UPDATED].eq(updated)
            record += bytes_of(cycles, TURNAROUND_BYTES)
        self.answer_with(m, record)

        m.d.comb += self.decision.ready.eq(request.release)
        with m.If(request.release):
            m.d.sync += [self.shown.eq(said["class"]), self.shown_valid.eq(1)]

        # The events and words for the core.
        event = self.events.payload
        m.d.comb += [
            event.kind.eq(Mux(request.do, Kind.END, Kind.SPIKE)),
            event.tick.eq(saturated(request.word[:16], len(event.tick), highest=config.deadline)),
        ]
        first, row = config.layers[0].folding, request.word[16:]
        repeated = self._repeated(m, row, state)
        m.d.comb += tell_row(event, first.n_in, first.rows, row, repeated)
        if config.bitmap is not None:
            assert config.n_inputs is not None  # a bitmap has a number of pixels
            count = bitmap_bytes(config.n_inputs)
            words, at_pace = self._words(m, config.bitmap, count)
        # The states of an image.
        with m.Switch(state):
            with m.Case(State.LABEL):
                m.d.comb += payload.ready.eq(1)
                with m.If(payload.valid):
                    m.d.sync += state.eq(State.GATHER)
                    if config.bitmap is not None:
                        with m.If(request.kind != Request.EVENTS):
                            m.d.sync += state.eq(State.BITMAP)
            if config.bitmap is not None:
                with m.Case(State.BITMAP):
                    m.d.comb += [
                        # A collected image needs no byte per cycle, and the path through
                        # `every_cycle` is long.
                        self.every_cycle.eq(config.bitmap <= BITMAP_BITS),
                        words.valid.eq(payload.valid & at_pace),
                        payload.ready.eq(words.valid & words.ready),
                    ]
                    with m.If(payload.ready & (request.index == count)):
                        m.d.sync += state.eq(State.WAIT)
            with m.Case(State.GATHER):
                m.d.comb += [
                    payload.ready.eq(1),
                    self.events.valid.eq(request.do & ~request.second),
                ]
                with m.If(payload.valid & (request.index[:2] == 0)):
                    m.d.sync += state.eq(State.EVENT)
                with m.If(request.do & (request.second | self.events.ready)):
                    m.d.sync += state.eq(State.WAIT)
            with m.Case(State.EVENT):
                m.d.comb += self.events.valid.eq(~request.second)
                with m.If(request.second | self.events.ready):
                    m.d.sync += state.eq(State.GATHER)
            with m.Case(State.WAIT):
                m.d.comb += [
                    payload.ready.eq(1),
                    request.done.eq(settled),
                    request.again.eq((request.kind == Request.EVENTS) & ~request.second),
                ]
                with m.If(request.do & settled):
                    m.d.sync += state.eq(State.LABEL)

    def _repeated(self, m: Module, row: Value, state: Signal) -> Signal:
        """Return whether the row of the current event has already spiked in this image."""
        request, payload = self.request, self.request.payload
        width = _row_bits(self._config)
        # Read with the last byte of an event, written with the event: never in the same cycle.
        m.submodules.spiked = spiked = memory.Memory(
            shape=1, depth=1 << width, init=[], attrs={"no_rw_check": 1}
        )
        read, write = spiked.read_port(domain="comb"), spiked.write_port()
        found = resetless_register(1)
        m.d.comb += [
            read.addr.eq(Cat(row[8:], payload.payload)),
            write.addr.eq(row),
            write.data.eq(~request.second),
            write.en.eq((state == State.EVENT) & ~row[width:].any()),
        ]
        with m.If(state == State.GATHER):
            m.d.sync += found.eq(read.data)
        return found

    def _words(self, m: Module, width: int, count: int) -> tuple[Any, ValueLike]:
        """Return the sink for the `count` bytes of a bitmap, and whether it accepts one now."""
        payload = self.request.payload
        if width > BITMAP_BITS:
            m.submodules.packer = packer = WordPacker(width, count)
            wiring.connect(m, packer.o, wiring.flipped(self.words))
            m.d.comb += packer.i.payload.eq(payload.payload)
            return packer.i, 1
        m.d.comb += self.words.payload.eq(payload.payload)
        # Start when the Ring can deliver a byte per cycle, so that the link adds no cycles.
        return self.words, self.follows | (self.request.index[1:] != 0)

    def _learn(self, m: Module, begins: Value) -> tuple[Value, Value, Value]:
        """Send the labels, and store the results of learning.

        `begins`: the payload is an image's label. Returns (here, updated, cycles); `updated` and
        `cycles` are those of the latest image when `here` is high.
        """
        label, byte = self.labels.payload, self.request.payload.payload
        offered, here, updated = Signal(), Signal(), Signal()
        cycles = Signal(CYCLES_BITS)
        m.d.comb += self.labels.valid.eq(offered)
        with m.If(self.labels.ready):
            m.d.sync += offered.eq(0)
        with m.If(begins & ~self.request.second):
            m.d.sync += [
                offered.eq(1),
                here.eq(0),
                label.label.eq(saturated(byte, len(label.label))),
                label.learn.eq(byte != UNLABELLED),
            ]
        with m.If(self.learned.valid):
            m.d.sync += [
                here.eq(1),
                updated.eq(self.learned.updated),
                cycles.eq(self.learned.cycles),
            ]
        return here, updated, cycles


def _row_bits(config: CoreConfig) -> int:
    """Return the bits of the address of a row."""
    return bits_for(config.layers[0].folding.n_in - 1)
