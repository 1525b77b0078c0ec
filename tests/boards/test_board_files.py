# SPDX-License-Identifier: BSD-2-Clause
"""Boards that a user adds: what is wrong in a board file, and the PLL behind any pin."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
from amaranth_boards.icebreaker import ICEBreakerPlatform

from firstspike.boards.building import bitstream
from firstspike.boards.building.bitstream import Flow, tools_for
from firstspike.boards.building.design import BUILD_BYTES, Design, Requirements
from firstspike.boards.clocking import add_clock, dividers_for, oscillator_of
from firstspike.boards.families.facts import BoardError
from firstspike.boards.families.ice40 import PLL_PADS
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins import registry
from firstspike.boards.pins.board import Board, connect_uart, light_class, pin_out
from firstspike.boards.pins.registry import BOARDS, by_name
from firstspike.golden import differences, encode, infer
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.devices import ECP5_45F, HX8K, ICE40, UP5K
from firstspike.hdl.flow.synthesis import place_and_route
from firstspike.hdl.flow.toolchain import run_tool, run_yosys
from firstspike.scripts.targets.specifications import Netlist
from tests.support.command import toy_network
from tests.support.simulators import refused
from tests.support.tools import PROGRAMMERS


def _connect(m, platform, serial_core):
    connect_uart(m, platform, serial_core)
    light_class(m, serial_core, [platform.request("led", number, dir="-") for number in range(3)])


BREAKOUT = Board(
    name="hx8k-breakout",
    title="HX8K breakout board",
    platform=ICE40HX8KBEVNPlatform,
    device=HX8K,
    clock=24 * MHZ,
    loaded=False,
    connect=_connect,
    programmers=(("iceprog", "-S"),),
)
"""A board as a user would write it; its oscillator is at J3, which is no pad of a PLL."""


def on_pin(platform, pin, **changed):
    """A platform with its oscillator on another pin, or changed in another way."""
    clock = Resource(
        "clk12", 0, Pins(pin, dir="i"), Clock(12e6), Attrs(GLOBAL=True, IO_STANDARD="SB_LVCMOS")
    )
    others = [one for one in platform.resources if one.name not in ("clk12", "button")]
    body = {"resources": [clock, *others], "connectors": []} | changed
    return type("Changed", (platform,), body)


class Blinker(Elaboratable):
    """A light that blinks at the clock of the PLL."""

    def elaborate(self, platform):
        """Put the light on the platform."""
        m = Module()
        add_clock(m, platform, ICE40, dividers_for(ICE40, 12 * MHZ, 24 * MHZ))
        count = Signal(24)
        m.d.sync += count.eq(count + 1)
        pin_out(m, "light", platform.request("led", 0, dir="-"), count[-1])
        return m


@pytest.mark.long
@pytest.mark.parametrize(
    ("platform", "pin", "kind"),
    [
        (ICE40HX8KBEVNPlatform, "J3", "SB_PLL40_CORE"),
        (ICE40HX8KBEVNPlatform, "R9", "SB_PLL40_PAD"),
        (ICE40HX8KBEVNPlatform, "F7", "SB_PLL40_PAD"),
        (ICEBreakerPlatform, "20", "SB_PLL40_CORE"),
        (ICEBreakerPlatform, "35", "SB_PLL40_PAD"),
    ],
)
def test_an_oscillator_on_any_pin_reaches_a_pll(platform, pin, kind, tmp_path):
    plan = on_pin(platform, pin)().prepare(Blinker(), "top", emit_src=False)
    for name in ("top.il", "top.pcf"):
        (tmp_path / name).write_text(plan.files[name])
    assert plan.files["top.il"].count(f"\\{kind} ") == 1
    assert "SB_GB_IO" not in plan.files["top.il"]  # from its global net a PLL gets no clock
    run_yosys(tmp_path, ["read_rtlil top.il", "synth_ice40 -top top -json top.json"])
    _, route, pack = (words[1:] for words in json.loads(plan.files["build_top.json"])["commands"])
    words = [word for word in route if word != "--quiet"]
    assert place_and_route(ICE40, [*words, "--seed", "1"], tmp_path).met
    run_tool("icepack", pack, tmp_path)
    assert (tmp_path / "top.bin").stat().st_size > 10_000


@pytest.mark.long
def test_a_board_of_a_user_is_built_and_its_netlist_equals_golden(tmp_path, monkeypatch):
    monkeypatch.setitem(BOARDS, BREAKOUT.name, BREAKOUT)
    network = toy_network()
    design = Design.of(network, BREAKOUT, Requirements(CoreShape(4)))
    report = bitstream.build(design, tmp_path, Flow(tools_for(BREAKOUT)))
    assert report["met"]
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert len(bitstream.bitstreams(tmp_path)) == 1
    target = Netlist(BREAKOUT.name, tmp_path).open("net", network)
    ticks = encode(
        network,
        np.random.default_rng(1).integers(0, 256, (20, network.n_features)).astype(np.uint8),
    )
    assert next(differences(infer(network, ticks), target.run(ticks, None)), None) is None


ULX3S = BOARDS["ulx3s-85f"].platform


def changed(platform, **fields):
    """A platform with other fields."""
    return type("Changed", (platform,), fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"device": UP5K}, "has the iCE40HX8K, .* `device` is iCE40 UP5K: name the one"),
        ({"platform": changed(ICE40HX8KBEVNPlatform, device="iCE40LP8K")}, "has the iCE40LP8K"),
        (
            {"platform": changed(ULX3S, device="LFE5UM5G-45F"), "device": ECP5_45F},
            "has the LFE5UM5G-45F, but the board's `device` is ECP5 45F: name the one",
        ),
        ({"platform": changed(ICE40HX8KBEVNPlatform, default_clk=None)}, "has no `default_clk`"),
        ({"platform": changed(ICE40HX8KBEVNPlatform, default_clk="osc")}, "osc#0 does not exist"),
        ({"platform": changed(ICE40HX8KBEVNPlatform, default_clk="led")}, "led .* no frequency"),
        ({"platform": changed(ICE40HX8KBEVNPlatform, package="XY9")}, "XY9 .* add .* PLL_PADS"),
        ({"connect": lambda m, platform, core: platform.request("button", 0)}, "button#0 does not"),
    ],
)
def test_a_wrong_board_is_refused_before_synthesis(fields, message):
    board = replace(BREAKOUT, **fields)

    def planned():
        Design.of(toy_network(), board, Requirements(CoreShape(4))).plan(bytes(BUILD_BYTES))

    refused(planned, message, BoardError)


def test_a_die_with_transceivers_has_the_logic_of_the_plain_one_of_its_size():
    platform = changed(ULX3S, device="LFE5UM-45F")
    assert oscillator_of(replace(BREAKOUT, platform=platform, device=ECP5_45F)) == 25 * MHZ


def test_loaded_weights_need_single_port_ram():
    assert not replace(BOARDS["ulx3s-25f"], loaded=False).loaded
    for name in ("ulx3s-25f", "tang-nano-20k"):
        refused(
            lambda name=name: replace(BOARDS[name], loaded=True),
            f"the board {name} has loaded=True, .* write loaded=False",
            BoardError,
        )


def test_a_faulty_board_file_is_named(monkeypatch):
    def faulty(name, package):
        if name == ".ulx3s":
            raise TypeError("device is missing")
        return importlib.import_module(name, package)

    monkeypatch.setattr(registry, "import_module", faulty)
    with pytest.raises(BoardError, match=r"boards/pins/ulx3s\.py is faulty: device is missing"):
        list(registry._boards())


def test_two_boards_of_one_name_are_refused():
    first = BOARDS["ulx3s-25f"]
    assert by_name([first]) == {first.name: first}
    second = replace(first, title="Another")
    refused(
        lambda: by_name([first, second]), "'ULX3S 25F' and 'Another' both have the name", BoardError
    )


ICEBOX = Path("/usr/share/fpga-icestorm/python")


@pytest.mark.skipif(not ICEBOX.exists(), reason=PROGRAMMERS["iceprog"].reason)
def test_the_pads_of_plls_are_those_of_icebox(monkeypatch):
    monkeypatch.syspath_prepend(ICEBOX)
    icebox = importlib.import_module("icebox")
    for die, packages in PLL_PADS.items():
        places = [
            pll["PLLOUT_A"]
            for name, pll in icebox.pllinfo_db.items()
            if name.partition("_")[0] == die.lower()
        ]
        for package, pads in packages.items():
            names = {f"{die.lower()}-{package.lower()}{half}" for half in ("", ":4k")}
            found = [icebox.pinloc_db[name] for name in names if name in icebox.pinloc_db]
            assert found
            for pins in found:
                at = {tuple(where): pin for pin, *where in pins}
                assert [at[place] for place in places] == list(pads)
