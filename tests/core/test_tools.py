# SPDX-License-Identifier: BSD-2-Clause
"""Every kind of generated Verilog is taken by every tool, whatever the data and their names.

The suite gives each kind to each simulator, and to Yosys for one family, with data of one size.
With FIRSTSPIKE_TOOLS=1 each kind goes to each simulator and to Yosys for each family, with data of
each size.
"""

import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest

from firstspike.golden import Network, encode
from firstspike.golden.encoding import bitmap_pixels
from firstspike.golden.encodings.features import Features
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.bus.generate import generate_bus_core
from firstspike.hdl.flow.toolchain import ToolError, run_yosys
from firstspike.hdl.flow.verilog import TOP, Generated, generate
from firstspike.hdl.flow.wrapping import broken
from firstspike.scripts.targets.specifications import Golden
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.vectors.vectors import write_vectors
from tests.support.lint import check_lint, every_simulator

pytestmark = pytest.mark.long

WHOLE = "FIRSTSPIKE_TOOLS" in os.environ

FEATURES = (1, 8, 30, 481)
"""How many the data have; the edges of 8 were more than Icarus takes on one line."""

LENGTH = 10_000
NAMES = tuple(
    (part * LENGTH)[:LENGTH]
    for part in ("*/ endmodule ", "\u6f22\xe9\U0001d518 // synthesis translate_off ", '"`\\')
)
"""Names of strangers, each of which would break a comment, or a tool, in its own way."""


WHOLE_SIZE = FEATURES[1] if WHOLE else None
"""With data of this size the synthesis goes to its end for each kind and family."""


class Kind(NamedTuple):
    """A generated core and its parameters."""

    encoding: str
    folding: dict[str, Any]
    parameters: dict[str, Any] = {}  # noqa: RUF012
    hidden: tuple[int, ...] = (4,)
    form: str = "core"


MANY = "levels-128"
PORT: dict[str, Any] = {"embedded": False}
LEARNS: dict[str, Any] = {"stored_bits": 8}
KINDS = {
    "rows": Kind(MANY, {"lanes": 4, "rows": 4}),
    "events": Kind(MANY, {"lanes": 2}, hidden=(5,)),
    "overlap": Kind("binary", {"lanes": 4, "rows": 4, "bitmap": 8, "overlap": True}),
    "bitmap": Kind("binary", {"lanes": 2, "bitmap": 8}, hidden=(5,)),
    "deep": Kind(MANY, {"lanes": 2}, hidden=(5, 3, 2)),
    "port": Kind(MANY, {"lanes": 2}, PORT, hidden=(5,)),
    "learning": Kind("binary", {"lanes": 2, "bitmap": 8}, LEARNS, hidden=(5,)),
    "learning, port": Kind("binary", {"lanes": 1}, LEARNS | PORT),
    "vectors": Kind("binary", {"lanes": 4, "rows": 4, "bitmap": 8}, form="vectors"),
    "vectors, port": Kind(MANY, {"lanes": 2}, PORT, form="vectors"),
    "bus": Kind(MANY, {"lanes": 2}, form="bus"),
    "bus, bitmap": Kind("binary", {"lanes": 2, "bitmap": 16}, form="bus"),
    "bus, learning": Kind("binary", {"lanes": 1}, LEARNS | PORT, form="bus"),
}

FAMILIES = ("ice40", "ecp5", "xilinx", "gowin", "intel_alm")

BUILT = ("ice40", "ecp5")
"""Families of the boards: in any run one case goes through their whole synthesis."""

Case = tuple[str, int]
"""A kind, and how many features."""

CASES: list[Case] = [
    (kind, features)
    for number, kind in enumerate(KINDS)
    for features in (FEATURES if WHOLE else (FEATURES[number % len(FEATURES)],))
]


class Made(NamedTuple):
    """The texts of one kind."""

    core: Generated
    bench: str
    """A bench for it, or nothing."""
    bench_top: str


def network(encoding: str, features: int, hidden: tuple[int, ...]) -> Network:
    """A small network for data with `features` features, with names of strangers."""
    rng = np.random.default_rng(features)
    edges = np.sort(rng.normal(size=(features, encoding_of(encoding).levels - 1)), axis=1)
    names = tuple(f"{number} {NAMES[number % len(NAMES)]}" for number in range(min(features, 8)))
    return network_of(
        random_weights(rng, (features, *hidden, len(NAMES)), -2, 2),
        (1,) * (1 + len(hidden)),
        bits=2,
        unit=2,
        deadline=12,
        encoding=encoding,
        features=Features(edges, names=names if len(names) == features else ()),
        classes=NAMES,
    )


@cache
def made(kind: str, features: int) -> Made:
    """Generate a kind for data with `features` features."""
    encoding, folding_of, parameters, hidden, form = KINDS[kind]
    source = network(encoding, features, hidden)
    folding = Folding.of(source, CoreShape(**folding_of))
    if form == "bus":
        on_bus = generate_bus_core(source, folding, **parameters)
        return Made(on_bus.core, on_bus.files["_bench.v"], f"{TOP}_bench")
    core = generate(source, folding, **parameters)
    if form == "core":
        return Made(core, "", "")
    with TemporaryDirectory() as folder:
        _write(Path(folder), source, folding_of, **parameters)
        return Made(core, (Path(folder) / "bench.v").read_text(), "bench")


def _write(
    folder: Path, source: Network, folding_of: dict[str, Any], embedded: bool = True
) -> None:
    """Write the vectors of two images."""
    assert source.features is not None
    samples = np.random.default_rng(1).normal(size=(2, source.features.count(source.n_inputs)))
    ticks = encode(source, samples)
    golden = Golden(CoreShape(**folding_of)).open("", source)
    expected = golden.expected(ticks, bitmap_pixels(source, samples))
    write_vectors(
        folder,
        source,
        golden.folding,
        ticks,
        bitmap_pixels(source, samples),
        expected,
        embedded,
    )


USER = """
`timescale 1ns / 1ps
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNDRIVEN */
/* verilator lint_off UNUSEDSIGNAL */
module user;
{template}
endmodule
"""
"""A module that uses the core as the instance template says."""


def refused(check: Callable[[Made], None], case: Case) -> dict[Case, str]:
    """Return what a tool says of a case that it refuses."""
    try:
        check(made(*case))
    except (AssertionError, ToolError) as error:
        return {case: str(error)}
    return {}


@every_simulator
def test_simulators_take_every_kind_without_a_word(tool):
    top = "-s" if tool == "icarus" else "--top-module"

    def check(of: Made) -> None:
        for text in (of.core.verilog, of.core.template, of.bench):
            assert text.isascii()
            assert broken(text) == text, "a line is too long"
        user = USER.format(template=of.core.template)
        check_lint(tool, of.core.verilog, user, options=(top, "user"))
        if of.bench:
            timing = () if tool == "icarus" else ("--timing", "-Wno-DECLFILENAME")
            check_lint(tool, of.core.verilog, of.bench, options=(*timing, top, of.bench_top))

    # One test for all: it is one that is skipped where there is no such tool.
    assert not [found for case in CASES if (found := refused(check, case))]


def synthesise(of: Made, family: str, whole: bool) -> None:
    """Let Yosys read core and instance, and synthesise the core for a family.

    It ends behind the memories or, with `whole`, with the cells of the family: what is between is
    no longer Verilog of ours, and takes most of the time.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.v").write_text(of.core.verilog)
        (folder / "user.v").write_text(USER.format(template=of.core.template))
        commands = [
            "read_verilog -sv core.v user.v",
            "hierarchy -check -top user",
            "design -reset",
            "read_verilog core.v",
            f"hierarchy -check -top {TOP}",
            "proc",
            "check -assert",
            f"synth_{family} -top {TOP}{'' if whole else ' -run :map_ffram'}",
        ]
        run_yosys(folder, commands)


@pytest.mark.parametrize("family", FAMILIES)
def test_yosys_takes_every_kind(family):
    cases = CASES if WHOLE else CASES[FAMILIES.index(family) :: len(FAMILIES)]
    to_the_end = [case for case in cases if case is cases[0] or case[1] == WHOLE_SIZE]
    if not WHOLE:
        to_the_end = cases[:1] if family in BUILT else []
    checks = [
        (case, partial(synthesise, family=family, whole=case in to_the_end)) for case in cases
    ]
    assert not [found for case, check in checks if (found := refused(check, case))]
