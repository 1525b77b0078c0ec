# SPDX-License-Identifier: BSD-2-Clause
"""The engine of the proofs: what it refutes, what it proves, and what it refuses."""

from dataclasses import replace

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.resetless_register import resetless_register
from firstspike.sim.formal.circuit import compile_circuit
from firstspike.sim.formal.drawing import CONTROL, Area, draw
from firstspike.sim.formal.proofs import ProofError
from firstspike.sim.formal.sat import (
    CADICAL,
    GLUCOSE,
    Faults,
    RefutedError,
    check_bounded,
    check_covers,
    check_inductive,
)
from firstspike.sim.formal.unroll import kept_by_reset

HELD = {"rst": 0}


class Counter(wiring.Component):
    """Counts to `end` and starts again; `limit` is asserted."""

    def __init__(self, end: int, limit: int) -> None:
        self._end, self._limit = end, limit
        super().__init__({"go": In(1), "forbidden": In(1), "count": Out(4), "full": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Count, and check the limit."""
        m = Module()
        count = Signal(4)
        with m.If(self.go):
            m.d.sync += count.eq(count + 1)
            with m.If(count == self._end):
                m.d.sync += count.eq(0)
        m.d.comb += [
            self.count.eq(count),
            self.full.eq(count == self._end),
            Assume(~self.forbidden),
            Assert(count <= self._limit, "the limit"),
            Cover(count == self._end, "the end"),
        ]
        return m


@pytest.mark.parametrize("engine", [CADICAL, GLUCOSE])
def test_a_counter_that_stays_below_its_limit_is_proven(engine):
    circuit = compile_circuit(Counter(9, 9))
    check_bounded(circuit, 12, engine=engine)
    check_inductive(circuit, 1, engine=engine)
    check_covers(circuit, 10, engine=engine)


@pytest.mark.parametrize("engine", [CADICAL, GLUCOSE])
def test_a_counter_that_passes_its_limit_is_refuted_with_a_run(engine):
    circuit = compile_circuit(Counter(9, 5))
    check_bounded(circuit, 6, held=HELD, engine=engine)
    with pytest.raises(RefutedError, match="in cycle 6: the limit") as refuted:
        check_bounded(circuit, 12, held=HELD, engine=engine)
    literals = circuit.signals["count"]
    counts = [
        sum(cycle(literal) << bit for bit, literal in enumerate(literals))
        for cycle in refuted.value.run
    ]
    assert counts == [*range(7)]


def test_a_claim_that_is_not_inductive_is_refused():
    with pytest.raises(RefutedError, match="not inductive"):
        check_inductive(compile_circuit(Counter(9, 12)), 3)


def test_an_unreached_cover_is_named():
    with pytest.raises(ProofError, match="the end"):
        check_covers(compile_circuit(Counter(9, 9)), 9)


def test_a_proof_of_nothing_is_refused():
    with pytest.raises(ProofError, match="no run"):
        check_bounded(compile_circuit(Counter(9, 9)), 3, held={"forbidden": 1})
    unknown = {("typing error", 0): ("count", 0)}
    with pytest.raises(ProofError, match="no registers"):
        check_bounded(compile_circuit(Counter(9, 9)), 3, finally_equal=unknown)
    with pytest.raises(ProofError, match="no assertion"):
        check_bounded(replace(compile_circuit(Counter(9, 9)), asserts=[]), 3)


def test_every_run_must_reach_the_end_that_is_claimed():
    circuit = compile_circuit(Counter(9, 9))
    assert check_bounded(circuit, 12, held={**HELD, "go": 1}, complete="full").startswith("10 ")
    with pytest.raises(RefutedError, match="full is not reached"):
        check_bounded(circuit, 12, held=HELD, complete="full")


def test_faults_in_one_formula_are_refuted_as_each_of_them():
    design, area = rtlil.convert(Counter(9, 9), name="top"), Area("", "t:$add t:$eq t:$mux")
    drawn = list(enumerate(draw(design, area, 40, 1), 1))
    bits = len(drawn).bit_length()
    commands = [fault.selected_by(number, bits) for number, fault in drawn]
    circuit = compile_circuit(design, change="\n".join((area.enumerate, *commands)))
    held, faults = {**HELD, "go": 1}, Faults({number for number, _ in drawn})
    check_bounded(circuit, 12, held=held, complete="full", faults=faults)
    for number, _ in drawn:
        of_fault = {**held, CONTROL: number}
        if number in faults.left:
            check_bounded(circuit, 10, held=of_fault, complete="full")
        else:
            with pytest.raises(RefutedError):
                check_bounded(circuit, 10, held=of_fault, complete="full")
    assert faults.left
    assert {why.split()[0] for why in faults.refuted.values()} == {"failed", "full"}


def test_an_unknown_input_is_refused():
    with pytest.raises(ValueError, match="no inputs"):
        check_bounded(compile_circuit(Counter(9, 9)), 1, held={"other": 1})


class Store(wiring.Component):
    """A memory, and a register without a reset."""

    def __init__(self) -> None:
        super().__init__({"address": In(1), "data": In(2), "write": In(1), "word": Out(2)})

    def elaborate(self, platform: object) -> Module:
        """Write any word but 0."""
        m = Module()
        m.submodules.words = words = memory.Memory(shape=2, depth=2, init=[1, 1])
        write, read = words.write_port(), words.read_port(domain="comb")
        last = resetless_register(2, "last")
        m.d.sync += last.eq(read.data)
        m.d.comb += [
            write.addr.eq(self.address),
            write.data.eq(self.data),
            write.en.eq(self.write & (self.data != 0)),
            read.addr.eq(self.address),
            self.word.eq(last),
            Assert(read.data != 0, "no word is 0"),
            Assert(last != 0, "and none was"),
        ]
        return m


def test_memories_hold_their_words_and_unknown_registers_anything():
    circuit = compile_circuit(Store())
    with pytest.raises(RefutedError, match="in cycle 0: and none was"):
        check_bounded(circuit, 4)
    kept = {circuit.registers[number].names[0][0] for number in kept_by_reset(circuit)}
    assert kept == {"words[0]", "words[1]", "last"}
