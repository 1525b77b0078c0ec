# SPDX-License-Identifier: BSD-2-Clause
"""The SPI master for an LSM6DSO, a common accelerometer and gyroscope.

        who?      configure, 3 times      status?         samples
cs    __/~~~~\\____/~~~~\\_________________/~~~~\\____________/~~~~~~~~~~\\____
mosi     0x8F      register, value         0x9E            0xA2
miso         0x6C                              ready           6 * 16 bits

The registers are those of ST's data sheet DS12140.
"""

from math import ceil

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

from .frames import sample_layout

AXES = 6
"""Values of a sample: rotation about x, y, z, then acceleration along x, y, z."""

READ = 0x80
"""Bit of a register's address that marks a read command."""

WHO_AM_I, IDENTITY = 0x0F, 0x6C
STATUS, READY = 0x1E, 0b11
"""READY: a sample of rotation and a sample of acceleration have not been read yet."""
DATA = 0x22
"""Address of the first of the 12 registers of a sample; the low byte of a value comes first."""

CONFIGURATION = {
    0x12: 0x44,  # CTRL3_C: samples do not change during a read, and addresses count up
    0x10: 0x3C,  # CTRL1_XL: 52 samples per second, up to 8 g
    0x11: 0x3C,  # CTRL2_G: 52 samples per second, up to 2,000 degrees per second
}

FASTEST_HZ = 5e6
"""Maximum frequency of SCK. The part permits 10 MHz; its data is valid 50 ns after the falling
edge."""

REST_SECONDS = 500e-6
"""Minimum time between two commands."""

SILENT_SECONDS = 0.25
"""Time without a sample after which `stopped` is set, at the next larger power of two of cycles."""

BYTE, VALUE = 8, 16
"""Bits of a command or of a register, and of a value."""


class State(enum.Enum):
    """States of the SPI master."""

    REST = 0  # the part is not selected
    ANSWER = 1  # send a command, and receive its answer
    SAMPLE = 2  # receive a value


class Step(enum.IntEnum):
    """The commands; the steps between WHO and STATUS write the configuration."""

    WHO = 0
    CONFIGURE = 1
    STATUS = 1 + len(CONFIGURATION)
    DATA = 2 + len(CONFIGURATION)


class Lsm6dso(Block):
    """Poll the identity and the status of the part, and read each sample.

    The SPI master (mode 3: SCK idles high, both sides sample at its rising edge) configures the
    part when it answers for the first time, when it answers again after an absence, and when it has
    stopped. The first sample after such a gap has `first` set.

    Parameters: `clock_hz`.

    Latency: at most 3 R cycles and 48 SPI bits until the master starts to read a sample, where R is
    the next power of two above `REST_SECONDS` in cycles; then 16 SPI bits per value.
    Back-pressure at `samples` stalls the SPI bus; samples that the part produces meanwhile are
    lost.
    """

    def __init__(self, clock_hz: int) -> None:
        self._half = ceil(clock_hz / (2 * FASTEST_HZ))
        self._rest_bits = ceil(REST_SECONDS * clock_hz).bit_length()
        self._silent_bits = ceil(SILENT_SECONDS * clock_hz).bit_length()
        super().__init__(
            #: Chip select: high while the part is selected.
            cs=Out(1),
            sck=Out(1, init=1),
            mosi=Out(1),
            miso=In(1),
            #: The value of each axis in order, for every sample.
            samples=Out(stream.Signature(sample_layout())),
            #: High for a cycle: the last value of a sample is transferred.
            sampled=Out(1),
            #: No LSM6DSO answers.
            absent=Out(1),
            #: The part answers, but produces no samples.
            stopped=Out(1),
        )

    def build(self, m: Module) -> None:
        state, step, configured = Signal(State), Signal(Step), Signal()

        word, left, ended = self._shift_register(m)

        rest = Signal(self._rest_bits)
        commands = [
            (READ | WHO_AM_I) << BYTE,
            *(register << BYTE | value for register, value in CONFIGURATION.items()),
            (READ | STATUS) << BYTE,
            (READ | DATA) << BYTE,
        ]
        command = Array(Const(bits, VALUE) for bits in commands)[step]
        answer = word[:BYTE]

        gap, axis, silent = Signal(init=1), Signal(range(AXES)), Signal(self._silent_bits)
        first = Signal()  # a gap precedes the sample that is being read
        last = axis == AXES - 1
        m.d.comb += [
            self.samples.payload.x.eq(Cat(word[BYTE:], word[:BYTE])),
            self.samples.payload.first.eq(first),
        ]
        m.d.sync += silent.eq(silent + 1)
        with m.If(silent.all()):
            m.d.sync += [self.stopped.eq(~self.absent), gap.eq(1), configured.eq(0)]

        def then(following: Step | Signal) -> None:
            m.d.sync += [self.cs.eq(0), step.eq(following), state.eq(State.REST)]

        with m.Switch(state):
            with m.Case(State.REST):
                m.d.sync += rest.eq(rest + 1)
                with m.If(rest.all()):
                    m.d.sync += [self.cs.eq(1), word.eq(command), state.eq(State.ANSWER)]
                    m.d.sync += left.eq(Mux(step == Step.DATA, BYTE, VALUE))
            with m.Case(State.ANSWER), m.If(ended), m.Switch(step):
                with m.Case(Step.WHO):
                    m.d.sync += self.absent.eq(answer != IDENTITY)
                    with m.If(answer != IDENTITY):
                        m.d.sync += [self.stopped.eq(0), gap.eq(1), configured.eq(0)]
                        then(Step.WHO)
                    with m.Else():
                        then(Mux(configured, Step.STATUS, Step.CONFIGURE))
                with m.Case(Step.STATUS):
                    ready = (answer & READY) == READY
                    then(Mux(ready, Step.DATA, Step.WHO))
                with m.Case(Step.DATA):
                    m.d.sync += [left.eq(VALUE), state.eq(State.SAMPLE)]
                    m.d.sync += [first.eq(gap), gap.eq(silent.all())]
                with m.Default():
                    m.d.sync += configured.eq(1)
                    then(step + 1)
            with m.Case(State.SAMPLE), m.If(ended):
                m.d.comb += self.samples.valid.eq(1)
                with m.If(self.samples.ready):
                    m.d.sync += [left.eq(VALUE), axis.eq(Mux(last, 0, axis + 1))]
                    m.d.comb += self.sampled.eq(last)
                    with m.If(last):
                        m.d.sync += [left.eq(0), silent.eq(0), self.stopped.eq(0)]
                        then(Step.WHO)

    def _shift_register(self, m: Module) -> tuple[Signal, Signal, Value]:
        """Return the shift register of the SPI bus, the number of its remaining bits, and whether
        none remains.

        `mosi` sends the highest bit of the register, received bits enter at its lowest bit.
        """
        word, left, phase = Signal(VALUE), Signal(range(VALUE + 1)), Signal(range(self._half))
        ended, edge = left == 0, phase == self._half - 1
        with m.If(~ended):
            m.d.sync += phase.eq(Mux(edge, 0, phase + 1))
            with m.If(edge):
                m.d.sync += self.sck.eq(~self.sck)
                with m.If(self.sck):
                    m.d.sync += self.mosi.eq(word[-1])
                with m.Else():
                    m.d.sync += [word.eq(Cat(self.miso, word[:-1])), left.eq(left - 1)]
        return word, left, ended
