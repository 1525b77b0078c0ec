# SPDX-License-Identifier: BSD-2-Clause
"""From the decisions of a core to beats of a stream, or to registers."""

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

PLACES = 2
"""Places of the FIFO, in registers: decisions are wide, and come seldom."""

BEAT = struct(data=WORD_BITS, last=1, id=TAG_BITS)
"""A beat of a decision; `id` is the tag of its image."""


class DecisionOutput(Block):
    """Decisions wait in a FIFO, and leave word by word.

    Between two decisions `by_registers` decides for one of two ways: `beats`, of which none is
    ever withdrawn; or the port `word`, which reads any word of the first decision, until `take`.

    A `flush` forgets all decisions but one: if a beat is offered, its decision leaves as a whole.

    Latency: `PLACES` cycles to the first beat; throughput: a beat a cycle.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._words = decision_words(config)
        places = sum(word.count for word in self._words)
        super().__init__(
            decision=CoreSignature(config).flip().members["decision"],
            #: Tag of the image that `decision` is of.
            tag=In(TAG_BITS),
            beats=Out(stream.Signature(BEAT)),
            #: Refused where no decision is there, or it leaves by the stream.
            word=In(port_signature(places)),
            by_registers=In(1),
            #: By registers: the first decision is done with.
            take=In(1),
            #: What of `by_registers` has come into force.
            registers_used=Out(1),
            #: By registers: there is one.
            there=Out(1),
            #: High for a cycle.
            flush=In(1),
            #: A decision from before the last flush is leaving.
            leaving=Out(1),
        )

    def build(self, m: Module) -> None:
        core, beats = self.decision, self.beats
        waiting = struct(decision=core.payload.shape(), tag=TAG_BITS)
        m.submodules.behind = behind = ResetInserter(self.flush)(Stage(waiting, PLACES - 1))
        m.submodules.first = first = Stage(waiting)
        m.d.comb += [
            behind.i.valid.eq(core.valid),
            behind.i.payload.decision.eq(core.payload),
            behind.i.payload.tag.eq(self.tag),
            core.ready.eq(behind.i.ready),
            first.i.valid.eq(behind.o.valid & ~self.flush),
            first.i.payload.eq(behind.o.payload),
            behind.o.ready.eq(first.i.ready),
        ]
        tag, said, registers = first.o.payload.tag, first.o.payload.decision, self.registers_used
        what, when, cycles, spikes = self._words
        fields = {name: said[name] for name in ("class", "forced", "error")}
        fields |= {f"cause_{name}": said.causes[name] for name, _ in said.causes.shape()}
        words = [
            _word(what, fields),
            _word(when, {"tick": said.tick, "tag": tag}),
            _word(cycles, {"cycles": said.cycles}),
            *(_word(spikes, {"spikes": said.spikes_in[str(i)]}) for i in range(spikes.count)),
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
            self.there.eq(first.o.valid & registers),
            self.word.done.eq(1),
            self.word.refused.eq(self.word.write | ~self.there),
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
    """The content of a register with these values, and the constants of its other fields."""
    content = 0
    for field in register.fields:
        content |= values.get(field.name, field.value) << field.low
    return content
