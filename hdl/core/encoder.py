# SPDX-License-Identifier: BSD-2-Clause
"""The Encoder, which converts a bitmap of pixels to input spikes."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value, ValueLike
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.folding import MAX_IMAGES, bank_fifo_depth
from firstspike.hdl.layer.events import Kind, address_shape, input_layout
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, assign_members, struct
from firstspike.hdl.lib.find import first_set, without_first
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import FallThroughFifo


def waiting_layout(n_inputs: int, width: int, rows: int) -> data.StructLayout:
    """Return the layout of a FIFO entry: a bank's part of a bitmap word, and the word's number."""
    return struct(bits=width // rows, number=range(-(-n_inputs // width)))


def row_layout(n_rows: int) -> data.StructLayout:
    """Return the layout of a pixel's entry in the row table: whether it is connected, its row."""
    return struct(connected=1, row=address_shape(n_rows))


class Encoder(Block):
    """Send a spike at tick `unit` for every bright pixel that is a connected input, then END.

    Dark pixels stay silent. Pixel p is bit p % width of word p // width; bits beyond the last pixel
    are ignored.
    Parameters: `inputs`, the pixel of each row; `n_inputs`, pixels of an image; `unit` and
    `deadline`, ticks; `width`, bits of a word; `rows`, the number of banks R; `overlap`, whether
    the Encoder accepts words of the next image while it searches an image. Raises ValueError for
    parameters out of range.

    Latency: `latencies.ENCODER_WORD` + `ENCODER_ROW` cycles; throughput: one word or event per
    cycle. With a single bank, a bright pixel that is not connected also takes a cycle. A word
    without bright pixels takes no additional cycle while the previous word is being searched.
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
        self._all_connected = self._inputs == list(range(n_inputs))
        if rows > 1 and (width % rows or not self._all_connected):
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
            #: The bitmap: ceil(n_inputs / width) words per image.
            words=In(stream.Signature(width)),
            events=Out(stream.Signature(self._layout)),
            #: Enables the transfer of the first word of an image.
            start=In(1),
            #: Discard the image; the next accepted word starts a new image. With `overlap`, only an
            #: image with missing words is discarded.
            abort_image=In(1),
            #: The Encoder discards the image in this cycle. With `overlap` this happens only after
            #: all earlier images have left.
            aborted=Out(1),
            #: High in the cycle in which the first word of an image is accepted.
            begins=Out(1),
            #: The Encoder contains words or pixels of an image.
            busy=Out(1),
        )

    @staticmethod
    def memories(
        inputs: Sequence[int], n_inputs: int, width: int, rows: int = 1
    ) -> tuple[Memory, ...]:
        """Return the row table, if pixel and row numbers differ.

        Each word has a power of two of entries, so the address needs no product.
        """
        words, word_entries = -(-n_inputs // width), 1 << (width - 1).bit_length()
        if word_entries == width and [*inputs] == [*range(n_inputs)]:
            return ()
        return (Memory("", row_layout(len(inputs)).size, words * word_entries, read_only=True),)

    def build(self, m: Module) -> None:
        width, count, rows = self._width, -(-self._n_inputs // self._width), self._rows
        last_bits = self._n_inputs - (count - 1) * width

        # The incoming word, and its part in each bank.
        following = Signal(range(count))  # the number of the next word
        final = following == count - 1
        word = Signal(width)
        accepted = Signal()
        m.d.comb += word.eq(self.words.payload)
        with m.If(final):
            m.d.comb += word.eq(self.words.payload[:last_bits])
        step, ends = Signal(), Signal()
        banks = [
            self._bank(m, number, word[number::rows], following, accepted, step, ends)
            for number in range(rows)
        ]

        # The second pipeline stage holds the pixels that were found.
        sent = Signal()  # the second stage holds pixels, or the end of the image
        sent_end = Signal()
        has_event = sent_end | self._address(m, banks, step)
        inside = following != 0  # the image has started, and words are missing
        held = Cat(bank.held for bank in banks).any()
        ready = Cat(bank.ready for bank in banks).all()
        may_begin = self.start & ~self.busy
        # An image whose first word is accepted in this cycle is not yet under way.
        m.d.comb += self.aborted.eq(self.abort_image & self.busy)
        if self._overlap:
            # Number of images whose words are complete and whose END has not left.
            older = Signal(range(MAX_IMAGES + 1))
            image_sent = sent & sent_end & self.events.ready
            m.d.sync += older.eq(older + (accepted & final) - image_sent)
            dropping = Signal()
            m.d.comb += self.aborted.eq(dropping & (older == 0))
            with m.If(self.abort_image & inside & ~(accepted & final)):
                m.d.sync += dropping.eq(1)
            with m.If(self.aborted):
                m.d.sync += dropping.eq(0)
            may_begin = self.start & ready & (older != MAX_IMAGES)
            ready &= ~dropping
        m.d.comb += [
            step.eq(~sent | ~has_event | self.events.ready),
            ends.eq(Cat(bank.done for bank in banks).all()),
            self.words.ready.eq(Mux(inside, ready, may_begin)),
            accepted.eq(self.words.valid & self.words.ready),
            self.begins.eq(accepted & ~inside),
            self.busy.eq(inside | held | sent),
            self.events.valid.eq(sent & has_event),
            # A multiplexer, because Icarus never executes a process whose inputs are constant.
            self.events.payload.kind.eq(Mux(sent_end, Kind.END, Kind.SPIKE)),
            self.events.payload.tick.eq(self._unit),
        ]
        with m.If(step):
            m.d.sync += [
                sent.eq(ends | Cat(bank.search.any & bank.held for bank in banks).any()),
                sent_end.eq(ends),
            ]
        with m.If(accepted):
            m.d.sync += following.eq(Mux(final, 0, following + 1))
        with m.If(self.aborted):
            m.d.sync += [*(bank.held.eq(0) for bank in banks), sent.eq(0), following.eq(0)]

    def _bank(
        self,
        m: Module,
        name: int,
        part: Value,
        following: Signal,
        accepted: Signal,
        step: Signal,
        ends: Signal,
    ) -> SimpleNamespace:
        """Build one bank, which searches its part of each word, one bright pixel per step.

        Returns {held, number, found, done, ready}: whether the bank holds a part, the number of its
        word, the result of the search, whether the image is finished, and whether the bank can
        accept a word.
        """
        count = -(-self._n_inputs // self._width)
        held = Signal(name=f"held_{name}")
        bits = Signal(len(part), name=f"bits_{name}")
        number = Signal(range(count), name=f"number_{name}")
        search = first_set(bits)
        is_last = number == count - 1
        free = ~held | (step & ~search.many & ~is_last) | (step & ends)
        dark = (part == 0) & (following != count - 1)  # the word has no spikes
        arriving = SimpleNamespace(valid=accepted & ~dark, bits=part, number=following)
        arriving, ready = self._wait(m, name, arriving, free, free | dark)
        with m.If(step):
            m.d.sync += bits.eq(without_first(bits))
        with m.If(free):
            m.d.sync += held.eq(arriving.valid)
            with m.If(arriving.valid):
                m.d.sync += [bits.eq(arriving.bits), number.eq(arriving.number)]
        return SimpleNamespace(
            held=held,
            number=number,
            search=search,
            # A word that is not the last is held only while pixels remain in it.
            done=held & ~search.any,
            ready=ready,
        )

    def _address(self, m: Module, banks: list[SimpleNamespace], step: Signal) -> ValueLike:
        """Drive the rows of the event with the pixels of `banks`; return whether it has any."""
        # The row table.
        event, (bank,) = self.events.payload, banks
        word_entries = 1 << (self._width - 1).bit_length()
        entry_address = Cat(bank.search.index, bank.number)
        listed = self.memories(self._inputs, self._n_inputs, self._width)
        if not listed:
            with m.If(step):
                m.d.sync += event.address.eq(entry_address)
            return 1
        entry = row_layout(len(self._inputs))
        table = [entry.const({"connected": 0})] * listed[0].depth
        for row, pixel in enumerate(self._inputs):
            at = pixel // self._width * word_entries + pixel % self._width
            table[at] = entry.const({"connected": 1, "row": row})
        m.submodules.rows = rows = listed[0].create(shape=entry, init=table)
        read = rows.read_port()
        m.d.comb += [
            read.en.eq(step),
            read.addr.eq(entry_address),
            event.address.eq(read.data.row),
        ]
        return read.data.connected

    def _wait(
        self, m: Module, name: int, arriving: SimpleNamespace, free: Value, ready: Value
    ) -> tuple[SimpleNamespace, Value]:
        """Return the part of a word for a bank that is `free`, and whether it can accept a word."""
        return arriving, ready


class BankedEncoder(Encoder):
    """An Encoder with several banks.

    Each bank has a FIFO for its part of each word, and searches this part independently of the
    others. The FIFOs hold all words of an image. The banks synchronise at the end of an image.
    """

    @staticmethod
    def memories(
        inputs: Sequence[int], n_inputs: int, width: int, rows: int = 1
    ) -> tuple[Memory, ...]:
        """Return the FIFOs of the banks."""
        layout, depth = (
            waiting_layout(n_inputs, width, rows),
            bank_fifo_depth(-(-n_inputs // width)),
        )
        (fifo,) = FallThroughFifo.memories(layout, depth)
        return tuple(replace(fifo, path=f"waiting_{bank}") for bank in range(rows))

    def _wait(
        self, m: Module, name: int, arriving: SimpleNamespace, free: Value, ready: Value
    ) -> tuple[SimpleNamespace, Value]:
        entry = waiting_layout(self._n_inputs, self._width, self._rows)
        waiting = FallThroughFifo(entry, bank_fifo_depth(-(-self._n_inputs // self._width)))
        m.submodules[f"waiting_{name}"] = ResetInserter(self.aborted)(waiting)
        m.d.comb += [
            waiting.i.valid.eq(arriving.valid),
            assign_members(waiting.i.payload, arriving, "bits", "number"),
            waiting.o.ready.eq(free),
        ]
        part = waiting.o.payload
        waited = SimpleNamespace(valid=waiting.o.valid, bits=part.bits, number=part.number)
        return waited, waiting.i.ready

    def _address(self, m: Module, banks: list[SimpleNamespace], step: Signal) -> ValueLike:
        share = self._width // self._rows
        for number, bank in enumerate(banks):
            into = self.events.payload.banks[str(number)]
            with m.If(step):
                m.d.sync += [
                    into.present.eq(bank.search.any & bank.held),
                    into.index.eq(times(share, bank.number) + bank.search.index),
                ]
        return 1


def encoder_class(rows: int) -> type[Encoder]:
    """Return the class of an Encoder for a first layer with `rows` banks."""
    return BankedEncoder if rows > 1 else Encoder
