# SPDX-License-Identifier: BSD-2-Clause
"""The SPI flash loader, which writes weights into a core and verifies the flash image.

        wake      read      header (4 words)      weights         CRC
cs    __/~~~~\\____/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\\____
mosi     0xAB      0x03, place
miso                         magic, identity, n    n words         1 word
"""

from math import ceil

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import enum, stream
from amaranth.lib.crc.catalog import CRC32_BZIP2
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import WORD_BYTES, Fault, header_of
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.handlers.word_walk import WordWalk

from .image import words_of

WIRES = {"cs": Out(1), "sck": Out(1), "mosi": Out(1), "miso": In(1)}
"""The wires to the flash. `cs` is high while the flash is selected."""

WAKE, READ = 0xAB, 0x03
"""Commands of SPI flashes: release from power-down, and read from the address that follows."""

COMMAND_BITS, PLACE_BITS, WORD_BITS = 8, 24, 8 * WORD_BYTES

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

    Parameters: `config` of the core; `identity` of the design; `place`, the byte address of the
    image in the flash; `clock_hz`, the frequency of the clock.

    Latency: two times `REST_SECONDS`, rounded up to a power of two of cycles, then 2 cycles per
    SPI bit. Throughput: a word takes 2 * 32 cycles, 1 more cycle, and the cycles for which the
    weight port stalls.
    """

    def __init__(self, config: CoreConfig, identity: bytes, place: int, clock_hz: int) -> None:
        if not 0 <= place < 1 << PLACE_BITS:
            raise ValueError(f"a place in the flash has {PLACE_BITS} bits: {place:#x} has more.")
        self._config, self._place = config, place
        self._header = header_of(identity, words_of(config))
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

        # The SPI shift register: `mosi` is the highest bit of `word`, received bits enter at its
        # lowest bit, and `left` counts the remaining bits.
        word, left = Signal(WORD_BITS), Signal(range(WORD_BITS + 1))
        come = Signal()
        ended = left == 0
        m.d.comb += self.mosi.eq(word[-1])
        with m.If(~ended):
            m.d.sync += self.sck.eq(~self.sck)
            with m.If(~self.sck):
                m.d.sync += come.eq(self.miso)
            with m.Else():
                m.d.sync += [word.eq(Cat(come, word[:-1])), left.eq(left - 1)]

        m.submodules.crc = crc = CRC32_BZIP2(data_width=1).create()
        reads = (state != State.WAKE) & (state != State.COMMAND)
        m.d.comb += [crc.data.eq(come), crc.valid.eq(self.sck & reads)]

        # Requests to the weight port.
        m.submodules.walk = walk = WordWalk(self._config)
        asked = self.weights.payload
        layers = self._config.layers
        last_address = Array(layer.words - 1 for layer in layers)[walk.layer]
        layer_ends = walk.whole & (walk.address == last_address)
        m.d.comb += [
            asked.write.eq(1),
            asked.layer.eq(walk.layer),
            asked.address.eq(walk.address),
            asked.data.eq(word),
        ]

        rest, awake = Signal(self._rest_bits), Signal()
        expected = Array(
            Const(int.from_bytes(self._header[at : at + WORD_BYTES], "big"), WORD_BITS)
            for at in range(0, len(self._header), WORD_BYTES)
        )
        number = Signal(range(len(expected)))  # index of the header word
        first = number == 0
        uniform = (word == 0) | word.all()

        def end(fault: Fault) -> None:
            m.d.sync += [state.eq(State.END), self.cs.eq(0), left.eq(0), self.fault.eq(fault)]

        with m.Switch(state):
            with m.Case(State.REST):
                m.d.sync += rest.eq(rest + 1)
                with m.If(rest.all()):
                    m.d.sync += self.cs.eq(1)
                    with m.If(awake):
                        read = READ << PLACE_BITS | self._place
                        m.d.sync += [word.eq(read), left.eq(WORD_BITS), state.eq(State.COMMAND)]
                    with m.Else():
                        wake = WAKE << WORD_BITS - COMMAND_BITS
                        m.d.sync += [word.eq(wake), left.eq(COMMAND_BITS), state.eq(State.WAKE)]
            with m.Case(State.WAKE), m.If(ended):
                m.d.sync += [self.cs.eq(0), awake.eq(1), state.eq(State.REST)]
            with m.Case(State.COMMAND), m.If(ended):
                m.d.sync += [left.eq(WORD_BITS), state.eq(State.HEADER)]
            with m.Case(State.HEADER), m.If(ended):
                m.d.sync += [left.eq(WORD_BITS), number.eq(number + 1)]
                with m.If(number == len(expected) - 1):
                    m.d.sync += state.eq(State.WEIGHTS)
                with m.If(word != expected[number]):
                    with m.If(~first):
                        end(Fault.OTHER)
                    with m.Elif(uniform):
                        end(Fault.ABSENT)
                    with m.Else():
                        end(Fault.FOREIGN)
            with m.Case(State.WEIGHTS), m.If(ended):
                m.d.comb += [self.weights.valid.eq(1), walk.advance.eq(self.weights.ready)]
                with m.If(self.weights.ready):
                    m.d.sync += left.eq(WORD_BITS)
                    m.d.comb += walk.leave.eq(layer_ends)
                    with m.If(layer_ends & (walk.layer == len(layers) - 1)):
                        m.d.sync += state.eq(State.SUM)
            with m.Case(State.SUM), m.If(ended):
                end(Fault.NONE)
                with m.If(crc.match_detected):
                    m.d.sync += self.ready.eq(1)
                with m.Else():
                    m.d.sync += self.fault.eq(Fault.DAMAGED)
