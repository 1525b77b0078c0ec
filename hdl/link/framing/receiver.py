# SPDX-License-Identifier: BSD-2-Clause
"""The Receiver, which decodes the bytes from the line to requests, and checks them."""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.crc.catalog import CRC16_IBM_3740
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.checksum import Checksum
from firstspike.hdl.lib.counting import previous_or
from firstspike.hdl.link.protocol.formats import (
    CRC_BITS,
    HEADER_BYTES,
    Cause,
    Request,
)
from firstspike.hdl.link.protocol.messages import MAX_CHUNKS, WORD_BYTES, Length

from .packet_fifo import ENTRY
from .uart import RECEIVED

CRC_BYTES = CRC_BITS // 8

SPACING = 10
"""Minimum interval between two bytes in clock cycles: 8 for the checksum, and one before and after.
The intervals of all lines are longer (`uart.LINE_SPACING`, `spi.BYTE_CLOCKS`)."""

CAUSE_BITS = 3


class Receiver(Block):
    """Decode COBS, check each frame, and write good requests into the PacketFifo.

    A frame with a fault (framing, CRC, type, length, sequence number, or overrun of the FIFO) is
    dropped, and `fault` reports its cause.

    Parameters: `lengths` of the accepted requests, from `messages.lengths_of`.

    Latency: 2 cycles from the delimiter of a request to its mark at `put`. Throughput: one byte
    every SPACING cycles.
    """

    def __init__(self, lengths: dict[Request, Length]) -> None:
        self._lengths = lengths
        # Number of bytes of a frame after its type.
        self._due = {kind: 1 + length.least + CRC_BYTES for kind, length in lengths.items()}
        super().__init__(
            #: Bytes from the line; always ready, at most one byte every SPACING cycles.
            received=In(stream.Signature(RECEIVED)),
            #: The write side of the PacketFifo, which describes these three ports. The mark at the
            #: end of a request holds the sequence number that was expected before this request.
            put=Out(stream.Signature(ENTRY, always_ready=True)),
            drop=Out(1),
            full=In(1),
            #: The sequence number of the next request.
            expected=Out(8),
            #: Valid in the cycle in which a frame is dropped.
            fault=Out(tap(cause=CAUSE_BITS)),
        )

    def build(self, m: Module) -> None:
        # A byte of the frame, in the first cycle; the delimiter has arrived.
        byte, decoded, ended = Signal(8), Signal(), Signal()
        self._registers = SimpleNamespace(byte=byte, decoded=decoded, ended=ended)
        malformed = self._decode(m, byte, decoded, ended)
        crc = self._add_checksum(m, byte, decoded, ended)
        frame = self._interpret(m, byte, decoded, ended)
        self._judge(
            m,
            ended,
            {
                Cause.FRAMING: malformed,
                Cause.CRC: (~crc.complement).any() | ~frame.has_crc,
                Cause.TYPE: ~frame.known,
                Cause.LENGTH: frame.wrong_length,
                Cause.SEQUENCE: ~frame.ordered,
            },
        )
        put, mark, overrun = self.put, self.put.payload.mark, self._registers.overrun
        m.d.comb += [
            put.payload.data.eq(byte),
            put.valid.eq((decoded & ~self.full) | mark),
        ]
        with m.If(mark):
            m.d.sync += self.expected.eq(frame.sequence + 1)
        with m.If(decoded & self.full):
            m.d.sync += overrun.eq(1)
        with m.If(ended):
            m.d.sync += overrun.eq(0)

    def _decode(self, m: Module, byte: Signal, decoded: Signal, ended: Signal) -> Value:
        """Decode COBS; return whether the bytes up to the delimiter are malformed.

        Each block except a full one is followed by a zero.
        """
        received = self.received.payload
        in_frame, broken = Signal(), Signal()
        # Bytes up to and including the next COBS code byte.
        block_left, at_code = Signal(8, init=1), Signal()
        zero_due = Signal()
        vars(self._registers).update(
            in_frame=in_frame, broken=broken, block_left=block_left, zero_due=zero_due
        )
        m.d.comb += [self.received.ready.eq(1), at_code.eq(block_left == 1)]
        m.d.sync += [decoded.eq(0), ended.eq(0)]
        with m.If(self.received.valid):
            m.d.sync += [byte.eq(Mux(at_code, 0, received.data)), in_frame.eq(1)]
            with m.If(received.broken):
                m.d.sync += broken.eq(1)
            with m.Elif(received.data == 0):
                m.d.sync += [ended.eq(in_frame), in_frame.eq(0)]
            with m.Else():
                m.d.sync += [
                    decoded.eq(~at_code | zero_due),
                    block_left.eq(previous_or(at_code, received.data, block_left)),
                ]
                with m.If(at_code):
                    m.d.sync += zero_due.eq(received.data != 0xFF)
        with m.If(ended):  # `byte` is free, and takes the value for the mark
            m.d.sync += [block_left.eq(1), zero_due.eq(0), broken.eq(0), byte.eq(self.expected)]
        return broken | ~at_code

    def _add_checksum(self, m: Module, byte: Signal, decoded: Signal, ended: Signal) -> Checksum:
        """Add each byte to the checksum, from its highest bit on."""
        m.submodules.crc = crc = Checksum(CRC16_IBM_3740)
        adding, bit = Signal(), Signal(3)
        vars(self._registers).update(crc=crc, adding=adding, bit=bit)
        m.d.comb += [
            crc.bit.eq(byte[::-1].bit_select(bit, 1)),
            crc.add.eq(adding),
            crc.start.eq(ended),
        ]
        with m.If(adding):
            m.d.sync += bit.eq(bit + 1)
            with m.If(bit == 7):
                m.d.sync += adding.eq(0)
        with m.If(decoded):
            m.d.sync += adding.eq(1)
        return crc

    def _interpret(
        self, m: Module, byte: Signal, decoded: Signal, ended: Signal
    ) -> SimpleNamespace:
        """Check type, sequence number and length; return the results at the end of the frame."""
        # Counts the bytes in unary up to the length of the shortest frame, which is smaller than a
        # binary counter.
        count = Signal(HEADER_BYTES + CRC_BYTES)
        known, variable, counted, ordered, excess = (
            Signal(name=name) for name in ("known", "variable", "counted", "ordered", "excess")
        )
        # Only the final check depends on the high bits of the type.
        low = byte[: bits_for(max(self._lengths))]
        sequence, hello = Signal(8), Signal()
        # Bytes that follow; wraps below 0 if a payload of variable length has additional words.
        most = max(*self._due.values(), CRC_BYTES + WORD_BYTES * MAX_CHUNKS)
        bytes_due, least = Signal(range(most + 1)), Signal(range(most + 1))
        # The last byte of a fixed part counts the words behind it.
        at_count = counted & (bytes_due == CRC_BYTES + 1)
        words_due = Cat(Const(CRC_BYTES, bits_for(WORD_BYTES - 1)), byte)
        with m.If(decoded):
            m.d.sync += count.eq(Cat(1, count))
            with m.If(~count[0]):
                m.d.sync += [known.eq(0), hello.eq(low == Request.HELLO)]
                with m.Switch(low):
                    for kind, length in self._lengths.items():
                        with m.Case(kind):
                            m.d.sync += [
                                known.eq(byte == low),
                                variable.eq(length.variable),
                                counted.eq(length.counted),
                            ]
                            m.d.comb += least.eq(self._due[kind])
            with m.Elif(bytes_due == 0):
                m.d.sync += excess.eq(1)
            with m.Elif(at_count):
                m.d.sync += counted.eq(0)
            loaded = Mux(count[0], words_due, least)
            m.d.sync += bytes_due.eq(previous_or(~count[0] | at_count, loaded, bytes_due))
            with m.If(count[0] & ~count[1]):
                m.d.sync += [sequence.eq(byte), ordered.eq((byte == self.expected) | hello)]
        with m.If(ended):
            m.d.sync += [count.eq(0), excess.eq(0)]
        partial_word = bytes_due[: bits_for(WORD_BYTES - 1)] != 0
        return SimpleNamespace(
            has_crc=count[-1],
            known=known,
            wrong_length=Mux(variable & excess, partial_word, excess | (bytes_due != 0)),
            ordered=ordered,
            sequence=sequence,
        )

    def _judge(self, m: Module, ended: Signal, faults: dict[Cause, Value]) -> None:
        """Report the first of `faults`, or an overrun; the result takes effect a cycle later."""
        cause, judged, overrun = Signal(CAUSE_BITS), Signal(), Signal()
        vars(self._registers).update(cause=cause, judged=judged, overrun=overrun)
        m.d.sync += [judged.eq(ended), cause.eq(0)]
        # The last assignment has priority.
        for name, fault in reversed((faults | {Cause.OVERRUN: overrun | self.full}).items()):
            with m.If(fault):
                m.d.sync += cause.eq(name)
        m.d.comb += [
            self.put.payload.mark.eq(judged & (cause == 0)),
            self.fault.cause.eq(cause),
            self.fault.valid.eq(judged & (cause != 0)),
            self.drop.eq(self.fault.valid),
        ]
