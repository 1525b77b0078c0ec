# SPDX-License-Identifier: BSD-2-Clause
"""The saver, which writes the last layer of a core into a flash (DESIGN, section 8).

Each change of the flash is one such sequence; an erase has no data:

        enable    change                              status, until the flash is idle
cs    __/~~~~\\__/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\\__/~~~~~~~~~~~~~~~~~~\\__
mosi     0x06     0x02 or 0x20, address, words         0x05
miso                                                         status, status
"""

from math import ceil

from amaranth.hdl import Array, Cat, Const, Module, Signal, ValueLike
from amaranth.lib import enum, stream
from amaranth.lib.crc import Algorithm
from amaranth.lib.crc.catalog import CRC32_BZIP2
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import (
    ADDRESS_BITS,
    PAGE_BYTES,
    SECTOR_BYTES,
    WORD_BYTES,
    crc,
    header_of,
    saved_address,
    saved_sectors,
)
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature, weights_layout
from firstspike.hdl.core.weight_address import WeightAddressCounter
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.checksum import Checksum

from .image import words_of
from .spi import COMMAND_BITS, WIRES, WORD_BITS, Command, shift_register

DESELECT_SECONDS = 100e-9
"""Minimum time for which the flash is deselected between two commands.

A W25Q64JV needs 50 ns, and a GD25Q16C 20 ns."""

BUSY, PROTECTED = 0b1, 0b11100
"""Bits of the status register: a change is under way; a block is protected."""

PAGE_WORDS = PAGE_BYTES // WORD_BYTES
SECTOR_PAGES = SECTOR_BYTES // PAGE_BYTES


class Step(enum.Enum):
    """Steps of a request."""

    CHECK = 0  # the flash answers, and protects nothing
    CLEAR = 1  # program zeros over the header
    ERASE = 2  # erase the sectors one by one
    WORDS = 3  # program the weights and the checksum page by page
    HEADER = 4  # program the header


class State(enum.Enum):
    """States of the saver."""

    IDLE = 0
    REST = 1  # the flash is deselected
    ENABLE = 2  # send the command that enables a change
    CHANGE = 3  # send the command that changes content
    NEXT = 4  # determine the next word of a page
    DATA = 5  # send this word
    POLL = 6  # read the status


class Saver(Block):
    """Write the weights of the last layer into a flash, or invalidate the image of a former save.

    The saver is an SPI master in mode 0. SCK runs at half the clock frequency and pauses while the
    weight port stalls. While `busy` is high, no other block may use the flash, or change the
    weights. The header is programmed last, so an interrupted save leaves no valid image.

    Parameters: `config` of the core; `identity` of the design; `region`, the byte address of the
    sector with which the region begins; `clock_hz`, the frequency of the clock. Raises ValueError
    for a region that does not begin with a sector, or ends behind the last address of 24 bits.

    Latency: 1 cycle to `busy`. Throughput: a change takes 2 cycles per SPI bit, 3 times
    `DESELECT_SECONDS`, and the time in which the flash programs a page or erases a sector. A word
    takes 2 * 32 cycles, 1 more cycle, and the cycles for which the weight port needs to read it.
    """

    def __init__(self, config: CoreConfig, identity: bytes, region: int, clock_hz: int) -> None:
        last = len(config.layers) - 1
        words = words_of(config, last)
        self._header = header_of(identity, words)
        self._sectors = saved_sectors(region, words)
        self._header_index = saved_address(region) % PAGE_BYTES // WORD_BYTES
        self._first_page = region // PAGE_BYTES
        self._counter = WeightAddressCounter(config, last)
        self._rest = ceil(DESELECT_SECONDS * clock_hz)
        core = CoreSignature(config).members
        super().__init__(
            **WIRES,
            #: High for a cycle: save, or forget. Ignored while `busy` is high; `save` has priority.
            save=In(1),
            forget=In(1),
            #: Read requests to the weight port of the core, and its answers.
            weights=Out(stream.Signature(weights_layout(config))),
            weights_read=core["weights_read"].flip(),
            #: A request is under way.
            busy=Out(1),
            #: The latest request was to forget.
            forgets=Out(1),
            #: The latest request changed nothing, as the flash is protected or does not answer.
            #: High until the next request.
            failed=Out(1),
        )
        self._state, self._step = Signal(State, name="state"), Signal(Step, name="step")
        # The state after REST, and the cycles left in it.
        self._following = Signal(State, name="following")
        self._rest_left = Signal(range(self._rest + 1), name="rest_left")
        # The page in the region, the index of a word in the page, and whether it is the checksum.
        self._page = Signal(range(self._sectors * SECTOR_PAGES), name="page")
        self._index = Signal(range(PAGE_WORDS), name="index")
        self._is_sum = Signal(name="is_sum")

    def build(self, m: Module) -> None:
        self._word, self._bits_left, _ = shift_register(m, self)
        m.submodules.counter = counter = self._counter
        m.submodules.crc = checksum = Checksum(_continued(self._header))
        state, step, ended = self._state, self._step, self._bits_left == 0
        is_weight = (step == Step.WORDS) & ~self._is_sum
        m.d.comb += [
            self.busy.eq(state != State.IDLE),
            checksum.bit.eq(self.mosi),
            checksum.add.eq(self.sck & (state == State.DATA) & is_weight),
        ]
        with m.Switch(state):
            with m.Case(State.IDLE), m.If(self.save | self.forget):
                m.d.comb += [checksum.start.eq(1), counter.restart.eq(1)]
                m.d.sync += [step.eq(Step.CHECK), self.forgets.eq(~self.save), self.failed.eq(0)]
                self._go_to_header(m)
                self._deselect(m, State.POLL)
            with m.Case(State.REST):
                self._select(m)
            with m.Case(State.ENABLE), m.If(ended):
                self._deselect(m, State.CHANGE)
            with m.Case(State.CHANGE), m.If(ended):
                m.d.sync += state.eq(State.NEXT)
                with m.If(step == Step.ERASE):
                    self._deselect(m, State.POLL)
            with m.Case(State.NEXT):
                self._send_word(m, checksum.complement)
            with m.Case(State.DATA), m.If(ended):
                m.d.sync += [self._index.eq(self._index + 1), state.eq(State.NEXT)]
                with m.If(self._index.all() | self._is_sum):
                    self._deselect(m, State.POLL)
            with m.Case(State.POLL), m.If(ended):
                self._poll(m)

    def _go_to_header(self, m: Module) -> None:
        """Let the next word be the first one of the header."""
        m.d.sync += [
            self._page.eq(0),
            self._index.eq(self._header_index),
            self._is_sum.eq(0),
        ]

    def _deselect(self, m: Module, following: ValueLike) -> None:
        """Deselect the flash, and begin the state `following` after the rest."""
        m.d.sync += [
            self.cs.eq(0),
            self._state.eq(State.REST),
            self._following.eq(following),
            self._rest_left.eq(self._rest),
        ]

    def _send(self, m: Module, state: ValueLike, word: ValueLike, bits: int = WORD_BITS) -> None:
        """Send the highest bits of `word` in `state`."""
        m.d.sync += [self._word.eq(word), self._bits_left.eq(bits), self._state.eq(state)]

    def _select(self, m: Module) -> None:
        """After the rest, select the flash and send the command of the following state."""
        offset = Signal(range(PAGE_BYTES))
        page = Signal(ADDRESS_BITS - len(offset))
        change = Signal(COMMAND_BITS, init=Command.PROGRAM)
        m.d.comb += [
            offset.eq(self._index * WORD_BYTES),
            page.eq(self._first_page + self._page),
        ]
        with m.If(self._step == Step.ERASE):
            m.d.comb += change.eq(Command.ERASE)
        m.d.sync += self._rest_left.eq(self._rest_left - 1)
        with m.If(self._rest_left == 0):
            m.d.sync += self.cs.eq(1)
            with m.Switch(self._following):
                with m.Case(State.ENABLE):
                    word = Command.ENABLE << WORD_BITS - COMMAND_BITS
                    self._send(m, State.ENABLE, word, COMMAND_BITS)
                with m.Case(State.CHANGE):
                    self._send(m, State.CHANGE, Cat(offset, page, change))
                with m.Default():
                    word = Command.STATUS << WORD_BITS - COMMAND_BITS
                    self._send(m, State.POLL, word, 2 * COMMAND_BITS)

    def _send_word(self, m: Module, checksum: Signal) -> None:
        """Send the next word of the step; read a weight from the core first."""
        counter, request, read = self._counter, self.weights.payload, self.weights_read
        header = Array(
            Const(int.from_bytes(self._header[begin : begin + WORD_BYTES], "big"), WORD_BITS)
            for begin in range(0, len(self._header), WORD_BYTES)
        )
        requested = Signal()  # the core has accepted the request
        m.d.comb += [request.layer.eq(counter.layer), request.address.eq(counter.address)]
        with m.Switch(self._step):
            with m.Case(Step.CLEAR):
                self._send(m, State.DATA, 0)
            with m.Case(Step.HEADER):
                self._send(m, State.DATA, header[self._index - self._header_index])
            with m.Default():
                with m.If(~counter.exists):
                    m.d.sync += self._is_sum.eq(1)
                    self._send(m, State.DATA, checksum)
                with m.Elif(~requested):
                    m.d.comb += self.weights.valid.eq(1)
                    m.d.sync += requested.eq(self.weights.ready)
                with m.Else():
                    m.d.comb += [read.ready.eq(1), counter.advance.eq(read.valid)]
                    with m.If(read.valid):
                        m.d.sync += requested.eq(0)
                        self._send(m, State.DATA, read.payload.data)

    def _poll(self, m: Module) -> None:
        """Evaluate a status; when the flash is idle, begin the next change or end the request."""
        status, step, page = self._word[:COMMAND_BITS], self._step, self._page
        ends = [self.cs.eq(0), self._state.eq(State.IDLE)]
        with m.If((status & PROTECTED).any()):
            m.d.sync += [*ends, self.failed.eq(1)]
        with m.Elif((status & BUSY).any()):
            m.d.sync += self._bits_left.eq(COMMAND_BITS)
        with m.Else():
            self._deselect(m, State.ENABLE)
            with m.Switch(step):
                with m.Case(Step.CHECK):
                    m.d.sync += step.eq(Step.CLEAR)
                with m.Case(Step.CLEAR):
                    m.d.sync += step.eq(Step.ERASE)
                    with m.If(self.forgets):
                        m.d.sync += ends
                with m.Case(Step.ERASE):
                    m.d.sync += page.eq(page + SECTOR_PAGES)
                    with m.If(page == (self._sectors - 1) * SECTOR_PAGES):
                        m.d.sync += [step.eq(Step.WORDS), page.eq(1)]
                with m.Case(Step.WORDS):
                    m.d.sync += page.eq(page + 1)
                    with m.If(self._is_sum):
                        m.d.sync += step.eq(Step.HEADER)
                        self._go_to_header(m)
                with m.Case(Step.HEADER):
                    m.d.sync += ends


def _continued(header: bytes) -> Algorithm:
    """Return the checksum of an image, whose initial value is that after `header`."""
    return Algorithm(
        crc_width=32,
        polynomial=CRC32_BZIP2.polynomial,
        initial_crc=crc(header) ^ CRC32_BZIP2.xor_output,
        reflect_input=False,
        reflect_output=False,
        xor_output=CRC32_BZIP2.xor_output,
    )
