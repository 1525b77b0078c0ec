# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of the windows of frames (DESIGN, section 9)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.filters import LEVEL_FRACTION
from firstspike.hdl.core.levels_encoder import PIXEL_BITS
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block, assign_members, struct

from .frames import frame_layout


class Windows(Block):
    """Store the frames of the latest window in a ring buffer, and send a picture per window.

    The block sorts the means by selection: for each pixel it scans the window for the smallest mean
    that has not been sent; equal means are sent in the order of their addresses. The first scan of
    an axis also accumulates the changes. Their logarithm shifts the sum to the left until its
    highest bit is 1.

    A frame with `first` starts a new window, which contains no earlier frame.

    Parameters: `front`.

    Latency: at most `cycles(front)` from the last axis of a frame to the last pixel, without
    back-pressure. Throughput: one axis per cycle inside a frame; `frames` stalls during a picture.
    """

    def __init__(self, front: MotionFrontEnd) -> None:
        self._front = front
        super().__init__(
            #: Mean and change of each axis in order, for every frame.
            frames=In(stream.Signature(frame_layout(front))),
            #: Pictures: for each axis the means in ascending order, and the change.
            pixels=Out(stream.Signature(PIXEL_BITS)),
        )

    @staticmethod
    def cycles(front: MotionFrontEnd) -> int:
        """Return the clock cycles of a picture: two per frame of each scan, one per pixel, and the
        shifts of the logarithm.
        """
        return front.axes * (front.frames * (2 * front.frames + 1) + _sum_bits(front) + 1)

    def build(self, m: Module) -> None:
        front = self._front
        # A ring buffer of frames, with a power of two of addresses per frame.
        depth = front.frames << _axis_bits(front)
        m.submodules.ring = ring = memory.Memory(shape=_entry_layout(front), depth=depth, init=())
        frame, write = ring.read_port(), ring.write_port()

        axis, last_axis = Signal(_axis_bits(front)), Signal()
        # The index of the frame to write, of the frame to read, and of the pixel.
        newest, at, rank = (Signal(range(front.frames)) for _ in range(3))
        at_last = at == front.frames - 1
        # Number of frames until the next picture, without the current one.
        wait = Signal(range(max(front.frames, front.hop)), init=front.frames - 1)
        left = Signal.like(wait)
        new = self.frames.payload

        # A key is a mean and its index, so all keys differ. `least` is the smallest one not sent.
        key = Cat(at, frame.data.mean)
        beyond = 1 << len(key)
        lowest, least = Signal(len(key) + 1, init=beyond), Signal(len(key) + 1)

        E = Signal(_sum_bits(front))
        exponent, change = self._change(m, E)
        m.d.comb += [
            last_axis.eq(axis == front.axes - 1),
            left.eq(Mux(new.first, front.frames - 1, wait)),
            write.addr.eq(Cat(axis, newest)),
            assign_members(write.data, new, "mean", "change"),
            frame.addr.eq(Cat(axis, at)),
            self.pixels.payload.eq(lowest[len(at) : len(key)]),
        ]

        with m.FSM():
            with m.State("frames"):
                m.d.comb += [self.frames.ready.eq(1), write.en.eq(self.frames.valid)]
                with m.If(self.frames.valid):
                    m.d.sync += axis.eq(Mux(last_axis, 0, axis + 1))
                    with m.If(last_axis):
                        m.d.sync += [
                            newest.eq(Mux(newest == front.frames - 1, 0, newest + 1)),
                            wait.eq(left - 1),
                        ]
                        with m.If(left == 0):
                            m.d.sync += wait.eq(front.hop - 1)
                            m.next = "read"
            with m.State("read"):
                m.next = "compare"
            with m.State("compare"):
                with m.If((key >= least) & (key < lowest)):
                    m.d.sync += lowest.eq(key)
                with m.If(rank == 0):
                    m.d.sync += E.eq(E + frame.data.change)
                m.d.sync += at.eq(Mux(at_last, 0, at + 1))
                m.next = "read"
                with m.If(at_last):
                    m.next = "mean"
            with m.State("mean"):
                m.d.comb += self.pixels.valid.eq(1)
                with m.If(self.pixels.ready):
                    m.d.sync += [least.eq(lowest + 1), lowest.eq(beyond), rank.eq(rank + 1)]
                    m.next = "read"
                    with m.If(rank == front.frames - 1):
                        m.d.sync += [least.eq(0), rank.eq(0)]
                        m.next = "shift"
            self._send_change(m, E, axis, last_axis, exponent, change)

    def _change(self, m: Module, E: Signal) -> tuple[Signal, Value]:
        """Return the exponent of `E`, shifted until its highest bit is 1, and the pixel of `E`."""
        bits = len(E)
        e = Signal(range(bits), init=bits - 1)
        logarithm = Cat(E[bits - 1 - LEVEL_FRACTION : bits - 1], e)
        steps = Signal(signed(max(len(logarithm), PIXEL_BITS) + 1))
        m.d.comb += steps.eq(logarithm - self._front.least)
        return e, Mux(steps < 0, 0, saturated(steps << self._front.contrast, PIXEL_BITS))

    def _send_change(
        self,
        m: Module,
        E: Signal,
        axis: Signal,
        last_axis: Signal,
        exponent: Signal,
        change: Value,
    ) -> None:
        """Add the FSM states that compute the logarithm of `E`, and send the pixel `change`."""
        with m.State("shift"):
            with m.If(E[-1] | (exponent == 0)):
                m.next = "change"
            with m.Else():
                m.d.sync += [E.eq(E << 1), exponent.eq(exponent - 1)]
        with m.State("change"):
            m.d.comb += [self.pixels.valid.eq(1), self.pixels.payload.eq(change)]
            with m.If(self.pixels.ready):
                m.d.sync += [E.eq(0), exponent.eq(exponent.init)]
                m.d.sync += axis.eq(Mux(last_axis, 0, axis + 1))
                m.next = "read"
                with m.If(last_axis):
                    m.next = "frames"


def _axis_bits(front: MotionFrontEnd) -> int:
    return (front.axes - 1).bit_length()


def _sum_bits(front: MotionFrontEnd) -> int:
    """Return the bits of the sum E."""
    change = frame_layout(front)["change"].width
    return change + (front.frames - 1).bit_length()


def _entry_layout(front: MotionFrontEnd) -> data.StructLayout:
    return struct(mean=PIXEL_BITS, change=frame_layout(front)["change"].width)
