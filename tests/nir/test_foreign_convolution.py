# SPDX-License-Identifier: BSD-2-Clause
"""Graphs of others that convolve or pool: what they become, and a verdict for each node."""

import math

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firstspike.golden import bundled_test_set, encode, infer, load_network
from firstspike.golden.nir import reading
from firstspike.golden.nir.export import graph_of
from firstspike.golden.nir.graph import Graph, NirError
from firstspike.golden.nir.real_weights import real_layers
from firstspike.golden.nir.rounding import rounded_network
from firstspike.golden.nir.verdicts import APPROXIMATE, IMPOSSIBLE, SAME, verdicts
from firstspike.golden.training.quantise import plain_template
from tests.nir.interpreter import convolved
from tests.nir.test_foreign import neurons
from tests.support.command import firstspike, result_of, success, toy_network
from tests.support.shapes import convolving_network

pytestmark = pytest.mark.fast

SIZE = (8, 8)


def conv2d(filters: int, maps: int, kernel: int, size=None, **fields) -> nir.Conv2d:
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": np.zeros(filters)}
    weight = np.random.default_rng(kernel).normal(0.1, 0.3, (filters, maps, kernel, kernel))
    return nir.Conv2d(size, weight, **{**usual, **fields})


def pool(kind=nir.AvgPool2d, kernel=2, stride=2, padding=0) -> nir.NIRNode:
    return kind(*(np.array([each, each]) for each in (kernel, stride, padding)))


def linear(n_out: int, n_in: int) -> nir.Linear:
    return nir.Linear(np.random.default_rng(n_in).normal(0.2, 0.4, (n_out, n_in)))


def flatten(*shape: int, start=0) -> nir.Flatten:
    return nir.Flatten({"input": np.array(shape)}, start, -1)


def chained(*nodes: nir.NIRNode, shape=(1, *SIZE)) -> nir.NIRGraph:
    nodes = (nir.Input(np.array(shape)), *nodes, nir.Output(np.array([3])))
    return nir.NIRGraph.from_list(*nodes, type_check=False)


def small(**fields) -> nir.NIRGraph:
    """Return a graph of a convolution, pooling, another, pooling and a dense layer."""
    return chained(
        conv2d(4, 1, 3, SIZE, padding=1, **fields),
        *neurons(4, 8, 8),
        pool(),
        conv2d(2, 4, 2, (4, 4)),
        *neurons(2, 3, 3),
        flatten(2, 3, 3),
        linear(3, 18),
        *neurons(3),
    )


def test_weights_and_geometry_are_those_of_the_graph():
    graph = small()
    first, second, third = real_layers(Graph.of(graph))
    kernel = graph.nodes["conv2d"].weight
    assert np.array_equal(first.weights, kernel.reshape(4, 9).T)
    assert (first.kind.geometry.size, first.kind.geometry.padding) == (SIZE, (1, 1))
    of = second.kind.geometry
    assert (of.size, of.kernel, of.stride, of.padding) == (SIZE, (4, 4), (2, 2), (0, 0))
    # Each weight of the second stands for 2 x 2 inputs, of which the pooling takes the mean.
    spread = second.weights.T.reshape(2, 4, 2, 2, 2, 2)
    assert spread == pytest.approx(
        np.broadcast_to(graph.nodes["conv2d_1"].weight[:, :, :, None, :, None] / 4, spread.shape)
    )
    assert np.array_equal(third.weights, graph.nodes["linear"].weight.T)


def pooled(node: nir.NIRNode, x: np.ndarray) -> np.ndarray:
    """Return the pooled maps of x [n, maps, rows, columns]."""
    n_maps = x.shape[1]
    weight = np.eye(n_maps)[:, :, None, None] * np.ones(node.kernel_size)
    if isinstance(node, nir.AvgPool2d):
        weight = weight / math.prod(node.kernel_size)
    as_kernel = nir.Conv2d(None, weight, node.stride, node.padding, 1, 1, np.zeros(n_maps))
    return convolved(as_kernel, x)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_pooling_in_front_of_a_convolution_is_part_of_it(data):
    draw = data.draw
    kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kind = draw(st.sampled_from([nir.AvgPool2d, nir.SumPool2d]))
    first = pool(kind, kernel, stride, draw(st.integers(0, kernel // 2)))
    taps = draw(st.integers(1, 3))
    second = conv2d(
        2, 2, taps, stride=draw(st.integers(1, 2)), padding=draw(st.integers(0, taps - 1))
    )
    x = np.random.default_rng(1).normal(
        size=(1, 2, draw(st.integers(3, 8)), draw(st.integers(3, 8)))
    )
    maps = pooled(first, x)
    assume(min(maps.shape[2:]) + 2 * second.padding[0] >= taps)
    expected = convolved(second, maps)
    flat = math.prod(expected.shape)
    nodes = first, second, *neurons(*expected.shape[1:]), flatten(), linear(3, flat), *neurons(3)
    try:
        layer, _ = real_layers(Graph.of(chained(*nodes, shape=x.shape[1:])))
    except NirError as error:
        refusal = str(error)
    else:
        of = layer.kind.geometry
        weight = layer.weights.T.reshape(2, 2, *of.kernel)
        joint = nir.Conv2d(None, weight, of.stride, of.padding, 1, 1, np.zeros(2))
        assert convolved(joint, x) == pytest.approx(expected, abs=1e-9)
        return
    assert "give a padding of 0, or pooling that divides the map" in refusal
    assert second.padding[0] > 0


def test_pooling_in_front_of_a_dense_layer_is_part_of_it():
    """Two poolings, one behind the other."""
    nodes = pool(kernel=3, stride=2, padding=1), pool(nir.SumPool2d), flatten(2, 2, 2), linear(3, 8)
    (layer,) = real_layers(Graph.of(chained(*nodes, *neurons(3), shape=(2, *SIZE))))
    x = np.random.default_rng(1).normal(size=(5, 2, *SIZE))
    expected = pooled(nodes[1], pooled(nodes[0], x)).reshape(5, -1) @ nodes[3].weight.T
    assert x.reshape(5, -1) @ layer.weights == pytest.approx(expected)


def test_samples_choose_the_thresholds():
    pixels, labels = bundled_test_set()
    nodes = conv2d(4, 1, 5, (28, 28), stride=4), *neurons(4, 6, 6), flatten(4, 6, 6)
    graph = chained(*nodes, linear(10, 144), *neurons(10), shape=(1, 28, 28))
    graph.nodes["output"].output_type["output"] = np.array([10])
    layers = real_layers(Graph.of(graph))
    network, calibrated = rounded_network(layers, plain_template(784), 8, pixels[:50], labels[:50])
    decided = infer(network, encode(network, pixels[:50])).decision
    assert calibrated.integer == np.mean(decided == labels[:50])
    assert calibrated.real == pytest.approx(calibrated.integer, abs=0.2)


def test_series_convolve_in_one_dimension():
    weight = np.random.default_rng(1).normal(0.2, 0.3, (4, 2, 3))
    first = nir.Conv1d(20, weight, 2, "valid", 1, 1, np.zeros(4))
    nodes = first, *neurons(4, 9), flatten(4, 9), linear(3, 36), *neurons(3)
    layer, _ = real_layers(Graph.of(chained(*nodes, shape=(2, 20))))
    of = layer.kind.geometry
    assert (of.size, of.kernel, of.stride, of.padding) == ((1, 20), (1, 3), (1, 2), (0, 0))
    assert np.array_equal(layer.weights, weight.reshape(4, 6).T)


def test_words_for_paddings_are_read_from_a_file(tmp_path):
    graph = small()
    graph.nodes["conv2d"].padding, graph.nodes["conv2d_1"].padding = "same", "valid"
    nir.write(tmp_path / "net.nir", graph)
    with open(tmp_path / "net.nir", "rb") as file:
        read = real_layers(reading.graph_in(file))
    for one, other in zip(read, real_layers(Graph.of(small())), strict=True):
        assert one.kind == other.kind
        assert np.array_equal(one.weights, other.weights)


def changed(name: str, **fields):
    graph = small()
    for field, value in fields.items():
        setattr(graph.nodes[name], field, value)
    return graph


unequal = np.ones((4, 8, 8))
unequal[1, 2, 3] = 2
REFUSED = {
    "dilation": (changed("conv2d", dilation=(2, 2)), "'conv2d'", "dilation is 2: it must be 1"),
    "groups": (changed("conv2d", groups=2), "'conv2d'", "groups is 2: it must be 1"),
    "a bias": (changed("conv2d", bias=np.ones(4)), "'conv2d'", "bias is not 0"),
    "a padding of a word": (changed("conv2d", padding="ample"), "'conv2d'", "padding is 'ample'"),
    "unequal padding": (changed("conv2d_1", padding="same"), "'conv2d_1'", "unequal on the sides"),
    "a padding behind pooling": (
        chained(
            pool(kernel=3),
            conv2d(2, 1, 2, padding=1),
            *neurons(2, 4, 4),
            flatten(),
            linear(3, 32),
            *neurons(3),
        ),
        "'conv2d'",
        "patches overlap",
    ),
    "too much padding": (changed("conv2d", padding=(3, 3)), "'conv2d'", "less than the kernel"),
    "a stride of half": (changed("conv2d", stride=(0.5, 1)), "'conv2d'", "give an integer"),
    "a stride of none": (changed("conv2d", stride=(0, 0)), "'conv2d'", "stride is 0"),
    "another size": (changed("conv2d", input_shape=(9, 9)), "'conv2d'", "here it is [8, 8]"),
    "other maps": (changed("conv2d_1", weight=np.ones((2, 3, 2, 2))), "'conv2d_1'", "[filters, 4"),
    "not a number": (changed("conv2d", weight=np.full((4, 1, 3, 3), np.nan)), "'conv2d'", "nan"),
    "another flatten": (changed("flatten", start_dim=1), "'flatten'", "give 0 and -1"),
    "a flatten of two": (changed("flatten", start_dim=[0, 1]), "'flatten'", "give 0 and -1"),
    "filters that are not alike": (changed("li", r=unequal), "'if'", "share their weights"),
    "neurons of another shape": (
        changed("li", tau=np.ones((4, 8))),
        "'li'",
        "tau is [4, 8]: here it would be [4, 8, 8]",
    ),
    "a reset too near": (
        changed("if", v_reset=np.full((4, 8, 8), -0.1)),
        "'if'",
        "fire again",
    ),
    "no flatten": (
        chained(conv2d(4, 1, 3, SIZE), *neurons(4, 6, 6), linear(3, 144), *neurons(3)),
        "'linear'",
        "put Flatten in front",
    ),
    "a picture to a dense layer": (chained(linear(3, 64), *neurons(3)), "'input'", "one number"),
    "the end convolves": (
        chained(conv2d(3, 1, 8, SIZE), *neurons(3, 1, 1)),
        "'conv2d'",
        "the last layer must be Linear",
    ),
    "no maps": (
        chained(
            conv2d(3, 1, 8), *neurons(3, 1, 1), flatten(), linear(3, 3), *neurons(3), shape=(64,)
        ),
        "'conv2d'",
        "what comes in is [64]",
    ),
    "pooling of no maps": (
        chained(pool(), linear(3, 16), *neurons(3), shape=(64,)),
        "'avgpool2d'",
        "it pools maps",
    ),
    "pooling at the end": (
        chained(conv2d(4, 1, 3, SIZE), *neurons(4, 6, 6), pool()),
        "'avgpool2d'",
        "the layer ends here",
    ),
    "pooling of currents": (
        chained(conv2d(4, 1, 3, SIZE), pool(), *neurons(4, 3, 3)),
        "'avgpool2d'",
        "here it would be LI",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_by_name(what):
    graph, name, reason = REFUSED[what]
    with pytest.raises(NirError) as refused:
        real_layers(Graph.of(graph))
    message = str(refused.value)
    assert f"node {name}" in message
    assert reason in message
    assert len(message) < 300
    assert message.endswith(".")


def test_each_node_has_a_verdict():
    verdict_of = {one.name: one for one in verdicts(Graph.of(small()), ours=False)}
    assert list(verdict_of) == [
        *("input", "conv2d", "li", "if", "avgpool2d", "conv2d_1", "li_1", "if_1"),
        *("flatten", "linear", "li_2", "if_2", "output"),
    ]
    assert verdict_of["avgpool2d"].verdict == SAME
    assert verdict_of["conv2d"].verdict == APPROXIMATE
    graph = small(dilation=2)
    graph.nodes["li_1"].tau[:] = 2
    graph.nodes["if_2"] = nir.LIF(*np.ones((5, 3)))
    refused = [one for one in verdicts(Graph.of(graph), ours=False) if one.verdict == IMPOSSIBLE]
    assert [one.name for one in refused] == ["conv2d", "li_1", "if_2"]
    assert refused[1].why == "tau is 2: this neuron's is 1."


def test_what_only_the_whole_shows_has_a_verdict():
    graph = chained(conv2d(4, 1, 3, SIZE), *neurons(4, 6, 6), linear(3, 144), *neurons(3))
    (refused,) = (one for one in verdicts(Graph.of(graph), ours=False) if one.verdict == IMPOSSIBLE)
    assert (refused.name, refused.why[-27:]) == ("linear", "put Flatten in front of it.")
    with pytest.raises(NirError, match="0 nodes Input"):
        verdicts(Graph({"output": {"type": "Output", "shape": np.array([1])}}, []), ours=False)


def test_graphs_of_ours_are_the_same():
    for network in (toy_network(), convolving_network()):
        graph = graph_of(network, "cuba")
        assert {one.verdict for one in verdicts(graph, ours=True)} == {SAME}
        graph.nodes["M_0"]["v_reset"][...] = 0
        verdict_of = {one.name: one.verdict for one in verdicts(graph, ours=True)}
        assert [name for name, verdict in verdict_of.items() if verdict == IMPOSSIBLE] == ["M_0"]
        assert IMPOSSIBLE in {one.verdict for one in verdicts(graph, ours=False)}


def test_the_verb_reads_them_and_says_the_verdicts(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nir.write("theirs.nir", small())
    assert len(result_of(capfd, "convert", "theirs.nir")["nodes"]) == 13
    success(capfd, "convert", "theirs.nir", "-o", "net.npz")
    assert load_network("net.npz").shape == (64, 256, 18, 3)
    nir.write("theirs.nir", small(groups=2))
    ended = firstspike(capfd, "convert", "theirs.nir", status=1)
    assert "not possible" in ended.out
