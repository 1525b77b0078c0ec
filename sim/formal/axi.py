# SPDX-License-Identifier: BSD-2-Clause
"""What must hold of a core's buses in every cycle, whatever comes."""

from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring

from firstspike.hdl.bus.axi_lite import AxiLite, Response
from firstspike.hdl.bus.decision_output import DecisionOutput
from firstspike.hdl.bus.image_input import ImageInput
from firstspike.hdl.bus.register import CONSTANT, HOLD, PORT, STICKY, WORD_BYTES, RegisterMap
from firstspike.hdl.bus.register_file import RegisterFile
from firstspike.hdl.lib.block import join

PATIENCE = 8
"""Cycles in which an address is answered, not counting those in which others let it wait."""
PORT_PATIENCE = 3
"""Cycles in which a block behind the registers is done."""


def offered(m, stream, name):
    """What is offered and not taken is offered in the next cycle, unchanged."""
    waits = Signal(name=f"{name}_waits")
    before = Signal(len(Value.cast(stream.payload)), name=f"{name}_before")
    payload = Value.cast(stream.payload)
    m.d.sync += [waits.eq(stream.valid & ~stream.ready), before.eq(payload)]
    m.d.comb += [
        Assert(~waits | stream.valid, f"{name} is not withdrawn"),
        Assert(~waits | (payload == before), f"{name} is steady"),
    ]


def in_time(m, waiting, excused, name):
    """What waits is not there in so many cycles one after the other, unless others are to blame."""
    lately = Signal(PATIENCE, name=f"{name}_lately")
    m.d.sync += lately.eq(Cat(waiting & ~excused, lately))
    m.d.comb += Assert(~lately.all(), f"{name} is answered")


def outstanding(m, asked, told, name):
    """How many requests have been taken and not answered; an answer comes only to a request."""
    count = Signal(2, name=f"{name}_outstanding")
    takes, gives = asked.valid & asked.ready, told.valid & told.ready
    m.d.sync += count.eq(count + takes - gives)
    m.d.comb += Assert(~told.valid | (count != 0), f"{name}: no answer without a request")
    return count


class AxiLiteProof(AxiLite):
    """Properties and invariants of the channels; all inputs are free, and the reset, too."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        response, answer, access = self.write_response, self.read_data, self.access
        offered(m, response, "response")
        offered(m, answer, "answer")

        waits = Signal()
        asked = Cat(access.write, access.address, Mux(access.write, access.data, 0), access.whole)
        before = Signal(len(asked))
        m.d.sync += [waits.eq(access.valid & ~access.done), before.eq(asked)]
        steady = Mux(access.write, asked == before, asked[:-1] == before[:-1])
        m.d.comb += [
            Assert(~waits | access.valid, "an access is not withdrawn"),
            Assert(~waits | steady, "an access is steady"),
        ]

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


class RegistersProof(wiring.Component):
    """An AxiLite with the registers of a map: what each address answers.

    Blocks behind the registers are free, but are done in some cycles.
    """

    def __init__(self, registers: RegisterMap, address_bits: int):
        self._map = registers
        self._lite = AxiLite(address_bits)
        self._registers = RegisterFile(registers, len(self._lite.access.address))
        members = dict(self._lite.signature.members)
        del members["access"]
        inside = dict(self._registers.signature.members)
        del inside["access"]
        super().__init__(members | inside)

    def elaborate(self, platform):
        m = Module()
        m.submodules.lite = lite = self._lite
        m.submodules.registers = registers = self._registers
        wiring.connect(m, lite.access, registers.access)
        for inner in (lite, registers):
            for name in inner.signature.members:
                if name == "access":
                    continue
                join(m, wiring.flipped(self), inner, name)
        for name in self._map.ports():
            port = getattr(self, name)
            waits = Signal(PORT_PATIENCE, name=f"{name}_waits")
            m.d.sync += waits.eq(Cat(port.valid & ~port.done, waits))
            m.d.comb += Assume(~waits.all() | port.done | ~port.valid)

        # The addresses of the read and of the write that are answered next.
        answers = {}
        for kind, channel in (("read", self.read_address), ("write", self.write_address)):
            latest = Signal.like(channel.payload, name=f"{kind}_latest")
            older = Signal.like(channel.payload, name=f"{kind}_older")
            count = Signal(2, name=f"{kind}_count")
            told = self.read_data if kind == "read" else self.write_response
            takes, gives = channel.valid & channel.ready, told.valid & told.ready
            m.d.sync += count.eq(count + takes - gives)
            with m.If(takes):
                m.d.sync += [latest.eq(channel.payload), older.eq(latest)]
            answers[kind] = Mux(count == 2, older, latest)
        whole = Signal()
        strobes = Signal(), Signal()  # the latest and the one before
        count = Signal(2)
        data, told = self.write_data, self.write_response
        takes = data.valid & data.ready
        m.d.sync += count.eq(count + takes - (told.valid & told.ready))
        with m.If(takes):
            m.d.sync += [
                strobes[0].eq(data.payload.strobe.all()),
                strobes[1].eq(strobes[0]),
            ]
        m.d.comb += whole.eq(Mux(count == 2, strobes[1], strobes[0]))

        self._check_read(m, answers["read"][2:])
        self._check_write(m, answers["write"][2:], whole)
        return m

    def _check_read(self, m, word):
        answer = self.read_data
        known = Signal()
        okay = answer.payload.response == Response.OKAY
        for register in self._map.registers:
            first = register.offset // WORD_BYTES
            with m.If((word >= first) & (word < first + register.count)):
                m.d.comb += known.eq(1)
                if register.kind == CONSTANT:
                    content = sum(field.value << field.low for field in register.fields)
                    right = okay & (answer.payload.data == content)
                    m.d.comb += Assert(~answer.valid | right, "a constant is what it is")
                elif register.kind != PORT:
                    m.d.comb += Assert(~answer.valid | okay, "what can be read is read")
                elif not register.readable:
                    m.d.comb += Assert(~answer.valid | ~okay, "what cannot be read is refused")
        with m.If(answer.valid & ~known):
            m.d.comb += Assert(~okay, "what is not there is refused")
        with m.If(answer.valid & ~okay):
            m.d.comb += Assert(answer.payload.data == 0, "what is refused says nothing")

    def _check_write(self, m, word, whole):
        response = self.write_response
        okay = response.payload == Response.OKAY
        known = Signal()
        for register in self._map.registers:
            first = register.offset // WORD_BYTES
            with m.If((word >= first) & (word < first + register.count)):
                m.d.comb += known.eq(1)
                if register.kind in (HOLD, STICKY):
                    m.d.comb += Assert(~response.valid | (okay == whole), "whole words are written")
                elif not register.access[1]:
                    m.d.comb += Assert(~response.valid | ~okay, "what can only be read is refused")
                else:
                    m.d.comb += Assert(~response.valid | whole | ~okay, "parts are refused")
        with m.If(response.valid & ~known):
            m.d.comb += Assert(~okay, "what is not there is not written")


class ImageInputProof(ImageInput):
    """Beats come out as they went in, in order, and none is withdrawn."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        offered(m, self.entries, "entry")
        beats, entry = self.beats, self.entries.payload
        # The beat of any number, as it went in; counted without the marks of aborts.
        # Which one says an input that is else not looked at.
        chosen, seen = Signal(3), Signal()
        content = Signal(len(Value.cast(beats.payload)))
        went, came = Signal(4), Signal(4)
        started = Signal()
        m.d.sync += started.eq(1)
        with m.If(~started):
            m.d.sync += chosen.eq(self.send.data)
        m.d.comb += Assume(~self.by_registers)
        out = Cat(entry.data, entry.last)
        goes = beats.valid & beats.ready
        comes = self.entries.valid & self.entries.ready & ~entry.abort
        is_chosen = goes & (went == chosen)
        with m.If(goes & ~went[3]):
            m.d.sync += went.eq(went + 1)
        with m.If(comes & ~came[3]):
            m.d.sync += came.eq(came + 1)
        with m.If(is_chosen):
            m.d.sync += [content.eq(Value.cast(beats.payload)), seen.eq(1)]
        expected = Mux(is_chosen, Value.cast(beats.payload), content)
        with m.If(comes & (came == chosen)):
            m.d.comb += [
                Assert(seen | is_chosen, "no beat comes from nowhere"),
                Assert(out == expected, "a beat comes as it went"),
            ]
        m.d.comb += Cover(self.entries.valid & entry.abort & (came == 2), "an abort behind beats")
        return m


class DecisionOutputProof(DecisionOutput):
    """Beats are not withdrawn, and each decision leaves once, by one of the ways."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        offered(m, self.beats, "beat")
        size = sum(word.count for word in self._words)
        number = Signal(range(size))
        waiting = Signal(3)
        goes = self.beats.valid & self.beats.ready
        gone = (goes & self.beats.payload.last) | (self.there & self.take)
        comes = self.decision.valid & self.decision.ready
        m.d.sync += waiting.eq(waiting + comes - gone)
        with m.If(goes):
            m.d.sync += number.eq(Mux(self.beats.payload.last, 0, number + 1))
        last = Array([0] * (size - 1) + [1])[number]
        m.d.comb += [
            Assert(~self.beats.valid | (self.beats.payload.last == last), "TLAST ends a decision"),
            Assert(~gone | (waiting != 0) | comes, "no decision comes from nowhere"),
            Assert(waiting <= 2, "no more than there are places"),
            Assert(~self.there | ~self.beats.valid, "by one of the ways"),
            Cover(self.there & (waiting == 2), "by registers"),
            Cover(goes & last & (waiting == 2), "by the stream"),
        ]
        return m
