# SPDX-License-Identifier: BSD-2-Clause
"""`hdl/lib` needs only Amaranth and numpy; the examples in docstrings of the hardware run."""

import doctest
import gc
import importlib
import pkgutil
import subprocess
import sys
import warnings

import pytest
from amaranth.hdl import Module, Signal, UnusedElaboratable, Value

import firstspike.hdl.lib
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.find import first_set
from firstspike.hdl.lib.lfsr import Lfsr
from firstspike.hdl.lib.popcount import popcount
from firstspike.hdl.lib.queue import SpikeQueue
from tests.support.simulators import refused, run_bench

MODULES = [module.name for module in pkgutil.iter_modules(firstspike.hdl.lib.__path__)]
WITHOUT_EXAMPLE = {"block", "checksum", "duplicated_register", "pipeline", "resetless_register"}
EXAMPLES = [
    *(f"lib.{name}" for name in MODULES if name not in WITHOUT_EXAMPLE),
    *("bus.register", "standalone.status", "standalone.teachable_core", "standalone.texts"),
]


def evaluated(value: Value) -> int:
    """Return the value of an expression of constants."""
    m = Module()
    result = Signal(len(value))
    m.d.comb += result.eq(value)
    values = []

    async def look(ctx):
        await ctx.delay(1e-9)
        values.append(ctx.get(result))

    run_bench(m, look)
    return values[0]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    module = importlib.import_module(f"firstspike.hdl.{name}")
    with warnings.catch_warnings():
        # An example may make a block only to show how.
        warnings.simplefilter("ignore", UnusedElaboratable)
        result = doctest.testmod(module, extraglobs={"evaluated": evaluated})
        gc.collect()
    assert result.failed == 0 < result.attempted


def test_nothing_else_of_ours_is_loaded():
    script = (
        f"import importlib, sys\n"
        f"for name in {MODULES}: importlib.import_module('firstspike.hdl.lib.' + name)\n"
        "print([m for m in sys.modules if m.startswith('firstspike.')"
        " and not 'firstspike.hdl.lib.'.startswith(m + '.')"
        " and not m.startswith('firstspike.hdl.lib')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: times(-1, Signal(4)), "0 or more, not -1"),
        (lambda: first_set([]), "at least 1 bit"),
        (lambda: popcount([]), "at least 1 bit"),
        (lambda: SpikeQueue(0, 8, 4), "has 0 and 4"),
        (lambda: SpikeQueue(4, 8, 0), "has 4 and 0"),
        (lambda: Lfsr(lambda s: s, width=1, init=1), "at least 2 bits, not 1"),
        (lambda: Lfsr(lambda s: s, width=4, init=0), "1 to 15, not 0"),
        (lambda: Lfsr(lambda s: s, width=4, init=16), "1 to 15, not 16"),
        (lambda: Lfsr(lambda s: s + 1, width=4, init=1), "linear"),
    ],
)
def test_parameters_out_of_range_are_refused(make, message):
    refused(make, message)


@pytest.mark.parametrize("width", [1, 2, 6, 7, 8, 10, 15])
def test_popcount_without_registers(width):
    m = Module()
    bits, count = Signal(width), Signal(range(width + 1))
    m.d.comb += count.eq(popcount(bits))

    async def every_word(ctx):
        for word in range(0, 1 << width, 1 if width < 11 else 29):
            ctx.set(bits, word)
            assert ctx.get(count) == word.bit_count()

    run_bench(m, every_word)
    assert len(popcount(bits)) == len(count)
