# SPDX-License-Identifier: BSD-2-Clause
"""The SPI flash loader, which writes weights into a core and verifies the flash image.

        wake      read      header (4 words)      weights         CRC
cs    __/~~~~\\____/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\\____
mosi     0xAB      0x03, address
miso                         magic, identity, n    n words         1 word
"""

from math import ceil

from amaranth.hdl import Array, Const, Module, Signal
from amaranth.lib import enum, stream
from amaranth.lib.crc.catalog import CRC32_BZIP2
from amaranth.lib.wiring import Out

from firstspike.golden.flash import ADDRESS_BITS, WORD_BYTES, Fault, header_of
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.core.weight_address import WeightAddressCounter
from firstspike.hdl.lib.block import Block, assign_members
from firstspike.hdl.lib.checksum import Checksum

from .image import words_of
from .spi import COMMAND_BITS, WIRES, WORD_BITS, Command, shift_register

REST_SECONDS = 50e-6
"""Minimum time for which the flash is deselected before each of the two commands.

The W25Q128JV of an iCEBreaker needs 3 us to wake; other flashes need up to 30 us."""


class State(enum.Enum):
    """States of the loader; the transfers are shown at the top of this file."""

    REST = 0  # the flash is not selected
    WAKE = 1
    COMMAND = 2
    HEADER = 3
    WEIGHTS = 4
    SUM = 5
    END = 6


class Loader(Block):
    """Read a flash image (`golden.flash`) once after reset, and write its weights into a core.

    The loader is an SPI master in mode 0. SCK runs at half the clock frequency and pauses while the
    weight port stalls. The loader verifies the checksum only after it has written all weights, so
    the core must not decide before `ready`.

    Parameters: `config` of the core; `identity` of the design; `flash_address`, the byte address of
    the image in the flash; `clock_hz`, the frequency of the clock; `first_layer`, the first layer
    whose weights the image has.

    Latency: 2 R cycles, where R is the next power of two above `REST_SECONDS` in cycles, then 2
    cycles per SPI bit. Throughput: a word takes 2 * 32 cycles, 1 more cycle, and the cycles for
    which the weight port stalls.
    """

    def __init__(
        self,
        config: CoreConfig,
        identity: bytes,
        flash_address: int,
        clock_hz: int,
        first_layer: int = 0,
    ) -> None:
        if not 0 <= flash_address < 1 << ADDRESS_BITS:
            raise ValueError(
                f"an address in the flash has {ADDRESS_BITS} bits: {flash_address:#x} has more."
            )
        self._flash_address = flash_address
        self._counter = WeightAddressCounter(config, first_layer)
        self._header = header_of(identity, words_of(config, first_layer))
        self._rest_bits = ceil(REST_SECONDS * clock_hz).bit_length()
        super().__init__(
            **WIRES,
            #: Write requests to the weight port of the core.
            weights=Out(stream.Signature(weights_layout(config))),
            #: The loader has written all weights, and the checksum matched. High until a reset.
            ready=Out(1),
            #: The fault of the image; stays until a reset.
            fault=Out(Fault),
        )

    def build(self, m: Module) -> None:
        state = Signal(State)
        word, bits_left = self._shift(m, state)
        m.submodules.counter = counter = self._counter
        request = self.weights.payload
        m.d.comb += [
            request.write.eq(1),
            assign_members(request, counter, "layer", "address"),
            request.data.eq(word),
            counter.advance.eq(self.weights.valid & self.weights.ready),
        ]
        ended = bits_left == 0
        self._select(m, state, word, bits_left)
        with m.Switch(state):
            with m.Case(State.COMMAND), m.If(ended):
                m.d.sync += [bits_left.eq(WORD_BITS), state.eq(State.HEADER)]
            with m.Case(State.HEADER), m.If(ended):
                m.d.sync += bits_left.eq(WORD_BITS)
                self._compare_header(m, state, word, bits_left)
            with m.Case(State.WEIGHTS), m.If(ended):
                m.d.comb += self.weights.valid.eq(1)
                with m.If(self.weights.ready):
                    m.d.sync += bits_left.eq(WORD_BITS)
                    with m.If(counter.ends_all):
                        m.d.sync += state.eq(State.SUM)
            with m.Case(State.SUM), m.If(ended):
                self._stop(m, state, bits_left, Fault.NONE)
                with m.If(m.submodules.crc.complement == _RIGHT_SUM):
                    m.d.sync += self.ready.eq(1)
                with m.Else():
                    m.d.sync += self.fault.eq(Fault.DAMAGED)

    def _shift(self, m: Module, state: Signal) -> tuple[Signal, Signal]:
        """Add the shift register and the checksum of received bits; return (word, bits_left)."""
        word, bits_left, sample = shift_register(m, self)
        m.submodules.crc = crc = Checksum(CRC32_BZIP2)
        reads = (state != State.WAKE) & (state != State.COMMAND)
        m.d.comb += [crc.bit.eq(sample), crc.add.eq(self.sck & reads)]
        return word, bits_left

    def _select(self, m: Module, state: Signal, word: Signal, bits_left: Signal) -> None:
        """Add the states that wake the flash, and send the read command."""
        rest, awake = Signal(self._rest_bits), Signal()
        with m.If(state == State.REST):
            m.d.sync += rest.eq(rest + 1)
            with m.If(rest.all()):
                m.d.sync += self.cs.eq(1)
                with m.If(awake):
                    command = Command.READ << ADDRESS_BITS | self._flash_address
                    m.d.sync += [word.eq(command), bits_left.eq(WORD_BITS), state.eq(State.COMMAND)]
                with m.Else():
                    command = Command.WAKE << WORD_BITS - COMMAND_BITS
                    m.d.sync += [word.eq(command), bits_left.eq(COMMAND_BITS), state.eq(State.WAKE)]
        with m.If((state == State.WAKE) & (bits_left == 0)):
            m.d.sync += [self.cs.eq(0), awake.eq(1), state.eq(State.REST)]

    def _compare_header(self, m: Module, state: Signal, word: Signal, bits_left: Signal) -> None:
        """Compare a word of the header with the expected one; a difference is a fault."""
        expected = Array(
            Const(int.from_bytes(self._header[begin : begin + WORD_BYTES], "big"), WORD_BITS)
            for begin in range(0, len(self._header), WORD_BYTES)
        )
        number = Signal(range(len(expected)))  # index of the header word
        first = number == 0
        m.d.sync += number.eq(number + 1)
        with m.If(number == len(expected) - 1):
            m.d.sync += state.eq(State.WEIGHTS)
        with m.If(word != expected[number]):
            with m.If(~first):
                self._stop(m, state, bits_left, Fault.OTHER)
            with m.Elif((word == 0) | word.all()):
                self._stop(m, state, bits_left, Fault.ABSENT)
            with m.Else():
                self._stop(m, state, bits_left, Fault.FOREIGN)

    def _stop(self, m: Module, state: Signal, bits_left: Signal, fault: Fault) -> None:
        """Deselect the flash for good, and report `fault`."""
        m.d.sync += [state.eq(State.END), self.cs.eq(0), bits_left.eq(0), self.fault.eq(fault)]


_RIGHT_SUM = ~CRC32_BZIP2(data_width=1).residue() & (1 << 32) - 1
"""Complement of the checksum of an image that includes its own checksum."""
