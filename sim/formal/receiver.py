# SPDX-License-Identifier: BSD-2-Clause
"""Properties of the Receiver of the link, and the invariants that prove them by induction."""

from types import SimpleNamespace

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value

from firstspike.hdl.link.framing.receiver import SPACING, Receiver
from firstspike.hdl.link.protocol.formats import (
    CRC_BITS,
    CRC_INITIAL,
    CRC_POLYNOMIAL,
    Cause,
    Request,
)
from firstspike.hdl.link.protocol.messages import Length

from .block import BlockProof

_LENGTHS = {
    Request.HELLO: Length(0),
    Request.READ: Length(5),
    Request.WRITE: Length(5, counted=True),
    Request.EVENTS: Length(1, variable=True),
}
"""Requests of every kind of length; which there are matters to the type of a frame only."""

COBS_FULL = 0xFF
"""The code of a block without a zero behind it."""


class ReceiverProof(BlockProof):
    """A frame is ended by a mark only if its blocks are whole and its checksum is right.

    The reference undoes COBS and divides by the polynomial, as the page on the link says.

    Parameters: the `block` under proof.
    """

    def __init__(self, block: type[Receiver] = Receiver) -> None:
        super().__init__(block(_LENGTHS))

    def check(self, m: Module) -> None:
        received, output = self.received, self.received.payload
        age = Signal(range(SPACING + 1), init=SPACING)  # cycles since a byte arrived
        with m.If(received.valid):
            m.d.sync += age.eq(1)
        with m.Elif(age != SPACING):
            m.d.sync += age.eq(age + 1)
        m.d.comb += Assume(~received.valid | (age == SPACING))

        # The reference: what has come of the frame, and at its end the verdict.
        count, full, first = Signal(8), Signal(), Signal(init=1)
        open_, bad = Signal(), Signal()
        crc = Signal(CRC_BITS, init=CRC_INITIAL)
        byte, dividing = Signal(8), Signal()  # a byte of the frame that the checksum takes
        is_complete, right, ended = Signal(), Signal(), Signal(2)
        m.d.sync += ended.eq(Cat(0, ended))
        with m.If(received.valid):
            m.d.sync += open_.eq(1)
            with m.If(output.broken):
                m.d.sync += bad.eq(1)
            with m.Elif(output.data == 0):
                m.d.sync += [count.eq(0), full.eq(0), first.eq(1), open_.eq(0), bad.eq(0)]
                m.d.sync += [crc.eq(CRC_INITIAL), ended.eq(Cat(open_, ended))]
                m.d.sync += [is_complete.eq((count == 0) & ~bad), right.eq(crc == 0)]
            with m.Elif(count == 0):
                m.d.sync += [count.eq(output.data - 1), full.eq(output.data == COBS_FULL)]
                m.d.sync += first.eq(0)
                m.d.sync += [dividing.eq(~first & ~full), byte.eq(0)]
            with m.Else():
                m.d.sync += [count.eq(count - 1), dividing.eq(1), byte.eq(output.data)]
        with m.Elif(dividing & (age >= 2)):  # the highest bit first
            m.d.sync += [crc.eq(_with_bit(crc, byte[-1])), byte.eq(byte << 1)]
            m.d.sync += dividing.eq(age < 9)

        reference = SimpleNamespace(
            age=age, count=count, full=full, first=first, open=open_, bad=bad, crc=crc, byte=byte
        )
        vars(reference).update(dividing=dividing, is_complete=is_complete, right=right, ended=ended)
        self._relate(m, reference)
        mark = self.put.valid & self.put.payload.mark
        m.d.comb += [
            Assert(
                ~mark | (is_complete & right),
                "a mark follows a whole frame with the right checksum",
            ),
            Assert((mark | self.drop) == ended[1], "each frame has a verdict"),
            Assert(~(mark & self.drop)),
            Assert(~self.drop | (self.fault.cause != 0), "a frame is dropped for a cause"),
            Assert(~ended[1] | is_complete | (self.fault.cause == Cause.FRAMING), "which is named"),
            Cover(ended[1] & ~is_complete, "a frame that is not whole"),
        ]

    def _relate(self, m: Module, reference: SimpleNamespace) -> None:
        """State the invariants: how far the registers are behind the reference."""
        r, ref = self._block._registers, reference
        divided = ~r.crc.complement
        m.d.comb += [
            Assert((ref.age != 0) & (ref.age <= SPACING)),
            Assert(~(r.decoded | r.ended) | (ref.age == 1)),
            Assert(~(r.decoded & r.ended) & ~(r.adding & (r.decoded | r.ended))),
            Assert(~r.adding | ((ref.age >= 2) & (ref.age <= 9) & (r.bit == ref.age - 2))),
            Assert(r.adding | (r.bit == 0)),
            Assert((r.ended == ref.ended[0]) & (r.judged == ref.ended[1])),
            Assert(~ref.ended[0] | (ref.age == 1)),
            Assert(~ref.ended[1] | (ref.age == 2)),
            Assert(r.in_frame == ref.open),
            Assert(r.ended | (r.block_left == ref.count + 1)),
            Assert(r.ended | (r.zero_due == (~ref.first & ~ref.full))),
            Assert(r.ended | (r.broken == ref.bad)),
            Assert(r.ended | (divided == ref.crc)),
            Assert(ref.dividing == (r.decoded | r.adding)),
            Assert(~r.decoded | (ref.byte == r.byte)),
            Assert(~r.adding | (ref.byte == (r.byte << r.bit)[:8])),
            Assert(
                ref.open
                | (
                    (ref.count == 0)
                    & ref.first
                    & ~ref.full
                    & ~ref.bad
                    & ~ref.dividing
                    & (ref.crc == CRC_INITIAL)
                )
            ),
            Assert(~r.ended | ~ref.open),
            Assert(~r.ended | ((divided == 0) == ref.right)),
            Assert(~r.ended | ((r.broken | (r.block_left != 1)) == ~ref.is_complete)),
            Assert(~r.judged | (r.cause != 0) | (ref.is_complete & ref.right)),
            Assert(~r.judged | ((r.cause == Cause.FRAMING) == ~ref.is_complete)),
        ]


def _with_bit(crc: Value, bit: Value) -> Value:
    """The checksum with one more bit."""
    shifted = Cat(0, crc[:-1])
    return Mux(crc[-1] ^ bit, shifted ^ CRC_POLYNOMIAL, shifted)
