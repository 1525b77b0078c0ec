# SPDX-License-Identifier: BSD-2-Clause
"""The verb `check proofs`, and the faults that it puts into a proven core."""

import click
import pytest
from amaranth.back import rtlil
from amaranth.lib import wiring

from firstspike.scripts.verbs.check import proofs
from firstspike.sim.formal import mutants
from firstspike.sim.formal.catalogue import PROOFS
from firstspike.sim.formal.circuit import transformed
from firstspike.sim.formal.cores import CASES, INDUCTIONS, endless_harness
from firstspike.sim.formal.mutants import (
    AREA,
    KINDS,
    MUTATED,
    MutantTask,
    mutants_of,
    verdicts_of,
)
from firstspike.sim.formal.proofs import Proof, ProofError
from tests.support.command import firstspike
from tests.support.in_process import InProcess


def test_names_are_those_of_the_catalogue():
    assert list(PROOFS) == [proof.name for proof in PROOFS.values()]
    for proof in PROOFS.values():
        sentences = (proof.claim, *proof.assumptions)
        assert all(sentence.endswith(".") for sentence in sentences)


def test_the_list_names_each_proof(capfd):
    ended = firstspike(capfd, "check", "proofs", "--list")
    assert [line.split()[0] for line in ended.out.splitlines()] == list(PROOFS)
    fast = firstspike(capfd, "check", "proofs", "fast", "--list").out.splitlines()
    assert len(fast) == sum(proof.is_fast for proof in PROOFS.values())


@pytest.fixture
def within_command():
    with click.Context(proofs.command):
        yield


def test_a_claim_that_does_not_hold_is_named(capsys, monkeypatch, within_command):
    def fails(progress):
        raise ProofError("failed assertion in cycle 3: it is right")

    def holds(progress):
        return "12 cycles"

    given = {
        name: Proof(name, f"Claim of {name}.", "2-2-2", (), "bounded", "CaDiCaL", True, prove)
        for name, prove in (("bad", fails), ("good", holds))
    }
    monkeypatch.setattr(proofs, "PROOFS", given)
    assert proofs._prove(InProcess(), list(given.values())) == 1
    said = capsys.readouterr().out
    assert "bad: does NOT hold\nfailed assertion in cycle 3: it is right" in said
    assert "good: Claim of good.\n    2-2-2; CaDiCaL, 12 cycles" in said
    assert "1 of 2 proofs hold" in said
    assert proofs._prove(InProcess(), [given["good"]]) == 0


def test_a_fault_that_nobody_explains_is_named(capsys, monkeypatch, within_command):
    def verdict(kind):
        return (mutants.Verdict("core-2-lanes", 1, "inv a cell", kind, ""),)

    for kind in KINDS:
        monkeypatch.setattr(proofs, "verdicts_of", lambda task, kind=kind: verdict(kind))
        assert proofs._try_mutants(InProcess(), ["core-2-lanes"], 1) == (kind == "unexplained")
        said = capsys.readouterr().out
        assert ("inv a cell" in said) == ("explained" in kind)
        assert f"1 {kind}" in said


def test_every_fault_is_in_one_share():
    numbers = [number for task in mutants_of("core-2-lanes", 25) for number in task.numbers]
    assert numbers == list(range(1, 26))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("core", "kinds"),
    [
        ("core-2-lanes", {5: "refuted", 7: "refuted", 13: "equivalent", 24: "refuted"}),
        ("core-overlap", {1: "refuted", 4: "equivalent", 28: "equivalent"}),
    ],
)
def test_faults_are_refuted_or_equivalent(core, kinds):
    """The test knows the verdicts on some faults."""
    verdicts = verdicts_of(MutantTask(core, 200, tuple(kinds)))
    assert {one.number: one.kind for one in verdicts} == kinds


def cells_of(harness: wiring.Component) -> dict[tuple[str, str], tuple[str, str]]:
    """Return kind and source line of each cell of the core, by the names that faults use."""
    found, module, source = {}, "", ""
    design = rtlil.convert(harness, name="top")
    for line in transformed(design, f"{AREA.read}\nwrite_rtlil named.il", "named.il").splitlines():
        match line.split():
            case ["module", name]:
                module, source = name, ""
            case ["attribute", "\\src", text]:
                source = text
            case ["cell", kind, name]:
                if module.startswith("\\top.core"):
                    found[module, name] = kind, source
                source = ""
            case ["wire", *_]:
                source = ""
    return found


@pytest.mark.long
@pytest.mark.parametrize("core", MUTATED)
def test_cells_have_the_same_names_in_the_harness_of_each_proof(core):
    """Else a fault would be another one in another proof."""
    proofs = MUTATED[core]
    bounded = (*proofs.first, *proofs.covered, *proofs.others)
    harnesses = [CASES[name].harness() for name in bounded]
    harnesses.append(endless_harness(INDUCTIONS[proofs.endless]))
    first, *others = map(cells_of, harnesses)
    assert len(first) > 500
    assert all(cells == first for cells in others)
