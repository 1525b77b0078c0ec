# SPDX-License-Identifier: BSD-2-Clause
"""Whole cores are proven, and their proofs notice what is wrong."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firstspike.golden import infer
from firstspike.golden.timing.cycles import cycles
from firstspike.sim.formal import cores, cycle_table
from firstspike.sim.formal.circuit import Property, Register, compile_circuit
from firstspike.sim.formal.core import stored_bits
from firstspike.sim.formal.cores import (
    CASES,
    INDUCTIONS,
    Case,
    endless_harness,
    induction_of,
    prove_images,
    prove_learning,
)
from firstspike.sim.formal.invariant import Invariant
from firstspike.sim.formal.proofs import ProofError
from firstspike.sim.formal.sat import RefutedError, no_progress
from firstspike.sim.formal.simulation import simulate
from firstspike.sim.harness.networks import network_of

RUNS = 64


@pytest.mark.long
def test_a_wrong_definition_is_refuted():
    case = CASES["core-2-lanes"]
    with pytest.raises(RefutedError, match="failed assertion in cycle"):
        case.check(circuit=compile_circuit(case.harness(fires_at=1)))


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["images-2-lanes", "images-overlap"])
def test_a_wrong_definition_of_images_without_end_is_refuted(name):
    circuit = compile_circuit(endless_harness(INDUCTIONS[name], fires_at=1))
    with pytest.raises(ProofError, match="failed assertion in cycle"):
        prove_images(name, circuit=circuit)


FAULTS_OF_OVERLAP = {
    "gathered-rows-kept": "the front holds other sums",
    "rows-of-two-images": "the front holds other count of rows",
    "starts-undecided": "the front holds other images",
    "bank-dropped": "failed assertion in cycle",
    "image-stays-started": "failed assertion in cycle",
}
"""Faults of `firstspike check mutants` and one more, and how the proof refutes each."""

_WITH_FAULT = """
import sys
from firstspike.sim.mutants.faults import FAULTS, Fault, apply
more = Fault("image-stays-started", "layer.sequencer", "[state.started.eq(0), self", "[self")
apply(next(fault for fault in (*FAULTS, more) if fault.name == sys.argv[1]))
from firstspike.sim.formal.cores import prove_images
prove_images("images-overlap", weakens=True)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("fault", FAULTS_OF_OVERLAP)
def test_a_fault_of_overlapped_images_is_refuted(fault):
    """A fault stays in the process to which it is applied, so it has one of its own."""
    words = [sys.executable, "-c", _WITH_FAULT, fault]
    ended = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode
    assert f"ProofError: {FAULTS_OF_OVERLAP[fault]}" in ended.stderr


def invariant_text(name):
    """Return the text of an invariant of the package."""
    return (Path(cores.__file__).parent / "invariants" / f"{name}.txt").read_text()


@pytest.fixture(scope="module")
def overlap():
    """The circuit of overlapped images."""
    return compile_circuit(endless_harness(INDUCTIONS["images-overlap"]))


@pytest.mark.long
def test_a_core_whose_weights_are_constants_is_refused(overlap):
    """Without a request of the host nothing writes the memories, and Yosys removes them."""
    case = INDUCTIONS["images-overlap"]
    memory = stored_bits(case.config).keys()
    left = [one for one in overlap.registers if not memory & {*one.names}]
    with pytest.raises(ProofError, match="0 bits of weights, not 16"):
        induction_of(case, replace(overlap, registers=left))


@pytest.fixture(scope="module")
def endless():
    """The circuit of images without end, and a literal that is high after idle cycles."""
    circuit = compile_circuit(endless_harness(INDUCTIONS["images-2-lanes"]))
    ready, accepts = (circuit.signals[name][0] for name in ("is_ready", "accepts"))
    circuit, idle = and_gate(circuit, ready, accepts ^ 1)
    node = unused_node(circuit)
    was_idle = Register((("was_idle", 0),), node, idle, 0)
    circuit = replace(circuit, registers=[*circuit.registers, was_idle])
    return and_gate(circuit, idle, 2 * node)


def unused_node(circuit):
    nodes = [node for node, _, _ in circuit.gates] + [one.node for one in circuit.registers]
    return 1 + max([*nodes, *(one >> 1 for bits in circuit.inputs.values() for one in bits)])


def and_gate(circuit, a, b):
    """Return the circuit with one more gate, and its literal."""
    node = unused_node(circuit)
    return replace(circuit, gates=[*circuit.gates, (node, a, b)]), 2 * node


@pytest.mark.long
def test_an_assertion_holds_between_images_too(endless):
    circuit, idle = endless
    with pytest.raises(ProofError, match="failed assertion"):
        prove_images(
            "images-2-lanes", circuit=replace(circuit, asserts=[Property("never", idle ^ 1)])
        )


@pytest.mark.long
def test_a_weight_that_changes_between_images_is_refuted(endless):
    circuit, idle = endless
    memory = stored_bits(INDUCTIONS["images-2-lanes"].config).keys()
    number, weight = next(
        (n, one) for n, one in enumerate(circuit.registers) if memory & {*one.names}
    )
    circuit, cleared = and_gate(circuit, weight.following, idle ^ 1)
    registers = list(circuit.registers)
    registers[number] = replace(weight, following=cleared)
    with pytest.raises(ProofError, match="the core changes a weight"):
        prove_images("images-2-lanes", circuit=replace(circuit, registers=registers))


@pytest.mark.long
def test_a_wrong_cycle_model_is_refuted(monkeypatch):
    counted = cycle_table.cycles
    monkeypatch.setattr(cycle_table, "cycles", lambda *given: counted(*given) + 1)
    with pytest.raises(RefutedError, match="golden's cycles of image 0"):
        CASES["core-2-lanes-paced"].check()


@pytest.mark.thorough
def test_a_wrong_rule_of_learning_is_refuted():
    with pytest.raises(RefutedError, match="registers differ"):
        prove_learning(no_progress, mistake=1)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["images-2-lanes", "images-overlap"])
def test_an_invariant_that_does_not_hold_is_refused(name):
    induction = induction_of(INDUCTIONS[name])
    text = f"core.decided_image[0] = 0\n{invariant_text(name)}"
    with pytest.raises(ProofError, match="the invariant does not hold"):
        induction.prove(Invariant.read(text, induction.circuit))


@pytest.mark.long
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Amaranth infers fewer names on 3.13")
def test_the_text_of_an_invariant_is_read_back(overlap):
    text = invariant_text("images-overlap")
    assert Invariant.read(text, overlap).write(overlap) == text


def test_the_definition_equals_golden():
    """Random weights and ticks through the definition, by simulation of the circuit."""
    case = Case("", sizes=(3, 2, 2), bits=3, threshold=2)
    rng = np.random.default_rng(1)
    circuit = compile_circuit(case.harness())
    weights = [rng.integers(-4, 4, (RUNS, *pair)) for pair in ((3, 2), (2, 2))]
    ticks = rng.integers(0, 7, (RUNS, 3))
    numbers = {
        "weights_0": (weights[0].reshape(RUNS, -1), 3),
        "weights_1": (weights[1].reshape(RUNS, -1), 3),
        "ticks": (ticks, 3),
        "offer": (np.ones((RUNS, 1), int), 1),
        "take": (np.ones((RUNS, 1), int), 1),
        "pick": (np.full((RUNS, 1), 7), 3),
    }
    inputs = {literal: 0 for literals in circuit.inputs.values() for literal in literals}
    for name, (values, bits) in numbers.items():
        for bit, literal in enumerate(circuit.inputs[name]):
            column = values[:, bit // bits] >> bit % bits & 1
            inputs[literal] = sum(int(value) << run for run, value in enumerate(column))
    start = []
    memory = stored_bits(case.config)
    for register in circuit.registers:
        (source,) = {memory[name] for name in register.names if name in memory} or [None]
        known = -(register.initial or 0) & ((1 << RUNS) - 1)
        start.append(inputs[circuit.inputs[source[0]][source[1]]] if source else known)
    decided = {}
    for _, values in simulate(circuit, start, iter([inputs] * 40), RUNS):

        def word(name, run, values=values):
            return sum(
                (values(literal) >> run & 1) << bit
                for bit, literal in enumerate(circuit.signals[name])
            )

        assert all(values(one.condition) == (1 << RUNS) - 1 for one in circuit.asserts)
        for run in range(RUNS):
            if word("appears_0", run):
                fields = ("class", "tick", "forced", "cycles")
                decided[run] = [word(f"core.decision__payload.{one}", run) for one in fields]
    for run in range(RUNS):
        network = network_of(
            [layer[run] for layer in weights],
            [2, 2],
            bits=3,
            unit=1,
            deadline=6,
            encoding="ticks",
        )
        results = infer(network, ticks[run : run + 1])
        counted = cycles(network, ticks[run : run + 1], results, case.config.folding)
        expected = [results.decision[0], results.tick[0], results.forced[0], counted[0]]
        assert decided[run] == [int(value) for value in expected]
