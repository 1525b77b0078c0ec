# SPDX-License-Identifier: BSD-2-Clause
"""Population count: how many bits of a word are set.

    >>> from amaranth.hdl import Const, Module, ShapeLike, Value
    >>> evaluated(popcount(Const(0b1011, 4)))
    3

(`evaluated` simulates a value for a moment.)
"""

from collections.abc import Iterable, Sequence

from amaranth.hdl import Cat, Module, ShapeLike, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from .block import Block, struct
from .pipeline import Stage

GROUP_BITS = 7
"""Bits that full adders count; more are added up with carry chains.

For a count of 10 bits with a comparison behind, the smallest of 1, 3, 5, 6, 7 and 10 with Yosys, on
iCE40 and on ECP5.
"""

LEVELS_PER_STAGE = 2
"""Levels of additions between two registers."""


def popcount(bits: Value | Iterable[Value]) -> Value:
    """How many of `bits` (a value, or one-bit values) are set; combinational.

    Raises ValueError where there are none.
    """
    bits = list(bits)
    if not bits:
        raise ValueError("a population count needs at least 1 bit, not 0.")
    counts = _count_groups(bits)
    while len(counts) > 1:
        counts = _add_pairs(counts)
    return counts[0][: len(bits).bit_length()]


def _count_groups(bits: Sequence[Value]) -> list[Value]:
    return [_add_bits(bits[i : i + GROUP_BITS]) for i in range(0, len(bits), GROUP_BITS)]


def _add_bits(bits: Sequence[Value]) -> Value:
    """Full adders turn three bits of a weight into one of the same and one of twice the weight.

    The oldest first, so that the tree is balanced: about one adder a bit.
    """
    count = []
    column = list(bits)
    while column:
        carries = []
        while len(column) > 1:
            taken, column = column[:3], column[3:]
            if len(taken) == 3:
                a, b, c = taken
                column.append(a ^ b ^ c)
                carries.append((a & b) | (c & (a ^ b)))
            else:
                a, b = taken
                column.append(a ^ b)
                carries.append(a & b)
        count += column
        column = carries
    return Cat(count)


def _add_pairs(counts: list[Value]) -> list[Value]:
    return [sum(counts[i + 1 : i + 2], counts[i]) for i in range(0, len(counts), 2)]


def word_layout(width: int, value: ShapeLike) -> data.StructLayout:
    """The bits to count, and what travels with them."""
    return struct(bits=width, value=value)


def count_layout(width: int, value: ShapeLike) -> data.StructLayout:
    """How many bits were set, 0 .. width, and what has travelled with them."""
    return struct(count=range(width + 1), value=value)


class PopCount(Block):
    """Counts the bits of a word of any width, in a pipeline.

    A word of 784 bits, and a byte that says where it came from:

        >>> from amaranth.sim import Simulator
        >>> counter = PopCount(784, value=8)
        >>> counter.stages
        5
        >>> async def bench(ctx):
        ...     ctx.set(counter.words.payload, {"bits": (1 << 300) - 1, "value": 7})
        ...     ctx.set(counter.words.valid, 1)
        ...     ctx.set(counter.counts.ready, 1)
        ...     tick = ctx.tick().sample(counter.counts.payload)
        ...     *_, payload = await tick.until(counter.counts.valid)
        ...     print(payload.count, payload.value)
        >>> simulator = Simulator(counter)
        >>> simulator.add_clock(1e-6)
        >>> simulator.add_testbench(bench)
        >>> simulator.run()
        300 7

    Parameters
    ----------
    width : of the word, at least 1.
    value : shape of what travels with it, such as where the word came from; may have no bits.

    Ports: `words`, stream of `word_layout`; `counts`, stream of `count_layout`.

    Latency `stages` cycles; throughput one word a cycle.

    Raises ValueError for a width below 1.
    """

    def __init__(self, width: int, value: ShapeLike = 0) -> None:
        if width < 1:
            raise ValueError(f"a population count needs at least 1 bit, not {width}.")
        self.width = width
        self.value = value
        super().__init__(
            words=In(stream.Signature(word_layout(width, value))),
            counts=Out(stream.Signature(count_layout(width, value))),
        )

    @property
    def stages(self) -> int:
        """Cycles from a word to its count: registers after the groups and the additions."""
        groups = -(-self.width // GROUP_BITS)
        return 1 + -(-(groups - 1).bit_length() // LEVELS_PER_STAGE)

    def build(self, m: Module) -> None:
        counts = _count_groups(self.words.payload.bits)
        most = GROUP_BITS
        before = self.words
        for number in range(self.stages):
            if number:
                for _ in range(LEVELS_PER_STAGE):
                    counts = _add_pairs(counts)
                    most *= 2
            layout = struct(
                counts=data.ArrayLayout(range(min(most, self.width) + 1), len(counts)),
                value=self.value,
            )
            m.submodules[f"stage_{number}"] = stage = Stage(layout)
            m.d.comb += [
                stage.i.valid.eq(before.valid),
                before.ready.eq(stage.i.ready),
                stage.i.payload.value.eq(before.payload.value),
                *(stage.i.payload.counts[i].eq(count) for i, count in enumerate(counts)),
            ]
            before = stage.o
            counts = [before.payload.counts[i] for i in range(len(counts))]
        m.d.comb += [
            self.counts.valid.eq(before.valid),
            before.ready.eq(self.counts.ready),
            self.counts.payload.value.eq(before.payload.value),
            self.counts.payload.count.eq(counts[0]),
        ]
