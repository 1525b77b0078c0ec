# SPDX-License-Identifier: BSD-2-Clause
"""The encoder: turns a bitmap of pixels, word by word, into input spikes."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value, ValueLike
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.folding import MAX_IMAGES, places_for
from firstspike.hdl.layer.events import Kind, address_shape, input_layout
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.find import first_set, without_first
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import Buffer


def waiting_layout(n_inputs: int, width: int, rows: int) -> data.StructLayout:
    """A bank's part of a word that waits, and the number of the word."""
    return struct(bits=width // rows, number=range(-(-n_inputs // width)))


def row_layout(n_rows: int) -> data.StructLayout:
    """Whether a pixel is connected, and the row that it is."""
    return struct(connected=1, row=address_shape(n_rows))


class Encoder(Block):
    """Every bright pixel of a connected input spikes at tick `unit`; dark ones stay silent.

    Pixel p is bit p % width of word p // width; bits past the last pixel are ignored. Each of
    several banks has its own part of every word, which it searches at its own pace. There are
    places for all words of an image, and the banks meet at its end.

    Parameters: `inputs`, the pixel of each row; `n_inputs`, pixels of an image; `unit` and
    `deadline`, ticks; `width` of a word; `rows`, R; `overlap`, whether words of the next image are
    taken while an image is being searched. Raises ValueError where one is out of range.

    Latency: `latencies.ENCODER_WORD` + `ENCODER_ROW`; throughput: one word or event per cycle. A
    single bank also spends one cycle on a bright pixel that is not connected. It drops a word
    without bright pixels while the word before is being emptied; else such a word takes a cycle.
    """

    def __init__(
        self,
        inputs: Sequence[int],
        *,
        n_inputs: int,
        unit: int,
        deadline: int,
        width: int,
        rows: int = 1,
        overlap: bool = False,
    ) -> None:
        if width < 1 or n_inputs < 1:
            raise ValueError(
                f"a bitmap has at least 1 pixel, and words of 1, not {n_inputs} and {width}."
            )
        if not 1 <= unit <= deadline:
            raise ValueError(
                f"bright pixels spike at a tick from 1 to the deadline {deadline}, not at {unit}."
            )
        if not len(inputs) or not all(0 <= pixel < n_inputs for pixel in inputs):
            raise ValueError(
                f"at least 1 of the pixels 0..{n_inputs - 1} is connected, and no other, "
                f"not {list(inputs)}."
            )
        self._inputs = [int(i) for i in inputs]
        self._whole = self._inputs == list(range(n_inputs))
        if rows > 1 and (width % rows or not self._whole):
            raise ValueError(
                f"with {rows} rows per cycle all pixels must be connected, and the bits of a word "
                f"must be a multiple of {rows}, not {width}."
            )
        self._n_inputs = n_inputs
        self._unit = unit
        self._layout = input_layout(len(self._inputs), deadline, rows)
        self._width = width
        self._rows = rows
        self._overlap = overlap
        super().__init__(
            #: ceil(n_inputs / width) of them an image.
            words=In(stream.Signature(width)),
            events=Out(stream.Signature(self._layout)),
            #: The first word of an image is taken only while this is high.
            start=In(1),
            #: Forget the image; the next word taken is the first one of a new image. Where images
            #: overlap, one whose words have all come stays.
            abort_image=In(1),
            #: It is forgotten in this cycle: where images overlap, when the one before is through.
            aborted=Out(1),
            #: High in the cycle in which an image's first word is taken.
            begins=Out(1),
            #: An image's words, or what has come of them, are here.
            busy=Out(1),
        )

    @staticmethod
    def memories(inputs: Sequence[int], n_inputs: int, width: int, rows: int) -> Iterator[Memory]:
        """A table of the rows where pixel and row differ, or the places in which words wait."""
        words, places = -(-n_inputs // width), 1 << (width - 1).bit_length()
        if rows > 1:
            part = waiting_layout(n_inputs, width, rows).size
            for bank in range(rows):
                yield Memory(f"waiting_{bank}", part, places_for(words), looked_up=True)
        elif places != width or [*inputs] != [*range(n_inputs)]:
            yield Memory("", row_layout(len(inputs)).size, words * places, read_only=True)

    def build(self, m: Module) -> None:
        width, count, rows = self._width, -(-self._n_inputs // self._width), self._rows
        last_bits = self._n_inputs - (count - 1) * width

        # The word that comes, and its part in each bank.
        following = Signal(range(count))  # the number of the word to come
        final = following == count - 1
        word = Signal(width)
        taken = Signal()
        m.d.comb += word.eq(self.words.payload)
        with m.If(final):
            m.d.comb += word.eq(self.words.payload[:last_bits])
        step, ends = Signal(), Signal()
        banks = [
            self._bank(m, number, word[number::rows], following, taken, step, ends)
            for number in range(rows)
        ]

        # Rows that were found are in the second stage, and images that come meanwhile are counted.
        sent = Signal()  # the second stage holds pixels, or the end
        sent_end = Signal()
        says = sent_end | self._address(m, banks, step)
        inside = following != 0  # more words of this image are to come
        held = Cat(bank.held for bank in banks).any()
        ready = Cat(bank.ready for bank in banks).all()
        may_begin = self.start & ~self.busy
        m.d.comb += self.aborted.eq(self.abort_image)
        if self._overlap:
            # Images whose words have all come, and whose end has not gone.
            older = Signal(range(MAX_IMAGES + 1))
            gone = sent & sent_end & self.events.ready
            m.d.sync += older.eq(older + (taken & final) - gone)
            dropping = Signal()
            m.d.comb += self.aborted.eq(dropping & (older == 0))
            with m.If(self.abort_image & inside & ~(taken & final)):
                m.d.sync += dropping.eq(1)
            with m.If(self.aborted):
                m.d.sync += dropping.eq(0)
            may_begin = self.start & ready & (older != MAX_IMAGES)
            ready &= ~dropping
        m.d.comb += [
            step.eq(~sent | ~says | self.events.ready),
            ends.eq(Cat(bank.done for bank in banks).all()),
            self.words.ready.eq(Mux(inside, ready, may_begin)),
            taken.eq(self.words.valid & self.words.ready),
            self.begins.eq(taken & ~inside),
            self.busy.eq(inside | held | sent),
            self.events.valid.eq(sent & says),
            # A choice, for a process with constant parts is one that Icarus never runs.
            self.events.payload.kind.eq(Mux(sent_end, Kind.END, Kind.SPIKE)),
            self.events.payload.tick.eq(self._unit),
        ]
        with m.If(step):
            m.d.sync += [
                sent.eq(ends | Cat(bank.found.any & bank.held for bank in banks).any()),
                sent_end.eq(ends),
            ]
        with m.If(taken):
            m.d.sync += following.eq(Mux(final, 0, following + 1))
        with m.If(self.aborted):
            m.d.sync += [*(bank.held.eq(0) for bank in banks), sent.eq(0), following.eq(0)]

    def _bank(
        self,
        m: Module,
        name: int,
        part: Value,
        following: Signal,
        taken: Signal,
        step: Signal,
        ends: Signal,
    ) -> SimpleNamespace:
        """The part of the words that is of one bank, searched bit by bit.

        Returns {held, number, found, done, ready}: whether it has a part, of which word, the search
        in it, whether the image is searched, and whether a word can be taken.
        """
        count = -(-self._n_inputs // self._width)
        held = Signal(name=f"held_{name}")
        bits = Signal(len(part), name=f"bits_{name}")
        number = Signal(range(count), name=f"number_{name}")
        found = first_set(bits)
        is_last = number == count - 1
        free = ~held | (step & ~found.many & ~is_last) | (step & ends)
        dark = (part == 0) & (following != count - 1)  # nothing will come of it
        came = SimpleNamespace(valid=taken & ~dark, bits=part, number=following)
        ready = free | dark
        if self._rows > 1:
            entry = waiting_layout(self._n_inputs, self._width, self._rows)
            waiting = Buffer(entry, places_for(count))
            m.submodules[f"waiting_{name}"] = ResetInserter(self.aborted)(waiting)
            m.d.comb += [
                waiting.i.valid.eq(came.valid),
                waiting.i.payload.bits.eq(came.bits),
                waiting.i.payload.number.eq(came.number),
                waiting.o.ready.eq(free),
            ]
            ready = waiting.i.ready
            came = SimpleNamespace(
                valid=waiting.o.valid,
                bits=waiting.o.payload.bits,
                number=waiting.o.payload.number,
            )
        with m.If(step):
            m.d.sync += bits.eq(without_first(bits))
        with m.If(free):
            m.d.sync += held.eq(came.valid)
            with m.If(came.valid):
                m.d.sync += [bits.eq(came.bits), number.eq(came.number)]
        return SimpleNamespace(
            held=held,
            number=number,
            found=found,
            done=held & is_last & ~found.any,
            ready=ready,
        )

    def _address(self, m: Module, banks: list[SimpleNamespace], step: Signal) -> ValueLike:
        """Put the rows that `banks` have found into the event; returns whether there are any."""
        event = self.events.payload
        if self._rows > 1:
            share = self._width // self._rows
            for number, bank in enumerate(banks):
                into = event.banks[str(number)]
                with m.If(step):
                    m.d.sync += [
                        into.present.eq(bank.found.any & bank.held),
                        into.index.eq(times(share, bank.number) + bank.found.index),
                    ]
            return 1

        # The row of each pixel, in places a power of two a word so that no product is needed.
        (bank,) = banks
        places = 1 << (self._width - 1).bit_length()
        place = Cat(bank.found.index, bank.number)
        if places == self._width and self._whole:
            with m.If(step):
                m.d.sync += event.address.eq(place)
            return 1
        entry = row_layout(len(self._inputs))
        count = -(-self._n_inputs // self._width)
        table = [entry.const({"connected": 0})] * (count * places)
        for row, pixel in enumerate(self._inputs):
            at = pixel // self._width * places + pixel % self._width
            table[at] = entry.const({"connected": 1, "row": row})
        m.submodules.rows = rows = memory.Memory(shape=entry, depth=len(table), init=table)
        read = rows.read_port()
        m.d.comb += [
            read.en.eq(step),
            read.addr.eq(place),
            event.address.eq(read.data.row),
        ]
        return read.data.connected
