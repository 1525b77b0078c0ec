# SPDX-License-Identifier: BSD-2-Clause
"""The window of a core is the fastest for the examples in the network, wherever it is folded."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_iris

from firstspike import FirstSpikeClassifier, verilog
from firstspike.boards.building.design import Requirements
from firstspike.boards.building.plan import chosen_design
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, NetworkError, encode, infer
from firstspike.golden.timing import window as choice
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import DEFAULT_WINDOW, Folding
from firstspike.golden.timing.layer import MAX_WINDOW
from firstspike.golden.timing.shape import CoreShape
from firstspike.golden.timing.window import describe_window
from firstspike.hdl.link.protocol.folding import linked_folding
from tests.support.command import firstspike, toy_network


@pytest.fixture(scope="module")
def irises() -> tuple[Network, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    network = FirstSpikeClassifier(epochs=20, random_state=0).fit(X, y).network_
    return network, encode(network, X)


@pytest.mark.parametrize("lanes", [4, 8, 64])
def test_no_window_is_faster_for_the_samples(irises, lanes):
    network, ticks = irises
    results = infer(network, ticks)
    means = [
        cycles(network, ticks, results, Folding.of(network, CoreShape(lanes, k))).mean()
        for k in range(MAX_WINDOW + 1)
    ]
    folding = Folding.of(network, CoreShape(lanes))
    fastest = int(np.argmin(means))
    assert folding.shape.window == fastest
    assert len(set(means)) > 1
    assert (describe_window(network, CoreShape(lanes)) or "").startswith(f"window {fastest},")
    required = Requirements(CoreShape(lanes))
    built = chosen_design(network, BOARDS["ulx3s-85f"], required).config.folding
    assert built.shape.window == fastest


@pytest.mark.parametrize(
    "shape",
    [
        CoreShape((2, 3), 0, None, 1, False, False),
        CoreShape((2, 3), 3, 8, 1, False, False),
        CoreShape(12, 0, 8, 4, True, False),
        CoreShape((6, 3), 0, 8, 4, False, False),
    ],
)
def test_a_folding_tells_its_shape(shape):
    assert Folding.of(toy_network(), shape).shape == shape


def test_the_choice_depends_on_the_lanes_and_is_written(irises):
    network, _ = irises
    chosen = {lanes: Folding.of(network, CoreShape(lanes)).shape.window for lanes in (8, 64)}
    assert chosen == {8: 4, 64: 0}
    for lanes, window in chosen.items():
        layer, _ = verilog(network, lanes=lanes).interface["layers"]
        assert layer["window"] == window


def test_a_build_says_its_window_before_it_fails(irises, capfd, tmp_path):
    irises[0].save(tmp_path / "net.npz")
    words = ("--board", "icebreaker", "--lanes", 8, "--clock", 1000, "-o", tmp_path / "out")
    ended = firstspike(capfd, "build", tmp_path / "net.npz", *words, status=2)
    assert "window 4, the fastest for the" in ended.err


def test_without_examples_or_a_choice(irises):
    network, _ = irises
    without = replace(network, examples=None)
    assert Folding.of(without, CoreShape(64)).shape.window == DEFAULT_WINDOW
    assert describe_window(without, CoreShape(64)) is None
    assert describe_window(network, CoreShape(64, 2)) is None
    assert describe_window(network, CoreShape(100)) is None  # one group


def test_cycles_are_counted_once_and_only_with_examples(irises, monkeypatch):
    """Also for a core with a link, which takes the network without its unconnected inputs."""
    network, _ = irises
    shape = CoreShape(7)
    counted = []
    monkeypatch.setattr(choice, "infer", lambda *of: counted.append(of) or infer(*of))
    for fold in (Folding.of, linked_folding, linked_folding, Folding.of):
        assert fold(network, shape).lanes == 7
    assert len(counted) == 2
    monkeypatch.setattr(choice.Folding, "of", None)
    assert choice.window_cycles(replace(network, examples=None), shape) == ()


def test_examples_are_in_the_file_and_checked(irises):
    network, ticks = irises
    assert np.array_equal(Network.from_bytes(network.to_bytes()).examples, network.examples)
    assert {*map(bytes, network.examples)} <= {*map(bytes, ticks)}
    assert replace(network, examples=None).digest() == network.digest()
    width = ticks.shape[1]
    for examples, words in [
        (ticks[:3, 1:], rf"int32 \[3, {width - 1}\]: .* integers \[n, {width}\]"),
        (ticks[:65], r"int32 \[65, .* n in 1\.\.64"),
        (ticks[:3] * 1.0, r"float64 \[3"),
        (ticks[:0], r"int32 \[0"),
        (ticks[:3] * 0 - 1, rf"-1 to .* 0\.\.{network.deadline}"),
        (ticks[:3] + network.deadline, rf"must be in 0\.\.{network.deadline}"),
    ]:
        with pytest.raises(NetworkError, match=words):
            replace(network, examples=examples)
