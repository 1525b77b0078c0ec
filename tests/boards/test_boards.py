# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike boards`, and the planner behind it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from firstspike.boards.building import plan
from firstspike.boards.building.design import Requirements
from firstspike.boards.building.shipped_builds import (
    SHIPPED_BUILDS,
    bits_read,
    build_of,
    design_of,
    widest,
)
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.proofs import Proof
from firstspike.golden import NetworkError, encode, load_network
from firstspike.golden.timing.layer import SERIALISER_BLOCK
from firstspike.golden.timing.shape import CoreShape, lanes_text
from firstspike.scripts.verbs import boards
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.command import firstspike, success, toy_network
from tests.support.simulators import sampled


def test_the_table_has_every_board(capfd):
    ended = success(capfd, "boards", "mnist-4bit", "--json", "-")
    rows = {row["board"]: row for row in json.loads(ended.out)["boards"]}
    assert list(rows) == list(BOARDS)
    for name, row in rows.items():
        assert len(lines_of(name, ended.err)) == 2
        assert row["fits"]
        assert row["lanes"] >= 8
        assert row["verified"] in {None, *(one.verified for one in SHIPPED_BUILDS)}
        for resource, number in row["needs"].items():
            assert number <= row["holds"][resource]
    assert rows["icebreaker"]["us"] <= 102
    assert rows["ulx3s-25f"]["us"] <= 2.4
    assert rows["ulx3s-85f"]["us"] <= 0.8


@pytest.mark.long
@pytest.mark.parametrize("net", ["mnist-4bit", "mnist-8bit"])
def test_what_is_offered_has_been_placed(capfd, net):
    """On the board, or on another board with the same die, which the table names."""
    ended = firstspike(capfd, "boards", net, "--json", "-")
    for row in json.loads(ended.out)["boards"]:
        if row["fits"]:
            placed, board = row["placed"], row["board"]
            (build,) = (
                one
                for one in SHIPPED_BUILDS
                if (one.board, one.network, one.fmax) == (placed["board"], net, placed["fmax"])
            )
            assert placed["commit"] == build.commit
            assert BOARDS[build.board].device.holds == row["holds"]
            assert (build.shape.lanes, build.shape.rows, build.clock * MHZ) == (
                row["lanes"],
                row["rows"],
                row["clock"],
            )
            elsewhere = build.board != board
            assert elsewhere == (
                not any((p.board, p.network) == (board, net) for p in SHIPPED_BUILDS)
            )
            assert elsewhere == (f"MHz on {build.board}" in lines_of(board, ended.err)[1])


NETLIST = "synthesised netlist, {} images"


@pytest.mark.parametrize(
    ("name", "net", "proven", "verified"),
    [
        ("colorlight-i9", "mnist-4bit", None, NETLIST),
        ("icebreaker", "mnist-4bit", None, "bitstream, 1000 images"),
        ("ulx3s-45f", "mnist-4bit", None, None),  # placed, and not compared
        ("of-today", "mnist-4bit", None, None),  # a board with the die of a Colorlight i9
        ("colorlight-i9", "toy", "colorlight-i9", None),
        ("colorlight-i9", "mnist-4bit", "icebreaker", NETLIST),
        ("colorlight-i9", "mnist-4bit", "colorlight-i9", "board, run by 1 person"),
    ],
)
def test_what_was_verified_is_of_this_build_and_network(
    name, net, proven, verified, capfd, tmp_path, monkeypatch
):
    board = BOARDS.get(name) or replace(BOARDS["colorlight-i9"], name=name)
    monkeypatch.setitem(BOARDS, name, board)
    monkeypatch.setattr(boards, "BOARDS", {name: board})
    report = Proof(proven, "mnist-4bit", "2027-01", "0" * 64, "https://example.org")
    monkeypatch.setattr(boards, "PROOFS", [report] if proven else [])
    if net == "toy":
        net = tmp_path / "net.npz"
        toy_network().save(net)
    ended = firstspike(capfd, "boards", net, "--json", "-")
    (row,) = json.loads(ended.out)["boards"]
    images = {build.board: build.netlist for build in SHIPPED_BUILDS}.get(name)
    expected = verified and verified.format(images)
    assert row["verified"] == expected
    assert lines_of(name, ended.err)[1].endswith(f"  {expected or '-'}")


def lines_of(board, text):
    """Return the board's lines, in the table of boards and in that of cores; none is too long."""
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    return [line for line in lines if line.startswith(f"{board} ")]


@pytest.mark.long
def test_what_does_not_fit_is_said_with_the_reason(capfd):
    ended = firstspike(capfd, "boards", "mnist-8bit", "--json", "-")
    rows = {row["board"]: row for row in json.loads(ended.out)["boards"]}
    for name in ("icebreaker", "ulx3s-25f"):
        assert not rows[name]["fits"]
        assert rows[name]["lanes"] is rows[name]["us"] is None
        assert "block RAM" in rows[name]["reason"]
        assert f"{name}: {rows[name]['reason']}; mnist-4bit fits" in ended.err
    assert ended.err.startswith("mnist-8bit (784-600-10)\n")
    assert rows["ulx3s-85f"]["fits"]


def test_a_network_for_no_hardware_is_refused_once(tmp_path, capfd):
    replace(toy_network(), max_spikes=2).save(tmp_path / "net.npz")
    ended = success(capfd, "boards", tmp_path / "net.npz")
    assert ended.out.endswith("up to 2 times; set max_spikes to 1\n")
    assert len(ended.out.splitlines()) == 4 + len(BOARDS)


def test_a_network_without_bitmaps_has_no_latency(tmp_path, capfd):
    toy_network("levels-4").save(tmp_path / "net.npz")
    ended = success(capfd, "boards", tmp_path / "net.npz")
    rows = ended.out.splitlines()
    for name in BOARDS:
        of_board, of_core = lines_of(name, ended.out)
        assert of_board.endswith("  -")
        assert "  not placed before: " in of_core
    assert "us per image" in rows[2]
    assert "give them by --dataset" in rows[-1]
    assert len(rows) == 6 + 2 * len(BOARDS)


@pytest.fixture
def unplaced(monkeypatch):
    """No build is known of any network, but how wide a store has been placed is."""
    monkeypatch.setattr(plan, "builds_of", lambda network, board: [])


@pytest.mark.thorough
@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_one_lane_more_would_not_fit_or_not_help(board, unplaced):
    network = load_network("mnist-4bit")
    chosen = plan.plan_for(network, board)
    layer = chosen.design.config.folding.layers[0]
    if layer.groups > 1:
        more = -(-network.shape[1] // (layer.groups - 1))
        shape = CoreShape(more, chosen.window, rows=chosen.rows)
        if more > SERIALISER_BLOCK and board.loaded:  # its weights would be in pages
            with pytest.raises(NetworkError, match="fewer lanes"):
                plan.Design.of(network, board, Requirements(shape))
            return
        design = plan.Design.of(network, board, Requirements(shape))
        needs = plan.needs_of(design)
        over = any(number > plan._room(board, name) for name, number in needs.items())
        assert over or (chosen.rows > 1 and bits_read(design) > widest(board.device.family))
    else:
        assert chosen.lanes == network.shape[1]


@pytest.mark.long
@pytest.mark.parametrize("name", sampled(["ulx3s-85f", "icebreaker", "ulx3s-25f"], 3))
def test_other_rows_and_windows_are_no_faster(name, unplaced):
    network, board = load_network("mnist-4bit"), BOARDS[name]
    best = plan.plan_for(network, board)
    for shape in plan._choices(network, CoreShape()):
        if shape.rows <= best.rows:  # more are left out where they are wider than what was placed
            other = plan.plan_for(network, board, Requirements(shape))
            assert other.design is None or best.latency() <= other.latency()


def test_a_network_without_digits_is_planned_with_one_row_and_no_window():
    chosen = plan.plan_for(toy_network("levels-4"), BOARDS["ulx3s-85f"])
    assert (chosen.rows, chosen.window, chosen.build) == (1, plan.WINDOW, None)


@pytest.mark.long
def test_lanes_by_layer_are_taken_where_no_one_number_is_as_fast(tmp_path, capfd):
    rng = np.random.default_rng(3)
    weights = random_weights(rng, (97, 100, 10), -127, 126)
    network = network_of(weights, [194, 146], bits=8, deadline=768, encoding="levels-128")
    ticks = encode(network, rng.integers(0, 256, (50, 97)).astype(np.uint8))
    board = BOARDS["icebreaker"]
    chosen = plan.plan_for(network, board, ticks=ticks)
    assert isinstance(chosen.lanes, tuple)
    assert fits(chosen)
    for lanes in range(1, 11):
        design = plan.Design.of(network, board, Requirements(CoreShape(lanes)))
        alike = plan.Plan(board, design, "", plan.needs_of(design))
        assert not fits(alike) or chosen.latency(ticks) < alike.latency(ticks)
    chosen = plan.plan_for(network, board)  # without images the weights that are read decide
    assert isinstance(chosen.lanes, tuple)
    network.save(tmp_path / "net.npz")
    ended = firstspike(capfd, "boards", tmp_path / "net.npz", "--json", "-")
    rows = {row["board"]: row for row in json.loads(ended.out)["boards"]}
    assert tuple(rows[board.name]["lanes"]) == chosen.lanes
    assert f" {lanes_text(chosen.lanes)} " in lines_of(board.name, ended.err)[1]


def fits(chosen):
    """Whether a plan's board has what its design takes."""
    return all(need <= plan._room(chosen.board, name) for name, need in chosen.needs.items())


@pytest.mark.parametrize(
    "build", SHIPPED_BUILDS, ids=lambda build: f"{build.network}-{build.board}"
)
def test_what_has_been_placed_is_the_plan_or_slower(build):
    """The design is known again, what it takes is as estimated, and its clock was met."""
    design = design_of(build)
    assert build_of(design) == build
    layer = design.config.folding.layers[0]
    assert bits_read(design) == layer.lanes * layer.rows * design.network.weight_bits[0]
    assert build.fmax >= build.clock
    assert plan.needs_of(design)["LUTs"] == pytest.approx(build.luts, rel=0.07)
    assert plan.needs_of(design)["block RAM"] == build.block_ram
    # Only who asks for overlapped images gets them.
    chosen = plan.plan_for(
        design.network, design.board, Requirements(CoreShape(overlap=build.shape.overlap))
    )
    assert chosen.build
    assert chosen.latency() <= plan.Plan(design.board, design, "", {}).latency()


def test_a_clock_that_nothing_was_placed_at_is_planned_anew():
    network, board = load_network("mnist-4bit"), BOARDS["ulx3s-85f"]
    assert plan.plan_for(network, board, Requirements(hz=60 * MHZ)).build is None


def test_images_overlap_where_there_are_lanes_for_all(unplaced):
    chosen = plan.plan_for(
        load_network("mnist-4bit"), BOARDS["ulx3s-85f"], Requirements(CoreShape(overlap=True))
    )
    assert chosen.design.config.folding.overlaps


def test_the_latency_is_that_of_the_cycle_model():
    network = load_network("mnist-4bit")
    chosen = plan.plan_for(network, BOARDS["icebreaker"])
    cycles = chosen.design.digit_cycles(plan.SAMPLE)
    assert len(cycles) == plan.SAMPLE
    assert chosen.latency() == pytest.approx(cycles.mean() * MHZ / chosen.design.hz)
