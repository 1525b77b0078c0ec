# SPDX-License-Identifier: BSD-2-Clause
"""The benches of Layer, Encoder, Player and weight store, over shapes that differ in hardware."""

from dataclasses import replace

import pytest

from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.registry import layers_of
from firstspike.golden.timing import layer as timing
from firstspike.golden.timing.layer import LayerFolding
from firstspike.sim.benches import EXAMPLES, encoder, layer, player, weights
from tests.support.command import firstspike
from tests.support.simulators import BothSimulators

both_simulators = BothSimulators()


def folded(n_in, n_out, lanes, window=0, last=False, rows=1, sends=1):
    shape = {"kind": Dense(n_in, n_out), "lanes": lanes, "window": window}
    return LayerFolding(**shape, last=last, rows=rows, sends=sends)


@both_simulators(
    ("n_in", "n_out", "lanes", "window", "last"),
    [
        (9, 13, 4, 2, False),  # windows
        (9, 13, 4, 0, False),  # ticks
        (7, 6, 6, 0, False),  # registers
        (9, 6, 1, 0, False),  # just enough groups that walks go apart
        (8, 5, 2, 0, True),
        (8, 5, 5, 0, True),
        (8, 7, 1, 0, True),  # likewise
    ],
)
def test_layer(simulator, n_in, n_out, lanes, window, last):
    folding = folded(n_in, n_out, lanes, window, last)
    layer.simulate(folding, simulator=simulator, amount=30)


@both_simulators(
    ("n_in", "n_out", "lanes", "window", "last", "rows", "sends"),
    [
        (9, 13, 4, 2, False, 2, 1),
        (10, 40, 20, 0, False, 4, 1),
        (9, 13, 13, 0, False, 1, 2),
        (14, 21, 21, 0, False, 4, 4),
        (9, 7, 3, 0, True, 2, 1),
        (9, 7, 7, 0, True, 4, 1),
    ],
)
def test_layer_of_several_rows_a_cycle(simulator, n_in, n_out, lanes, window, last, rows, sends):
    folding = folded(n_in, n_out, lanes, window, last, rows, sends)
    layer.simulate(folding, simulator=simulator, amount=30)


@both_simulators(
    ("hidden", "size", "maps", "lanes"),
    [
        ("4c2", (5, 4), 1, 4),  # one group
        ("2c4", (4, 4), 2, 2),  # one place: its state is in registers
    ],
)
def test_layer_that_convolves(simulator, hidden, size, maps, lanes):
    convolve(simulator, hidden, size, maps, lanes, 0)


# Not on Icarus: a promise has an address, of no meaning, which is undefined before the first spike.
@pytest.mark.parametrize(
    ("hidden", "size", "maps", "lanes", "window"),
    [
        ("5c3s2p1", (6, 5), 2, 2, 3),  # several groups
        ("3c5s3p2", (1, 14), 3, 2, 2),  # along one row
        ("5c4p3", (4, 4), 1, 5, 1),  # places follow each other closely
        ("3c1s2", (7, 7), 1, 1, 2),  # spikes that reach no position
        ("18c2", (3, 3), 2, 18, 2),  # masks wait
    ],
)
def test_layer_that_convolves_with_windows(hidden, size, maps, lanes, window):
    convolve("verilator", hidden, size, maps, lanes, window)


@both_simulators(["lanes"], [(2,)])
def test_layer_whose_walks_wait_for_one_another(simulator, lanes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "LONG_WALK", 1)
        convolve(simulator, "4c2", (5, 4), 1, lanes, 0)


def convolve(simulator, hidden, size, maps, lanes, window):
    kind = layers_of([hidden], maps * size[0] * size[1], 2, size)[0]
    folding = LayerFolding(kind=kind, lanes=lanes, window=window, last=False)
    layer.simulate(folding, simulator=simulator, amount=30)


@both_simulators(["lanes"], [(2,), (4,), (7,)])  # many groups, or two
def test_layer_whose_rows_are_of_one_tick(simulator, lanes):
    folding = replace(folded(9, 13, lanes), one_tick=True)
    layer.simulate(folding, simulator=simulator, amount=30)


def test_layer_that_searches_its_lanes_block_by_block():
    layer.simulate(folded(6, 80, 36, 1), amount=30)


@both_simulators(
    ("n_inputs", "width", "connected", "rows"),
    [
        *((40, 13, 26, 1), (32, 8, 21, 1), (5, 32, 3, 1), (19, 8, 19, 1), (40, 13, 40, 1)),
        *((40, 8, 40, 4), (39, 12, 39, 2), (30, 32, 30, 2)),
    ],
)
def test_encoder(simulator, n_inputs, width, connected, rows):
    encoder.simulate(n_inputs, width, connected, rows, simulator=simulator)


@both_simulators(
    ("n_inputs", "width", "images"), [(40, 8, 7), (19, 24, 1), (64, 16, 4), (65, 32, 3), (3, 8, 2)]
)
def test_player(simulator, n_inputs, width, images):
    player.simulate(n_inputs, width, images, simulator=simulator)


@both_simulators(
    ("n_in", "n_out", "lanes", "weight_bits", "stored_bits", "rows"),
    [
        (7, 11, 6, 8, None, 1),
        (3, 5, 5, 4, None, 1),
        (1, 4, 1, 2, None, 1),
        (7, 11, 6, 8, 10, 1),
        (3, 5, 5, 4, 8, 1),
        (300, 80, 20, 2, None, 1),  # two pages
        (300, 80, 20, 1, 3, 1),
        (7, 11, 6, 8, None, 4),
        (600, 80, 20, 2, None, 2),  # two pages each
    ],
)
def test_weight_store(simulator, n_in, n_out, lanes, weight_bits, stored_bits, rows):
    folding = folded(n_in, n_out, lanes, rows=rows)
    weights.simulate(folding, weight_bits, stored_bits, simulator=simulator, amount=100)


@pytest.mark.long
def test_command_runs_all_benches_or_those_that_are_named(capfd):
    ended = firstspike(capfd, "check", "blocks")
    assert ended.status == 0, ended.err
    assert [line.split()[0] for line in ended.out.splitlines()] == EXAMPLES
    ended = firstspike(capfd, "check", "blocks", "weights", "core")
    assert ended.status == 0, ended.err
    assert [line.split()[0] for line in ended.out.splitlines()] == ["weights", "core"]


def test_command_lists_the_benches(capfd):
    assert {"core", "encoder", "layer", "lfsr", "queue", "weights"} <= set(EXAMPLES)
    assert not {"link", "netlist", "__init__"} & set(EXAMPLES)
    listed = f"[{' | '.join(EXAMPLES)}] ..."
    said = firstspike(capfd, "check", "blocks", "-h").out
    assert listed in " ".join(said.split())  # the line is wrapped


test_all_on_icarus = both_simulators.on_icarus()
