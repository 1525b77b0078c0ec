# SPDX-License-Identifier: BSD-2-Clause
"""Images: PIXELS, INPUTS and EVENTS."""

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
from firstspike.hdl.lib.unknown_register import unknown_register
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
    """What the handler is at."""

    LABEL = 0
    BITMAP = 1
    GATHER = 2  # the four bytes of an event; the label has number 0
    EVENT = 3
    WAIT = 4  # for the decision


class ImageHandler(Handler):
    """Puts images through the core, and answers with its decisions, but where it was not asked.

    The words of an image are offered as fast as the core takes them, so that its cycles are those
    of the core alone; where they are longer than a byte, an image is collected first. An event
    takes 8 cycles, which may be more than the core would need.

    A row that spikes twice in an image is handed on as a row out of range, which the core drops
    and flags. One bit per row says that it has spiked. When the image is decided its events come
    once more and clear their bits. That takes 8 cycles per event before the answer, and needs no
    counter that walks over all rows.
    """

    requests = (Request.PIXELS, Request.INPUTS, Request.EVENTS)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._config = config
        super().__init__(
            index,
            #: A byte of the payload is wanted in every cycle.
            every_cycle=Out(1),
            #: There will be one in every cycle from now on.
            follows=In(1),
            **core_ports(config, "events", "decision"),
            #: The class of the latest decision, and whether there has been one.
            shown=Out(range(config.layers[-1].folding.n_out)),
            shown_valid=Out(1),
            **core_ports(config, "words", "labels", "learned"),
        )

    @staticmethod
    def memories(config: CoreConfig) -> Iterator[Memory]:
        """The marks of the rows that have spiked, and the words that wait to be complete."""
        yield Memory("", 1, 1 << _row_bits(config))
        if config.bitmap and config.n_inputs and config.bitmap > BITMAP_BITS:
            packer = WordPacker.memories(config.bitmap, bitmap_bytes(config.n_inputs))
            yield from inside("packer", packer)

    def build(self, m: Module) -> None:
        config, request, payload = self._config, self.request, self.request.payload
        state = Signal(State)
        # The decision, as the answer has it.
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

        # Where events and words go.
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
                        # An image that is collected first may come at any pace, and what
                        # depends on a byte in every cycle is a long way.
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
        """Whether the row of the event that is offered has spiked before in its image."""
        request, payload = self.request, self.request.payload
        width = _row_bits(self._config)
        # Read while an event's last byte comes, written while it is offered: never in one cycle.
        m.submodules.spiked = spiked = memory.Memory(
            shape=1, depth=1 << width, init=[], attrs={"no_rw_check": 1}
        )
        read, write = spiked.read_port(domain="comb"), spiked.write_port()
        found = unknown_register(1)
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
        """Return the sink for the `count` bytes of a bitmap, and whether it may take one now."""
        payload = self.request.payload
        if width > BITMAP_BITS:
            m.submodules.packer = packer = WordPacker(width, count)
            wiring.connect(m, packer.o, wiring.flipped(self.words))
            m.d.comb += packer.i.payload.eq(payload.payload)
            return packer.i, 1
        m.d.comb += self.words.payload.eq(payload.payload)
        # Not before the ring can follow the core, so that none of its cycles is ours.
        return self.words, self.follows | (self.request.index[1:] != 0)

    def _learn(self, m: Module, begins: Value) -> tuple[Value, Value, Value]:
        """Give the labels, and keep what comes of the images.

        `begins`: the payload is an image's label. Returns (here, updated, cycles); the latter two
        belong to the latest image, as soon as it is `here`.
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
    """Bits of the address of a row."""
    return bits_for(config.layers[0].folding.n_in - 1)
