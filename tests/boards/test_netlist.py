# SPDX-License-Identifier: BSD-2-Clause
"""Netlists of boards, as nextpnr gets them, simulated through their pins against golden."""

import json

import numpy as np
import pytest

from firstspike.boards.building import bitstream
from firstspike.boards.building.design import Design
from firstspike.boards.pins.registry import BOARDS
from firstspike.hdl.link.lines import Line
from tests.support.command import firstspike, refusal, toy_network

HELD = 6
"""Images that the designs hold to play."""


@pytest.fixture(scope="module", params=["icebreaker", "ulx3s-25f"])
def built(request, tmp_path_factory):
    """A board, and the folder with the build of a toy network for it, but for the bitstream."""
    board = request.param
    return board, build_in(tmp_path_factory.mktemp(board), board, bench_images=HELD)


def build_in(folder, board, **options):
    """Make such a folder of an empty one."""
    network = toy_network()
    network.save(folder / "net.npz")
    design = Design.of(network, BOARDS[board], 4, **options)
    build = design.build_hash()
    (folder / "firstspike.il").write_text(design.plan(build).files["firstspike.il"])
    bitstream._synthesise(design, folder, native=False)
    layers = design.config.folding.layers
    report = {
        "board": board,
        "network": network.digest(),
        "lanes": [layer.lanes for layer in layers],
        "window": [layer.window for layer in layers],
        "rows": [layer.rows for layer in layers],
        "overlap": design.config.folding.overlaps,
        "link": design.line.value,
        "stored_bits": None,
        "bench_images": design.bench_images,
        "clock": design.hz,
    }
    (folder / "report.json").write_text(json.dumps(report))
    (folder / "images.jsonl").write_text("\n".join(map(json.dumps, images(network))))
    return folder


def images(network):
    """Those of one tick go as bitmaps, the others as events; some are dark, some full."""
    rng = np.random.default_rng(5)
    for image in range(12):
        spikes = np.flatnonzero(rng.random(network.n_inputs) < (0, 0.1, 0.4, 0.9)[image % 4])
        ticks = np.full(len(spikes), network.unit)
        if image in (5, 10):
            ticks = np.sort(rng.integers(1, 25, len(spikes)))
        yield {"events": np.column_stack([ticks, spikes]).tolist()}


def compare(capfd, board, folder, build=None):
    """Run the verb on the built netlist, or on that in another folder."""
    words = ["compare", folder / "net.npz", "--target", "netlist", "--board", board]
    words += ["--events", folder / "images.jsonl", "--build", build or folder]
    return firstspike(capfd, *words)


def test_a_netlist_equals_golden(built, capfd):
    ended = compare(capfd, *built)
    assert ended.status == 0, ended.err
    assert "0 differences in spikes, decisions and statistics" in ended.out


def test_a_netlist_with_spi_equals_golden(capfd, tmp_path):
    board = "icebreaker"
    ended = compare(capfd, board, build_in(tmp_path, board, line=Line.SPI))
    assert ended.status == 0, ended.err
    assert "0 differences in spikes, decisions and statistics" in ended.out


@pytest.mark.parametrize("built", ["icebreaker"], indirect=True)  # the same bench for all
def test_one_wrong_table_is_found(built, capfd, tmp_path):
    board, folder = built
    netlist = json.loads((folder / "netlist.json").read_text())
    cells = netlist["modules"]["firstspike"]["cells"]
    tables = [one for one in cells if cells[one]["type"] == "SB_LUT4"]
    chosen = min(one for one in tables if "layer_1.lanes" in one)
    parameters = cells[chosen]["parameters"]
    parameters["LUT_INIT"] = parameters["LUT_INIT"].translate(str.maketrans("01", "10"))
    (tmp_path / "netlist.json").write_text(json.dumps(netlist))
    (tmp_path / "report.json").write_text((folder / "report.json").read_text())
    ended = compare(capfd, board, folder, tmp_path)
    differs = ended.status == 1 and "The first of" in ended.out
    hangs = ended.status == 1 and "no byte in" in ended.err and "Traceback" not in ended.err
    assert differs or hangs, ended.err


def bench(capfd, board, folder, *words):
    """Let the built netlist play bitmaps."""
    network = toy_network()
    lines = [json.dumps(image) for image in images(network)]
    (folder / "bitmaps.jsonl").write_text("\n".join(lines[: HELD - 1]))
    words = [*words, "--target", "netlist", "--board", board, "--build", folder, "--json", "-"]
    return firstspike(
        capfd, "bench", folder / "net.npz", "--events", folder / "bitmaps.jsonl", *words
    )


def test_a_netlist_plays_what_it_holds(built, capfd):
    ended = bench(capfd, *built, "--rounds", 3)
    assert ended.status == 0, ended.err
    result = json.loads(ended.out)
    assert (result["decisions"], result["differences"]) == (3 * (HELD - 1), 0)
    assert result["alone"] < result["cycles"] / result["decisions"] < 2 * result["alone"]
    assert result["clock"] == BOARDS[built[0]].clock


def test_a_missing_or_foreign_build_is_refused(built, capfd, tmp_path):
    board, folder = built
    words = ["compare", folder / "net.npz", "--target", "netlist"]
    words += ["--events", folder / "images.jsonl"]
    said = refusal(capfd, *words, "--board", board, "--build", tmp_path)
    assert f"firstspike build {folder / 'net.npz'} --board {board} -o {tmp_path}" in said
    said = refusal(capfd, *words, "--board", "ecpix5-85f", "--build", folder)
    assert "another network or for another board" in said


def test_options_that_do_not_go_together(built, capfd):
    board, folder = built
    words = ["compare", folder / "net.npz", "--events", folder / "images.jsonl"]
    netlist = [*words, "--target", "netlist"]
    for said, *given in (
        ("needs --board", *netlist),
        ("leave --lanes", *netlist, "--board", board, "--lanes", 2),
        ("with --target board", *netlist, "--board", board, "--port", "x"),
        ("with --target netlist", *words, "--board", board),
    ):
        ended = firstspike(capfd, *given)
        assert ended.status == 2
        assert said in ended.err
