# SPDX-License-Identifier: BSD-2-Clause
"""The replay memory of a board that is taught words (DESIGN, section 5)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.golden.learning.teaching import PASSES, ReplayContent
from firstspike.hdl.core.levels_encoder import PIXEL_BITS
from firstspike.hdl.core.ports import label_layout
from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.memories import Memory

COUNT_BITS = 16
"""Width of the number of taught words."""


class ReplayMemory(Block):
    """Pass the pictures of words, store the picture of a taught word, and replay all pictures.

        words -> ReplayMemory -> pictures and their labels -> LevelsEncoder, Core

    A lesson makes the next isolated word a taught word, unless passes are under way; until then the
    lesson waits, and a later one replaces it. The picture of a taught word enters the memory
    instead of `pictures`. Then `PASSES` passes send all pictures of the memory, to be learned. All
    other words pass with a label that learns nothing; during the passes, a word passes between two
    pictures of the memory. The references are content of the memory at configuration: a reset
    forgets the taught words, and keeps the references.

    Parameters: `content`, references and capacity; `classes`, the number of classes. Raises
    LearningError for a reference of another class.

    Latency: 1 cycle from the first pixel of a word to `pictures`, after the previous picture has
    left and its label was accepted; 3 cycles from the last pixel of a taught word, or of a stored
    picture, to the first pixel of the next stored one. Throughput: one pixel of a word per cycle,
    and one of a stored picture in 2 cycles.
    """

    def __init__(self, content: ReplayContent, classes: int) -> None:
        self._content, self._classes = content, classes
        content.check_classes(classes)
        super().__init__(
            #: The pixels of words.
            words=In(stream.Signature(PIXEL_BITS)),
            #: The word is isolated; stable while its pixels are offered.
            isolated=In(1),
            #: A lesson: the class of the next isolated word.
            lesson=In(tap(label=range(classes))),
            #: The pixels of words and of stored pictures.
            pictures=Out(stream.Signature(PIXEL_BITS)),
            #: The label of each picture, offered before its first pixel.
            labels=Out(stream.Signature(label_layout(classes))),
            #: The picture of the latest accepted label is an isolated word.
            reportable=Out(1),
            #: A lesson waits for its word.
            waiting=Out(1),
            #: Passes are under way.
            learning=Out(1),
            #: Number of taught words, modulo 2^16.
            count=Out(COUNT_BITS),
        )

    def build(self, m: Module) -> None:
        content, words = self._content, self.words
        count, label_bits = content.addresses, bits_for(self._classes - 1)
        size = content.references.shape[1] * count
        pixels = Memory("", PIXEL_BITS, size, no_collisions=True).create(
            init=content.references.ravel().tolist()
        )
        classes = Memory("", label_bits, count, no_collisions=True).create(
            init=content.labels.tolist()
        )
        m.submodules.pixels, m.submodules.classes = pixels, classes
        pixel, label = pixels.read_port(), classes.read_port()
        pixel_write, label_write = pixels.write_port(), classes.write_port()

        state = _State(content)
        lesson, next_reportable = Signal.like(self.lesson.label), Signal()
        m.d.comb += [
            self.learning.eq(state.passes != 0),
            pixel.addr.eq(state.address),
            label.addr.eq(state.picture),
            pixel_write.addr.eq(state.free_address),
            pixel_write.data.eq(words.payload),
            label_write.addr.eq(state.free),
            label_write.data.eq(lesson),
        ]
        with m.If(state.moves):
            m.d.sync += state.at.eq(Mux(state.last, 0, state.at + 1))
        with m.If(self.labels.valid & self.labels.ready):
            m.d.sync += [self.labels.valid.eq(0), self.reportable.eq(next_reportable)]
        with m.FSM():
            with m.State("select"):
                with m.If(words.valid & self.isolated & self.waiting & ~self.learning):
                    m.d.comb += label_write.en.eq(1)
                    m.d.sync += [
                        state.passes.eq(PASSES),
                        self.waiting.eq(0),
                        self.count.eq(self.count + 1),
                    ]
                    m.next = "store"
                with m.Elif(words.valid & ~self.labels.valid):
                    m.d.sync += [
                        self.labels.valid.eq(1),
                        self.labels.payload.learn.eq(0),
                        next_reportable.eq(self.isolated),
                    ]
                    m.next = "word"
                with m.Elif(self.learning & ~self.labels.valid):
                    m.next = "label"
            with m.State("word"):
                m.d.comb += [
                    self.pictures.valid.eq(words.valid),
                    self.pictures.payload.eq(words.payload),
                    words.ready.eq(self.pictures.ready),
                    state.moves.eq(words.valid & words.ready),
                ]
                with m.If(state.moves & state.last):
                    m.next = "select"
            with m.State("store"):
                m.d.comb += [
                    words.ready.eq(1),
                    pixel_write.en.eq(words.valid),
                    state.moves.eq(words.valid),
                ]
                self._store(m, state)
            with m.State("label"):
                m.d.sync += [
                    self.labels.valid.eq(1),
                    self.labels.payload.learn.eq(1),
                    self.labels.payload.label.eq(label.data),
                    next_reportable.eq(0),
                ]
                m.next = "send"
            with m.State("read"):
                m.next = "send"
            with m.State("send"):
                m.d.comb += [
                    self.pictures.valid.eq(1),
                    self.pictures.payload.eq(pixel.data),
                    state.moves.eq(self.pictures.ready),
                ]
                self._replay(m, state)
        # A lesson in the cycle that begins a taught word is for the word after it.
        with m.If(self.lesson.valid):
            m.d.sync += [lesson.eq(self.lesson.label), self.waiting.eq(1)]

    def _store(self, m: Module, state: "_State") -> None:
        """Advance the addresses of taught words; after the last pixel the passes begin."""
        content = self._content
        is_highest = state.free == content.addresses - 1
        with m.If(state.moves):
            m.d.sync += state.free_address.eq(state.free_address + 1)
            with m.If(state.last):
                m.next = "select"
                m.d.sync += state.free.eq(state.free + 1)
                with m.If(is_highest):
                    m.d.sync += [
                        state.free.eq(state.free.init),
                        state.free_address.eq(state.free_address.init),
                    ]
                with m.If(state.highest != content.addresses - 1):
                    m.d.sync += state.highest.eq(state.free)

    def _replay(self, m: Module, state: "_State") -> None:
        """Advance the addresses to replay, and count the passes."""
        with m.If(state.moves):
            m.d.sync += state.address.eq(state.address + 1)
            m.next = "read"
            with m.If(state.last):
                m.next = "select"
                m.d.sync += state.picture.eq(state.picture + 1)
                with m.If(state.picture == state.highest):
                    m.d.sync += [
                        state.picture.eq(0),
                        state.address.eq(0),
                        state.passes.eq(state.passes - 1),
                    ]


class _State:
    """The registers of a ReplayMemory, except its outputs."""

    def __init__(self, content: ReplayContent) -> None:
        references, n_pixels = content.references.shape
        addresses = content.addresses
        # The picture to replay, and the address of its next pixel.
        self.picture, self.address = Signal(range(addresses)), Signal(range(addresses * n_pixels))
        # The picture of the next taught word, and the address of its next pixel.
        self.free = Signal(range(addresses), init=references)
        self.free_address = Signal(range(addresses * n_pixels), init=references * n_pixels)
        # The last stored picture; valid during passes.
        self.highest = Signal(range(addresses))
        # Passes that have not ended.
        self.passes = Signal(range(PASSES + 1))
        # The index of the pixel in its picture, and whether it is transferred.
        self.at, self.moves = Signal(range(n_pixels)), Signal()
        self.last = self.at == n_pixels - 1
