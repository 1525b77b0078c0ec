# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike verilog`: the file explains itself truly, and other tools take it."""

import gc
import json
import re
import warnings
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.features import Features
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.decision import Decision
from firstspike.hdl.flow import synthesis, verilog
from firstspike.hdl.flow.devices import RESOURCES
from firstspike.hdl.flow.identifiers import MOST, plain
from firstspike.hdl.flow.interface import wires
from firstspike.hdl.flow.verilog import PROMISE, TOP, generate
from firstspike.hdl.flow.wrapping import WIDTH, broken
from firstspike.hdl.layer.events import Kind
from firstspike.scripts.verbs.verilog import LONG
from firstspike.sim.benches.core.items import image_items
from firstspike.sim.harness.networks import network_of
from tests.support.command import deep_toy_network, firstspike, refusal, success, toy_network
from tests.support.lint import check_lint, every_simulator
from tests.support.plain_bench import printed
from tests.support.simulators import needs_icarus, sampled

CORES = {
    "groups and a window": (toy_network(), {"lanes": 5}, {}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 13}, {}),
    "one group": (toy_network(), {"lanes": 12, "window": 0}, {}),
    "three hidden layers": (deep_toy_network(), {"lanes": 4}, {}),
    "levels, port": (toy_network("levels-8"), {"lanes": 3}, {"embedded": False}),
    "learning, bitmap": (toy_network(), {"lanes": 5, "bitmap": 8}, {"stored_bits": 12}),
    "learning, port": (toy_network(), {"lanes": 1}, {"stored_bits": 8, "embedded": False}),
}


@cache
def generated(name):
    """The core of this name in `CORES`."""
    network, folding, parameters = CORES[name]
    return generate(network, Folding.of(network, CoreShape(**folding)), **parameters)


@pytest.fixture(params=sampled([*CORES], 7))
def core(request):
    """A generated core."""
    return generated(request.param)


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


def test_every_name_is_plain_and_every_module_has_the_prefix(core):
    assert "\\" not in core.verilog
    assert "port$" not in core.verilog
    modules = re.findall(r"^module (\w+)\(", core.verilog, re.MULTILINE)
    assert modules[0] == TOP
    assert all(name.startswith(f"{TOP}_") for name in modules[1:])


def test_no_instance_has_the_name_of_something_inside_it(core):
    modules = dict(re.findall(r"^module (\w+)\((.*?)^endmodule", core.verilog, re.M | re.S))
    declared = r"^  (?:input|output|wire|reg) (?:signed )?(?:\[\d+:0\] )?(\w+)"
    inside = {name: set(re.findall(declared, text, re.M)) for name, text in modules.items()}
    instances = re.findall(rf"^  ({TOP}_\w+) (\w+) \($", core.verilog, re.M)
    assert len(instances) >= len(modules) - 1
    assert not [name for module, name in instances if name in inside[module]]


def test_no_line_is_long_and_every_character_is_ascii(core):
    for text in (core.verilog, core.template):
        assert max(map(len, text.splitlines())) <= WIDTH
        assert text.isascii()


def test_names_of_strangers_and_long_lists_are_in_the_json_alone():
    features = Features(np.arange(4 * 127).reshape(4, 127), names=("first", "\xe9", "*/", "c"))
    network = network_of(
        (np.ones((4, 3), int), np.ones((3, 2), int)),
        (2, 2),
        encoding="levels-128",
        features=features,
        classes=("*/ endmodule", "\u6f22" * 10_000),
    )
    core = generate(network, Folding.of(network))
    parameters = json.loads(core.interface_json)["parameters"]
    assert parameters["classes"] == list(network.classes)
    assert parameters["inputs"] == network.inputs.tolist()
    assert parameters["features"]["edges"] == features.edges.tolist()
    assert parameters["features"]["features"] == list(features.names)
    header = core.verilog[: core.verilog.index("`timescale")]
    assert "*/" not in header
    assert header.isascii()
    assert max(map(len, header.splitlines())) <= WIDTH
    for message in ("edges (4 entries)", "features (4 entries)", "classes (2 entries)"):
        assert message in header


@pytest.mark.parametrize(("base", "bits"), [("h", 4), ("b", 1)])
@pytest.mark.parametrize("width", [64, 65, 255, 256, 257, 600, 4800])
def test_a_broken_line_says_the_same(base, bits, width):
    value = int(np.random.default_rng(width).integers(1, 1 << 32)) << (width - 32) | 1
    digits = f"{value:0{-(-width // bits)}{'x' if base == 'h' else 'b'}}"
    line = f"  assign _1_ = name_{width} ? {width}'{base}{digits} : other;"
    made = broken(f"{line}\n").splitlines()
    assert all(len(one) <= WIDTH for one in made)
    assert all(one.startswith("      ") for one in made[1:])
    parts = re.findall(rf"(\d+)'{base}(\w+)", "".join(made))
    assert sum(int(part) for part, _ in parts) == width
    found = 0
    for part, text in parts:
        found = found << int(part) | int(text, 1 << bits)
    assert found == value


def test_a_string_is_not_broken():
    text = f'(* A = "{"a b " * 60}", B = "{"c, " * 20}" *)'
    assert " ".join(broken(text).split("\n    ")) == text


def test_names_stay_apart_when_they_become_plain():
    text = "wire \\a.b ; wire \\a$b ; wire a_b_1; wire \\event ; wire \\port$7$0 ; wire \\release ;"
    rtlil = "  wire width 3 input 1  \\port$7$0\nconnect \\x.y \\port$7$0 [2:0]\n"
    names = re.findall(r"wire (.*?);", plain(text, rtlil, unchanged={"release"}))
    assert names == ["a_b", "a_b_2", "a_b_1", "event_1", "x_y", "\\release "]


def test_it_says_that_it_has_no_conditions_but_those_of_a_foreign_fifo(core):
    has_fifo = any(port["name"] == "labels" for port in core.interface["ports"])
    licence = "0BSD AND BSD-2-Clause" if has_fifo else "0BSD"
    second, *others = core.verilog.splitlines()[1:6]
    assert second == f"// SPDX-License-Identifier: {licence}"
    explained = " ".join(line.removeprefix("// ") for line in others)
    assert PROMISE in explained
    assert ("FIFO in it is that of Amaranth's library" in explained) == has_fifo
    assert core.template.startswith("// SPDX-License-Identifier: 0BSD\n")
    assert core.interface["license"] == licence


@pytest.mark.parametrize("name", sampled([*CORES], 3))
def test_the_grey_threshold_and_the_words_of_a_bitmap_are_those_of_golden(name):
    network, folding_of, _ = CORES[name]
    folding = Folding.of(network, CoreShape(**folding_of))
    parameters = generated(name).interface["parameters"]
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], network.n_inputs, axis=1)
    ticks = encode(network, greys)[:, 0]
    bright = parameters["bright_from"]
    assert (ticks[:bright] == 0).all()
    assert ticks[bright:].all()
    if folding.bitmap is not None:
        pixels = np.full(network.n_inputs, 255, np.uint8)
        words = image_items(CoreConfig.of(network, folding), None, pixels)
        assert parameters["bitmap_words"] == len(words)
        assert words[-1] == (1 << parameters["bitmap_last_bits"]) - 1


def bench(interface, changed=()):
    """A bench that drives what must be driven, ties the rest as said, and waits for a decision.

    It sends empty images. Values of `changed`, by wire, replace those of the tied inputs.
    """
    parameters = interface["parameters"]
    source = "events" if parameters["bitmap"] is None else "words"
    nothing = Kind.END.value if source == "events" else 0
    driven = {
        "clk": "clk",
        "rst": "rst",
        f"{source}__valid": "1",
        f"{source}__payload": nothing,
        "decision__ready": "1",
    }
    connections = []
    for port in interface["ports"]:
        values = port.get("unused", {}) | dict(changed) | driven
        for name, direction, _ in wires(port):
            inside = "decided" if name == "decision__valid" else ""
            connections.append(f".{name}({values[name] if direction == 'in' else inside})")
    return f"""
        module bench;
          reg clk = 0, rst = 1;
          wire decided;
          always #1 clk = ~clk;
          {interface["module"]} core ({", ".join(connections)});
          always @(posedge clk) if (!rst && decided) begin $display("decided"); $finish(0); end
          initial begin repeat (3) @(negedge clk); rst = 0; #4000 $display("hangs"); $finish(0); end
        endmodule
        """


@needs_icarus  # each takes a compilation, of which Icarus makes seven in a second
def test_inputs_tied_as_said_let_it_decide(tmp_path):
    for name in CORES:
        core = generated(name)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "core.v").write_text(core.verilog)
        (folder / "bench.v").write_text(bench(core.interface))
        assert printed(folder) == ["decided"], name


def test_header_and_template_say_what_an_unused_input_is_to_be(core):
    header = core.verilog[: core.verilog.index("`timescale")]
    # Further lines of what is said of a port are indented as far as that begins.
    header = re.sub(r"\n// {30,}", " ", header)
    for port in core.interface["ports"]:
        for name, value in port.get("unused", {}).items():
            assert re.search(rf"^// +input .* {name} .*\b{value} if unused$", header, re.MULTILINE)
            if not name.endswith("__payload"):
                declared = rf"^wire {name};  // .*\b{value} if unused$"
                assert re.search(declared, core.template, re.MULTILINE)


@pytest.mark.long
@every_simulator
def test_cores_of_two_networks_stand_in_one_design(tool):
    left = generate(toy_network(), Folding.of(toy_network(), CoreShape(lanes=5)), name="left")
    deep = deep_toy_network()
    right = generate(deep, Folding.of(deep, CoreShape(lanes=4, bitmap=9)), name="right")
    users = (
        f"module use_{core.interface['module']};\n{core.template}\nendmodule\n"
        for core in (left, right)
    )
    both = f"""
        `timescale 1ns / 1ps
        /* verilator lint_off DECLFILENAME */
        /* verilator lint_off UNDRIVEN */
        /* verilator lint_off UNUSEDSIGNAL */
        {"".join(users)}
        module both; use_left a(); use_right b(); endmodule\n"""
    top = "-s" if tool == "icarus" else "--top-module"
    check_lint(tool, left.verilog, right.verilog, both, options=(top, "both"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("2nd", "no digit first"),
        ("a.b", "letters, digits and _"),
        ("", "no name"),
        ("reg", "keyword"),
        ("a" * (MOST + 1), f"{MOST} characters"),
    ],
)
def test_what_is_no_name_of_a_module_is_refused(tmp_path, capfd, name, says):
    assert says in refusal(capfd, "verilog", "--name", name, "-o", tmp_path / "c.v")
    assert not list(tmp_path.iterdir())


def test_the_verb_writes_the_core_and_what_goes_with_it(tmp_path, capfd):
    toy_network().save(tmp_path / "net.npz")
    file = tmp_path / "out" / "c.v"
    file.parent.mkdir()
    options = ("--lanes", "3,2", "--weights", "port", "--name", "mine", "-o", file)
    success(capfd, "verilog", tmp_path / "net.npz", *options)
    names = {"c.v", "c.json", "c_instance.v", "c_weights.hex"}
    assert {path.name for path in file.parent.iterdir()} == names
    interface = json.loads(file.with_suffix(".json").read_text())
    assert interface["parameters"]["weights"] == "port"
    assert [layer["lanes"] for layer in interface["layers"]] == [3, 2]
    for layer, lanes in enumerate((3, 2)):
        assert re.search(
            rf"^//   layer {layer}: .*\blanes {lanes}, ", file.read_text(), re.MULTILINE
        )
    assert interface["module"] == "mine"
    assert "\nmodule mine(" in file.read_text()
    assert "\nmine core (" in file.with_name("c_instance.v").read_text()


@pytest.mark.parametrize(("rows", "columns"), [(500, 500), (5, 8)])
def test_the_verb_says_first_how_long_a_large_core_takes(
    tmp_path, capfd, monkeypatch, rows, columns
):
    """The large one has 250,000 hidden neurons in a network file of 3 KB."""
    geometry = Geometry((rows, columns), (1, 4), (1, 4))
    count = rows * columns
    network = network_of(
        [np.ones(shape, int) for shape in ((1, count), (4, 16), (4 * count, 2))],
        (1, 1, 1),
        bits=8,
        geometry=(None, geometry, None),
    )
    network.save(tmp_path / "net.npz")
    expected = verilog.seconds(CoreConfig.of(network, Folding.of(network)))
    is_large = rows > 5
    assert (expected > LONG) == is_large

    def ended(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(verilog, "held_weights", ended)
    message = firstspike(capfd, "verilog", tmp_path / "net.npz", "-o", tmp_path / "core.v").err
    sentence = f"On an idle machine it takes about {expected:.0f} seconds."
    assert (sentence in message) == is_large
    assert "Interrupted." in message


def test_an_interrupted_core_leaves_no_warnings(tmp_path, capfd, monkeypatch):
    def ended(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Decision, "build", ended)
    toy_network().save(tmp_path / "net.npz")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ended_by = firstspike(capfd, "verilog", tmp_path / "net.npz", "-o", tmp_path / "core.v")
        gc.collect()
    assert "Interrupted." in ended_by.err
    assert caught == []


def test_no_output_and_wrong_names_are_refused(tmp_path, capfd):
    assert "--report" in firstspike(capfd, "verilog").err
    assert "-o CORE.v" in firstspike(capfd, "verilog", "--report", "--name", "mine").err
    assert "c.json" in firstspike(capfd, "verilog", "-o", tmp_path / "c.json").err
    for name in ("c.v", "c.json", "c_instance.v"):
        line = ("verilog", "-o", tmp_path / "c.v", "--json", tmp_path / name)
        assert f"{name}, too: name another file for" in firstspike(capfd, *line).err
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_refused(tmp_path, capfd):
    assert "missing" in refusal(capfd, "verilog", "-o", tmp_path / "missing" / "c.v")


# `firstspike verilog --report`: what a core takes on an FPGA, with and without place and route.

UP5K, HX8K, ECP5 = synthesis.PARTS


@pytest.fixture
def without_router(monkeypatch):
    placement = synthesis.Placement({"clk": synthesis.Clock(30.0, 24.0)}, {})
    monkeypatch.setattr(synthesis, "place_and_route", lambda family, words, folder: placement)


def shape_of(*sizes, lanes, bits=4):
    """The shape of a core without a bitmap; its weights do not matter."""
    weights = [np.ones(pair, np.int32) for pair in pairwise(sizes)]
    network = network_of(weights, (8,) * len(weights), bits=bits, unit=4, deadline=24)
    return CoreConfig.of(network, Folding.of(network, CoreShape(lanes)), any_weights=True)


@pytest.mark.long
def test_only_weights_to_be_loaded_go_into_single_port_ram(without_router):
    config = shape_of(3000, 12, lanes=4)
    loaded = synthesis.synthesise(config, UP5K, loaded=True)
    assert loaded.used["SPRAM"] > 0
    assert loaded.note == ""
    assert "does not fit" in synthesis.synthesise(config, UP5K).note


@pytest.mark.long
@pytest.mark.parametrize("target", [HX8K, ECP5], ids=lambda part: part.device.name)
def test_no_multiplier_and_weights_in_block_ram(without_router, target):
    used = synthesis.synthesise(shape_of(40, 24, 4, lanes=6, bits=8), target).used
    assert used["multipliers"] == 0
    assert used["block RAM"] > 0
    assert min(used["LUTs"], used["flip-flops"]) > 0


@pytest.mark.long
def test_too_many_weights_are_counted_but_not_placed():
    result = synthesis.synthesise(shape_of(3000, 12, lanes=4, bits=8), HX8K)
    assert f"of {HX8K.device.holds['block RAM']} block RAM" in result.note
    assert result.used["LUTs"] > 0
    assert result.fmax is None


@pytest.mark.long
def test_place_and_route_says_a_frequency():
    result = synthesis.synthesise(shape_of(6, 3, lanes=3), HX8K)
    assert result.note == ""
    assert 10 < result.fmax < 500


def test_the_verb_reports_every_device(tmp_path, capfd, monkeypatch):
    toy_network().save(tmp_path / "net.npz")
    used = {name: 100 + at for at, name in enumerate(RESOURCES)}

    def synthesised(config, target, loaded):
        """Only the first device has room."""
        name = target.device.name
        if target is UP5K:
            return synthesis.Result(name, used, 24.06)
        return synthesis.Result(name, note=f"does not fit: loaded {loaded}")

    monkeypatch.setattr(synthesis, "synthesise", synthesised)
    ended = success(capfd, "verilog", tmp_path / "net.npz", "--report", "--json", "-")
    rows = json.loads(ended.out)["report"]["devices"]
    assert [row["device"] for row in rows] == [part.device.name for part in synthesis.PARTS]
    printed_rows = [re.split(" {2,}", line) for line in ended.err.splitlines()]
    assert ["device", *RESOURCES, "MHz"] in printed_rows
    assert [UP5K.device.name, *map(str, used.values()), "24.1"] in printed_rows
    for part in (HX8K, ECP5):
        assert [part.device.name, *"-" * len(RESOURCES), "-"] in printed_rows
        assert f"{part.device.name}: does not fit: loaded False" in ended.err
