# SPDX-License-Identifier: BSD-2-Clause
"""What a graph of each form does, by an interpreter that knows NIR alone, is what golden does."""

import nir
import numpy as np
import pytest
from hypothesis import given, settings

from firstspike.golden import Network, encode, infer
from firstspike.golden.frameworks.nir.export import graph_of, to_nir
from firstspike.golden.frameworks.nir.forms import FORMS, STEP
from firstspike.golden.frameworks.nir.trains import trains_of
from firstspike.golden.integer import decide
from tests.core.test_depths import NETWORKS, drawn
from tests.nir.judges import in_time
from tests.support.command import deep_toy_network, toy_network
from tests.support.nir_interpreter import Stepwise, continuous
from tests.support.strategies import networks_with_ticks

pytestmark = pytest.mark.fast


def stepwise(network: Network, ticks: np.ndarray, form: str) -> None:
    """Assert that decisions, ticks and hidden spikes of a form in steps are those of golden.

    What goes in are the spike trains beside the graph.
    """
    trains = trains_of(network, ticks, form).nodes["input"].observables["spikes"]
    dt = STEP if form == "cuba" else 1.0
    if form == "ticks":  # a spike at tick z ends the step from z - 1 to z
        trains.time -= 1
        trains = trains.to_time_gridded(dt)
    run = Stepwise(to_nir(graph_of(network, form)), trains.data, dt)
    expected = infer(network, ticks)
    found = []
    for layer in range(network.n_layers):
        steps = run.first[f"M_{layer}"].reshape(len(ticks), -1)[:, : network.shape[layer + 1]]
        spikes = steps + 1 + (layer if form == "cuba" else 0)
        found.append(np.where((steps < 0) | (spikes > network.deadline), 0, spikes))
    assert not run.twice
    for ours, theirs in zip(expected.known_hidden(), found, strict=False):
        assert np.array_equal(ours, theirs)
    if form == "cuba":  # where nothing fires M is wanted at the deadline, some steps before the end
        steps = network.deadline + 1 - network.n_layers
        run = Stepwise(to_nir(graph_of(network, form)), trains.data[:, :steps], dt)
    M = run.v[f"M_{network.n_layers - 1}"]
    decision, tick, forced = decide(found[-1], M, network.deadline)
    assert decision.tolist() == expected.decision.tolist()
    assert tick.tolist() == expected.tick.tolist()
    assert forced.tolist() == expected.forced.tolist()


@pytest.mark.parametrize("form", ["ticks", "cuba"])
@settings(max_examples=60)
@given(drawn=networks_with_ticks(max_spikes=1))
def test_any_small_network_in_steps_is_golden(form, drawn):
    stepwise(*drawn, form)


@pytest.mark.parametrize("form", ["ticks", "cuba"])
@pytest.mark.parametrize("number", range(NETWORKS))
def test_a_random_network_in_steps_is_golden(number, form):
    """More of them, of 20 images each: FIRSTSPIKE_RANDOM_NETWORKS=100."""
    _, network, _, ticks = drawn(number)
    stepwise(network, ticks, form)


@pytest.mark.parametrize("form", ["ticks", "cuba"])
def test_three_hidden_layers_in_steps_are_golden(form):
    network = deep_toy_network("levels-4")
    pixels = np.random.default_rng(1).integers(0, 256, (100, 36)).astype(np.uint8)
    ticks = encode(network, pixels)
    assert (infer(network, ticks).spikes_in > 0).all(axis=1).mean() > 0.5
    stepwise(network, ticks, form)


@settings(max_examples=60)
@given(drawn=networks_with_ticks(max_spikes=1))
def test_a_layer_in_time_fires_within_the_tick_of_golden(drawn):
    network, ticks = drawn
    graph = to_nir(graph_of(network, "time"))
    expected = infer(network, ticks)
    with np.errstate(divide="ignore"):
        times = np.where(ticks > 0, np.log(ticks / network.unit), np.inf)
    for image, row in enumerate(times):
        spikes = next(continuous(graph, row))
        tick = np.ceil(np.exp(spikes) * network.unit - 1e-9)
        if network.n_layers > 1:
            found = np.where(tick <= network.deadline, tick, 0)
            assert found.tolist() == expected.known_hidden()[0][image].tolist()
        elif expected.forced[image]:
            assert tick.min() > network.deadline
        else:
            assert tick.min() == expected.tick[image]


def test_in_time_decisions_differ_little():
    """Hidden spikes are not rounded to ticks, so they come up to a tick earlier a layer."""
    network = toy_network("levels-8")
    pixels = np.random.default_rng(2).integers(0, 256, (200, 36)).astype(np.uint8)
    differing, compared = in_time(network, encode(network, pixels))
    assert compared > 100
    assert 0 < differing < compared / 10


@pytest.mark.parametrize("form", FORMS)
def test_the_nodes_of_spike_trains_are_those_of_the_graph(form):
    network = deep_toy_network()
    ticks = encode(network, np.full((3, 36), 255, np.uint8))
    trains = trains_of(network, ticks, form)
    trains.check_nodes(to_nir(graph_of(network, form)))
    results = infer(network, ticks)
    *hidden, last = list(trains.nodes.values())[1:]
    kind = nir.TimeGriddedData if form == "cuba" else nir.EventData
    assert isinstance(last.observables["decision"], kind)
    for layer, (node, expected) in enumerate(zip(hidden, results.known_hidden(), strict=True)):
        spikes = node.observables["spikes"]
        if form == "cuba":
            spikes = spikes.to_event(spikes.n_neurons)
            neurons, times = spikes.idx, np.round(spikes.time / STEP) + layer + 1
            neurons = np.where(neurons < expected.shape[1], neurons, -1)  # without relays
        else:
            neurons, times = spikes.idx, spikes.time
            if form == "time":
                times = np.round(np.exp(times) * network.unit)
        for image in range(len(ticks)):
            there = neurons[image] >= 0
            assert times[image][there].tolist() == expected[image][neurons[image][there]].tolist()
            assert there.sum() == (expected[image] > 0).sum()
