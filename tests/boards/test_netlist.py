# SPDX-License-Identifier: BSD-2-Clause
"""Netlists of boards, as nextpnr gets them, simulated through their pins against golden."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from docs.measurements.bitstream_flips import flipped_text
from firstspike.boards.building import bitstream
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.readback.ice40.reader import read_bits
from firstspike.boards.readback.ice40.settings import setting_indices
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.toolchain import run_tool
from firstspike.hdl.link.protocol.formats import ANSWER, BAUD, Request
from firstspike.hdl.link.protocol.lines import Line
from firstspike.sim.benches.link.script import Answer
from firstspike.sim.benches.netlist import netlist
from firstspike.sim.benches.netlist.netlist import NetlistError
from tests.support.command import firstspike, refusal, result_of, success, toy_network
from tests.support.netlists import build_report
from tests.support.simulators import sampled


def build_in(folder, board, flashed=False, **options):
    """Make a build's folder of an empty one, but for the bitstream."""
    network = toy_network()
    design = replace(
        Design.of(network, BOARDS[board], Requirements(CoreShape(4), **options)), flashed=flashed
    )
    build = design.build_hash
    (folder / "firstspike.il").write_text(design.plan(build).files["firstspike.il"])
    bitstream._synthesise(design, folder, native=False)
    report = build_report(design, board)
    if flashed:
        place, content = design.flash_image
        (folder / "weights.bin").write_bytes(content)
        written = bitstream.fingerprint(folder / "weights.bin")
        report["flash"] = {"place": place, **written}
    (folder / "report.json").write_text(json.dumps(report))


def images(network):
    """Images of one tick go as bitmaps, the others as events; some are dark, some full."""
    rng = np.random.default_rng(5)
    for image in range(12):
        spikes = np.flatnonzero(rng.random(network.n_inputs) < (0, 0.1, 0.4, 0.9)[image % 4])
        ticks = np.full(len(spikes), network.unit)
        if image in (5, 10):
            ticks = np.sort(rng.integers(1, 25, len(spikes)))
        yield {"events": np.column_stack([ticks, spikes]).tolist()}


@pytest.fixture
def arguments(tmp_path):
    """The network and its images, as words of a verb."""
    network = toy_network()
    network.save(tmp_path / "net.npz")
    (tmp_path / "images.jsonl").write_text("\n".join(map(json.dumps, images(network))))
    return [tmp_path / "net.npz", "--input", tmp_path / "images.jsonl"]


def compare(capfd, arguments, board, build, target="netlist"):
    """Run the verb on the netlist in a folder; a small board takes only images of one tick."""
    *_, file = arguments
    if BOARDS[board].loaded:
        lines = [(line, json.loads(line)["events"]) for line in file.read_text().splitlines()]
        kept = [line for line, events in lines if len({tick for tick, _ in events}) <= 1]
        assert len(kept) > len(lines) / 2
        file.write_text("\n".join(kept))
    words = ["--target", target, "--board", board, "--build", build]
    return firstspike(capfd, "compare", *arguments, *words)


@pytest.mark.long
def test_a_netlist_equals_golden(built, capfd, arguments):
    ended = compare(capfd, arguments, built.board, built.folder)
    assert ended.status == 0, ended.err
    # Images of one tick come as bitmaps, whose clock cycles are compared, too.
    what = "decisions, spike counts and clock cycles"
    if not BOARDS[built.board].loaded:
        what = "decisions and spike counts"
    assert f"0 differences in spikes, {what}\n" in ended.out


@pytest.mark.long
@pytest.mark.parametrize("built", ["icebreaker"], indirect=True)
def test_a_bitstream_equals_golden(built, capfd, tmp_path, arguments, monkeypatch):
    ended = compare(capfd, arguments, built.board, built.folder, "bitstream")
    assert ended.status == 0, ended.err
    assert "0 differences in spikes, decisions, spike counts and clock cycles\n" in ended.out
    # A released bitstream has only its report beside it.
    released = tmp_path / built.board
    released.mkdir()
    for name in ("firstspike.bin", "report.json"):
        (released / name).write_bytes((built.folder / name).read_bytes())
    monkeypatch.setattr("firstspike.boards.building.programmer.RELEASED", tmp_path)
    words = ("--target", "bitstream", "--board", built.board, "--build", "released")
    ended = success(capfd, "compare", *arguments, *words)
    assert "0 differences" in ended.out
    (released / "firstspike.bin").write_bytes(b"bits")
    assert "is not what" in compare(capfd, arguments, built.board, released, "bitstream").err


@pytest.mark.long
@pytest.mark.parametrize("built", ["icebreaker"], indirect=True)
def test_a_flipped_bit_of_a_look_up_table_is_found(built, capfd, tmp_path, arguments):
    """Without it the lowest bit of a neuron's number is 0 in the spike log."""
    bits = read_bits((built.folder / "firstspike.bin").read_bytes())
    lowest, *_ = built.report["layout"]["names"]["wires"]["debug_log_0_neuron"]
    (cell,) = (bel for bel in bits.chip.bels if lowest == f"{bel.name}/O")
    table = setting_indices(bits.chip, cell)["LUT_INIT"]
    (at,) = (one for one in table if bits.tiles.reshape(-1)[one])  # the table passes one input
    text = flipped_text((built.folder / "firstspike.asc").read_text(), bits.chip, at)
    (tmp_path / "firstspike.asc").write_text(text)
    run_tool("icepack", ["firstspike.asc", "firstspike.bin"], tmp_path)
    flipped = read_bits((tmp_path / "firstspike.bin").read_bytes())
    assert np.flatnonzero((flipped.tiles != bits.tiles).reshape(-1)).tolist() == [at]
    written = bitstream.fingerprint(tmp_path / "firstspike.bin")
    (tmp_path / "report.json").write_text(json.dumps({**built.report, "bitstream": written}))
    ended = compare(capfd, arguments, built.board, tmp_path, "bitstream")
    assert ended.status == 1
    assert re.search(r"The first of \d+ differences \(\d+ in spike\)", ended.out)
    routed = built.folder / "routed.json"
    ended = firstspike(
        capfd, "check", "bitstream", tmp_path / written["file"], "--routed", routed, status=1
    )
    assert f"the look-up table at {cell.name} is" in ended.out


@pytest.mark.long
@pytest.mark.parametrize("built", ["ulx3s-25f"], indirect=True)
def test_a_routed_design_equals_golden(built, capfd, tmp_path, arguments):
    for name in ("routed.json", "report.json"):
        (tmp_path / name).write_bytes((built.folder / name).read_bytes())
    ended = compare(capfd, arguments, built.board, tmp_path, "routed")
    assert ended.status == 0, ended.err
    assert "0 differences in spikes, decisions and spike counts\n" in ended.out
    assert built.report["layout"]["faults"] == 0


def test_answers_to_other_requests_are_refused():
    answers = [Answer(Request.INPUTS + ANSWER, number % 256, b"", 0) for number in range(259)]
    netlist._check_sequence("netlist", answers)
    with pytest.raises(NetlistError, match="request 257 by type 0x86 with the sequence number 2"):
        netlist._check_sequence("netlist", [*answers[:257], answers[258], answers[257]])


NO_ECP5 = "the iCEBreaker has no ECP5: only routed designs of an ECP5 can be simulated"


@pytest.mark.parametrize(
    ("target", "board", "messages"),
    sampled(
        [
            ("routed", "icebreaker", (NO_ECP5, "so take the target bitstream")),
            ("routed", "tang-nano-20k", ("so take the target netlist",)),
            ("routed", "ulx3s-25f", ("routed.json: run `firstspike build ",)),
            ("bitstream", "icebreaker", ("has no bitstream",)),
            ("bitstream", "ulx3s-25f", ("the ULX3S 25F has no iCE40",)),
        ],
        5,
    ),
)
def test_a_stage_that_a_build_does_not_have_is_refused(
    capfd, tmp_path, arguments, monkeypatch, target, board, messages
):
    monkeypatch.setattr(bitstream, "_synthesise", lambda *_, **__: None)
    build_in(tmp_path, board)
    if target == "bitstream":
        (tmp_path / "netlist.json").write_text("{}")
    ended = compare(capfd, arguments, board, tmp_path, target)
    assert ended.status == 2
    assert all(message in " ".join(ended.err.split()) for message in messages)


@pytest.mark.parametrize(
    ("target", "file", "stage"),
    [
        ("netlist", "netlist.json", "synthesised netlist"),
        ("routed", "routed.json", "routed design"),
    ],
)
def test_messages_name_the_stage_that_is_simulated(
    capfd, tmp_path, arguments, monkeypatch, target, file, stage
):
    monkeypatch.setattr(bitstream, "_synthesise", lambda *_, **__: None)
    build_in(tmp_path, "ulx3s-25f")
    module = {"attributes": {"top": "1"}, "settings": {}, "ports": {}, "cells": {}, "netnames": {}}
    (tmp_path / file).write_text(json.dumps({"modules": {"top": module}}))
    ended = compare(capfd, arguments, "ulx3s-25f", tmp_path, target)
    assert f"the {stage} has no clk25_0__io, as the ULX3S 25F does" in " ".join(ended.err.split())


ALL_FIGURES = "decisions, spike counts and clock cycles"


@pytest.mark.parametrize(
    ("board", "options", "compared"),
    [
        pytest.param("icebreaker", {"line": Line.SPI}, ALL_FIGURES, marks=pytest.mark.long),
        # With a slower UART.
        pytest.param("icesugar", {}, ALL_FIGURES, marks=pytest.mark.thorough),
        pytest.param("pico-ice", {"flashed": True}, ALL_FIGURES, marks=pytest.mark.long),
        pytest.param("tang-nano-20k", {}, "decisions and spike counts", marks=pytest.mark.long),
    ],
)
def test_a_netlist_of_another_kind_equals_golden(
    capfd, tmp_path, arguments, monkeypatch, board, options, compared
):
    assert BOARDS["icesugar"].baud < BAUD
    build_in(tmp_path, board, **options)
    if options.get("flashed"):  # the bench can write no weights over the link
        monkeypatch.setattr("firstspike.sim.benches.netlist.netlist.weight_writes", lambda *_: [])
    ended = compare(capfd, arguments, board, tmp_path)
    assert ended.status == 0, ended.err
    assert f"0 differences in spikes, {compared}\n" in ended.out
    if options.get("flashed"):
        (tmp_path / "weights.bin").write_bytes(b"")
        assert "is not what" in compare(capfd, arguments, board, tmp_path).err


@pytest.mark.long
def test_a_netlist_plays_what_it_holds(built, capfd, arguments):
    network, option, file = arguments
    bitmaps = built.design.bench_images - 1  # one less than it holds
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:bitmaps]))
    words = ["--target", "netlist", "--board", built.board, "--build", built.folder]
    result = result_of(capfd, "compare", network, option, file, "--rounds", 3, *words)
    assert (result["decisions"], result["differences"]) == (3 * bitmaps, 0)
    assert result["alone"] < result["cycles"] / result["decisions"] < 2 * result["alone"]
    assert result["clock"] == built.design.hz


@pytest.mark.long
def test_a_missing_or_foreign_build_is_refused(built, capfd, tmp_path, arguments):
    board, words = built.board, ["compare", *arguments, "--target", "netlist"]
    message = refusal(capfd, *words, "--board", board, "--build", tmp_path)
    assert f"firstspike build {arguments[0]} --board {board} -o {tmp_path}" in message
    message = refusal(capfd, *words, "--board", "ecpix5-85f", "--build", built.folder)
    assert "another network or for another board" in message
