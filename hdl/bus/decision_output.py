# SPDX-License-Identifier: BSD-2-Clause
"""The output of decisions, as beats of a stream or through registers."""

from amaranth.hdl import Array, Module, Mux, ResetInserter, Signal, Value, ValueLike
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Stage

from .core_map import TAG_BITS, decision_words
from .register import WORD_BITS, Register
from .register_file import port_signature

DEPTH = 2
"""Depth of the FIFO, which consists of registers, because decisions are wide and rare."""

BEAT = struct(data=WORD_BITS, last=1, id=TAG_BITS)
"""A beat of a decision; `id` is the tag of its image."""


class DecisionOutput(Block):
    """A FIFO of decisions, which converts each decision to words.

    `by_registers` selects one of two outputs: the stream `beats`; or the port `word`, which reads
    any word of the first decision until `take`. All beats of a decision leave before a change to
    registers. A change to the stream takes effect in the next cycle, so a decision that has not
    been taken leaves as beats.

    `flush` discards all decisions, except a decision with a valid beat, which is sent completely.

    Latency: `DEPTH` cycles, through the registers of the FIFO; throughput: one beat per cycle. If
    the FIFO is full, `decision` stalls.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._words = decision_words(config)
        word_count = sum(word.count for word in self._words)
        super().__init__(
            decision=CoreSignature(config).flip().members["decision"],
            #: Tag of the image of `decision`.
            tag=In(TAG_BITS),
            #: Decisions as beats of a stream.
            beats=Out(stream.Signature(BEAT)),
            #: Read access to the words of the first decision; refused without a decision, or while
            #: decisions leave by `beats`.
            word=In(port_signature(word_count)),
            #: Use `word` instead of `beats`.
            by_registers=In(1),
            #: With `registers_used`: remove the first decision.
            take=In(1),
            #: `by_registers` in effect.
            registers_used=Out(1),
            #: With `registers_used`: a decision can be read.
            readable=Out(1),
            #: Discard the decisions; high for a cycle.
            flush=In(1),
            #: A decision from before the last `flush` is being sent.
            leaving=Out(1),
        )

    def build(self, m: Module) -> None:
        core, beats = self.decision, self.beats
        waiting = struct(decision=core.payload.shape(), tag=TAG_BITS)
        m.submodules.queue = queue = ResetInserter(self.flush)(Stage(waiting, DEPTH - 1))
        m.submodules.first = first = Stage(waiting)
        m.d.comb += [
            queue.i.valid.eq(core.valid),
            queue.i.payload.decision.eq(core.payload),
            queue.i.payload.tag.eq(self.tag),
            core.ready.eq(queue.i.ready),
            first.i.valid.eq(queue.o.valid & ~self.flush),
            first.i.payload.eq(queue.o.payload),
            queue.o.ready.eq(first.i.ready),
        ]
        tag, decision, registers = (
            first.o.payload.tag,
            first.o.payload.decision,
            self.registers_used,
        )
        what, when, cycles, spikes = self._words
        fields = {name: decision[name] for name in ("class", "forced", "error")}
        fields |= {f"cause_{name}": decision.causes[name] for name, _ in decision.causes.shape()}
        words = [
            _word(what, fields),
            _word(when, {"tick": decision.tick, "tag": tag}),
            _word(cycles, {"cycles": decision.cycles}),
            *(_word(spikes, {"spikes": decision.spikes_in[str(i)]}) for i in range(spikes.count)),
        ]
        self._number = number = Signal(range(len(words)))
        last = number == len(words) - 1
        word = Signal(WORD_BITS)
        m.d.comb += [
            word.eq(Array(words)[Mux(registers, self.word.index, number)]),
            beats.valid.eq(first.o.valid & ~registers),
            beats.payload.data.eq(word),
            beats.payload.last.eq(last),
            beats.payload.id.eq(tag),
            self.readable.eq(first.o.valid & registers),
            self.word.done.eq(1),
            self.word.refused.eq(self.word.write | ~self.readable),
            self.word.answer.eq(word),
            first.o.ready.eq(Mux(registers, self.take | self.flush, beats.ready & last)),
        ]
        with m.If(beats.valid & beats.ready):
            m.d.sync += number.eq(Mux(last, 0, number + 1))
        with m.If(registers | ~first.o.valid | first.o.ready):
            m.d.sync += registers.eq(self.by_registers)
        left = beats.valid & ~first.o.ready
        m.d.sync += self.leaving.eq(left & (self.flush | self.leaving))


def _word(register: Register, values: dict[str, Value]) -> ValueLike:
    """Return the content of a register with these field values, and constants elsewhere."""
    content = 0
    for field in register.fields:
        content |= values.get(field.name, field.value) << field.low
    return content
