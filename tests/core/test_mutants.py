# SPDX-License-Identifier: BSD-2-Clause
"""Faults put into the hardware, all of which `firstspike check mutants` tries, too."""

import ast
import re
from pathlib import Path

import pytest

from docs.extension.blocks import HDL, block_classes
from firstspike.scripts.verbs.check import mutants as verb
from firstspike.sim.formal.catalogue import PROOFS
from firstspike.sim.mutants import faults
from firstspike.sim.mutants.checks import CORE_CHECKS
from firstspike.sim.mutants.faults import FAULTS, fault_tasks, faulty, findings
from firstspike.sim.mutants.mutation import MutantError
from firstspike.sim.mutants.targets import TARGETS
from tests.support import in_process
from tests.support.command import firstspike
from tests.support.faulty_board import LINK_FAULTS


def test_every_fault_applies_and_names_a_check():
    for fault in FAULTS:
        assert fault.check in {*CORE_CHECKS, *TARGETS, *PROOFS}, fault.name
        assert faulty(fault), fault.name
    for fault in LINK_FAULTS:
        assert faulty(fault), fault.name


def test_every_block_is_tested_by_name_or_has_a_fault():
    """A test or bench names the class, or the catalogue has a fault within it."""
    root = Path(__file__).parents[2]
    benches = [*(root / "tests").rglob("*.py"), *(root / "sim/benches").rglob("*.py")]
    named = {word for path in benches for word in re.findall(r"\w+", path.read_text())}
    classes = block_classes()
    for name in classes.keys() - named:
        node, path = classes[name]
        module = ".".join(path.relative_to(HDL).with_suffix("").parts)
        text = ast.get_source_segment(path.read_text(), node)
        assert any(one.old in text for one in FAULTS if one.module == module), name


def test_a_fault_that_does_not_apply_is_refused():
    fault = FAULTS[0]
    with pytest.raises(MutantError, match="occurs 0 times"):
        faulty(fault._replace(old="what is not there"))
    with pytest.raises(MutantError, match="no function differs"):
        faulty(fault._replace(new=fault.old))


@pytest.mark.long
def test_the_verb_lists_what_finds_a_fault(capfd, monkeypatch):
    monkeypatch.setattr(verb, "shares", in_process.shares)
    result = firstspike(capfd, "check", "mutants", "tie-in-a-group", "mean-not-limited")
    assert result.status == 0
    assert "2 of 2 faults found" in result.out
    named = [Path(word) for word in result.out.split() if word.startswith("hdl/")]
    assert len(named) == 2
    assert all((Path(__file__).parents[2] / file).exists() for file in named)


TASKS = fault_tasks(share=10)


@pytest.mark.long
@pytest.mark.parametrize("task", TASKS, ids=[f"{one.check}-{one.faults[0]}" for one in TASKS])
def test_faults_are_found(task):
    found = dict(findings(task))
    assert found.keys() == set(task.faults)
    assert not [name for name, why in found.items() if not why]


def test_a_check_that_fails_without_a_fault_is_refused(monkeypatch):
    monkeypatch.setattr(faults, "failure_of", lambda check: "it is wrong")
    with pytest.raises(MutantError, match=r"several-layers fails .*: it is wrong"):
        findings(TASKS[0])


def test_the_page_counts_the_faults_of_the_catalogue():
    """An engineer who adds a fault runs it, and updates the number."""
    page = (Path(__file__).parents[2] / "docs" / "figures" / "equality.md").read_text()
    (row,) = re.findall(r"^\| faults put into the hardware on purpose.*", page, re.MULTILINE)
    ((_, tried),) = re.findall(r"\| (\d+) of (\d+),", row)
    assert int(tried) == len(FAULTS)
