# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike verilog --bus axi`: what it writes is taken by other tools, and says the same."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from systemrdl import RDLCompiler
from systemrdl.node import FieldNode

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.core_map import DECISION
from firstspike.hdl.flow.bus.generate import SUFFIXES, generate_bus_core
from firstspike.hdl.flow.verilog import TOP, generate
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import VERILATOR_ENVIRONMENT, VERILATOR_FOLDER
from tests.support.bus_core import raw_network
from tests.support.command import deep_toy_network, firstspike, refusal, toy_network
from tests.support.lint import check_lint, needs_verilator
from tests.support.native import LANGUAGES, complaints
from tests.support.plain_bench import printed
from tests.support.refused import nothing_unused, refused
from tests.support.simulators import EITHER, needs_icarus

CORES = {
    "events": (toy_network(), {"lanes": 5}, {"embedded": False}),
    "deep": (deep_toy_network(), {"lanes": 4}, {}),
    "one layer": (network_of((np.full((5, 3), 7),), (9,)), {"lanes": 3}, {}),
    "overlap": (toy_network(), {"lanes": 12, "bitmap": 16, "rows": 4, "overlap": True}, {}),
    "learning": (toy_network(), {"lanes": 5, "bitmap": 8}, {"stored_bits": 12}),
}

PIXELS = {"pixels": (raw_network(), {"lanes": 3}, {"pixels": True})}
"""A core that encodes images itself, and so has no encoder in C."""


@cache
def generated(name):
    """The core of this name in `CORES` or `PIXELS`."""
    network, folding, parameters = (CORES | PIXELS)[name]
    return generate_bus_core(
        network, Folding.of(network, CoreShape(**folding)), **parameters, stem="core"
    )


def written(name, folder):
    """Write the files of a core; returns the folder."""
    made = generated(name)
    (folder / "core.v").write_text(made.core.verilog)
    for suffix, text in made.files.items():
        (folder / f"core{suffix}").write_text(text)
    return folder


@pytest.fixture(params=CORES)
def name(request):
    """The name of a core."""
    return request.param


@pytest.fixture
def made(name):
    """A generated core on a bus."""
    return generated(name)


@pytest.fixture
def folder(name, tmp_path):
    """The files of a core."""
    return written(name, tmp_path)


@pytest.mark.parametrize("tool", ["verilator", "yosys"])  # others: tests/core/test_tools.py
def test_tools_take_the_core_without_a_word(made, tool):
    check_lint(tool, made.core.verilog)


def test_every_port_is_declared_with_its_bus_and_is_a_name_in_vhdl(made):
    for port in made.core.interface["ports"]:
        name = port["name"]
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        assert re.search(
            rf'^  \(\* X_INTERFACE_INFO = "[^"]*"(,\s+\w+\s+=\s+"[^"]*")?\s+\*\)\n'
            rf"  {port['direction']}put (\[{port['width'] - 1}:0\] )?{name} ?;$",
            made.core.verilog,
            re.MULTILINE,
        ), name
    assert made.core.verilog.count("X_INTERFACE_INFO") == len(made.core.interface["ports"])


def test_system_rdl_is_the_map(made, tmp_path):
    (tmp_path / "map.rdl").write_text(made.files["_registers.rdl"])
    compiler = RDLCompiler()
    compiler.compile_file(str(tmp_path / "map.rdl"))
    found = {}
    for node in compiler.elaborate().top.descendants(unroll=True):
        if isinstance(node, FieldNode):
            access = "r" * node.is_sw_readable + "w" * node.is_sw_writable
            found[node.parent.absolute_address, node.inst_name] = (node.low, node.width, access)
    assert found == {
        (register.offset + 4 * number, field.name): (field.low, field.bits, register.access)
        for register in made.map.registers
        for number in range(register.count)
        for field in register.fields
    }


def test_json_is_the_map(made):
    told = json.loads(made.files["_registers.json"])
    assert [one["name"] for one in told["registers"]] == list(made.map.by_name)
    for one in told["registers"]:
        register = made.map.by_name[one["name"]]
        assert (one["offset"], one["count"]) == (register.offset, register.count)
        fields = [(field["name"], field["low"], field["bits"]) for field in one["fields"]]
        assert fields == [(field.name, field.low, field.bits) for field in register.fields]
    words = told["decisions"]["words"]
    assert made.map.by_name[words[0]].offset == DECISION


@pytest.mark.parametrize("language", LANGUAGES)
def test_c_takes_header_driver_and_encoder_without_a_word(folder, language):
    user = '#include "core_encoding.h"\nint main(void) { return 0; }\n'
    assert complaints(folder, user, language) == ""


@needs_icarus  # each takes a compilation, of which Icarus makes several in a second
def test_benches_pass(tmp_path):
    for name in CORES | PIXELS:
        (tmp_path / name).mkdir()
        assert printed(written(name, tmp_path / name), f"{TOP}_bench")[-1] == "PASS"


def run_fusesoc(folder, environment, *words):
    """Run a target of the core; returns what is printed, without a warning."""
    homes = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder / "home"))
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "fusesoc", "--cores-root", ".", "run"),
            *(*words, f"firstspike:cores:{TOP}"),
        ],
        cwd=folder,
        env=os.environ | environment | homes,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "%Warning" not in said
    return said


PACKAGED = VERILATOR_ENVIRONMENT | {
    "PATH": f"{VERILATOR_FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}"
}
"""Lets FuseSoC find the Verilator of the package."""


def test_fusesoc_checks_it(folder):
    run_fusesoc(folder, PACKAGED, "--target", "lint")


@pytest.mark.long
def test_fusesoc_simulates_it(tmp_path):
    written("events", tmp_path)
    assert "PASS" in run_fusesoc(tmp_path, PACKAGED, "--target", "sim", "--tool", EITHER)


@needs_verilator
def test_fusesoc_takes_the_installed_verilator(tmp_path):
    run_fusesoc(written("events", tmp_path), {}, "--target", "lint")


def test_the_verb_writes_all_of_it(tmp_path, capfd):
    toy_network().save(tmp_path / "net.npz")
    file = tmp_path / "out" / "c.v"
    file.parent.mkdir()
    options = ("--lanes", 3, "--weights", "port", "--bus", "axi", "--name", "mine", "-o", file)
    assert firstspike(capfd, "verilog", tmp_path / "net.npz", *options).status == 0
    names = {"c.v", "c.json", "c_instance.v", "c_weights.hex", *(f"c{one}" for one in SUFFIXES)}
    assert {path.name for path in file.parent.iterdir()} == names
    assert '#include "c_registers.h"' in file.with_name("c_driver.h").read_text()
    chunks = file.with_name("c_weights.hex").read_text().split()
    words = json.loads(file.with_name("c_registers.json").read_text())["registers"]
    (count,) = (one for one in words if one["name"] == "weight_words")
    assert count["fields"][0]["reset"] == len(chunks)
    assert all(int(chunk, 16) < 1 << 32 for chunk in chunks)


def test_a_core_that_encodes_pixels_needs_no_encoder(tmp_path, capfd):
    made = generated("pixels")
    check_lint("verilator", made.core.verilog)
    images = json.loads(made.files["_registers.json"])["images"]
    assert images == {"bus": "s_axis_pixels", "pixels": 4, "pixel_bits": 8}
    user = '#include "core_driver.h"\nint main(void) { return 0; }\n'
    assert complaints(written("pixels", tmp_path), user) == ""
    raw_network().save(tmp_path / "net.npz")
    file = tmp_path / "out" / "core.v"
    file.parent.mkdir()
    options = ("--lanes", 3, "--bus", "axi", "--pixels", "-o", file)
    assert firstspike(capfd, "verilog", tmp_path / "net.npz", *options).status == 0
    assert file.read_text() == made.core.verilog
    names = {"core.v", "core.json", "core_instance.v", *(f"core{one}" for one in SUFFIXES)}
    assert {path.name for path in file.parent.iterdir()} == names - {"core_encoding.h"}


def test_pixels_go_with_a_bus_and_a_network_of_pixels(tmp_path, capfd):
    ticks = network_of((np.full((5, 3), 7),), (9,), encoding="ticks")
    refused(
        lambda: generate_bus_core(ticks, Folding.of(ticks, CoreShape()), pixels=True),
        "takes networks of pixels with levels, not of ticks",
    )
    bus = ["--bus", "axi", "-o", tmp_path / "c.v"]
    for words in (["-o", tmp_path / "c.v"], [*bus, "--bitmap", 8]):
        ended = firstspike(capfd, "verilog", "mnist-4bit", "--pixels", *words)
        assert "--pixels goes with --bus axi" in ended.err
    assert not list(tmp_path.iterdir())


def test_what_does_not_go_with_a_bus_is_refused(tmp_path, capfd):
    assert "-o CORE.v" in firstspike(capfd, "verilog", "--bus", "axi").err
    file = tmp_path / "c.v"
    assert "alone" in firstspike(capfd, "verilog", "--bus", "axi", "--report", "-o", file).err
    with nothing_unused():
        said = refusal(capfd, "verilog", "mnist-4bit", "--bitmap", 20, "--bus", "axi", "-o", file)
    assert "--bitmap" in said
    assert not list(tmp_path.iterdir())


def test_a_core_without_a_bus_has_nothing_of_it():
    network = toy_network()
    core = generate(network, Folding.of(network, CoreShape(lanes=5)))
    assert "axi" not in core.verilog
