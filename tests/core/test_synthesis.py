# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike verilog --report`: what a core takes on an FPGA, with and without place and route."""

import json
from itertools import pairwise

import numpy as np
import pytest

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow import synthesis
from firstspike.sim.harness.networks import network_of
from tests.support.command import firstspike, toy_network

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


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(HX8K, id=HX8K.device.name, marks=pytest.mark.long),
        pytest.param(ECP5, id=ECP5.device.name),
    ],
)
def test_no_multiplier_and_weights_in_block_ram(without_router, target):
    used = synthesis.synthesise(shape_of(40, 24, 4, lanes=6, bits=8), target).used
    assert used["multipliers"] == 0
    assert used["block RAM"] > 0
    assert min(used["LUTs"], used["flip-flops"]) > 0


def test_too_many_weights_are_counted_but_not_placed():
    result = synthesis.synthesise(shape_of(3000, 12, lanes=4, bits=8), HX8K)
    assert f"of {HX8K.device.holds['block RAM']} block RAM" in result.note
    assert result.used["LUTs"] > 0
    assert result.fmax is None


def test_place_and_route_says_a_frequency():
    result = synthesis.synthesise(shape_of(6, 3, lanes=3), HX8K)
    assert result.note == ""
    assert 10 < result.fmax < 500


def test_the_verb_reports_every_device(tmp_path, capfd, monkeypatch):
    toy_network().save(tmp_path / "net.npz")
    monkeypatch.setattr(
        synthesis,
        "synthesise",
        lambda config, target, loaded: synthesis.Result(
            target.device.name, note="does not fit: too big"
        ),
    )
    ended = firstspike(capfd, "verilog", tmp_path / "net.npz", "--report", "--json", "-")
    assert ended.status == 0
    rows = json.loads(ended.out)["report"]["devices"]
    assert [row["device"] for row in rows] == [part.device.name for part in synthesis.PARTS]
    for target in synthesis.PARTS:
        assert f"{target.device.name}: does not fit: too big" in ended.err
