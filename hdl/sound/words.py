# SPDX-License-Identifier: BSD-2-Clause
"""The detection of words in the levels, and their pictures (DESIGN, section 6)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.sound.front import FrontEnd
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block

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

    def build(self, m: Module) -> None:
        front, count = self._front, len(self._front.filters)
        # Ring buffers: levels, with a power of two of addresses per slot, and peaks.
        ring = memory.Memory(shape=LEVEL_BITS, depth=front.window << _index_bits(front), init=())
        m.submodules.ring = ring
        m.submodules.peaks = peaks = memory.Memory(shape=LEVEL_BITS, depth=_peaks(front), init=())
        level, level_write = ring.read_port(), ring.write_port()
        peak, peak_write = peaks.read_port(), peaks.write_port()

        state = _State(front)
        new_level, last = self.levels.payload, state.b == count - 1
        m.d.comb += [
            level_write.addr.eq(Cat(state.b, state.slot)),
            level_write.data.eq(new_level),
            level.addr.eq(Cat(state.b, state.at)),
            peak_write.addr.eq(state.newest),
            peak_write.data.eq(state.highest),
            peak.addr.eq(state.scanned),
        ]

        m.d.comb += self.isolated.eq(state.around + front.drop < self.top)

        # A pixel: the mean of its levels, its difference to the top, and the resulting brightness.
        mean = state.total[-LEVEL_BITS:]
        below = (self.top - mean)[:LEVEL_BITS]
        m.d.comb += self.pixels.payload.eq(~saturated(below << front.contrast, LEVEL_BITS))

        with m.FSM():
            with m.State("levels"):
                m.d.comb += [self.levels.ready.eq(1), level_write.en.eq(self.levels.valid)]
                with m.If(self.levels.valid):
                    m.d.sync += state.b.eq(Mux(last, 0, state.b + 1))
                    with m.If(new_level > state.highest):
                        m.d.sync += state.highest.eq(new_level)
                    with m.If(last):
                        m.next = "slot"
            with m.State("slot"):
                m.d.comb += peak_write.en.eq(1)
                self._end_slot(m, state)
            self._scan_peaks(m, state, peak.data)
            self._send_picture(m, state, level.data, last)

    def _end_slot(self, m: Module, state: "_State") -> None:
        """Store the peak of the slot, and start the scan of the peaks if a word may start."""
        slots = _peaks(self._front)
        following = _following(state.newest, slots)
        m.d.sync += [
            state.slot.eq(_following(state.slot, self._front.window)),
            state.newest.eq(following),
            state.scanned.eq(following),
            state.back.eq(slots - 1),
            state.highest.eq(0),
            self.top.eq(0),
            state.around.eq(0),
        ]
        with m.If(state.known != slots):
            m.d.sync += state.known.eq(state.known + 1)
        with m.If(state.wait == 0):
            m.next = "read peak"
        with m.Else():
            m.d.sync += state.wait.eq(state.wait - 1)
            m.next = "levels"

    def _scan_peaks(self, m: Module, state: "_State", peak: Value) -> None:
        """Add the states that scan the peaks, and judge whether a word starts."""
        front, window, top, back = self._front, self._front.window, self.top, state.back
        with m.State("read peak"):
            m.d.sync += state.scanned.eq(_following(state.scanned, _peaks(front)))
            m.next = "peak"
        with m.State("peak"):
            in_window = back < window
            P = Mux(back < state.known, peak, 0)
            with m.If(in_window & (top < P)):
                m.d.sync += top.eq(P)
            quiet = ((back < window + front.before) & ~in_window) | (back < front.after)
            with m.If(quiet & (state.around < P)):
                m.d.sync += state.around.eq(P)
            with m.If(back == window):
                m.d.sync += state.before.eq(P)
            with m.If(back == window - 1):
                m.d.sync += state.first.eq(P)
            m.d.sync += back.eq(back - 1)
            m.next = "read peak"
            with m.If(back == 0):
                m.next = "judge"
        with m.State("judge"):
            begins = (state.first + front.drop >= top) & (state.before + front.drop < top)
            m.d.sync += [state.frame.eq(state.slot), state.at.eq(state.slot)]
            m.next = "levels"
            with m.If((top >= front.least) & begins):
                m.d.comb += self.word.eq(1)
                m.d.sync += state.wait.eq(window - 1)
                m.next = "read level"

    def _send_picture(self, m: Module, state: "_State", level: Value, last: Value) -> None:
        """Add the states that send the picture of a word."""
        front, at, frame, part = self._front, state.at, state.frame, state.part
        with m.State("read level"):
            m.d.sync += at.eq(_following(at, front.window))
            m.next = "level"
        with m.State("level"):
            m.d.sync += [state.total.eq(state.total + level), part.eq(part + 1)]
            m.next = "read level"
            with m.If(part == front.slots - 1):
                m.next = "pixel"
        with m.State("pixel"):
            m.d.comb += self.pixels.valid.eq(1)
            with m.If(self.pixels.ready):
                m.d.sync += [state.total.eq(0), part.eq(0), state.b.eq(Mux(last, 0, state.b + 1))]
                m.next = "read level"
                with m.If(~last):
                    m.d.sync += at.eq(frame)
                with m.Else():
                    m.d.sync += frame.eq(at)
                    with m.If(at == state.slot):
                        m.next = "levels"


class _State:
    """The registers of Words, except its outputs."""

    def __init__(self, front: FrontEnd) -> None:
        window, slots = front.window, _peaks(front)
        # The slot to write, which is also the oldest one; the slot to read; and the filter.
        self.slot, self.at = Signal(range(window)), Signal(range(window))
        self.b = Signal(_index_bits(front))
        self.highest = Signal(LEVEL_BITS)  # of the slot
        self.first, self.before = Signal(LEVEL_BITS), Signal(LEVEL_BITS)  # P[k], P[k - 1]
        # The largest P of the slots that are quiet for an isolated word: before the window, and at
        # its end.
        self.around = Signal(LEVEL_BITS)
        # Addresses of peaks: of the slot to write, which is also the oldest one, and to read.
        self.newest, self.scanned = Signal(range(slots)), Signal(range(slots))
        # Slots from the peak that is read to the newest one, and the number of stored peaks.
        self.back, self.known = Signal(range(slots)), Signal(range(slots + 1))
        # Slots until a word may start at the oldest slot.
        self.wait = Signal(range(window), init=window - 1)
        # Of a picture: the frame, the slot of the frame, and the sum of its levels.
        self.frame, self.part = Signal(range(window)), Signal(range(front.slots))
        self.total = Signal(LEVEL_BITS + (front.slots - 1).bit_length())


def _following(address: Value, count: int) -> Value:
    """Return the address after `address` in a ring buffer of `count` entries."""
    return Mux(address == count - 1, 0, address + 1)


def _peaks(front: FrontEnd) -> int:
    """Return the number of stored peaks: those of a window, and at least one before it."""
    return front.window + max(front.before, 1)


def _index_bits(front: FrontEnd) -> int:
    """Return the bits of the index of a filter."""
    return (len(front.filters) - 1).bit_length()
