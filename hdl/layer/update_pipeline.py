# SPDX-License-Identifier: BSD-2-Clause
"""The pipeline by which a Learner changes the words of a weight store."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.layers.kind import weight_range
from firstspike.golden.learning.rule import REGISTERS
from firstspike.golden.timing import latencies
from firstspike.hdl.lib.block import Block, struct, tap

STEP_BITS = REGISTERS["step"].bits
"""Width of the field `step` of an update."""


def change_layout(lanes: int, words: int) -> data.StructLayout:
    """Return the layout of an update: add `step` to the lanes `plus`, subtract it from `minus`."""
    return struct(address=range(words), plus=lanes, minus=lanes, step=STEP_BITS)


class UpdatePipeline(Block):
    """Read a word, add to its weights, saturate and write them; or write a word from the host.

    Latency from an update to `read`: `latencies.UPDATE` cycles; from `read` to `write`:
    `word_cycles` + `latencies.SUM` + `latencies.SATURATED`; throughput: one update per cycle.

    Parameters: `word`, the layout of a word; `words`, their number; `word_cycles`, the latency from
    `read` to `q`.
    """

    def __init__(self, *, word: data.ArrayLayout, words: int, word_cycles: int) -> None:
        if word_cycles < 1:
            raise ValueError(f"a word is read in at least 1 cycle, not {word_cycles}.")
        self._word, self._cycles = word, latencies.UPDATE + word_cycles
        access = tap(address=range(words), word=word)
        super().__init__(
            updates=In(stream.Signature(change_layout(word.length, words))),
            #: The signs of an updated word, in the cycle of its write.
            updated=Out(tap(negative=word.length)),
            #: Read the word at `address`.
            read=Out(tap(address=range(words))),
            #: The word that was read.
            q=In(word),
            #: The word of the host to write.
            host=In(access),
            #: Write `word` at `address`.
            write=Out(access),
            #: An update is under way.
            busy=Out(1),
        )

    def build(self, m: Module) -> None:
        update, valid_stages = self.updates.payload, [self.updates.valid]
        stages = []
        for _ in range(self._cycles):  # until `q` is valid
            stages.append(Signal(update.shape(), name="stage"))
            with m.If(valid_stages[-1]):
                m.d.sync += stages[-1].eq(update)
            update = stages[-1]
            valid_stages.append(Signal(name="valid_stage"))
            m.d.sync += valid_stages[-1].eq(valid_stages[-2])

        added, address = Signal(), Signal.like(update.address)
        word = Signal(self._word, reset_less=True)
        lowest, highest = weight_range(self._word.elem_shape.width)
        after = []
        for lane, before in enumerate(self.q):
            step = Mux(update.plus[lane], update.step, 0) - Mux(update.minus[lane], update.step, 0)
            bits = max(len(before), STEP_BITS + 1) + 1
            total = Signal(signed(bits), name=f"total_{lane}", reset_less=True)
            m.d.sync += total.eq(before + step)
            weight = Signal(self._word.elem_shape)
            m.d.comb += weight.eq(Mux(total < lowest, lowest, Mux(total > highest, highest, total)))
            after.append(weight)
        m.d.sync += [
            added.eq(valid_stages[-1]),
            address.eq(update.address),
            self.write.valid.eq(added | self.host.valid),
            self.write.address.eq(Mux(added, address, self.host.address)),
            word.eq(Mux(added, Cat(after), self.host.word.as_value())),
            self.updated.valid.eq(added),
        ]
        m.d.comb += [
            self.updates.ready.eq(1),
            self.write.word.eq(word),
            self.read.valid.eq(valid_stages[latencies.UPDATE]),
            self.read.address.eq(stages[latencies.UPDATE - 1].address),
            self.updated.negative.eq(Cat(weight < 0 for weight in word)),
            self.busy.eq(Cat(*valid_stages, added, self.write.valid).any()),
        ]
