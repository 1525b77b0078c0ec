# SPDX-License-Identifier: BSD-2-Clause
"""Simulators, benches and cases of a test, checks of refused parameters, a runtime to lend."""

import gc
import re
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Elaboratable, Fragment, Module, UnusedElaboratable
from amaranth.sim import Simulator

from firstspike.sim.harness.cache import cache_folder

from .tools import ICARUS, needs

EITHER = "icarus" if ICARUS.found else "verilator"
"""The simulator for a small core on one simulator: Icarus compiles sooner."""

needs_icarus = needs(ICARUS)

both_simulators = pytest.mark.parametrize(
    "simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)]
)
"""Runs a test on each: Icarus is a second opinion, of a simulator that knows undefined values."""

one_simulator = pytest.mark.parametrize("simulator", [EITHER])


def sampled(cases: Sequence[Any], step: int) -> list[Any]:
    """Parameters of a test, a tuple if there are several: one of every `step` is not long."""
    return [
        pytest.param(
            *(case if type(case) is tuple else [case]),
            marks=[pytest.mark.long] if number % step else [],
        )
        for number, case in enumerate(cases)
    ]


CLOCK = 1e-6
"""Seconds of a clock cycle on Amaranth's simulator."""


def run_bench(
    design: Elaboratable, bench: Callable, *others: Callable, domain: str = "sync"
) -> None:
    """Run a bench of Amaranth's simulator to its end, and others beside it."""
    top = Module()
    top.domains += ClockDomain(domain)  # some designs have no register
    top.submodules.design = design
    simulator = Simulator(top)
    simulator.add_clock(CLOCK, domain=domain)
    simulator.add_testbench(bench)
    for other in others:
        simulator.add_testbench(other, background=True)
    simulator.run()


def built_memories(block: Elaboratable) -> Counter[tuple[str, int, int]]:
    """Count path, width and depth of the memories in the RTLIL of a block; a core has no path."""
    found, module = Counter(), ""
    for line in rtlil.convert(block, name="block", emit_src=False).splitlines():
        if match := re.match(r"module \\block\.(?:core\.)?(.*)", line):
            module = match[1]
        elif match := re.match(r"  memory width (\d+) size (\d+)", line):
            found[module, int(match[1]), int(match[2])] += 1
    return found


def memory_sizes(block: Elaboratable) -> list[tuple[int, int]]:
    """Return width and depth of each memory in the RTLIL of a block, sorted."""
    text = rtlil.convert(block, name="block", emit_src=False)
    found = re.findall(r"  memory width (\d+) size (\d+)", text)
    return sorted((int(width), int(depth)) for width, depth in found)


# Blocks that refuse their parameters.


def refused(make: Callable[[], object], message: str, error: type[Exception] = ValueError) -> None:
    """Check that `make` raises an error whose text matches the pattern `message`.

    Amaranth warns when Python deletes an unused component, and a component that refuses its
    parameters is never used. This function therefore deletes it while warnings are off.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        with pytest.raises(error, match=message):
            make()
        gc.collect()


@contextmanager
def nothing_unused() -> Iterator[None]:
    """Fails if a block is made inside that nothing uses: Amaranth warns of it when it goes."""
    Fragment.get(Module(), None)  # Amaranth warns only in a process that has used a block
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UnusedElaboratable)
        yield
        gc.collect()
    assert [str(one.message) for one in caught] == []


# Lends what all simulations by Verilator share, which takes long to compile, to an empty cache.


def lend_runtime(cache: Path) -> set[str]:
    """Link what is compiled into another cache folder; returns the names of what is linked."""
    lent = set()
    for compiled in cache_folder().glob("?" * 40 + "/verilated.o"):
        source = compiled.parent
        (cache / source.name).symlink_to(source)
        sums = source.with_suffix(".sums")  # the cache follows no link to it
        if sums.exists():
            shutil.copy(sums, cache)
        lent.add(source.name)
    return lent
