# SPDX-License-Identifier: BSD-2-Clause
"""Names of modules and files: each is read back by real readers, or refused before any work."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from systemrdl import RDLCompiler

from firstspike.golden import Settings
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.core_map import core_map
from firstspike.hdl.bus.images import Images
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.bus.description import description
from firstspike.hdl.flow.bus.fusesoc import fusesoc_core
from firstspike.hdl.flow.bus.generate import SUFFIXES
from firstspike.hdl.flow.bus.names import c_prefix
from firstspike.hdl.flow.bus.system_rdl import system_rdl
from firstspike.hdl.flow.verilog import TOP
from firstspike.sim.harness.networks import network_of
from tests.support.command import refusal, success, toy_network
from tests.support.native import LANGUAGES, complaints, write_c_files

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
    said = refusal(capfd, "verilog", "net.npz", "--bus", "axi", "-o", f"./{stem}.v")
    assert "--bus" in said
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
    user = """\
#include "one_encoding.h"
#include "two_encoding.h"
#include "one_driver.h"
#include "two_driver.h"

int use(struct firstspike_core *one, struct second_core *two);
int use(struct firstspike_core *one, struct second_core *two)
{
    struct firstspike_decision first;
    struct second_decision second;
    struct firstspike_event events[FIRSTSPIKE_SIZES_ROWS_VALUE];
    firstspike_value features[FIRSTSPIKE_VALUES] = {0};
    second_value pixels[SECOND_VALUES] = {0};
    uint8_t bytes[SECOND_BITMAP_BYTES];
    uint32_t used;
    return firstspike_open(one, 0x1000u, 9u) || second_open(two, 0x2000u, 9u) ||
           firstspike_encode(features, FIRSTSPIKE_VALUES, events, FIRSTSPIKE_SIZES_ROWS_VALUE,
                             &used) ||
           second_encode(pixels, SECOND_VALUES, bytes, sizeof bytes) ||
           firstspike_send_events(one, 1u, events, used) ||
           second_send_bitmap(two, 2u, bytes, sizeof bytes) || second_set_label(two, 1) ||
           firstspike_take(one, &first) || second_take(two, &second);
}
"""
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
    said = complaints(tmp_path, f'#include "one_registers.h"\n#include "two_registers.h"\n{end}')
    assert "two cores have the prefix firstspike" in said


def test_the_json_tells_constants_from_live_fields():
    network = toy_network()
    config = CoreConfig.of(network, Folding.of(network, CoreShape(lanes=5)), stored_bits=10)
    registers = core_map(config, network, False, Images.of(config, network))
    told = json.loads(json.dumps(description(registers, config, Images.of(config, network))))
    fields = {
        (register["name"], field["name"]): field
        for register in told["registers"]
        for field in register["fields"]
    }
    for register in registers.registers:
        for field in register.fields:
            said = fields[register.name, field.name]
            if register.kind == "constant":
                assert (said["kind"], said["reset"]) == ("constant", field.value)
                assert said["access"] == "read"
            if register.kind in ("hold", "sticky"):
                assert said["reset"] == field.value
            assert said["kind"] == register.kind or said["kind"] == "constant"
    rule = {name: said["reset"] for (of, name), said in fields.items() if of == "learn_rule"}
    assert rule.items() <= Settings().registers().items()
    layers = fields["decision_time", "layers"]
    assert (layers["kind"], layers["reset"]) == ("constant", len(config.layers))
    assert fields["decision_time", "tick"]["kind"] != "constant"
    assert fields["decision_time", "tick"]["reset"] is None


def test_a_program_is_told_all_names(tmp_path, capfd):
    toy_network().save(tmp_path / "net.npz")
    options = ("--lanes", 5, "--bus", "axi", "--name", "second", "-o", tmp_path / "c.v")
    success(capfd, "verilog", tmp_path / "net.npz", *options)
    made = {suffix: (tmp_path / f"c{suffix}").read_text() for suffix in SUFFIXES}
    assert json.loads(made["_registers.json"])["module"] == "second"
    for suffix, text in made.items():
        if suffix.endswith(".h"):
            assert "firstspike_" not in text.lower(), suffix
