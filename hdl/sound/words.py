# SPDX-License-Identifier: BSD-2-Clause
"""The detection of words in the levels, and their pictures (DESIGN, section 6)."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.front import FrontEnd
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.memories import Memory

from .levels import LEVEL_BITS


class Words(Block):
    """Store the levels of the latest window in a ring buffer, and detect a word after each slot.

    After each slot the block scans the peaks P of the window, whose oldest slot is k, and of the
    slots before the window. If a word starts at k, the block reads its picture from the ring buffer
    pixel by pixel. `levels` stalls meanwhile, so no level is overwritten.

    Parameters: `front`.

    Latency: at most `cycles(front)` from the last level of a slot to the last pixel, without
    back-pressure. Throughput: one level per cycle inside a slot.
    """

    def __init__(self, front: FrontEnd) -> None:
        self._front = front
        super().__init__(
            #: The level of each filter in order, for every slot.
            levels=In(stream.Signature(LEVEL_BITS)),
            #: Pictures of words: frame by frame the pixels of all filters.
            pixels=Out(stream.Signature(LEVEL_BITS)),
            #: The highest level of the word whose pixels are sent.
            top=Out(LEVEL_BITS),
            #: High for a cycle before the first pixel of a word.
            word=Out(1),
            #: The word is isolated; valid from the cycle of `word` until the end of the next slot.
            isolated=Out(1),
        )

    @staticmethod
    def cycles(front: FrontEnd) -> int:
        """Return the clock cycles for the peaks, two each, and a picture: two per level, one per
        pixel.
        """
        return 3 + 2 * _peaks(front) + front.n_pixels * (2 * front.slots + 1)

    @staticmethod
    def memories(front: FrontEnd) -> Iterator[Memory]:
        """Yield the ring buffers: levels, with a power of two of addresses per slot, and peaks."""
        yield Memory("ring", LEVEL_BITS, front.window << _index_bits(front))
        yield Memory("peaks", LEVEL_BITS, _peaks(front))

    def build(self, m: Module) -> None:
        front, count, window = self._front, len(self._front.filters), self._front.window
        places = window << _index_bits(front)
        m.submodules.ring = ring = memory.Memory(shape=LEVEL_BITS, depth=places, init=[])
        slots = _peaks(front)
        m.submodules.peaks = peaks = memory.Memory(shape=LEVEL_BITS, depth=slots, init=[])
        level, kept = ring.read_port(), ring.write_port()
        peak, peak_kept = peaks.read_port(), peaks.write_port()

        def after(slot: Value) -> Value:
            return Mux(slot == window - 1, 0, slot + 1)

        # The slot to write, which is also the oldest one; the slot to read; and the filter.
        slot, at = Signal(range(window)), Signal(range(window))
        b = Signal(_index_bits(front))
        last = b == count - 1
        highest = Signal(LEVEL_BITS)  # of the slot
        first, before = Signal(LEVEL_BITS), Signal(LEVEL_BITS)  # P[k], P[k - 1]
        # The largest P of the slots that are quiet for an isolated word: before the window, and at
        # its end.
        around = Signal(LEVEL_BITS)
        # Addresses of peaks: of the slot to write, which is also the oldest one, and to read.
        newest, looked = Signal(range(slots)), Signal(range(slots))
        # Slots from the peak that is read to the newest one, and the number of stored peaks.
        back, known = Signal(range(slots)), Signal(range(slots + 1))
        # Slots until a word may start at the oldest slot.
        wait = Signal(range(window), init=window - 1)
        top, came = self.top, self.levels.payload
        m.d.comb += [
            kept.addr.eq(Cat(b, slot)),
            kept.data.eq(came),
            level.addr.eq(Cat(b, at)),
            peak_kept.addr.eq(newest),
            peak_kept.data.eq(highest),
            peak.addr.eq(looked),
        ]

        m.d.comb += self.isolated.eq(around + front.drop < top)

        def following(place: Value) -> Value:
            return Mux(place == slots - 1, 0, place + 1)

        # A pixel: the mean of its levels, its difference to the top, and the resulting brightness.
        frame, part = Signal(range(window)), Signal(range(front.slots))
        total = Signal(LEVEL_BITS + (front.slots - 1).bit_length())
        mean = total[-LEVEL_BITS:]
        below = (top - mean)[:LEVEL_BITS]
        m.d.comb += self.pixels.payload.eq(~saturated(below << front.contrast, LEVEL_BITS))

        with m.FSM():
            with m.State("levels"):
                m.d.comb += [self.levels.ready.eq(1), kept.en.eq(self.levels.valid)]
                with m.If(self.levels.valid):
                    m.d.sync += b.eq(Mux(last, 0, b + 1))
                    with m.If(came > highest):
                        m.d.sync += highest.eq(came)
                    with m.If(last):
                        m.next = "slot"
            with m.State("slot"):
                m.d.comb += peak_kept.en.eq(1)
                m.d.sync += [
                    slot.eq(after(slot)),
                    newest.eq(following(newest)),
                    looked.eq(following(newest)),
                    back.eq(slots - 1),
                    highest.eq(0),
                    top.eq(0),
                    around.eq(0),
                ]
                with m.If(known != slots):
                    m.d.sync += known.eq(known + 1)
                with m.If(wait == 0):
                    m.next = "ask peak"
                with m.Else():
                    m.d.sync += wait.eq(wait - 1)
                    m.next = "levels"
            with m.State("ask peak"):
                m.d.sync += looked.eq(following(looked))
                m.next = "peak"
            with m.State("peak"):
                in_window = back < window
                P = Mux(back < known, peak.data, 0)
                with m.If(in_window & (top < P)):
                    m.d.sync += top.eq(P)
                quiet = ((back < window + front.before) & ~in_window) | (back < front.after)
                with m.If(quiet & (around < P)):
                    m.d.sync += around.eq(P)
                with m.If(back == window):
                    m.d.sync += before.eq(P)
                with m.If(back == window - 1):
                    m.d.sync += first.eq(P)
                m.d.sync += back.eq(back - 1)
                m.next = "ask peak"
                with m.If(back == 0):
                    m.next = "judge"
            with m.State("judge"):
                begins = (first + front.drop >= top) & (before + front.drop < top)
                m.d.sync += [frame.eq(slot), at.eq(slot)]
                m.next = "levels"
                with m.If((top >= front.least) & begins):
                    m.d.comb += self.word.eq(1)
                    m.d.sync += wait.eq(window - 1)
                    m.next = "ask level"
            with m.State("ask level"):
                m.d.sync += at.eq(after(at))
                m.next = "level"
            with m.State("level"):
                m.d.sync += [total.eq(total + level.data), part.eq(part + 1)]
                m.next = "ask level"
                with m.If(part == front.slots - 1):
                    m.next = "pixel"
            with m.State("pixel"):
                m.d.comb += self.pixels.valid.eq(1)
                with m.If(self.pixels.ready):
                    m.d.sync += [total.eq(0), part.eq(0), b.eq(Mux(last, 0, b + 1))]
                    m.next = "ask level"
                    with m.If(~last):
                        m.d.sync += at.eq(frame)
                    with m.Else():
                        m.d.sync += frame.eq(at)
                        with m.If(at == slot):
                            m.next = "levels"


def _peaks(front: FrontEnd) -> int:
    """Return the number of stored peaks: those of a window, and at least one before it."""
    return front.window + max(front.before, 1)


def _index_bits(front: FrontEnd) -> int:
    """Return the bits of the index of a filter."""
    return (len(front.filters) - 1).bit_length()
