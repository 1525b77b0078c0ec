# SPDX-License-Identifier: BSD-2-Clause
"""Faults put into the hardware: `firstspike check mutants` tries them all, these tests some."""

import re
from pathlib import Path

import pytest

from firstspike.sim.mutants.faults import FAULTS, bench_of, faulty, finds
from firstspike.sim.mutants.outer_faults import OUTER_FAULTS
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


QUICK = "gates-open-on-a-fault", "ready-with-a-fault", "lowest-bit-first", "bytes-swapped"


def outer_faults():
    """The faults around a core; all but a few of them are for the long tests."""
    for fault in FAULTS:
        if fault.module in OUTER_FAULTS:
            marks = () if fault.name in QUICK else pytest.mark.long
            yield pytest.param(fault, id=fault.name, marks=marks)


@pytest.mark.parametrize("fault", list(outer_faults()))
def test_a_fault_around_a_core_is_found(fault):
    assert finds(fault) == (bench_of(fault) or "damaged-flash")


def test_the_page_counts_the_faults_of_the_catalogue():
    """Who adds a fault runs it, and renews the number."""
    page = (Path(__file__).parents[2] / "docs" / "figures" / "equality.md").read_text()
    (row,) = re.findall(r"^\| faults put into the hardware on purpose.*", page, re.MULTILINE)
    ((_, tried),) = re.findall(r"\| (\d+) of (\d+),", row)
    assert int(tried) == len(FAULTS)
