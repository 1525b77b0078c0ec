# SPDX-License-Identifier: BSD-2-Clause
"""Exported graphs give their networks back bit for bit by their weights, or are refused."""

import io
import json
import re
from dataclasses import replace
from operator import itemgetter

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import Network, encode, infer, load_network, shipped
from firstspike.golden.integer import decide
from firstspike.golden.nir import export, reader_process, reading
from firstspike.golden.nir.export import graph_of, to_nir
from firstspike.golden.nir.forms import FORMS, STEP
from firstspike.golden.nir.graph import Graph, NirError
from firstspike.golden.nir.importing import network_of
from firstspike.golden.nir.trains import trains_of
from tests.core.test_shapes import NETWORKS, drawn
from tests.nir.interpreter import Stepwise, continuous
from tests.support.command import deep_toy_network, toy_network
from tests.support.shapes import convolving_network
from tests.support.strategies import networks, networks_with_samples, networks_with_ticks

pytestmark = pytest.mark.fast

each_form = pytest.mark.parametrize("form", FORMS)


def through_file(network: Network, form: str) -> Network:
    """The network as a graph in a file, read again."""
    file = io.BytesIO()
    nir.write(file, to_nir(graph_of(network, form)))
    return network_of(reading.graph_in(file))


@each_form
@settings(max_examples=60)
@given(network=networks(max_spikes=1) | networks_with_samples().map(itemgetter(0)))
def test_any_network_comes_back(form, network):
    assert through_file(network, form).to_bytes() == network.to_bytes()


@each_form
@pytest.mark.parametrize("name", shipped())
def test_shipped_networks_come_back_through_a_file(tmp_path, form, name):
    network = load_network(name)
    path = tmp_path / "net.nir"
    export.write(path, graph_of(network, form))
    read = network_of(reader_process.read(path))
    assert read.to_bytes() == network.to_bytes()
    assert read.digest() == network.digest()
    assert network_of(Graph.of(nir.read(path))).to_bytes() == network.to_bytes()


@each_form
def test_meta_of_any_kind_comes_back(form):
    meta = {"a": [1.5, None, {"ü": "\n'\""}], "weights_0": "", "": 1e300}
    network = replace(deep_toy_network(), meta=meta, classes=("a", "é", '"', "\\"))
    assert through_file(network, form).to_bytes() == network.to_bytes()


@each_form
def test_single_precision_is_enough(form):
    """A graph that another framework has loaded and written again."""
    network = deep_toy_network()
    graph = graph_of(network, form)
    for node in graph.nodes.values():
        for field, value in node.items():
            if isinstance(value, np.ndarray) and value.dtype == np.float64:
                node[field] = value.astype(np.float32)
    assert network_of(graph).to_bytes() == network.to_bytes()


@each_form
def test_names_and_order_of_the_nodes_do_not_matter(form):
    network = deep_toy_network()
    graph = graph_of(network, form)
    named = {name: f"{at}.{name[::-1]}" for at, name in enumerate(sorted(graph.nodes))}
    renamed = Graph(
        {named[name]: graph.nodes[name] for name in sorted(graph.nodes)},
        [(named[a], named[b]) for a, b in reversed(graph.edges)],
        graph.metadata,
    )
    assert network_of(renamed).to_bytes() == network.to_bytes()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("threshold", np.array([300]), "needs an integer for each."),
        ("threshold", np.array([0.5, 1]), "the metadata's threshold is float64 [2]: the graph has"),
        ("unit", 11, "at least 6 units, 66."),
        ("unit", "a", "the metadata do not fit: unit is <U1 []: it must be one integer."),
        ("inputs", np.arange(34), "node 'weights_0', Linear: weight is [12, 35]: it must be"),
        ("inputs", np.arange(35) + 2, "the metadata do not fit: inputs holds 2 to 36: indices"),
        ("inputs", "none", "node 'weights_0', Linear: weight is [12, 35]: it must be [neurons,"),
        ("encoding", "none", "the metadata do not fit: encoding is 'none': it must be binary,"),
        ("weight_bits", np.array([7, 8]), "node 'weights_0', Linear: weight[0, 2] is 68, which is"),
        ("max_spikes", 2, "max_spikes is 2: NIR has no neuron that stops after so many spikes,"),
        ("meta", "{", "the metadata do not fit: meta is not JSON"),
        ("meta", "[" * 100_000, "the metadata do not fit: meta is not JSON"),
        ("classes", "[" * 100_000, "the metadata's classes is no list in JSON."),
        ("classes", "1", "the metadata do not fit: classes is <U1 []: it must be an array of"),
        ("classes", '[["a", 1], [2]]', "the metadata's classes is no list in JSON."),
        ("classes", '{"a": [1, 2]}', "the metadata do not fit: classes is <U13 []: it must be an"),
        ("classes", '["a"]', "the metadata do not fit: there are 1 names of classes for 4"),
        ("form", "space", "form is 'space': give one of ticks, time, cuba."),
        ("form", 3, "the metadata do not fit: form is 3: it must be one string."),
        ("format", "firstspike-nir-9", "the metadata's format is 'firstspike-nir-9': this version"),
        ("surprise", 1, "the metadata do not fit: the field surprise is unknown, or one before it"),
        ("unit", None, "the metadata do not fit: the field unit is missing."),
    ],
)
def test_metadata_that_do_not_fit_are_refused(field, value, message):
    graph = graph_of(toy_network(), "ticks")
    if value is None:
        del graph.metadata[field]
    else:
        graph.metadata[field] = value
    with pytest.raises(NirError, match=re.escape(message)) as refused:
        network_of(graph)
    assert str(refused.value).count("\n") == 0
    assert str(refused.value).endswith(".")


@each_form
@pytest.mark.parametrize("made", [toy_network, convolving_network])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_number_of_a_node_can_be_changed_without_a_word(made, form, data):
    """But weights, which then are those of the network."""
    network = made()
    graph = graph_of(network, form)
    name = data.draw(st.sampled_from([n for n in graph.nodes if "put" not in n]))
    node = graph.nodes[name]
    field = data.draw(st.sampled_from([field for field in node if field != "type"]))
    value = node[field].astype(float)
    at = tuple(data.draw(st.integers(0, size - 1)) for size in value.shape)
    factor = data.draw(st.sampled_from([np.nan, np.inf, -1, 0, 1 + 1e-4, 2]))
    value[at] = value[at] * factor if value[at] else factor
    if np.array_equal(value, node[field]):
        return
    node[field] = value
    try:
        read = network_of(graph)
    except NirError as error:
        message = str(error)
    else:
        assert (name.rstrip("0123456789_"), field) == ("weights", "weight")
        assert node["type"] == "Linear" or made is convolving_network
        assert read.to_bytes() != network.to_bytes()
        return
    assert f"node {name!r}" in message


def test_graphs_have_the_fields_of_the_network_file_in_their_metadata():
    network = replace(toy_network(), classes=("a", "b", "c", "d"))
    metadata = graph_of(network).metadata
    fields = {name for name in network.fields() if not name.startswith("weights_")}
    assert metadata.keys() == fields | {"form"}
    assert json.loads(metadata["classes"]) == ["a", "b", "c", "d"]


# An interpreter that knows only NIR gets golden's results from a graph of each form.


def stepwise(network: Network, ticks: np.ndarray, form: str) -> None:
    """Assert that decisions, ticks and hidden spikes of a form in steps are those of golden.

    The inputs are the spike trains beside the graph.
    """
    trains = trains_of(network, ticks, form).nodes["input"].observables["spikes"]
    dt = STEP if form == "cuba" else 1.0
    if form == "ticks":  # a spike at tick z ends the step from z - 1 to z
        trains.time -= 1
        trains = trains.to_time_gridded(dt)
    run = Stepwise(to_nir(graph_of(network, form)), trains.data, dt)
    expected = infer(network, ticks)
    spike_ticks = []
    for layer in range(network.n_layers):
        steps = run.first[f"M_{layer}"].reshape(len(ticks), -1)[:, : network.shape[layer + 1]]
        spikes = steps + 1 + (layer if form == "cuba" else 0)
        spike_ticks.append(np.where((steps < 0) | (spikes > network.deadline), 0, spikes))
    assert not run.twice
    for ours, theirs in zip(expected.known_hidden(), spike_ticks, strict=False):
        assert np.array_equal(ours, theirs)
    if form == "cuba":  # where nothing fires M is wanted at the deadline, some steps before the end
        steps = network.deadline + 1 - network.n_layers
        run = Stepwise(to_nir(graph_of(network, form)), trains.data[:, :steps], dt)
    M = run.v[f"M_{network.n_layers - 1}"]
    decision, tick, forced = decide(spike_ticks[-1], M, network.deadline)
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
            spike_ticks = np.where(tick <= network.deadline, tick, 0)
            assert spike_ticks.tolist() == expected.known_hidden()[0][image].tolist()
        elif expected.forced[image]:
            assert tick.min() > network.deadline
        else:
            assert tick.min() == expected.tick[image]


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
            spiked = neurons[image] >= 0
            assert times[image][spiked].tolist() == expected[image][neurons[image][spiked]].tolist()
            assert spiked.sum() == (expected[image] > 0).sum()
