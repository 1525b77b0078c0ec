# SPDX-License-Identifier: BSD-2-Clause
"""The Player, which stores images, and sends them to a core at full speed."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import NetworkError
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.lib.block import Block, assign_members, struct, tap
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.resetless_register import resetless_register
from firstspike.hdl.link.protocol.formats import (
    MAX_BENCH_IMAGES,
    PLAY_BYTES,
    PLAY_CYCLES_BITS,
    STORE_BYTES,
)

EXPECTED = struct(**{name: 8 * STORE_BYTES[name] for name in ("class", "tick")})
"""The expected decision of an image. A class out of range is permitted; no decision equals it."""

ROUNDS_BITS = 8 * PLAY_BYTES["rounds"]

CYCLES_BESIDES = 2
"""Additional cycles in the count of a play compared with the core: a register for the words, and
the transfer of the last decision."""


def check_bench(config: CoreConfig, images: int) -> None:
    """Raise NetworkError if a design with this core cannot store this number of images to play."""
    if not config.bitmap or config.bitmap % 8 or config.learns:
        raise NetworkError(
            "images to be played are bitmaps, in words of whole bytes, for a core that does not "
            "learn: leave --bench out"
        )
    if not 1 <= images <= MAX_BENCH_IMAGES:
        raise NetworkError(f"a design holds 1 to {MAX_BENCH_IMAGES} images to play, not {images}")


def counts_layout(images: int) -> data.StructLayout:
    """Return the layout of the counts of a play."""
    decisions = range(images << ROUNDS_BITS)
    return struct(decisions=decisions, differences=decisions, cycles=PLAY_CYCLES_BITS)


class ImageCounter(Block):
    """Count through `count` images `rounds` times; `count` and `rounds` must not change meanwhile.

    Latency: 1 cycle.
    """

    def __init__(self, images: int) -> None:
        super().__init__(
            count=In(range(images + 1)),
            rounds=In(ROUNDS_BITS),
            #: Go to the first image of the first round.
            start=In(1),
            #: Go to the next image.
            advance=In(1),
            #: Number of the image.
            image=Out(range(images)),
            #: `image` is the last one of the last round.
            last=Out(1),
        )

    def build(self, m: Module) -> None:
        done = Signal(ROUNDS_BITS)
        ends = self.image + 1 == self.count
        m.d.comb += self.last.eq(ends & (done + 1 == self.rounds))
        with m.If(self.start):
            m.d.sync += [self.image.eq(0), done.eq(0)]
        with m.Elif(self.advance):
            m.d.sync += self.image.eq(self.image + 1)
            with m.If(ends):
                m.d.sync += [self.image.eq(0), done.eq(done + 1)]


class Player(Block):
    """Store images in block RAM, send them to a core, and compare its decisions with stored ones.

    The Player sends words without regard to the decisions, so the number of images under way
    depends on the core only. Back-pressure at `words` stalls the Player.

    Parameters: `config` of a core with a bitmap; `images`, the number of images that the Player
    stores. Raises NetworkError like `check_bench`.

    Latency: 2 cycles from `start` to the first word. Throughput: one word per cycle, and one
    decision every third cycle.
    """

    def __init__(self, config: CoreConfig, images: int) -> None:
        check_bench(config, images)
        assert config.bitmap is not None  # `check_bench` requires it
        self._images = images
        self._width = config.bitmap
        self._count = _words_of(config)
        self._memories = self.memories(config, images)
        super().__init__(
            #: High from the first to the last byte of an image to store, and low before. `number`
            #: and `expected` must be stable meanwhile.
            storing=In(1),
            #: The number of the image to store.
            number=In(range(images)),
            #: The expected decision of the image.
            expected=In(EXPECTED),
            #: The next byte of the image's bitmap.
            byte=In(tap(data=8)),
            #: Start a play; high for a cycle while `running` is low. `count` and `rounds` must be
            #: stable until the end of the play.
            start=In(1),
            #: Play the first `count` images.
            count=In(range(images + 1)),
            #: Repeat the images `rounds` times.
            rounds=In(ROUNDS_BITS),
            #: Decisions of the play are missing.
            running=Out(1),
            #: The counts of the latest play, valid one cycle after `running` falls.
            counts=Out(counts_layout(images)),
            #: The words of the images, to the core.
            words=Out(stream.Signature(config.bitmap)),
            #: The decisions of the core.
            decision=In(stream.Signature(decision_layout(config.layers[-1]))),
        )

    @staticmethod
    def memories(config: CoreConfig, images: int) -> tuple[Memory, Memory]:
        """Return the memories of the images and of their expected decisions.

        Each image starts at a multiple of a power of two, so that addresses need no multiplication.
        No word is read while it is written.
        """
        assert config.bitmap is not None  # a Player requires a bitmap
        depth = images << (_words_of(config) - 1).bit_length()
        return (
            Memory("", config.bitmap, depth, no_collisions=True),
            Memory("", EXPECTED.size, images, no_collisions=True),
        )

    def build(self, m: Module) -> None:
        count = self._count
        images_memory, decisions_memory = self._memories
        m.submodules.images = images = images_memory.create()
        m.submodules.decisions = decisions = decisions_memory.create(shape=EXPECTED)
        self._store(m, images, decisions, count)
        self._send(m, images, count)
        self._compare(m, decisions)
        counts, started = self.counts, Signal()
        starts = self.words.valid & self.words.ready
        with m.If(self.start):
            m.d.sync += [started.eq(0), counts.cycles.eq(0)]
        with m.Elif(self.running & (starts | started)):
            m.d.sync += [started.eq(1), counts.cycles.eq(counts.cycles + 1)]

    def _store(
        self, m: Module, images: memory.Memory, decisions: memory.Memory, count: int
    ) -> None:
        """Store the bytes of an image in words, the first byte lowest."""
        lanes = self._width // 8
        write, write_decision = images.write_port(granularity=8), decisions.write_port()
        lane, word = Signal(range(lanes)), Signal(range(count))
        m.d.comb += [
            write.addr.eq(Cat(word, self.number)),
            write.data.eq(self.byte.data.replicate(lanes)),
            write.en.eq((self.storing & self.byte.valid) << lane),
            write_decision.addr.eq(self.number),
            write_decision.data.eq(self.expected),
            write_decision.en.eq(self.storing),
        ]
        with m.If(~self.storing):
            m.d.sync += [lane.eq(0), word.eq(0)]
        with m.Elif(self.byte.valid):
            m.d.sync += lane.eq(lane + 1)
            with m.If(lane == lanes - 1):
                m.d.sync += [lane.eq(0), word.eq(word + 1)]

    def _send(self, m: Module, images: memory.Memory, count: int) -> None:
        """Send the words of one image after another."""
        read, fetched = images.read_port(domain="comb"), resetless_register(self._width)
        m.submodules.sent = counter = ImageCounter(self._images)
        sending, word = Signal(), Signal(range(count))
        step = ~self.words.valid | self.words.ready
        is_last = word == count - 1
        m.d.comb += [
            read.addr.eq(Cat(word, counter.image)),
            self.words.payload.eq(fetched),
            assign_members(counter, self, "count", "rounds", "start"),
            counter.advance.eq(step & sending & is_last),
        ]
        with m.If(step):
            m.d.sync += [fetched.eq(read.data), self.words.valid.eq(sending)]
            with m.If(sending):
                m.d.sync += word.eq(word + 1)
                with m.If(is_last):
                    m.d.sync += [word.eq(0), sending.eq(~counter.last)]
        with m.If(self.start):
            m.d.sync += sending.eq(1)

    def _compare(self, m: Module, decisions: memory.Memory) -> None:
        """Compare each decision with the stored one.

        To shorten the path from the block RAM to the counters, the expected decision passes the
        register `expected`, which is valid while `comparable` is high, and the result passes
        `differs`.
        """
        read, fetched = decisions.read_port(domain="comb"), resetless_register(EXPECTED)
        expected, differs = Signal(EXPECTED), Signal()
        m.submodules.decided = counter = ImageCounter(self._images)
        fetching, comparable, accepted = Signal(), Signal(), Signal()
        decision, counts = self.decision.payload, self.counts
        unlike = (decision["class"] != expected["class"]) | (decision.tick != expected.tick)
        m.d.comb += [
            read.addr.eq(counter.image),
            self.decision.ready.eq(self.running & comparable),
            accepted.eq(self.decision.valid & self.decision.ready),
            assign_members(counter, self, "count", "rounds", "start"),
            counter.advance.eq(accepted),
        ]
        m.d.sync += [
            fetched.eq(read.data),
            fetching.eq(self.running & ~accepted),
            expected.eq(fetched),
            comparable.eq(fetching & ~accepted),
            differs.eq(accepted & unlike),
        ]
        with m.If(self.start):
            m.d.sync += [self.running.eq(1), counts.decisions.eq(0), counts.differences.eq(0)]
        with m.Elif(accepted):
            m.d.sync += [counts.decisions.eq(counts.decisions + 1), self.running.eq(~counter.last)]
        with m.If(differs):
            m.d.sync += counts.differences.eq(counts.differences + 1)


def _words_of(config: CoreConfig) -> int:
    """Return the number of words of an image."""
    assert config.bitmap is not None
    assert config.n_inputs is not None
    return -(-config.n_inputs // config.bitmap)
