# SPDX-License-Identifier: BSD-2-Clause
"""Makes a picture of each window of frames (DESIGN, section 9)."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.filters import LEVEL_FRACTION
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.memories import Memory

from .frames import PIXEL_BITS, frame_layout


class Windows(Block):
    """Keeps the frames of the latest window in a ring, and sends a picture when one is due.

    It sorts by selection: for each pixel it walks over the window, and takes the smallest mean that
    was not taken yet. Means that are equal are taken in the order of their places. The first walk
    adds up the changes; their logarithm shifts the sum to the left until its highest bit is 1.

    A frame that is `first` begins a window; the frames before it are in none that follows.

    Parameters: `front`.

    Latency: at most `cycles(front)` from the last axis of a frame to the last pixel, if none has to
    wait. Throughput: an axis per cycle inside a frame.
    """

    def __init__(self, front: MotionFrontEnd) -> None:
        self._front = front
        super().__init__(
            #: Each axis in order, for every frame.
            frames=In(stream.Signature(frame_layout(front))),
            #: Pictures: for each axis the means in ascending order, and the change.
            pixels=Out(stream.Signature(PIXEL_BITS)),
        )

    @staticmethod
    def cycles(front: MotionFrontEnd) -> int:
        """Clock cycles for a picture: two per frame of each walk, one per pixel, and the shifts."""
        return front.axes * (front.frames * (2 * front.frames + 1) + _sum_bits(front) + 1)

    @staticmethod
    def memories(front: MotionFrontEnd) -> Iterator[Memory]:
        """The ring of frames, with a power of two of places per frame."""
        yield Memory("ring", _kept_layout(front).size, front.frames << _axis_bits(front))

    def build(self, m: Module) -> None:
        front, bits = self._front, _sum_bits(self._front)
        places = front.frames << _axis_bits(front)
        layout = _kept_layout(front)
        m.submodules.ring = ring = memory.Memory(shape=layout, depth=places, init=[])
        frame, kept = ring.read_port(), ring.write_port()

        axis, last_axis = Signal(_axis_bits(front)), Signal()
        # The place of the frame that comes, one that is looked at, and the number of a pixel.
        newest, at, rank = (Signal(range(front.frames)) for _ in range(3))
        last_place = at == front.frames - 1
        # Frames until a window is due, without the one that comes.
        wait = Signal(range(max(front.frames, front.hop)), init=front.frames - 1)
        left = Signal.like(wait)
        came = self.frames.payload

        # A key is a mean and its place: no two are equal. `least` is the first that may be taken.
        key = Cat(at, frame.data.mean)
        beyond = 1 << len(key)
        lowest, least = Signal(len(key) + 1, init=beyond), Signal(len(key) + 1)

        E, e = Signal(bits), Signal(range(bits), init=bits - 1)
        logarithm = Cat(E[bits - 1 - LEVEL_FRACTION : bits - 1], e)
        steps = Signal(signed(max(len(logarithm), PIXEL_BITS) + 1))
        change = Mux(steps < 0, 0, saturated(steps << front.contrast, PIXEL_BITS))
        m.d.comb += [
            last_axis.eq(axis == front.axes - 1),
            left.eq(Mux(came.first, front.frames - 1, wait)),
            kept.addr.eq(Cat(axis, newest)),
            kept.data.mean.eq(came.mean),
            kept.data.change.eq(came.change),
            frame.addr.eq(Cat(axis, at)),
            steps.eq(logarithm - front.least),
            self.pixels.payload.eq(lowest[len(at) : len(key)]),
        ]

        with m.FSM():
            with m.State("frames"):
                m.d.comb += [self.frames.ready.eq(1), kept.en.eq(self.frames.valid)]
                with m.If(self.frames.valid):
                    m.d.sync += axis.eq(Mux(last_axis, 0, axis + 1))
                    with m.If(last_axis):
                        m.d.sync += [
                            newest.eq(Mux(newest == front.frames - 1, 0, newest + 1)),
                            wait.eq(left - 1),
                        ]
                        with m.If(left == 0):
                            m.d.sync += wait.eq(front.hop - 1)
                            m.next = "ask"
            with m.State("ask"):
                m.next = "look"
            with m.State("look"):
                with m.If((key >= least) & (key < lowest)):
                    m.d.sync += lowest.eq(key)
                with m.If(rank == 0):
                    m.d.sync += E.eq(E + frame.data.change)
                m.d.sync += at.eq(Mux(last_place, 0, at + 1))
                m.next = "ask"
                with m.If(last_place):
                    m.next = "mean"
            with m.State("mean"):
                m.d.comb += self.pixels.valid.eq(1)
                with m.If(self.pixels.ready):
                    m.d.sync += [least.eq(lowest + 1), lowest.eq(beyond), rank.eq(rank + 1)]
                    m.next = "ask"
                    with m.If(rank == front.frames - 1):
                        m.d.sync += [least.eq(0), rank.eq(0)]
                        m.next = "shift"
            with m.State("shift"):
                with m.If(E[-1] | (e == 0)):
                    m.next = "change"
                with m.Else():
                    m.d.sync += [E.eq(E << 1), e.eq(e - 1)]
            with m.State("change"):
                m.d.comb += [self.pixels.valid.eq(1), self.pixels.payload.eq(change)]
                with m.If(self.pixels.ready):
                    m.d.sync += [E.eq(0), e.eq(e.init), axis.eq(Mux(last_axis, 0, axis + 1))]
                    m.next = "ask"
                    with m.If(last_axis):
                        m.next = "frames"


def _axis_bits(front: MotionFrontEnd) -> int:
    return (front.axes - 1).bit_length()


def _sum_bits(front: MotionFrontEnd) -> int:
    """Bits of E."""
    change = frame_layout(front)["change"].width
    return change + (front.frames - 1).bit_length()


def _kept_layout(front: MotionFrontEnd) -> data.StructLayout:
    return struct(mean=PIXEL_BITS, change=frame_layout(front)["change"].width)
