# SPDX-License-Identifier: BSD-2-Clause
"""The mean and the changes of each axis in a frame (DESIGN, section 9)."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.hdl.core.levels_encoder import PIXEL_BITS
from firstspike.hdl.lib.block import Block, struct


def sample_layout() -> data.StructLayout:
    """Return the layout of the sample x of an axis; `first` marks the first sample after a gap."""
    return struct(x=signed(SAMPLE_BITS), first=1)


def frame_layout(front: MotionFrontEnd) -> data.StructLayout:
    """Return the layout of an axis in a frame: the pixel m of its mean, its change c, and `first`.

    `first` marks the first frame after a gap.
    """
    return struct(mean=PIXEL_BITS, change=SAMPLE_BITS + _frame_bits(front), first=1)


class Frames(Block):
    """Accumulate the samples of each axis and their changes, in a memory with a word per axis.

    A sample with `first` starts a new frame; the incomplete frame before it is dropped.

    Parameters: `front`.

    Latency: 2 cycles from the last x of a frame to its mean and change. Throughput: one x in 3
    cycles, or in 4 at the end of a frame. Back-pressure at `frames` stalls `samples`.
    """

    def __init__(self, front: MotionFrontEnd) -> None:
        self._front = front
        super().__init__(
            #: x of each axis in order, for every sample.
            samples=In(stream.Signature(sample_layout())),
            #: Mean and change of each axis in order, for every frame.
            frames=Out(stream.Signature(frame_layout(front))),
        )

    def build(self, m: Module) -> None:
        front, bits = self._front, _frame_bits(self._front)
        layout = _sums_layout(front)
        # The latest sample and the sums of each axis.
        m.submodules.sums = sums = memory.Memory(shape=layout, depth=front.axes, init=())
        before, write = sums.read_port(), sums.write_port()

        axis, sample = Signal(range(front.axes)), Signal(range(front.frame))
        last = axis == front.axes - 1
        new, out = self.samples.payload, self.frames.payload
        number = Mux(new.first, 0, sample)  # index of the sample in its frame
        begins = number == 0
        frame_ends, first = Signal(), Signal()
        now = Signal(layout)

        # The change of the sample.
        step = Signal(signed(SAMPLE_BITS + 1))
        m.d.comb += step.eq(new.x - Mux(new.first, 0, before.data.x))

        # A mean is in the range of a pixel if its upper bits are all equal to the sign.
        mean = Array(now.total >> bits + down for down in front.downs)[axis]
        half = PIXEL_BITS - 1
        negative, above = now.total[-1], mean[half:]
        fits = ~above.any() | above.all()
        m.d.comb += [
            *(port.addr.eq(axis) for port in (before, write)),
            write.data.eq(now),
            out.mean.eq(Cat(Mux(fits, mean[:half], (~negative).replicate(half)), ~negative)),
            out.change.eq(now.change),
            out.first.eq(first),
        ]

        with m.FSM():
            with m.State("rest"), m.If(self.samples.valid):
                m.next = "add"
            with m.State("add"):
                m.d.comb += self.samples.ready.eq(1)
                m.d.sync += [
                    now.x.eq(new.x),
                    now.total.eq(Mux(begins, 0, before.data.total) + new.x),
                    now.change.eq(Mux(begins, 0, before.data.change) + abs(step)),
                    sample.eq(number),
                    frame_ends.eq(number == front.frame - 1),
                ]
                with m.If(begins):
                    m.d.sync += first.eq(new.first)
                m.next = "keep"
                with m.If(number == front.frame - 1):
                    m.next = "frame"
            with m.State("frame"):
                m.d.comb += self.frames.valid.eq(1)
                with m.If(self.frames.ready):
                    m.next = "keep"
            with m.State("keep"):
                m.d.comb += write.en.eq(1)
                m.d.sync += axis.eq(Mux(last, 0, axis + 1))
                with m.If(last):
                    m.d.sync += sample.eq(Mux(frame_ends, 0, sample + 1))
                m.next = "rest"


def _frame_bits(front: MotionFrontEnd) -> int:
    """Bits by which the sum over a frame is longer than a sample."""
    return (front.frame - 1).bit_length()


def _sums_layout(front: MotionFrontEnd) -> data.StructLayout:
    bits = SAMPLE_BITS + _frame_bits(front)
    return struct(x=signed(SAMPLE_BITS), total=signed(bits), change=bits)
