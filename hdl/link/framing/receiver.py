# SPDX-License-Identifier: BSD-2-Clause
"""The Receiver, which decodes the bytes from the line to requests, and checks them."""

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
"""Minimum interval between two bytes in clock cycles: the Selector must have sent the last byte of
a bitmap before the checksum arrives. The intervals of all lines are longer (`uart.LINE_SPACING`,
`spi.BYTE_CLOCKS`)."""

LAST_PLACE = CRC_BYTES
"""Mask address of the last byte of a bitmap; the first byte has LAST_PLACE + bytes - 1."""

CAUSE_BITS = 3


class Receiver(Block):
    """Decode COBS, check each frame, and write good requests into the Ring.

    A frame with a fault (framing, CRC, type, length, sequence number, or overrun of the Ring) is
    dropped, and `fault` reports its cause.

    Parameters: `lengths` of the accepted requests, from `messages.lengths_of`; `selects`, whether
    PIXELS are reduced to the connected pixels (otherwise they are stored unchanged).

    Latency: the mark of a request is written 3 cycles after its delimiter. Throughput: one byte
    every SPACING cycles.
    """

    def __init__(self, lengths: dict[Request, Length], selects: bool) -> None:
        self._lengths = lengths
        self._selects = selects
        # Number of bytes of a frame after its type.
        self._due = {kind: 1 + length.least + CRC_BYTES for kind, length in lengths.items()}
        place = range(max(self._due.values()) + 1)
        super().__init__(
            #: Bytes from the line; always ready, at most one byte every SPACING cycles.
            received=In(stream.Signature(RECEIVED)),
            #: The write side of the Ring; see Ring for these three ports. The mark at the end of a
            #: request holds the sequence number that was expected before this request.
            put=Out(stream.Signature(ENTRY, always_ready=True)),
            drop=Out(1),
            full=In(1),
            #: The sequence number of the next request.
            expected=Out(8),
            #: Valid in the cycle in which a frame is dropped.
            fault=Out(tap(cause=CAUSE_BITS)),
            #: Read request for the mask byte at `place`; addresses count down to LAST_PLACE.
            select=Out(tap(place=place)),
            #: The mask byte, from the cycle after its request on: the connected pixels.
            mask=In(8),
        )

    def build(self, m: Module) -> None:
        # Stage 1 decodes COBS. Each block except a full one is followed by a zero.
        said = self.received.payload
        byte, decoded = Signal(8), Signal()  # a byte of the frame, in the first cycle
        ended = Signal()  # the delimiter has arrived
        begun, broken = Signal(), Signal()
        # Bytes up to and including the next COBS code byte.
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
        with m.If(ended):  # `byte` is free, and takes the value for the mark
            m.d.sync += [left.eq(1), zero_due.eq(0), broken.eq(0), byte.eq(self.expected)]

        # The checksum processes a byte from its highest bit on, then the Selector from its lowest.
        m.submodules.crc = crc = Checksum(FRAMES)
        adding, bit = Signal(), Signal(3)
        selecting_bit = Signal()
        m.d.comb += [
            crc.bit.eq(byte.bit_select(bit ^ adding.replicate(len(bit)), 1)),
            crc.add.eq(adding),
            crc.start.eq(ended),
        ]
        self._registers = SimpleNamespace(  # for a formal proof
            byte=byte, decoded=decoded, ended=ended, begun=begun, broken=broken, left=left
        )
        vars(self._registers).update(zero_due=zero_due, crc=crc, adding=adding, bit=bit)
        with m.If(adding | selecting_bit):
            m.d.sync += bit.eq(bit + 1)
        with m.If(adding & (bit == 7)):
            m.d.sync += adding.eq(0)
        with m.If(decoded):
            m.d.sync += adding.eq(1)

        # Stage 2 interprets the bytes. `taken` counts them in unary up to the length of the
        # shortest frame, which is smaller than a binary counter.
        taken = Signal(HEADER_BYTES + CRC_BYTES)
        enough = taken[-1]
        known, variable, ordered, excess, overrun = (
            Signal(name=name) for name in ("known", "variable", "ordered", "excess", "overrun")
        )
        # Only the final check depends on the high bits of the type.
        low = byte[: bits_for(max(self._lengths))]
        kind_is = {kind: low == kind for kind in self._lengths}
        sequence, hello, pixels = Signal(8), Signal(), Signal()
        # `due` wraps below 0 if a payload of variable length has additional words.
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

        # Write bytes into the Ring; the Selector processes those of PIXELS.
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

        # The final check, whose result takes effect a cycle later.
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
