# SPDX-License-Identifier: BSD-2-Clause
"""The handler of the images: INPUTS and EVENTS."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Const, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CYCLES_BITS
from firstspike.hdl.layer.events import Kind, tell_row
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.resetless_register import resetless_register
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
from .word_packer import WordPacker


def image_ports(config: CoreConfig) -> dict[str, wiring.Member]:
    """Return the ports of the Core for images, with the directions of a handler."""
    return core_ports(config, "events", "decision", "words", "labels", "learned")


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
    the last event a counter over all rows clears these bits, one per cycle, while the core decides.

    Latency: 0 cycles for a byte of a bitmap, without WordPacker. Throughput: one byte of a bitmap
    per cycle, or one event in 8 cycles. The response to EVENTS follows the last event by at least
    one cycle per row.
    """

    requests = (Request.INPUTS, Request.EVENTS)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._config = config
        super().__init__(
            index,
            #: Request a byte of the payload in every cycle.
            every_cycle=Out(1),
            #: The payload will be valid in every cycle from now on.
            prefetched=In(1),
            **image_ports(config),
            #: The class of the latest decision, and whether an image has been decided.
            shown=Out(range(config.layers[-1].folding.n_out)),
            shown_valid=Out(1),
        )

    @staticmethod
    def memories(config: CoreConfig) -> Iterator[Memory]:
        """Yield the bits of the rows that have spiked, and the memory of the WordPacker."""
        yield _spiked_memory(config)
        if config.bitmap and config.n_inputs and config.bitmap > BITMAP_BITS:
            packer = WordPacker.memories(config.bitmap, bitmap_bytes(config.n_inputs))
            yield from inside("packer", packer)

    def build(self, m: Module) -> None:
        config, request, payload = self._config, self.request, self.request.payload
        state = Signal(State)
        settled = self._respond_decision(m, payload.valid & (state == State.LABEL))
        repeated, cleared = self._mark_rows(m, state)
        self._send_event(m, repeated)
        send_event = self.events.valid & self.events.ready
        m.d.comb += request.done.eq((state == State.WAIT) & settled & cleared)
        with m.Switch(state):
            with m.Case(State.LABEL):
                m.d.comb += payload.ready.eq(1)
                with m.If(payload.valid):
                    m.d.sync += state.eq(State.GATHER)
            with m.Case(State.GATHER):
                m.d.comb += [payload.ready.eq(1), self.events.valid.eq(request.execute)]
                with m.If(payload.valid & (request.index[:2] == 0)):
                    m.d.sync += state.eq(State.EVENT)
                with m.If(send_event):
                    m.d.sync += state.eq(State.WAIT)
            with m.Case(State.EVENT):
                m.d.comb += self.events.valid.eq(1)
                with m.If(send_event):
                    m.d.sync += state.eq(State.GATHER)
            with m.Case(State.WAIT):
                m.d.comb += payload.ready.eq(1)
                with m.If(request.execute & request.done):
                    m.d.sync += state.eq(State.LABEL)
        if config.bitmap is not None:
            assert config.n_inputs is not None  # a bitmap has a number of pixels
            self._send_bitmap(m, state, config.bitmap, bitmap_bytes(config.n_inputs))

    def _respond_decision(self, m: Module, starts: Value) -> Value:
        """Answer with the decision; return whether the core has finished the image.

        `starts`: the payload is the label.
        """
        decision = self.decision.payload
        flags = Signal(8)
        m.d.comb += flags[DecisionFlag.FORCED].eq(decision.forced)
        for name, _ in decision.causes.shape():
            m.d.comb += flags[DecisionFlag[name.upper()]].eq(decision.causes[name])
        values = {
            "class": decision["class"],
            "flags": flags,
            "tick": decision.tick,
            "cycles": decision.cycles,
        }
        record = []
        for name, size in DECISION_BYTES.items():
            record += bytes_of(values[name], size)
        for name, _ in decision.spikes_in.shape():
            record += bytes_of(decision.spikes_in[name], SPIKES_BYTES)
        settled = self.decision.valid
        if self._config.learns:
            learned, updated, cycles = self._learn(m, starts)
            settled &= learned
            m.d.comb += flags[DecisionFlag.UPDATED].eq(updated)
            record += bytes_of(cycles, TURNAROUND_BYTES)
        self.respond(m, record)
        m.d.comb += self.decision.ready.eq(self.request.release)
        with m.If(self.request.release):
            m.d.sync += [self.shown.eq(decision["class"]), self.shown_valid.eq(1)]
        return settled

    def _send_event(self, m: Module, repeated: Value) -> None:
        """Drive the event for the core; one that is `repeated` gets a row out of range."""
        request, event, config = self.request, self.events.payload, self._config
        first, row = config.layers[0].folding, request.word[16:]
        m.d.comb += [
            event.kind.eq(Mux(request.execute, Kind.END, Kind.SPIKE)),
            event.tick.eq(saturated(request.word[:16], len(event.tick), highest=config.deadline)),
            tell_row(event, first.n_in, first.rows, row, repeated),
        ]

    def _mark_rows(self, m: Module, state: Signal) -> tuple[Value, Value]:
        """Mark the rows that spike in this image, and clear all marks after the last event.

        Returns whether the row of the current event is already marked, and whether no mark is left.
        """
        request, payload = self.request, self.request.payload
        width, row = _row_bits(self._config), request.word[16:]
        m.submodules.spiked = spiked = _spiked_memory(self._config).create()
        read, write = spiked.read_port(domain="comb"), spiked.write_port()
        repeated = resetless_register(1)
        cleared, sweeps = Signal(range(1 << width)), Signal()
        sends_end = (state == State.GATHER) & self.events.valid & self.events.ready
        m.d.comb += [
            read.addr.eq(Cat(row[8:], payload.payload)),
            write.addr.eq(Mux(sweeps, cleared, row)),
            write.data.eq(~sweeps),
            write.en.eq(sweeps | ((state == State.EVENT) & ~row[width:].any())),
        ]
        with m.If(sends_end):
            m.d.sync += sweeps.eq(1)
        with m.If(sweeps):
            m.d.sync += cleared.eq(cleared + 1)
            with m.If(cleared.all()):
                m.d.sync += sweeps.eq(0)
        with m.If(state == State.GATHER):
            m.d.sync += repeated.eq(read.data)
        return repeated, ~sweeps

    def _send_bitmap(self, m: Module, state: Signal, width: int, count: int) -> None:
        """Add the state that sends the `count` bytes of a bitmap, in words of `width` bits."""
        request, payload = self.request, self.request.payload
        if width > BITMAP_BITS:
            m.submodules.packer = packer = WordPacker(width, count)
            wiring.connect(m, packer.o, wiring.flipped(self.words))
            sink, may_start = packer.i, Const(1)
        else:
            # Start when the PacketFifo can deliver a byte per cycle, so that the link adds no
            # cycles.
            sink, may_start = self.words, self.prefetched | (request.index[1:] != 0)
        m.d.comb += sink.payload.eq(payload.payload)
        with m.If((state == State.LABEL) & payload.valid & (request.kind == Request.INPUTS)):
            m.d.sync += state.eq(State.BITMAP)
        with m.If(state == State.BITMAP):
            m.d.comb += [
                # A collected image needs no byte per cycle, and the path through `every_cycle` is
                # long.
                self.every_cycle.eq(width <= BITMAP_BITS),
                sink.valid.eq(payload.valid & may_start),
                payload.ready.eq(sink.valid & sink.ready),
            ]
            with m.If(payload.ready & (request.index == count)):
                m.d.sync += state.eq(State.WAIT)

    def _learn(self, m: Module, starts: Value) -> tuple[Value, Value, Value]:
        """Send the labels, and store the results of learning.

        `starts`: the payload is an image's label. Returns (learned, updated, cycles); `updated` and
        `cycles` are those of the latest image when `learned` is high.
        """
        label, byte = self.labels.payload, self.request.payload.payload
        pending, learned, updated = Signal(), Signal(), Signal()
        cycles = Signal(CYCLES_BITS)
        m.d.comb += self.labels.valid.eq(pending)
        with m.If(self.labels.ready):
            m.d.sync += pending.eq(0)
        with m.If(starts):
            m.d.sync += [
                pending.eq(1),
                learned.eq(0),
                label.label.eq(saturated(byte, len(label.label))),
                label.learn.eq(byte != UNLABELLED),
            ]
        with m.If(self.learned.valid):
            m.d.sync += [
                learned.eq(1),
                updated.eq(self.learned.updated),
                cycles.eq(self.learned.cycles),
            ]
        return learned, updated, cycles


def _row_bits(config: CoreConfig) -> int:
    """Return the bits of the address of a row."""
    return bits_for(config.layers[0].folding.n_in - 1)


def _spiked_memory(config: CoreConfig) -> Memory:
    """Return the memory of the rows that have spiked.

    It is read with the last byte of an event, and written with the event: never in the same cycle.
    """
    return Memory("", 1, 1 << _row_bits(config), no_collisions=True)
