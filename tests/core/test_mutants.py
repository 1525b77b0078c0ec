# SPDX-License-Identifier: BSD-2-Clause
"""Faults put into the hardware: `firstspike check mutants` tries them all, these tests some."""

import re
from pathlib import Path

import pytest

from firstspike.sim.mutants.faults import FAULTS, faulty, finds
from tests.support.command import firstspike


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_fault_applies(fault):
    compile(faulty(fault), fault.module, "exec")


@pytest.mark.long
def test_faults_are_found(capfd):
    result = firstspike(capfd, "check", "mutants", "tie-in-a-group", "waits-for-sent-spikes")
    assert result.status == 0
    assert "2 of 2 faults found" in result.out
    named = [Path(word) for word in result.out.split() if word.startswith("hdl/")]
    assert len(named) == 2
    assert all((Path(__file__).parents[2] / file).exists() for file in named)


def standalone_faults():
    """The faults of a standalone design; all but two of them are for the long tests."""
    quick = "gates-open-on-a-fault", "ready-with-a-fault"
    for fault in FAULTS:
        if fault.module.startswith(("alone.", "flash.")):
            marks = () if fault.name in quick else pytest.mark.long
            yield pytest.param(fault, id=fault.name, marks=marks)


@pytest.mark.parametrize("fault", list(standalone_faults()))
def test_a_fault_of_a_standalone_design_is_found(fault):
    assert finds(fault) == "damaged-flash"


def test_the_page_counts_the_faults_of_the_catalogue():
    """Who adds a fault runs it, and renews the number."""
    page = (Path(__file__).parents[2] / "docs" / "figures" / "equality.md").read_text()
    (row,) = re.findall(r"^\| faults put into the hardware on purpose.*", page, re.MULTILINE)
    ((_, tried),) = re.findall(r"\| (\d+) of (\d+),", row)
    assert int(tried) == len(FAULTS)
