# SPDX-License-Identifier: BSD-2-Clause
"""The transmitter: makes frames of answers, checksum and COBS."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import enum, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.counting import next_of_most
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.unknown_register import unknown_register

from .checksum import FRAMES, Checksum

DEPTH = 512
"""Bytes of the buffer: a block of COBS, of which the first byte is known last, and some more."""

ANSWER_BIT = struct(data=1, end=1)
"""A bit of an answer, of each byte the highest one first; or with `end` nothing more of it."""


class State(enum.Enum):
    """What is written into the buffer next."""

    BYTE = 0
    HIGH = 1  # of the checksum
    LOW = 2
    CODE = 3  # of the frame's last block
    DELIMITER = 4
    OPEN = 5  # nothing, but the first block of the next frame begins


class Transmitter(Block):
    """Frames of any length.

    Ports
    -----
    answer : stream of `ANSWER_BIT`: type, sequence, payload, end.
    sent : stream of bytes for the line.

    Parameters: `gapless`, whether a frame once begun goes on without a gap, as a line must have it
    that makes a zero of a gap. A frame then waits until all of it is here, or the buffer is full of
    it; from there on the line takes its bytes more slowly than they come.

    Latency: up to the next zero, or 254 bytes. Throughput: a byte in 9 cycles in, while the buffer
    has room, and 24 cycles more per frame; a byte per cycle out. No line is faster.
    """

    def __init__(self, gapless: bool = False) -> None:
        self._gapless = gapless
        super().__init__(answer=In(stream.Signature(ANSWER_BIT)), sent=Out(stream.Signature(8)))

    @staticmethod
    def memories() -> Iterator[Memory]:
        """The buffer."""
        yield Memory("", 8, DEPTH)

    def build(self, m: Module) -> None:
        m.submodules.crc = crc = Checksum(FRAMES)
        # Nothing is read while it is written: what goes out lies before the block under way.
        m.submodules.buffer = buffer = memory.Memory(
            shape=8, depth=DEPTH, init=[], attrs={"no_rw_check": 1}
        )
        write_port, read_port = buffer.write_port(), buffer.read_port(domain="comb")
        fetched = unknown_register(8)

        state = Signal(State)
        # Places of the buffer, in the order of `next_of_most`; `first` is that of the block.
        read, first, write = (
            Signal(range(DEPTH), name=name, init=init)
            for name, init in (("read", 0), ("first", 0), ("write", 1))
        )
        code = Signal(8, init=1)  # of the block: its bytes, and one
        longer = Signal(9)
        m.d.comb += longer.eq(code + 1)
        # Whether there is a place is known a cycle after `write` has moved.
        full, moved = Signal(), Signal()
        m.d.sync += full.eq(write == read)
        room = ~full & ~moved

        # Bits are collected until a byte is whole. In its place the checksum is fed to itself, so
        # that its next bit is the highest one.
        in_answer = state == State.BYTE
        checksum = (state == State.HIGH) | (state == State.LOW)
        # A one goes before them.
        bits, zero = Signal(9, init=1), Signal(init=1)
        byte, whole = bits[:-1], bits[-1]
        bit, comes = Signal(), Signal()
        m.d.comb += [
            self.answer.ready.eq(~whole & in_answer),
            bit.eq(Mux(in_answer, self.answer.payload.data, ~crc.complement[-1])),
            comes.eq(
                ~whole & (checksum | (in_answer & self.answer.valid & ~self.answer.payload.end))
            ),
            crc.bit.eq(bit),
            crc.add.eq(comes),
            crc.start.eq(state == State.OPEN),
        ]
        with m.If(comes):
            m.d.sync += [bits.eq(Cat(bit, bits)), zero.eq(zero & ~bit)]

        # A block that is full goes before whatever is next.
        is_full = longer[-1]
        goes = room & ~is_full
        taken = goes & whole
        with m.If(taken):
            m.d.sync += [bits.eq(1), zero.eq(1)]

        # A zero is not written, but ends the block, whose code goes into the place left for it.
        closes = (room & is_full) | (taken & zero)
        ends = goes & (state == State.CODE)
        delimits = goes & (state == State.DELIMITER)
        m.d.comb += [
            write_port.addr.eq(Mux(closes | ends, first, write)),
            write_port.data.eq(Mux(closes | ends, code, Mux(delimits, 0, byte))),
            write_port.en.eq(closes | ends | taken | delimits),
        ]
        opens = closes | (goes & (state == State.OPEN))
        with m.If(opens):
            m.d.sync += [first.eq(write), code.eq(1)]
        with m.Elif(taken):
            m.d.sync += code.eq(longer)
        moves = opens | taken | delimits
        m.d.sync += moved.eq(moves)
        with m.If(moves):
            m.d.sync += write.eq(next_of_most(write))
        ended = self.answer.ready & self.answer.valid & self.answer.payload.end
        with m.Switch(state):
            with m.Case(State.BYTE), m.If(ended):
                m.d.sync += state.eq(State.HIGH)
            for here, then in zip(State, [*list(State)[1:], State.BYTE], strict=True):
                if here is not State.BYTE:
                    with m.Case(here), m.If(taken if here in (State.HIGH, State.LOW) else goes):
                        m.d.sync += state.eq(then)

        # Up to the block under way all is complete.
        fetch = Signal()
        here = read != first
        if self._gapless:
            frame = Signal.like(read)  # where it begins of which the end is not here
            begun = Signal()  # it has been, all the same
            here &= (read != frame) | begun | full
            with m.If(fetch & (read == frame)):
                m.d.sync += begun.eq(1)
            with m.If(delimits):
                m.d.sync += [frame.eq(next_of_most(write)), begun.eq(0)]
        m.d.comb += [
            fetch.eq((~self.sent.valid | self.sent.ready) & here),
            read_port.addr.eq(read),
            self.sent.payload.eq(fetched),
        ]
        with m.If(fetch):
            m.d.sync += [
                fetched.eq(read_port.data),
                read.eq(next_of_most(read)),
                self.sent.valid.eq(1),
            ]
        with m.Elif(self.sent.ready):
            m.d.sync += self.sent.valid.eq(0)
