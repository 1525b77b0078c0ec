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
import yaml
from systemrdl import RDLCompiler
from systemrdl.node import FieldNode

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.core_map import DECISION, core_map
from firstspike.hdl.bus.images import Images
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.bus.fusesoc import fusesoc_core
from firstspike.hdl.flow.bus.generate import SUFFIXES, generate_bus_core
from firstspike.hdl.flow.bus.names import c_prefix
from firstspike.hdl.flow.bus.system_rdl import system_rdl
from firstspike.hdl.flow.verilog import TOP, generate
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import VERILATOR_ENVIRONMENT, VERILATOR_FOLDER
from tests.support.bus_core import raw_network
from tests.support.command import deep_toy_network, firstspike, refusal, success, toy_network
from tests.support.lint import check_lint, needs_verilator
from tests.support.native import LANGUAGES, complaints, write_c_files
from tests.support.plain_bench import printed
from tests.support.simulators import EITHER, needs_icarus, nothing_unused, refused, sampled

CORES = {
    "events": (toy_network(), {"lanes": 5}, {"embedded": False}),
    "deep": (deep_toy_network(), {"lanes": 4}, {}),
    "one layer": (network_of((np.full((5, 3), 7),), (9,)), {"lanes": 3}, {}),
    "overlap": (toy_network(), {"lanes": 12, "bitmap": 16, "rows": 4, "overlap": True}, {}),
    "learning": (toy_network(), {"lanes": 5, "bitmap": 8}, {"stored_bits": 12}),
}

PIXELS = {
    "pixels": (raw_network(), {"lanes": 3}, {"pixels": True}),
    "pixels-port": (raw_network(), {"lanes": 3}, {"pixels": True, "embedded": False}),
}
"""Cores that encode images themselves, and so have no encoder in C; dark pixels spike there."""


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


@pytest.fixture(params=sampled([*CORES], 4))
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


@pytest.mark.parametrize(
    "tool", sampled(["verilator", "yosys"], 2)
)  # others: tests/core/test_tools.py
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
    """Names, places, access and resets; a field of a register may be a constant by itself."""
    content = json.loads(made.files["_registers.json"])
    assert [one["name"] for one in content["registers"]] == list(made.map.by_name)
    entries = {}
    for one in content["registers"]:
        register = made.map.by_name[one["name"]]
        assert (one["offset"], one["count"]) == (register.offset, register.count)
        for entry, field in zip(one["fields"], register.fields, strict=True):
            entries[register.name, field.name] = entry
            expected = field.name, field.low, field.bits
            assert (entry["name"], entry["low"], entry["bits"]) == expected
            assert entry["kind"] in (register.kind, "constant")
            if register.kind in ("constant", "hold", "sticky"):
                assert (entry["kind"], entry["reset"]) == (register.kind, field.value)
            assert register.kind != "constant" or entry["access"] == "read"
    layers, tick = (entries["decision_time", name] for name in ("layers", "tick"))
    assert (layers["kind"], layers["reset"]) == ("constant", len(made.core.interface["layers"]))
    assert tick["kind"] != "constant"
    assert tick["reset"] is None
    words = content["decisions"]["words"]
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
    message = done.stdout + done.stderr
    assert done.returncode == 0, message
    assert "%Warning" not in message
    return message


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
    success(capfd, "verilog", tmp_path / "net.npz", *options)
    names = {"c.v", "c.json", "c_instance.v", "c_weights.hex", *(f"c{one}" for one in SUFFIXES)}
    assert {path.name for path in file.parent.iterdir()} == names
    assert '#include "c_registers.h"' in file.with_name("c_driver.h").read_text()
    assert json.loads(file.with_name("c_registers.json").read_text())["module"] == "mine"
    for header in file.parent.glob("c*.h"):
        assert "firstspike_" not in header.read_text().lower(), header
    chunks = file.with_name("c_weights.hex").read_text().split()
    words = json.loads(file.with_name("c_registers.json").read_text())["registers"]
    (count,) = (one for one in words if one["name"] == "weight_words")
    assert count["fields"][0]["reset"] == len(chunks)
    assert all(int(chunk, 16) < 1 << 32 for chunk in chunks)


@pytest.mark.long
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
    options = ("--lanes", 3, "--bus", "axi-pixels", "-o", file)
    success(capfd, "verilog", tmp_path / "net.npz", *options)
    assert file.read_text() == made.core.verilog
    names = {"core.v", "core.json", "core_instance.v", *(f"core{one}" for one in SUFFIXES)}
    assert {path.name for path in file.parent.iterdir()} == names - {"core_encoding.h"}


def test_pixels_go_with_a_bus_and_a_network_of_pixels(tmp_path, capfd):
    ticks = network_of((np.full((5, 3), 7),), (9,), encoding="ticks")
    refused(
        lambda: generate_bus_core(ticks, Folding.of(ticks, CoreShape()), pixels=True),
        "takes networks of pixels with levels, not of ticks",
    )
    words = ("--bus", "axi-pixels", "--bitmap", 8, "-o", tmp_path / "c.v")
    ended = firstspike(capfd, "verilog", "mnist-4bit", *words)
    assert "--bus axi-pixels takes pixels already: leave --bitmap out." in ended.err
    assert not list(tmp_path.iterdir())


def test_what_does_not_go_with_a_bus_is_refused(tmp_path, capfd):
    assert "-o CORE.v" in firstspike(capfd, "verilog", "--bus", "axi").err
    file = tmp_path / "c.v"
    assert "not with" in firstspike(capfd, "verilog", "--bus", "axi", "--report", "-o", file).err
    with nothing_unused():
        message = refusal(
            capfd, "verilog", "mnist-4bit", "--bitmap", 20, "--bus", "axi", "-o", file
        )
    assert "--bitmap" in message
    assert not list(tmp_path.iterdir())


def test_a_core_without_a_bus_has_nothing_of_it():
    network = toy_network()
    core = generate(network, Folding.of(network, CoreShape(lanes=5)))
    assert "axi" not in core.verilog


# Names of modules and files: each is read back by real readers, or refused before any work.

STEMS = (
    *("a,b", "a: b", "#c", "a b", "a\nb", "a\tb", "a'b", 'a"b', "a\\b", "a{b}", "a[b]", "a&b"),
    *("*a", "!a", "|a", ">a", "%a", "@a", "`a", "a?b", "$HOME", "a\x7fb", "-a", "+a", "a;b"),
    *("(a)", "a<b", "a=b", "~", "\xe4", "\u2028", "\udcff", "\U0001f600"),
)
PLAIN_STEMS = ("core", "true", "null", "1e3", "0x1F", "a.b", "a-b", "a+b", "_", "2026-11-28", "no")
NAMES = (
    *("field", "addrmap", "regfile", "mem", "signal", "component", "abstract", "default_", "sw"),
    *("true", "false", "null", "yes", "on", "NULL", "Yes", "y", "e3", "_", "_0", "A", "aclk"),
    *("double", "float", "char", "auto", "register", "restrict_", "sizeof", "goto", "template"),
    *("mutable", "operator", "explicit", "bool", "linux", "core", "main", TOP, "second"),
    *("FIRSTSPIKE_REGISTERS_H", "FIRSTSPIKE_OK", "a_FIRSTSPIKE_b", "afirstspike_b"),
)


@pytest.mark.parametrize("stem", STEMS, ids=ascii)
def test_a_file_name_that_other_tools_misread_is_refused(tmp_path, monkeypatch, capfd, stem):
    monkeypatch.chdir(tmp_path)
    toy_network().save("net.npz")
    message = refusal(capfd, "verilog", "net.npz", "--bus", "axi", "-o", f"./{stem}.v")
    assert "--bus" in message
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


@pytest.mark.parametrize("stem", PLAIN_STEMS)
def test_files_find_one_another_by_their_names(tmp_path, stem):
    write_c_files(tmp_path, toy_network(), stem, lanes=5)
    user = f'#include "{stem}_encoding.h"\nint main(void) {{ return 0; }}\n'
    assert complaints(tmp_path, user) == ""
    core = yaml.safe_load(fusesoc_core(TOP, stem, "0.1").split("\n", 1)[1])
    listed = [list(one) for part in core["filesets"].values() for one in part["files"]]
    assert listed == [[f"{stem}.v"], [f"{stem}_bench.v"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_that_name_for_every_reader(tmp_path, name):
    network = toy_network()
    config = CoreConfig.of(network, Folding.of(network, CoreShape(lanes=5)))
    registers = core_map(config, network, False, Images.of(config, network))

    core = yaml.safe_load(fusesoc_core(name, "core", "0.1").split("\n", 1)[1])
    assert core["name"] == f"firstspike:cores:{name}:0.1"
    tops = [core["targets"][target]["toplevel"] for target in ("default", "lint", "sim", "synth")]
    assert tops == [name, name, f"{name}_bench", name]

    (tmp_path / "map.rdl").write_text(system_rdl(registers, name, "made by a test"))
    compiler = RDLCompiler()
    compiler.compile_file(str(tmp_path / "map.rdl"))
    top = compiler.elaborate().top
    assert top.inst_name == name
    found = {register.inst_name for register in top.registers(unroll=False)}
    assert found == registers.by_name.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_names_are_names_in_c(tmp_path, language):
    by_macro = {name.upper(): name for name in NAMES}  # Macros do not tell A from a.
    for name in by_macro.values():
        write_c_files(tmp_path, toy_network(), name, name, lanes=5)
    included = "".join(f'#include "{name}_encoding.h"\n' for name in by_macro.values())
    cores = "".join(
        f"struct {c_prefix(name)}_core core_{number};\n"
        for number, name in enumerate(by_macro.values())
    )
    assert complaints(tmp_path, f"{included}{cores}", language) == ""


def test_two_cores_are_used_by_one_program(tmp_path):
    """The other core has other sizes, learns, and takes bitmaps."""
    small = network_of((np.full((5, 3), 7),), (9,))
    write_c_files(tmp_path, small, "one", lanes=3)
    write_c_files(tmp_path, toy_network(), "two", "second", learns=10, lanes=5, bitmap=16)
    user = Path(__file__).with_name("two_cores.c").read_text()
    for language in LANGUAGES:
        assert complaints(tmp_path, user, language) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_on_the_page_compiles(tmp_path, language):
    """It includes the files that the commands of the page and of the README write."""
    root = Path(__file__).parents[2]
    page, readme = ((root / name).read_text() for name in ("docs/bus.md", "README.md"))
    (program,) = re.findall(r"^```c\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (stem,) = set(re.findall(r"--bus axi .*-o ([\w.]+)\.v", page + readme))
    write_c_files(tmp_path, toy_network(), stem, lanes=5)
    assert complaints(tmp_path, program, language) == ""


def test_two_cores_of_one_name_are_an_error_and_one_core_twice_is_none(tmp_path):
    write_c_files(tmp_path, toy_network(), "one", lanes=5)
    write_c_files(tmp_path, toy_network(), "two", lanes=4)
    write_c_files(tmp_path, toy_network(), "again", lanes=5)
    end = "int main(void) { return 0; }\n"
    once = f'#include "one_driver.h"\n#include "again_registers.h"\n{end}'
    assert complaints(tmp_path, once) == ""
    for file in ("registers", "driver", "encoding"):
        both = f'#include "one_{file}.h"\n#include "two_{file}.h"\n{end}'
        assert "two cores have the prefix firstspike" in complaints(tmp_path, both)
