# SPDX-License-Identifier: BSD-2-Clause
"""Properties of the buses of a core for any inputs, and the invariants that prove them.

Together: an address that is taken reaches the registers (AxiLiteProof), which answer as their map
says, at once or when a block behind them is done (RegistersProof); and what they answer comes back.
"""

from amaranth.hdl import Array, Assert, Cat, Cover, Mux, Signal, Value

from firstspike.hdl.bus.axi_lite import AxiLite, Response
from firstspike.hdl.bus.core_map import TAG_BITS
from firstspike.hdl.bus.decision_output import DecisionOutput
from firstspike.hdl.bus.image_input import ImageInput
from firstspike.hdl.bus.register import CONSTANT, HOLD, PORT, STICKY, WORD_BYTES
from firstspike.hdl.bus.register_file import RegisterFile
from firstspike.hdl.bus.tail_dropper import TailDropper

PATIENCE = 8
"""Cycles in which an address is answered, not counting those in which others let it wait."""


def keeps_offer(m, stream, name):
    """An offer that is not accepted stays, unchanged, in the next cycle."""
    waits = Signal(name=f"{name}_waits")
    before = Signal(len(Value.cast(stream.payload)), name=f"{name}_before")
    payload = Value.cast(stream.payload)
    m.d.sync += [waits.eq(stream.valid & ~stream.ready), before.eq(payload)]
    m.d.comb += [
        Assert(~waits | stream.valid, f"{name} is not withdrawn"),
        Assert(~waits | (payload == before), f"{name} is steady"),
    ]


def in_time(m, waiting, excused, name):
    """A request waits at most a number of cycles, unless another block delays it."""
    lately = Signal(PATIENCE, name=f"{name}_lately")
    m.d.sync += lately.eq(Cat(waiting & ~excused, lately))
    m.d.comb += Assert(~lately.all(), f"{name} is answered")


def outstanding(m, requested, answered_with, name):
    """How many requests have been taken and not answered; an answer comes only to a request."""
    count = Signal(2, name=f"{name}_outstanding")
    takes, gives = requested.valid & requested.ready, answered_with.valid & answered_with.ready
    m.d.sync += count.eq(count + takes - gives)
    m.d.comb += Assert(~answered_with.valid | (count != 0), f"{name}: no answer without a request")
    return count


class AxiLiteProof(AxiLite):
    """Properties and invariants of the channels; all inputs are free, and the reset, too."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        response, answer, access = self.write_response, self.read_data, self.access
        keeps_offer(m, response, "response")
        keeps_offer(m, answer, "answer")

        waits = Signal()
        requested = Cat(
            access.write, access.address, Mux(access.write, access.data, 0), access.full_word
        )
        before = Signal(len(requested))
        m.d.sync += [waits.eq(access.valid & ~access.done), before.eq(requested)]
        steady = Mux(access.write, requested == before, requested[:-1] == before[:-1])
        m.d.comb += [
            Assert(~waits | access.valid, "an access is not withdrawn"),
            Assert(~waits | steady, "an access is steady"),
        ]
        ended = Signal()
        m.d.sync += ended.eq(access.valid & access.done)
        m.d.comb += Assert(~ended | ~access.valid, "none is under way when a command resets")

        addresses, words, reads = (
            outstanding(m, self.write_address, response, "write_address"),
            outstanding(m, self.write_data, response, "write_data"),
            outstanding(m, self.read_address, answer, "read_address"),
        )
        held_address, held_data, held_read = (
            ~channel.ready for channel in (self.write_address, self.write_data, self.read_address)
        )
        blocked = access.valid & ~access.done
        in_time(m, held_read, blocked | (answer.valid & ~answer.ready), "read")
        in_time(
            m,
            held_address & held_data,
            blocked | (response.valid & ~response.ready),
            "write",
        )
        m.d.comb += [
            Assert(addresses == held_address + response.valid),
            Assert(words == held_data + response.valid),
            Assert(reads == held_read + answer.valid),
            Assert(~(access.valid & access.write) | (held_address & held_data)),
            Assert(~(access.valid & access.write) | ~response.valid),
            Assert(~(access.valid & ~access.write) | (held_read & ~answer.valid)),
        ]

        self._check_contents(m)

        streak = Signal(2)  # of accesses of the two kinds by turns
        kind = Signal()
        with m.If(access.valid & access.done):
            m.d.sync += [
                kind.eq(access.write),
                streak.eq(Mux(kind != access.write, streak + (streak != 3), 0)),
            ]
        m.d.comb += [
            Cover(streak == 3, "reads and writes take turns"),
            Cover(response.valid & answer.valid & ~self.write_address.ready, "all at once"),
        ]
        return m

    def _check_contents(self, m):
        """An access asks what came over the bus, and what it answers goes back."""
        access = self.access
        channels = {}
        for name in ("write_address", "write_data", "read_address"):
            channel = getattr(self, name)
            channels[name] = latest = Signal(channel.payload.shape(), name=f"{name}_came")
            with m.If(channel.valid & channel.ready):
                m.d.sync += Value.cast(latest).eq(Value.cast(channel.payload))
            content = self._contents[name]
            same = Value.cast(content) == Value.cast(latest)
            m.d.comb += Assert(channel.ready | same, f"{name} is held as it came")
        address = Mux(access.write, channels["write_address"], channels["read_address"])
        data = channels["write_data"]
        answer_before = Signal(self.read_data.payload.shape())
        answered_with = Signal(self.write_response.payload.shape())
        result = Mux(access.refused, Response.SLVERR, Response.OKAY)
        with m.If(access.valid & access.done):
            with m.If(access.write):
                m.d.sync += answered_with.eq(result)
            with m.Else():
                m.d.sync += [
                    answer_before.data.eq(Mux(access.refused, 0, access.answer)),
                    answer_before.response.eq(result),
                ]
        response, answer = self.write_response, self.read_data
        writes = access.valid & access.write
        m.d.comb += [
            Assert(
                ~access.valid | (access.address == address[-len(access.address) :]),
                "an access is to the address that came",
            ),
            Assert(~writes | (access.data == data.data), "what is written is what came"),
            Assert(~writes | (access.full_word == data.strobe.all()), "so are its strobes"),
            Assert(
                ~response.valid | (response.payload == answered_with),
                "a write is told what came of it",
            ),
            Assert(
                ~answer.valid | (Value.cast(answer.payload) == Value.cast(answer_before)),
                "a read gets what was read, and nothing where it is refused",
            ),
        ]


class RegistersProof(RegisterFile):
    """Each address answers as the map says; accesses and the blocks behind registers are free."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        access = self.access
        answered_with = access.valid & access.done
        read, written = answered_with & ~access.write, answered_with & access.write
        refused, is_complete = access.refused, access.full_word
        known = Signal()
        for register in self._map.registers:
            first = register.offset // WORD_BYTES
            with m.If((access.address >= first) & (access.address < first + register.count)):
                m.d.comb += known.eq(1)
                if register.kind == CONSTANT:
                    content = sum(field.value << field.low for field in register.fields)
                    right = access.answer == content
                    m.d.comb += Assert(~read | right, "a constant is what it is")
                if "r" not in register.access:
                    m.d.comb += Assert(~read | refused, "what cannot be read is refused")
                elif register.kind != PORT:
                    m.d.comb += Assert(~read | ~refused, "what can be read is read")
                if register.kind in (HOLD, STICKY):
                    right = refused == ~is_complete
                    m.d.comb += Assert(~written | right, "whole words are written")
                elif "w" not in register.access:
                    m.d.comb += Assert(~written | refused, "what can only be read is refused")
                else:
                    m.d.comb += Assert(~written | is_complete | refused, "parts are refused")
        m.d.comb += Assert(~answered_with | known | refused, "what is not there is refused")
        waits = Signal()
        for name, group in self._ports.items():
            port = getattr(self, name)
            first, end = (at // WORD_BYTES for at in (group[0].offset, group[-1].end))
            in_range = access.valid & (access.address >= first) & (access.address < end)
            m.d.comb += Assert(~port.valid | in_range, "a block is asked for its own registers")
            with m.If(port.valid & ~port.done):
                m.d.comb += waits.eq(1)
        m.d.comb += Assert(~access.valid | access.done | waits, "who is not asked lets none wait")
        for register in self._map.registers:
            if register.kind == STICKY:
                in_range = access.address == register.offset // WORD_BYTES
                self._check_sticky(m, register, written & is_complete & in_range)
        return m

    def _check_sticky(self, m, register, written):
        """A set bit stays until a 1 is written; a bit that is set in that cycle stays, too."""
        content = getattr(self, register.name).as_value()
        comes = getattr(self, f"{register.name}_set").as_value()
        expected = Signal(len(content))
        cleared = Signal(len(content))
        m.d.sync += expected.eq(comes | (content & ~cleared))
        with m.If(written):
            for slot, field in enumerate(register.fields):
                m.d.comb += cleared[slot].eq(self.access.data[field.low])
        m.d.comb += Assert(content == expected, "what has come stays until it is cleared")


class TailDropperProof(TailDropper):
    """No beat passes that a `drop` has ended, all others do, and none that is ended waits."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        accepts, delivers = self.i.valid & self.i.ready, self.o.valid & self.o.ready
        amid = Signal()  # the stream is amid a packet
        ended = Signal()  # which a drop has ended
        with m.If(accepts):
            m.d.sync += [amid.eq(~self.i.payload.last), ended.eq(ended & ~self.i.payload.last)]
        with m.If(self.drop & Mux(accepts, ~self.i.payload.last, amid)):
            m.d.sync += ended.eq(1)
        with m.If(self.undrop):
            m.d.sync += [amid.eq(0), ended.eq(0)]
        same = Value.cast(self.o.payload) == Value.cast(self.i.payload)
        dropped = Signal()  # beats have been dropped
        with m.If(accepts & ~delivers):
            m.d.sync += dropped.eq(1)
        m.d.comb += [
            Assert(~delivers | (accepts & same), "a beat passes as it comes"),
            Assert(~accepts | (delivers != ended), "the rest of a packet is dropped, and no more"),
            Assert(~ended | self.i.ready, "what is dropped does not wait"),
            Assert(self.dropping == ended),
            Assert(self._in_packet == amid),
            Assert(~ended | amid),
            Cover(dropped & delivers & ~amid, "a packet passes behind a dropped rest"),
            Cover(ended & self.undrop, "a source begins anew"),
        ]
        return m


class ImageInputProof(ImageInput):
    """Beats come out as they went in, in order, and none is withdrawn or lost.

    Beats are as wide as a byte, come from the stream or from registers, and may be aborted at any
    time. Each image has beats of one of the two ways, and gives its tag once.
    """

    def elaborate(self, platform):
        m = super().elaborate(platform)
        keeps_offer(m, self.entries, "entry")
        beats, send, entry, fifo = self.beats, self.send, self.entries.payload, m.submodules.fifo
        is_sent, comes_by_stream = send.valid & ~send.refused, beats.valid & beats.ready
        sent = Cat(send.data[: len(entry.data)], send.index[0])
        beat = Mux(is_sent, sent, Cat(beats.payload.data, beats.payload.last))
        goes = is_sent | comes_by_stream
        self._check_images(m, goes, is_sent, comes_by_stream, beat[-1])
        comes = self.entries.valid & self.entries.ready & ~entry.abort
        inside = Signal(range(fifo.depth + 1))
        m.d.sync += inside.eq(inside + goes - comes)

        # Any one beat, chosen by a bit of `send` that is else not looked at, is followed.
        followed = Signal()
        ahead = Signal.like(inside)
        content = Signal(len(beat))
        chosen = goes & ~followed & send.data[-1]
        arrives = comes & Mux(followed, ahead == 0, chosen & (inside == 0))
        with m.If(chosen):
            m.d.sync += [followed.eq(~arrives), ahead.eq(inside - comes), content.eq(beat)]
        with m.Elif(followed & comes):
            m.d.sync += [followed.eq(~arrives), ahead.eq(ahead - 1)]
        expected = Mux(followed, content, beat)
        m.d.comb += [
            Assert(~comes | (inside != 0) | goes, "no beat comes from nowhere"),
            Assert(~arrives | (_of(entry) == expected), "a beat comes as it went"),
            Cover(self.entries.valid & entry.abort & (ahead == 2), "an abort behind beats"),
        ]

        # The invariants: where the beats are.
        rows, is_beat = [], []
        for slot in range(fifo.depth):
            port = fifo.memory.read_port(domain="comb")
            m.d.comb += port.addr.eq(fifo.read.addr + slot)
            rows.append(_of(port.data))
            is_beat.append((slot < fifo.level) & ~port.data.abort)
        m.d.comb += [
            Assert(fifo.filled == (fifo.level != 0)),
            Assert(fifo.i.ready == (fifo.level != fifo.depth)),
            Assert(fifo.level <= fifo.depth),
            Assert(fifo.written.addr == (fifo.read.addr + fifo.level)[: len(fifo.read.addr)]),
            Assert(inside == sum(is_beat)),
            Assert(
                ~followed
                | Cat(
                    is_beat[slot] & (ahead == sum(is_beat[:slot])) & (rows[slot] == content)
                    for slot in range(fifo.depth)
                ).any()
            ),
        ]
        return m

    def _check_images(self, m, goes, is_sent, comes_by_stream, last):
        """Check which beats make an image; `last` says that the beat of this cycle ends it."""
        opened, by_registers = Signal(), Signal()
        with m.If(goes):
            m.d.sync += [opened.eq(~last), by_registers.eq(is_sent)]
        with m.If(self.aborted):
            m.d.sync += opened.eq(0)
        fifo, tags = m.submodules.fifo.i, self.tags
        marks = fifo.valid & fifo.ready & fifo.payload.abort
        amid = goes & opened
        tag = Mux(is_sent, self.tag, self.beats.payload.id)
        m.d.comb += [
            Assert(~is_sent | ~comes_by_stream, "beats come by one way"),
            Assert(~amid | (is_sent == by_registers), "all beats of an image come by one way"),
            Assert(self.aborted == (marks & opened), "an abort ends an image that is open"),
            Assert(~self.aborted | ~goes, "no beat comes with an abort"),
            Assert(marks == self.aborted, "and only such a one"),
            Assert(tags.valid == (goes & ~opened), "an image gives its tag with its first beat"),
            Assert(~tags.valid | tags.ready, "no tag is lost"),
            Assert(~tags.valid | (tags.payload == tag), "the tag is that of the first beat"),
            Assert(self.open == opened),
            Assert(~opened | (self.registers_used == by_registers)),
        ]


def _of(entry):
    """The beat that an entry has, but for its marks."""
    return Cat(entry.data, entry.last)


class DecisionOutputProof(DecisionOutput):
    """Beats are not withdrawn, and each decision leaves once, by one of the ways.

    A flush, at any time, forgets decisions: all but one of which a beat is offered.
    """

    def elaborate(self, platform):
        m = super().elaborate(platform)
        keeps_offer(m, self.beats, "beat")
        size = sum(word.count for word in self._words)
        number = Signal(range(size))
        waiting = Signal(3)
        goes = self.beats.valid & self.beats.ready
        image_ends = (goes & self.beats.payload.last) | (self.readable & self.take)
        comes = self.decision.valid & self.decision.ready
        m.d.sync += waiting.eq(waiting + comes - image_ends)
        stays = self.beats.valid & ~image_ends  # through a flush
        left = Signal()  # from before a flush
        tag = Signal(TAG_BITS)
        with m.If(self.flush):
            m.d.sync += waiting.eq(stays)
        with m.If(self.flush | image_ends):
            m.d.sync += left.eq(self.flush & stays)
        with m.If(goes & (number == 0)):
            m.d.sync += tag.eq(self.beats.payload.id)
        has_beat = Signal()
        m.d.sync += has_beat.eq(self.readable & ~self.take & ~self.flush)
        with m.If(goes):
            m.d.sync += number.eq(Mux(self.beats.payload.last, 0, number + 1))
        last = Array([0] * (size - 1) + [1])[number]
        m.d.comb += [
            Assert(~self.beats.valid | (self.beats.payload.last == last), "TLAST ends a decision"),
            Assert(~image_ends | (waiting != 0) | comes, "no decision comes from nowhere"),
            Assert(waiting <= 2, "no more than there are places"),
            Assert(~self.readable | ~self.beats.valid, "by one of the ways"),
            Assert(
                ~has_beat | self.readable | ~self.registers_used,
                "by registers it is there until it is taken",
            ),
            Assert((number == 0) | (self.beats.payload.id == tag), "a decision has one tag"),
            Assert(self.leaving == left, "it says which decisions are from before a flush"),
            # The invariants: what waits is in the FIFO, and none changes the way amid its words.
            Assert(waiting == m.submodules.first.o.valid + m.submodules.queue.o.valid),
            Assert(~left | ((number == self._number) & self.beats.valid)),
            Assert(number == self._number),
            Assert((number == 0) | self.beats.valid),
            Cover(self.readable & (waiting == 2), "by registers"),
            Cover(goes & last & (waiting == 2), "by the stream"),
            Cover(left & goes & last & (waiting == 2), "behind a flush another waits"),
        ]
        return m
