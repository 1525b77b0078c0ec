"""The encoder: turns a bitmap of pixels, word by word, into input spikes."""

from amaranth.hdl import Cat, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.find import first_set, without_first

from .layouts import Kind, input_layout


class Encoder(Block):
    """Every bright pixel of a connected input spikes at tick `unit`; dark ones stay silent.

    Pixel p is bit p % width of word p // width; bits past the last pixel are ignored.

    Parameters: `inputs`, the pixel of each row; `n_inputs`, pixels of an image; `unit` and
    `deadline`, ticks; `width` of a word. Raises ValueError where one is out of range.

    Latency: `latencies.ENCODER_WORD` + `ENCODER_ROW`; throughput: a word or an event a cycle. A
    bright pixel that is not connected takes its cycle too. A word without bright pixels takes one
    only where no event is under way: it is dropped while the word before it is being emptied.
    """

    def __init__(self, inputs, *, n_inputs, unit, deadline, width):
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
        self._n_inputs = n_inputs
        self._unit = unit
        self._layout = input_layout(len(self._inputs), deadline)
        self._width = width
        super().__init__(
            #: ceil(n_inputs / width) of them an image.
            words=In(stream.Signature(width)),
            events=Out(stream.Signature(self._layout)),
            #: The first word of an image is taken only while this is high.
            start=In(1),
            #: Forget the image; the next word taken is the first one of a new image.
            abort_image=In(1),
            #: High in the cycle in which an image's first word is taken.
            begins=Out(1),
            #: An image's words, or what has come of them, are here.
            busy=Out(1),
        )

    def build(self, m):
        width, count = self._width, -(-self._n_inputs // self._width)
        last_bits = self._n_inputs - (count - 1) * width

        bits = Signal(width)
        number = Signal(range(count))  # of the word in `bits`
        following = Signal(range(count))  # of the word to come
        held = Signal()
        any_, many, index = first_set(bits)
        is_last = number == count - 1

        # The row of each pixel, in places a power of two a word so that no product is needed.
        row = self._layout["address"].shape
        places = 1 << (width - 1).bit_length()
        place = Cat(index, number)
        look = Signal()
        if places == width and self._inputs == list(range(self._n_inputs)):
            connected, address = 1, Signal(row)
            with m.If(look):
                m.d.sync += address.eq(place)
        else:
            entry = struct(connected=1, row=row)
            table = [entry.const({"connected": 0})] * (count * places)
            for number_of_row, pixel in enumerate(self._inputs):
                table[pixel // width * places + pixel % width] = entry.const(
                    {"connected": 1, "row": number_of_row}
                )
            m.submodules.rows = rows = memory.Memory(shape=entry, depth=len(table), init=table)
            read = rows.read_port()
            m.d.comb += [read.en.eq(look), read.addr.eq(place)]
            connected, address = read.data.connected, read.data.row

        sent = Signal()  # the second stage holds a pixel, or the end
        sent_end = Signal()
        says = sent_end | connected
        step = ~sent | ~says | self.events.ready
        ends = is_last & ~any_
        inside = following != 0  # more words of this image are to come
        free = ~held | (step & ~many & ~is_last) | (step & ends)
        dark = (self.words.payload == 0) & (following != count - 1)  # nothing will come of it
        taken = Signal()
        m.d.comb += [
            self.words.ready.eq(Mux(inside, free | dark, self.start & ~self.busy)),
            taken.eq(self.words.valid & self.words.ready),
            self.begins.eq(taken & ~inside),
            self.busy.eq(inside | held | sent),
            look.eq(step),
            self.events.valid.eq(sent & says),
            # A choice, for a process with constant parts is one that Icarus never runs.
            self.events.payload.kind.eq(Mux(sent_end, Kind.END, Kind.SPIKE)),
            self.events.payload.tick.eq(self._unit),
            self.events.payload.address.eq(address),
        ]
        with m.If(step):
            m.d.sync += [
                sent.eq(held & (any_ | is_last)),
                sent_end.eq(ends),
                bits.eq(without_first(bits)),
            ]
        with m.If(free):
            m.d.sync += held.eq(taken & ~dark)
        with m.If(taken):
            with m.If(~dark):
                m.d.sync += [bits.eq(self.words.payload), number.eq(following)]
            with m.If(following == count - 1):
                m.d.sync += [following.eq(0), bits.eq(self.words.payload[:last_bits])]
            with m.Else():
                m.d.sync += following.eq(following + 1)
        with m.If(self.abort_image):
            m.d.sync += [held.eq(0), sent.eq(0), following.eq(0)]
