# SPDX-License-Identifier: BSD-2-Clause
"""From the decisions of a core to beats of a stream, or to registers."""

from amaranth.hdl import Array, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Stage

from .core_map import decision_words
from .register import WORD_BITS
from .register_file import port_signature

PLACES = 2
"""Of the FIFO, in registers: decisions are wide, and come seldom."""

BEAT = struct(data=WORD_BITS, last=1)


class DecisionOutput(Block):
    """Decisions wait in a FIFO, and leave word by word.

    Between two decisions `by_registers` decides for one of two ways: `beats`, of which none is
    ever withdrawn; or the port `word`, which reads any word of the first decision, until `take`.

    Latency: `PLACES` cycles to the first beat; throughput: a beat a cycle.
    """

    def __init__(self, config: CoreConfig):
        self._words = decision_words(config)
        places = sum(word.count for word in self._words)
        super().__init__(
            decision=CoreSignature(config).flip().members["decision"],
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
        )

    def build(self, m):
        core, beats = self.decision, self.beats
        m.submodules.fifo = fifo = Stage(core.payload.shape(), PLACES)
        wiring.connect(m, wiring.flipped(core), fifo.i)
        said, registers = fifo.o.payload, self.registers_used
        what, when, cycles, spikes = self._words
        fields = {name: said[name] for name in ("class", "forced", "error")}
        fields |= {f"cause_{name}": said.causes[name] for name, _ in said.causes.shape()}
        words = [
            _word(what, fields),
            _word(when, {"tick": said.tick}),
            _word(cycles, {"cycles": said.cycles}),
            *(_word(spikes, {"spikes": said.spikes_in[str(i)]}) for i in range(spikes.count)),
        ]
        self._number = number = Signal(range(len(words)))
        last = number == len(words) - 1
        word = Signal(WORD_BITS)
        m.d.comb += [
            word.eq(Array(words)[Mux(registers, self.word.index, number)]),
            beats.valid.eq(fifo.o.valid & ~registers),
            beats.payload.data.eq(word),
            beats.payload.last.eq(last),
            self.there.eq(fifo.o.valid & registers),
            self.word.done.eq(1),
            self.word.refused.eq(self.word.write | ~self.there),
            self.word.answer.eq(word),
            fifo.o.ready.eq(Mux(registers, self.take, beats.ready & last)),
        ]
        with m.If(beats.valid & beats.ready):
            m.d.sync += number.eq(Mux(last, 0, number + 1))
        with m.If(registers | ~fifo.o.valid | fifo.o.ready):
            m.d.sync += registers.eq(self.by_registers)


def _word(register, values):
    """The content of a register with these values, and the constants of its other fields."""
    content = 0
    for field in register.fields:
        content |= values.get(field.name, field.value) << field.low
    return content
