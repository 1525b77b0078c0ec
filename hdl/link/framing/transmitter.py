# SPDX-License-Identifier: BSD-2-Clause
"""The Transmitter, which encodes answers as frames with checksum and COBS."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import enum, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.counting import next_of_most
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.resetless_register import resetless_register

from .checksum import FRAMES, Checksum

DEPTH = 512
"""Bytes of the buffer, which must hold a COBS block, because the code byte is known last."""

ANSWER_BIT = struct(data=1, end=1)
"""A bit of an answer, the highest bit of each byte first; or with `end` the end of the answer."""


class State(enum.Enum):
    """States of the Transmitter: the byte that it writes into the buffer next."""

    BYTE = 0  # a byte of the answer
    HIGH = 1  # high byte of the checksum
    LOW = 2  # low byte of the checksum
    CODE = 3  # code byte of the frame's last block
    DELIMITER = 4
    OPEN = 5  # no byte; start the first block of the next frame


class Transmitter(Block):
    """Convert answers of any length to frames.

    Ports
    -----
    answer : stream of `ANSWER_BIT`: type, sequence, payload, end.
    sent : stream of bytes for the line.

    Parameters: `gapless`, whether the bytes of a frame must follow one another without a gap, which
    SPI requires because it sends zeros in gaps. The Transmitter then delays a frame until the
    frame is complete or the buffer is full. After this point the line is slower than the input.

    Latency: bytes leave after the next zero, or after 254 bytes. Throughput: one byte in 9 cycles
    at `answer`, and 24 cycles more per frame; one byte per cycle at `sent`. If the buffer is full,
    `answer` stalls.
    """

    def __init__(self, gapless: bool = False) -> None:
        self._gapless = gapless
        super().__init__(answer=In(stream.Signature(ANSWER_BIT)), sent=Out(stream.Signature(8)))

    @staticmethod
    def memories() -> Iterator[Memory]:
        """Yield the memory of the buffer."""
        yield Memory("", 8, DEPTH)

    def build(self, m: Module) -> None:
        m.submodules.crc = crc = Checksum(FRAMES)
        # No byte is read while it is written: reads end in front of the current block.
        m.submodules.buffer = buffer = memory.Memory(
            shape=8, depth=DEPTH, init=[], attrs={"no_rw_check": 1}
        )
        write_port, read_port = buffer.write_port(), buffer.read_port(domain="comb")
        fetched = resetless_register(8)

        state = Signal(State)
        # Addresses of the buffer, in the order of `next_of_most`; `first` is that of the code byte.
        read, first, write = (
            Signal(range(DEPTH), name=name, init=init)
            for name, init in (("read", 0), ("first", 0), ("write", 1))
        )
        code = Signal(8, init=1)  # code byte: the number of bytes of the block, plus one
        longer = Signal(9)
        m.d.comb += longer.eq(code + 1)
        # `full` is valid one cycle after a change of `write`.
        full, moved = Signal(), Signal()
        m.d.sync += full.eq(write == read)
        room = ~full & ~moved

        # Collect bits until a byte is complete. To send the checksum, its highest bit is fed back
        # to its input, so that the next bit becomes the highest one.
        in_answer = state == State.BYTE
        checksum = (state == State.HIGH) | (state == State.LOW)
        # A marker bit of 1 precedes the bits of a byte.
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

        # A full block is closed before the next byte is written.
        is_full = longer[-1]
        goes = room & ~is_full
        taken = goes & whole
        with m.If(taken):
            m.d.sync += [bits.eq(1), zero.eq(1)]

        # A zero is not written; it ends the block, whose code byte is written at `first`.
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

        # Bytes in front of the current block are complete, and may be sent.
        fetch = Signal()
        here = read != first
        if self._gapless:
            frame = Signal.like(read)  # start address of the incomplete frame
            begun = Signal()  # this frame has been started, because the buffer was full
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
