"""The benches of Layer, Encoder and weight store, over shapes that differ in what is built."""

import pytest

from firstspike.sim.benches import EXAMPLES, encoder, layer, weights
from tests.support.command import firstspike
from tests.support.simulators import on_both_simulators


@on_both_simulators
@pytest.mark.parametrize(
    "config",
    [
        {"n_in": 9, "n_out": 13, "lanes": 4, "window": 2},
        {"n_in": 9, "n_out": 13, "lanes": 4, "window": 0},
        {"n_in": 7, "n_out": 6, "lanes": 6},
        {"n_in": 8, "n_out": 5, "lanes": 2, "last": True},
        {"n_in": 8, "n_out": 5, "lanes": 5, "last": True},
    ],
    ids=["windows", "ticks", "registers", "last-groups", "last-registers"],
)
def test_layer(simulator, config):
    layer.simulate(**config, simulator=simulator, amount=30)


def test_layer_that_searches_its_lanes_block_by_block():
    layer.simulate(6, 80, 36, 1, amount=30)


@on_both_simulators
@pytest.mark.parametrize(
    ("n_inputs", "width", "connected"),
    [(40, 13, 26), (32, 8, 21), (5, 32, 3), (19, 8, 19), (40, 13, 40)],
)
def test_encoder(simulator, n_inputs, width, connected):
    encoder.simulate(n_inputs, width, connected, simulator=simulator)


@on_both_simulators
@pytest.mark.parametrize(
    ("n_in", "n_out", "lanes", "weight_bits", "stored_bits"),
    [
        (7, 11, 6, 8, None),
        (3, 5, 5, 4, None),
        (1, 4, 1, 2, None),
        (7, 11, 6, 8, 10),
        (3, 5, 5, 4, 8),
        (300, 80, 20, 2, None),  # two banks
        (300, 80, 20, 1, 3),
    ],
)
def test_weight_store(simulator, n_in, n_out, lanes, weight_bits, stored_bits):
    weights.simulate(n_in, n_out, lanes, weight_bits, stored_bits, simulator=simulator, amount=100)


def test_command_runs_all_benches_or_those_that_are_named(capfd):
    ended = firstspike(capfd, "simulate")
    assert ended.status == 0, ended.err
    assert [line.split()[0] for line in ended.out.splitlines()] == EXAMPLES
    ended = firstspike(capfd, "simulate", "weights", "core")
    assert ended.status == 0, ended.err
    assert [line.split()[0] for line in ended.out.splitlines()] == ["weights", "core"]


def test_command_lists_the_benches(capfd):
    assert {"core", "encoder", "layer", "popcount", "queue", "weights"} <= set(EXAMPLES)
    assert not {"link", "netlist", "__init__"} & set(EXAMPLES)
    listed = f"[{' | '.join(EXAMPLES)}] ..."
    said = firstspike(capfd, "simulate", "-h").out
    assert listed in " ".join(said.split())  # the line is wrapped
