# SPDX-License-Identifier: BSD-2-Clause
"""The Transmitter, which encodes responses as frames with checksum and COBS."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import enum, memory, stream
from amaranth.lib.crc.catalog import CRC16_IBM_3740
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.checksum import Checksum
from firstspike.hdl.lib.counting import next_of_most
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.resetless_register import resetless_register

DEPTH = 512
"""Bytes of the buffer, which must hold a COBS block, because the code byte is known last."""

RESPONSE_BYTE = struct(data=8, end=1)
"""A byte of a response, or with `end` the end of the response."""


class State(enum.Enum):
    """States of the Transmitter: the byte that it writes into the buffer next."""

    BYTE = 0  # a byte of the response
    HIGH = 1  # high byte of the checksum
    LOW = 2  # low byte of the checksum
    CODE = 3  # code byte of the frame's last block
    DELIMITER = 4
    OPEN = 5  # no byte; start the first block of the next frame


class Transmitter(Block):
    """Convert responses of any length to frames.

    Ports
    -----
    response : stream of `RESPONSE_BYTE`: type, sequence, payload, end. `ready` comes from
        registers.
    sent : stream of bytes for the line.

    Parameters: `gapless`, whether the bytes of a frame must follow one another without a gap, which
    SPI requires because it sends zeros in gaps. The Transmitter then delays a frame until the
    frame is complete or the buffer is full. After this point the line is slower than the input.

    Latency: bytes leave after the next zero, or after 254 bytes. Throughput: one byte in 10 cycles
    at `response`, and 24 cycles more per frame; one byte per cycle at `sent`. If the buffer is
    full, `response` stalls.
    """

    def __init__(self, gapless: bool = False) -> None:
        self._gapless = gapless
        super().__init__(
            response=In(stream.Signature(RESPONSE_BYTE)), sent=Out(stream.Signature(8))
        )

    @staticmethod
    def memories() -> tuple[Memory]:
        """Return the memory of the buffer.

        No byte is read while it is written: reads end in front of the current block.
        """
        return (Memory("", 8, DEPTH, no_collisions=True),)

    def build(self, m: Module) -> None:
        (buffer_memory,) = self.memories()
        m.submodules.buffer = buffer = buffer_memory.create()
        # Addresses of the buffer, in the order of `next_of_most`; `first` is that of the code byte.
        read, first, write = (
            Signal(range(DEPTH), name=name, init=init)
            for name, init in (("read", 0), ("first", 0), ("write", 1))
        )
        state, full = Signal(State), Signal()
        byte, complete, accepted = Signal(8), Signal(), Signal()
        self._serialise(m, state, byte, complete, accepted)
        delimits = self._encode(
            m, buffer.write_port(), state, byte, complete, accepted, (read, first, write), full
        )
        # Bytes in front of the current block are complete, and may be sent.
        sendable = read != first
        if self._gapless:
            frame = Signal.like(read)  # start address of the incomplete frame
            started = Signal()  # the start of this frame has been sent, because the buffer was full
            sendable &= (read != frame) | started | full
            # In OPEN, `read` equals `frame` only if the buffer is full of earlier frames.
            fetch = sendable & (~self.sent.valid | self.sent.ready)
            with m.If((read == frame) & (state != State.OPEN) & fetch):
                m.d.sync += started.eq(1)
            with m.If(delimits):
                m.d.sync += [frame.eq(next_of_most(write)), started.eq(0)]
        self._send(m, buffer.read_port(domain="comb"), read, sendable)

    def _serialise(
        self, m: Module, state: Signal, byte: Signal, complete: Signal, accepted: Signal
    ) -> None:
        """Add each byte of the response to the checksum, bit by bit; then shift out the checksum.

        `complete`: `byte` is the next byte of the frame, until `accepted`. A byte of the response
        rotates once. To send the checksum, its highest bit is fed back to its input, so that the
        next bit becomes the highest one.
        """
        m.submodules.crc = crc = Checksum(CRC16_IBM_3740)
        shifting, bits_left = Signal(), Signal(3)
        in_response = state == State.BYTE
        in_checksum = (state == State.HIGH) | (state == State.LOW)
        ready = in_response & ~shifting & ~complete
        load = ready & self.response.valid & ~self.response.payload.end
        bit = Mux(in_response, byte[-1], ~crc.complement[-1])
        m.d.comb += [
            self.response.ready.eq(ready),
            crc.bit.eq(bit),
            crc.add.eq(shifting),
            crc.start.eq(state == State.OPEN),
        ]
        with m.If(load | shifting):
            m.d.sync += byte.eq(Mux(shifting, Cat(bit, byte[:-1]), self.response.payload.data))
        with m.If(shifting):
            m.d.sync += bits_left.eq(bits_left - 1)
            with m.If(bits_left == 1):
                m.d.sync += [shifting.eq(0), complete.eq(1)]
        with m.Elif(load | (in_checksum & ~complete)):
            m.d.sync += shifting.eq(1)
        with m.If(accepted):
            m.d.sync += complete.eq(0)

    def _encode(
        self,
        m: Module,
        port: memory.WritePort,
        state: Signal,
        byte: Signal,
        complete: Signal,
        accepted: Signal,
        addresses: tuple[Signal, Signal, Signal],
        full: Signal,
    ) -> Signal:
        """Write the bytes of the frame and the code bytes into the buffer.

        Returns whether the delimiter is written.
        """
        read, first, write = addresses
        code = Signal(8, init=1)  # code byte: the number of bytes of the block, plus one
        longer = Signal(9)
        m.d.comb += longer.eq(code + 1)
        # `full` is valid one cycle after a change of `write`.
        moved = Signal()
        m.d.sync += full.eq(write == read)
        room = ~full & ~moved
        # A full block is closed before the next byte is written.
        block_full = longer[-1]
        may_write = room & ~block_full
        # A zero is not written; it ends the block, whose code byte is written at `first`.
        closes = (room & block_full) | (accepted & (byte == 0))
        ends, delimits = Signal(), Signal()
        m.d.comb += [
            accepted.eq(may_write & complete),
            ends.eq(may_write & (state == State.CODE)),
            delimits.eq(may_write & (state == State.DELIMITER)),
            port.addr.eq(Mux(closes | ends, first, write)),
            port.data.eq(Mux(closes | ends, code, Mux(delimits, 0, byte))),
            port.en.eq(closes | ends | accepted | delimits),
        ]
        opens = closes | (may_write & (state == State.OPEN))
        with m.If(opens):
            m.d.sync += [first.eq(write), code.eq(1)]
        with m.Elif(accepted):
            m.d.sync += code.eq(longer)
        moves = opens | accepted | delimits
        m.d.sync += moved.eq(moves)
        with m.If(moves):
            m.d.sync += write.eq(next_of_most(write))
        response_ends = self.response.ready & self.response.valid & self.response.payload.end
        done = {State.BYTE: response_ends, State.HIGH: accepted, State.LOW: accepted}
        with m.Switch(state):
            for current, following in zip(State, [*list(State)[1:], State.BYTE], strict=True):
                with m.Case(current), m.If(done.get(current, may_write)):
                    m.d.sync += state.eq(following)
        return delimits

    def _send(self, m: Module, port: memory.ReadPort, read: Signal, sendable: Value) -> None:
        """Read the bytes in front of the current block, as long as they are `sendable`."""
        fetched = resetless_register(8)
        fetch = (~self.sent.valid | self.sent.ready) & sendable
        m.d.comb += [port.addr.eq(read), self.sent.payload.eq(fetched)]
        with m.If(fetch):
            m.d.sync += [fetched.eq(port.data), read.eq(next_of_most(read)), self.sent.valid.eq(1)]
        with m.Elif(self.sent.ready):
            m.d.sync += self.sent.valid.eq(0)
