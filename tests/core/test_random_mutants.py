# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults: how they are spread, what becomes of each, and what the verb says of them."""

import os
import re
import time
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.scripts.verbs.check import mutants as verb
from firstspike.sim.formal.circuit import compile_circuit
from firstspike.sim.formal.drawing import CONTROL, Area, draw
from firstspike.sim.formal.equivalence import equivalent_faults
from firstspike.sim.formal.miter import is_equivalent
from firstspike.sim.formal.simulation import simulate
from firstspike.sim.harness.runner import AbortedError, SimulationError
from firstspike.sim.harness.verilog import conversion
from firstspike.sim.mutants import child, random, targets
from firstspike.sim.mutants.checks import failure_of
from firstspike.sim.mutants.child import within
from firstspike.sim.mutants.mutation import MutantError
from firstspike.sim.mutants.random import (
    KINDS,
    RandomTask,
    Verdict,
    explained,
    random_tasks,
    random_verdicts,
)
from firstspike.sim.mutants.targets import Target
from tests.support import in_process
from tests.support.command import firstspike


def test_faults_are_spread_over_all_folders_with_blocks():
    tasks = random_tasks(500, 1)
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task.folder] = counts.get(task.folder, 0) + len(task.numbers)
    hdl = Path(__file__).parents[2] / "hdl"
    folders = {path.name for path in hdl.iterdir() if (path / "__init__.py").exists()}
    assert counts.keys() == folders - {"flow"}  # which generates, and has no hardware
    assert sum(counts.values()) == 500
    assert min(counts.values()) >= 40
    of_bus = [task for task in tasks if task.target == "bus"]
    numbers = [one for task in of_bus for one in task.numbers]
    assert numbers == list(range(1, of_bus[0].count + 1))


def test_another_bench_makes_other_shares(monkeypatch, tmp_path):
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(targets, "find_spec", lambda name: spec)
    (tmp_path / "blocks").mkdir()
    bench = tmp_path / "blocks" / "test_lfsr.py"
    bench.write_text("one = 1\n")
    before = random_tasks(2, 1, ["lfsr"])
    assert random_tasks(2, 1, ["lfsr"]) == before
    bench.write_text("one = 2\n")
    assert random_tasks(2, 1, ["lfsr"]) != before


def test_a_design_by_name_gets_all_faults():
    assert [task.numbers for task in random_tasks(22, 3, ["lfsr"])] == [
        tuple(range(1, 21)),
        (21, 22),
    ]


def test_a_survivor_is_explained_by_the_table(monkeypatch):
    survivor = Verdict("lfsr", "lib", 1, "inv a cell", (), "survived", "")
    monkeypatch.setattr(random, "SURVIVORS", (("lfsr", "inv .* cell", "because"),))
    assert explained(survivor) == replace(survivor, kind="explained", why="because")
    others = replace(survivor, target="queue"), replace(survivor, kind="caught")
    assert [explained(one) for one in others] == list(others)


class DrawnError(BaseException):
    """Ends a bench, which passes on what is no Exception."""


@pytest.mark.long
@pytest.mark.parametrize("design", sorted({design for design, _, _ in random.SURVIVORS}))
def test_every_explanation_is_of_a_fault_that_is_drawn(design):
    texts = []
    for task in random_tasks(500, 1):
        if task.target == design and task.numbers[0] == 1:
            faulty = random._Faulty(task)

            def drawn(build, name, made_from, faulty=faulty):
                text = faulty(build, name, made_from)
                if faulty.faults:
                    raise DrawnError
                return text

            context = copy_context()
            context.run(conversion.set, drawn)
            with pytest.raises(DrawnError):
                context.run(targets.TARGETS[design].run)
            texts += [fault.described(faulty.top) for fault in faulty.faults]
    for _, pattern, _ in (one for one in random.SURVIVORS if one[0] == design):
        assert any(re.search(pattern, text) for text in texts), pattern


AREA = Area("", "c:*")


class Waiting(wiring.Component):
    """A counter that does not go on without `step`, and so stays where it should never be."""

    step: In(1)
    at_seven: Out(1)

    def elaborate(self, platform):
        """Count to 5."""
        m = Module()
        count = Signal(3)
        m.d.comb += self.at_seven.eq(count == 7)
        with m.If(self.step):
            m.d.sync += count.eq(Mux(count == 5, 0, count + 1))
        return m


def test_an_invariant_excludes_states_that_are_never_reached():
    design = rtlil.convert(Waiting(), name="top")
    faults = draw(design, AREA, 60, 1)
    fault = next(one for one in faults if "const0" in one.command and "at_seven" in one.command)
    circuit = compile_circuit(design, change=f"{AREA.enumerate}\n{fault.selected_by(1, 1)}")
    outputs = circuit.outputs["at_seven"]
    assert not equivalent_faults(circuit, {1}, outputs)
    assert equivalent_faults(circuit, {1}, outputs, mined=True)
    assert is_equivalent(circuit, 1, outputs)
    other = next(one for one in faults if "const1" in one.command and "at_seven" in one.command)
    circuit = compile_circuit(design, change=f"{AREA.enumerate}\n{other.selected_by(1, 1)}")
    assert not equivalent_faults(circuit, {1}, circuit.outputs["at_seven"], mined=True)
    assert not is_equivalent(circuit, 1, circuit.outputs["at_seven"])


class Stored(wiring.Component):
    """A memory bit that begins with any value, and is shown in the first cycle only."""

    write: In(1)
    shown: Out(1)

    def elaborate(self, platform):
        """Show the bit until a register changes for good."""
        m = Module()
        bit = Signal(reset_less=True, name="bit")
        begun = Signal(reset_less=True, name="begun")
        m.d.sync += [bit.eq(self.write), begun.eq(1)]
        m.d.comb += self.shown.eq(bit & ~begun)
        return m


def test_a_memory_that_begins_with_any_value_shows_a_fault_of_the_first_cycle():
    design = rtlil.convert(Stored(), name="top")
    faults = draw(design, AREA, 60, 1)
    fault = next(one for one in faults if "const0" in one.command and "shown" in one.command)
    circuit = compile_circuit(design, change=f"{AREA.enumerate}\n{fault.selected_by(1, 1)}")
    shown = circuit.outputs["shown"]
    for mined in (False, True):
        assert equivalent_faults(circuit, {1}, shown, mined=mined) == {1}  # from a bit of 0
        assert not equivalent_faults(circuit, {1}, shown, start=[("bit", 0)], mined=mined)


class Counter(wiring.Component):
    """A counter to 5 that shows its even numbers, with a register on which nothing depends."""

    even: Out(1)

    def elaborate(self, platform):
        """Count, and add up what is counted."""
        m = Module()
        count, unseen, ends, never = Signal(3), Signal(3), Signal(), Signal()
        m.d.comb += [
            ends.eq((count == 5) | never),
            never.eq(count == 7),
            self.even.eq(~count[0]),
        ]
        m.d.sync += [count.eq(Mux(ends, 0, count + 1)), unseen.eq(unseen + count)]
        return m


@pytest.fixture(scope="module")
def faulty():
    """The Counter with faults that `CONTROL` selects, and the number of faults."""
    design = rtlil.convert(Counter(), name="top")
    faults = draw(design, AREA, 60, 1)
    bits = len(faults).bit_length()
    commands = [fault.selected_by(number, bits) for number, fault in enumerate(faults, 1)]
    return compile_circuit(design, change="\n".join((AREA.enumerate, *commands))), len(faults)


def run(circuit, number, hidden):
    """Return the output over many cycles with a fault, and the registers unless `hidden`."""
    start = [register.initial for register in circuit.registers]
    selected = {lit: number >> bit & 1 for bit, lit in enumerate(circuit.inputs[CONTROL])}
    (reset,) = circuit.inputs["rst"]
    inputs = [{reset: int(cycle in (0, 150))} | selected for cycle in range(300)]
    (even,) = circuit.outputs["even"]
    found = simulate(circuit, start, inputs)
    return [(of(even), () if hidden else tuple(state)) for state, of in found]


@pytest.mark.long
def test_equivalence_is_what_a_long_run_shows(faulty):
    """The Counter has no inputs but its reset, so a run through all of its states decides."""
    circuit, count = faulty
    even = circuit.outputs["even"]

    def same(numbers, hidden):
        right = run(circuit, 0, hidden)
        found = {number for number in numbers if run(circuit, number, hidden) == right}
        assert 0 < len(found) < len(numbers)
        return found

    numbers = range(1, count + 1)
    assert equivalent_faults(circuit, numbers, even) == same(numbers, hidden=False)
    numbers = numbers[::4]  # one by one
    shown = {number for number in numbers if is_equivalent(circuit, number, even)}
    assert shown == same(numbers, hidden=True)


TASK = RandomTask("lfsr", "lib", 4, 1, (1, 2, 3, 4))


@pytest.mark.long
def test_what_becomes_of_the_faults_of_a_block():
    found = {one.number: one for one in random_verdicts(TASK)}
    assert list(found) == [1, 2, 3, 4]
    assert {one.kind for one in found.values()} <= {"caught", "equivalent"}
    assert "caught" in {one.kind for one in found.values()}
    files = {source.partition(":")[0] for one in found.values() for source in one.sources}
    assert files == {"hdl/lib/lfsr.py"}


def fails():
    raise SimulationError("it is wrong")


def test_a_bench_that_fails_without_a_fault_is_refused(monkeypatch):
    monkeypatch.setitem(random.TARGETS, "lfsr", Target("lfsr", ("lib",), fails))
    with pytest.raises(MutantError, match="lfsr fails without a fault: it is wrong"):
        random_verdicts(TASK)


def test_a_design_without_cells_of_the_folder_is_refused(monkeypatch):
    monkeypatch.setitem(random.TARGETS, "lfsr", Target("lfsr", ("lib",), lambda: None))
    with pytest.raises(MutantError, match="simulates no cell of hdl/lib"):
        random_verdicts(TASK)


def hang():
    while True:
        pass


def test_a_bench_that_hangs_finds_the_fault():
    assert within(1, hang) is None


def test_what_ends_a_child_process_is_told():
    with pytest.raises(SimulationError, match="it is wrong"):
        within(10, fails)
    with pytest.raises(MutantError, match="without a result"):
        within(10, partial(os._exit, 1))


def test_what_waits_instead_of_computing_finds_nothing(monkeypatch):
    monkeypatch.setattr(child, "IDLE_SECONDS", 0.1)
    with pytest.raises(MutantError, match=r"no result after 0\.1 s"):
        within(10, partial(time.sleep, 10))


@pytest.mark.parametrize("error", [AbortedError, MemoryError])
def test_a_bench_without_a_verdict_finds_nothing(monkeypatch, error):
    def run():
        raise error("no memory")

    target = Target("lfsr", ("lib",), run)
    with pytest.raises(error):
        random._failure(target, random._Faulty(TASK), 1)
    monkeypatch.setitem(targets.TARGETS, "lfsr", target)
    with pytest.raises(error):
        failure_of("lfsr")


@pytest.mark.parametrize("kind", KINDS)
def test_the_verb_lists_what_no_bench_finds(capfd, monkeypatch, kind):
    monkeypatch.setattr(random, "SURVIVORS", ())
    verdict = Verdict("lfsr", "lib", 1, "inv a cell", ("hdl/lib/lfsr.py:7",), kind, "because")

    monkeypatch.setattr(random, "random_verdicts", lambda task: (verdict,))
    monkeypatch.setattr(verb, "shares", in_process.shares)
    ended = firstspike(capfd, "check", "mutants", "--random", 3, "lfsr")
    assert ended.status == (kind == "survived")
    listed = "lfsr 1, " + kind + ": inv a cell hdl/lib/lfsr.py:7"
    assert (listed in ended.out) == (kind in ("explained", "survived"))
    last = ended.out.splitlines()[-1]
    expected = {"caught": "1 of 1", "equivalent": "0 of 0"}.get(kind, "0 of 1")
    assert last == f"{expected} faults that change something found"


def test_an_installation_without_the_tests_is_refused(capfd, monkeypatch):
    monkeypatch.setattr(targets, "find_spec", lambda name: None)
    for words in (("--random", 3, "lfsr"), ("bytes-swapped",)):
        ended = firstspike(capfd, "check", "mutants", *words)
        assert ended.status == 2
        assert "in the folder tests of a checkout" in ended.err


def test_a_design_that_is_not_known_is_refused(capfd):
    ended = firstspike(capfd, "check", "mutants", "--random", 3, "nothing")
    assert ended.status == 2
    assert "no design 'nothing': give one of address_set" in ended.err
