# SPDX-License-Identifier: BSD-2-Clause
"""The receiver: makes requests of the bytes from the line, and checks all that can be checked."""

from types import SimpleNamespace

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.counting import previous_or
from firstspike.hdl.link.protocol.formats import (
    CRC_BITS,
    HEADER_BYTES,
    Cause,
    Request,
)
from firstspike.hdl.link.protocol.messages import WORD_BYTES, Length

from .checksum import FRAMES, Checksum
from .ring import ENTRY
from .selector import FILL_CYCLES, SELECT_CYCLES, Selector
from .uart import RECEIVED

CRC_BYTES = CRC_BITS // 8

SPACING = SELECT_CYCLES + FILL_CYCLES + 1
"""Clocks from one byte to the next, at least: what is left of a bitmap's last byte must have been
put before the checksum comes. No line is so fast (`uart.LINE_SPACING`,
`spi.BYTE_CLOCKS`)."""

LAST_PLACE = CRC_BYTES
"""The place of the last byte of a bitmap; that of the first is LAST_PLACE + bytes - 1."""

CAUSE_BITS = 3


class Receiver(Block):
    """Undoes COBS, checks frames, and puts requests into the ring.

    Parameters: `lengths` of the requests that are taken, as of `messages.lengths_of`. `selects`,
    whether PIXELS are reduced to those connected; else they are stored as they come.

    Latency: a request is put 3 clocks after its delimiter.
    """

    def __init__(self, lengths: dict[Request, Length], selects: bool) -> None:
        self._lengths = lengths
        self._selects = selects
        # Bytes that are still to come of a frame, the type being here.
        self._due = {kind: 1 + length.least + CRC_BYTES for kind, length in lengths.items()}
        place = range(max(self._due.values()) + 1)
        super().__init__(
            #: Always ready; at least SPACING clocks from byte to byte.
            received=In(stream.Signature(RECEIVED)),
            #: Of the Ring, as are the next two. The mark that ends a request holds the sequence
            #: that was expected before it.
            put=Out(stream.Signature(ENTRY, always_ready=True)),
            drop=Out(1),
            full=In(1),
            #: The sequence of the next request.
            expected=Out(8),
            #: In the cycle in which a frame is dropped.
            fault=Out(tap(cause=CAUSE_BITS)),
            #: The mask of the pixels at `place` is asked for, as long as `valid` is high. Places
            #: count down to LAST_PLACE.
            select=Out(tap(place=place)),
            #: Which of the byte's pixels are connected, from the cycle after it was asked for.
            mask=In(8),
        )

    def build(self, m: Module) -> None:
        # The first stage undoes COBS. A zero is due between blocks, but not after a full one.
        said = self.received.payload
        byte, decoded = Signal(8), Signal()  # a byte of the frame, in the first cycle
        ended = Signal()  # its delimiter is here
        begun, broken = Signal(), Signal()
        # Bytes up to the next one that tells how many follow, itself counted.
        left, tells = Signal(8, init=1), Signal()
        zero_due = Signal()
        m.d.comb += [self.received.ready.eq(1), tells.eq(left == 1)]
        m.d.sync += [decoded.eq(0), ended.eq(0)]
        with m.If(self.received.valid):
            m.d.sync += [byte.eq(Mux(tells, 0, said.data)), begun.eq(1)]
            with m.If(said.broken):
                m.d.sync += broken.eq(1)
            with m.Elif(said.data == 0):
                m.d.sync += [ended.eq(begun), begun.eq(0)]
            with m.Else():
                m.d.sync += [
                    decoded.eq(~tells | zero_due),
                    left.eq(previous_or(tells, said.data, left)),
                ]
                with m.If(tells):
                    m.d.sync += zero_due.eq(said.data != 0xFF)
        with m.If(ended):  # the byte is free for what the mark holds
            m.d.sync += [left.eq(1), zero_due.eq(0), broken.eq(0), byte.eq(self.expected)]

        # The checksum takes the byte from its highest bit on; behind it pixels go from the lowest.
        m.submodules.crc = crc = Checksum(FRAMES)
        adding, bit = Signal(), Signal(3)
        selecting_bit = Signal()
        m.d.comb += [
            crc.bit.eq(byte.bit_select(bit ^ adding.replicate(len(bit)), 1)),
            crc.add.eq(adding),
            crc.start.eq(ended),
        ]
        self._registers = SimpleNamespace(  # which a proof looks at
            byte=byte, decoded=decoded, ended=ended, begun=begun, broken=broken, left=left
        )
        vars(self._registers).update(zero_due=zero_due, crc=crc, adding=adding, bit=bit)
        with m.If(adding | selecting_bit):
            m.d.sync += bit.eq(bit + 1)
        with m.If(adding & (bit == 7)):
            m.d.sync += adding.eq(0)
        with m.If(decoded):
            m.d.sync += adding.eq(1)

        # The second takes what it says. Each byte sets one more bit of `taken`, up to those of the
        # shortest frame: a counter would need logic.
        taken = Signal(HEADER_BYTES + CRC_BYTES)
        enough = taken[-1]
        known, variable, ordered, excess, overrun = (
            Signal(name=name) for name in ("known", "variable", "ordered", "excess", "overrun")
        )
        # Nothing but the verdict depends on the type's high bits.
        low = byte[: bits_for(max(self._lengths))]
        kind_is = {kind: low == kind for kind in self._lengths}
        sequence, hello, pixels = Signal(8), Signal(), Signal()
        # What is due goes on below 0, for a payload that may have whole words more.
        due, least = Signal.like(self.select.place), Signal.like(self.select.place)
        in_word = due[: bits_for(WORD_BYTES - 1)]
        with m.If(decoded):
            m.d.sync += taken.eq(Cat(1, taken))
            with m.If(~taken[0]):
                m.d.sync += [
                    known.eq(0),
                    hello.eq(kind_is[Request.HELLO]),
                    pixels.eq(kind_is.get(Request.PIXELS, 0)),
                ]
                with m.Switch(low):
                    for kind, length in self._lengths.items():
                        with m.Case(kind):
                            m.d.sync += [known.eq(byte == low), variable.eq(length.variable)]
                            m.d.comb += least.eq(self._due[kind])
            with m.Elif(due == 0):
                m.d.sync += excess.eq(1)
            m.d.sync += due.eq(previous_or(~taken[0], least, due))
            with m.If(taken[0] & ~taken[1]):
                m.d.sync += [sequence.eq(byte), ordered.eq((byte == self.expected) | hello)]

        # Bytes go into the ring, those of all pixels by way of the Selector.
        put, mark = self.put, Signal()
        stores = Signal()
        m.d.comb += [put.payload.data.eq(byte), self.select.place.eq(due)]
        if self._selects:
            m.submodules.selector = selector = Selector()
            selecting = Signal()
            with m.If(decoded & taken[HEADER_BYTES - 1] & ~taken[HEADER_BYTES]):
                m.d.sync += selecting.eq(pixels)
            with m.Elif(ended | (decoded & (due == LAST_PLACE + 1))):
                m.d.sync += selecting.eq(0)
            m.d.comb += [
                selecting_bit.eq(selector.takes),
                selector.waits.eq(adding),
                selector.index.eq(bit),
                selector.pixel.eq(crc.bit),
                selector.start.eq(decoded & selecting),
                selector.last.eq(due == LAST_PLACE),
                selector.mask.eq(self.mask),
                selector.clear.eq(ended),
                self.select.valid.eq(selector.busy),
            ]
            m.d.comb += stores.eq((decoded & ~selecting) | selector.put.valid)
            with m.If(selector.put.valid):
                m.d.comb += put.payload.data.eq(selector.put.payload)

        else:
            m.d.comb += stores.eq(decoded)

        # The verdict, and a cycle later what comes of it.
        cause, judged = Signal(CAUSE_BITS), Signal()
        vars(self._registers).update(cause=cause, judged=judged)
        m.d.sync += judged.eq(ended)
        with m.If(broken | ~tells):
            m.d.sync += cause.eq(Cause.FRAMING)
        with m.Elif((~crc.complement).any() | ~enough):
            m.d.sync += cause.eq(Cause.CRC)
        with m.Elif(~known):
            m.d.sync += cause.eq(Cause.TYPE)
        with m.Elif(Mux(variable & excess, in_word != 0, excess | (due != 0))):
            m.d.sync += cause.eq(Cause.LENGTH)
        with m.Elif(~ordered):
            m.d.sync += cause.eq(Cause.SEQUENCE)
        with m.Elif(overrun | self.full):
            m.d.sync += cause.eq(Cause.OVERRUN)
        with m.Else():
            m.d.sync += cause.eq(0)
        m.d.comb += [
            mark.eq(judged & (cause == 0)),
            self.fault.cause.eq(cause),
            self.fault.valid.eq(judged & (cause != 0)),
            self.drop.eq(self.fault.valid),
            put.valid.eq((stores & ~self.full) | mark),
            put.payload.mark.eq(mark),
        ]
        with m.If(mark):
            m.d.sync += self.expected.eq(sequence + 1)
        with m.If(stores & self.full):
            m.d.sync += overrun.eq(1)
        with m.If(ended):
            m.d.sync += [taken.eq(0), excess.eq(0), overrun.eq(0)]
