# SPDX-License-Identifier: BSD-2-Clause
"""Graphs of others: real weights are rounded, and what is not this neuron is refused by name."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from firstspike.golden import Trainer, bundled_test_set, encode, infer
from firstspike.golden.nir import reader_process, reading
from firstspike.golden.nir.export import graph_of
from firstspike.golden.nir.graph import Graph, NirError
from firstspike.golden.nir.importing import network_of
from firstspike.golden.nir.real_weights import real_layers
from firstspike.golden.nir.rounding import rounded_network
from firstspike.golden.training.quantise import plain_template
from tests.support.command import toy_network
from tests.support.feedforward import FeedForward
from tests.support.shapes import convolving_network

SIZES = (5, 4, 3)
LOST = 0.003
"""Accuracy that rounding to 8 bits may cost."""


def neurons(*shape: int) -> list[nir.NIRNode]:
    """The published neuron, of which each number is an array of its own."""
    one = np.ones(shape)
    return [nir.LI(one, one.copy(), 0 * one), nir.IF(one.copy(), one.copy(), -1e6 * one)]


def foreign(weights) -> nir.NIRGraph:
    """A chain of the published neuron with weights [n_in, n_out] a layer."""
    nodes = [nir.Input(np.array([len(weights[0])]))]
    for w in weights:
        nodes += [nir.Linear(w.T.copy()), *neurons(w.shape[1])]
    return nir.NIRGraph.from_list(*nodes, nir.Output(np.array([weights[-1].shape[1]])))


def real_weights(graph: Graph) -> list[np.ndarray]:
    """Return the weights of each layer."""
    return [layer.weights for layer in real_layers(graph)]


def small() -> nir.NIRGraph:
    """Return a foreign graph with two layers of random weights."""
    rng = np.random.default_rng(1)
    return foreign([rng.normal(0.3, 0.5, size) for size in pairwise(SIZES)])


@pytest.mark.fast
def test_weights_are_those_of_the_graph_in_units_of_the_threshold():
    graph = small()
    expected = [graph.nodes[name].weight.T.copy() for name in ("linear", "linear_1")]
    rng = np.random.default_rng(2)
    for at, w in zip(("", "_1"), expected, strict=True):
        r, membrane, threshold = rng.uniform(0.5, 2, (3, w.shape[1]))
        graph.nodes[f"li{at}"].r *= r
        graph.nodes[f"if{at}"].r *= membrane
        graph.nodes[f"if{at}"].v_threshold *= threshold
        graph.nodes[f"linear{at}"].weight /= (r * membrane / threshold)[:, None]
    for found, w in zip(real_weights(Graph.of(graph)), expected, strict=True):
        assert found == pytest.approx(w, rel=1e-12)


@pytest.mark.fast
def test_no_bias_may_be_written_as_a_bias_of_0(tmp_path):
    graph = small()
    weight = graph.nodes["linear"].weight
    graph.nodes["linear"] = nir.Affine(weight, np.zeros(len(weight)))
    nir.write(tmp_path / "net.nir", graph)
    assert np.array_equal(real_weights(reader_process.read(tmp_path / "net.nir"))[0], weight.T)


@pytest.mark.fast
@pytest.mark.parametrize(
    "network",
    [
        toy_network(),
        convolving_network(hidden=("4c3s2p1", 8), size=(8, 8), n_classes=4),
    ],
    ids=["dense", "convolving"],
)
def test_integer_weights_are_rounded_to_themselves(network):
    layers = real_layers(graph_of(network, "time"))
    template = plain_template(layers[0].kind.n_in, unit=network.unit, deadline=network.deadline)
    rounded, calibrated = rounded_network(layers, template, 8)
    assert calibrated is None
    assert rounded.geometry == network.geometry
    ticks = np.random.default_rng(3).integers(0, 17, (50, len(network.inputs))).astype(np.int32)
    decisions = [infer(one, ticks).decision for one in (rounded, network.connected())]
    assert np.mean(np.equal(*decisions)) > 0.9


def real_decisions(weights, pixels: np.ndarray) -> np.ndarray:
    """The first to fire of real neurons (DESIGN, section 1), bright pixels [n, n_in] at z = 1."""
    z_in = np.where(pixels >= 128, 1.0, np.inf)
    return FeedForward(weights).forward(z_in)[-1].argmin(axis=1)


@pytest.fixture(scope="module")
def trained() -> Trainer:
    """Real weights, of a training on half of the bundled digits that knows of no rounding."""
    pixels, labels = bundled_test_set()
    trainer = Trainer(
        hidden=(100,), n_connected=None, epochs=40, batch=None, fine_tuning_epochs=0, held_out=0
    )
    return trainer.fit(pixels[:5000], labels[:5000])


@pytest.mark.long
@pytest.mark.parametrize("calibrated_by", [0, 1000])
def test_trained_real_weights_lose_little_by_rounding(trained, calibrated_by):
    """The loss is measured on the images that did not calibrate."""
    pixels, labels = bundled_test_set()
    layers = real_layers(Graph.of(foreign(trained.weights_)))
    weights = [layer.weights for layer in layers]
    samples = (pixels[:calibrated_by], labels[:calibrated_by]) if calibrated_by else ()
    network, calibrated = rounded_network(layers, plain_template(784), 8, *samples)
    others, theirs = pixels[5000:], labels[5000:]
    real = np.mean(real_decisions(weights, others) == theirs)
    found = np.mean(infer(network, encode(network, others)).decision == theirs)
    print(f"real {real:.2%}, 8 bits {found:.2%}, thresholds {network.thresholds}")
    assert 0.9 < real < found + LOST
    if calibrated_by:
        assert calibrated.samples == calibrated_by
        known = real_decisions(weights, pixels[:calibrated_by]) == labels[:calibrated_by]
        assert calibrated.real == pytest.approx(np.mean(known), abs=LOST)


def changed(name, **fields):
    """Give a node other fields."""

    def change(graph):
        for field, value in fields.items():
            node = graph.nodes[name]
            old = getattr(node, field)
            setattr(node, field, value(old) if callable(value) else np.full(old.shape, value))

    return change


def replaced(name, make):
    """Put another node in the place of one."""

    def change(graph):
        graph.nodes[name] = make(graph.nodes[name])

    return change


def edged(*edges, without=()):
    """Add and remove edges."""

    def change(graph):
        graph.edges = [edge for edge in graph.edges if edge not in without] + list(edges)

    return change


def removed(*names):
    """Remove nodes and their edges."""

    def change(graph):
        for name in names:
            del graph.nodes[name]
        graph.edges = [edge for edge in graph.edges if not {*edge} & {*names}]

    return change


def lif(node):
    one = np.ones(4)
    return nir.LIF(one, one, 0 * one, one, -one)


def cuba(node):
    one = np.ones(4)
    return nir.CubaLIF(one, one, one, 0 * one, one, -one)


REFUSED = {
    "a loop": (edged(("if", "linear")), ["'", "loop"]),
    "a loop of its own": (edged(("if", "if")), ["'if'", "loop"]),
    "a branch": (edged(("if", "output")), ["'if'", "more than one edge"]),
    "an edge twice": (edged(("if", "linear_1")), ["'if'", "more than one edge"]),
    "an edge to nowhere": (edged(("if", "nowhere")), ["'nowhere'", "no node"]),
    "a gap": (edged(without=[("if", "linear_1")]), ["'if'", "no edge leaves it"]),
    "no input": (removed("input"), ["0 nodes Input"]),
    "no output": (removed("output"), ["0 nodes Output"]),
    "two outputs": (
        lambda graph: graph.nodes.update(more=nir.Output(np.array([3]))),
        ["2 nodes Output", "'more'"],
    ),
    "nothing between": (
        lambda graph: (
            removed(*[n for n in graph.nodes if "put" not in n])(graph),
            edged(("input", "output"))(graph),
        ),
        ["nothing between"],
    ),
    "a node aside": (
        lambda graph: graph.nodes.update(aside=nir.I(np.ones(3))),
        ["'aside'", "not between"],
    ),
    "an unknown node": (replaced("li", lambda node: nir.Delay(np.ones(4))), ["'li'", "Delay"]),
    "a bias of a convolution": (
        replaced("linear", lambda node: nir.Conv1d(5, np.ones((1, 1, 3)), 1, 0, 1, 1, np.ones(1))),
        ["'linear'", "Conv1d", "bias is not 0"],
    ),
    "a graph inside": (replaced("li", lambda node: small()), ["'li'", "graph inside"]),
    "another neuron": (replaced("if", lif), ["'if'", "LIF", "LI and IF"]),
    "a neuron of our form cuba": (replaced("if", cuba), ["'if'", "CubaLIF", "Linear, LI, IF"]),
    "no synapse": (
        lambda graph: (removed("li")(graph), edged(("linear", "if"))(graph)),
        ["'if'", "here it would be LI"],
    ),
    "no neuron at the end": (
        lambda graph: (removed("if_1")(graph), edged(("li_1", "output"))(graph)),
        ["'li_1'", "ends here"],
    ),
    "a time constant": (changed("li", tau=0.02), ["'li'", "tau is 0.02", "1"]),
    "one time constant": (changed("li_1", tau=lambda tau: tau * [1, 1, 2]), ["'li_1'", "tau is 2"]),
    "a leak potential": (changed("li", v_leak=0.1), ["'li'", "v_leak is 0.1"]),
    "a reset to 0": (changed("if", v_reset=0.0), ["'if'", "v_reset", "fire again", "fires once"]),
    "a reset too near": (changed("if_1", v_reset=-0.5), ["'if_1'", "v_reset", "fire again"]),
    "a threshold of 0": (changed("if", v_threshold=0.0), ["'if'", "v_threshold is 0"]),
    "a negative threshold": (changed("if", v_threshold=-1.0), ["'if'", "v_threshold is -1"]),
    "a bias": (
        replaced("linear_1", lambda node: nir.Affine(node.weight, np.array([0, 0.1, 0]))),
        ["'linear_1'", "bias is not 0"],
    ),
    "not a number": (changed("linear", weight=np.nan), ["'linear'", "weight", "nan"]),
    "infinity": (changed("if", v_reset=-np.inf), ["'if'", "v_reset", "-inf"]),
    "complex weights": (changed("linear", weight=1j), ["weight", "complex128"]),
    "no weights": (changed("linear", weight=lambda w: w[:, :0]), ["'linear'", "[4, 0]"]),
    "more rows": (changed("linear_1", weight=lambda w: np.ones((4, 4))), ["'li_1'", "[3]", "[4]"]),
    "more columns": (
        changed("linear_1", weight=lambda w: np.ones((3, 6))),
        ["'linear_1'", "[3, 6]"],
    ),
    "three dimensions": (changed("linear", weight=lambda w: w[None]), ["'linear'", "[1, 4, 5]"]),
    "another number of neurons": (changed("li", tau=lambda tau: tau[:3]), ["'li'", "[3]", "[4]"]),
    "an image": (
        lambda graph: graph.nodes["input"].input_type.update(input=np.array([1, 5])),
        ["'input'", "[1.0, 5.0]"],
    ),
    "another input": (
        lambda graph: graph.nodes["input"].input_type.update(input=np.array([6])),
        ["'linear'", "[4, 5]", "6"],
    ),
    "another output": (
        lambda graph: graph.nodes["output"].output_type.update(output=np.array([4])),
        ["'output'", "[4]", "3"],
    ),
    "weights that overflow": (
        lambda graph: (changed("linear", weight=1e300)(graph), changed("if", r=1e300)(graph)),
        ["'linear'", "too large"],
    ),
    "weights that single precision cannot hold": (
        changed("linear", weight=-1e39),
        ["'linear'", "too large", "at most 1e+30"],
    ),
    "a scale that overflows": (
        lambda graph: (changed("if", r=1e300)(graph), changed("li", r=1e300)(graph)),
        ["'linear'", "too large"],
    ),
}


@pytest.mark.fast
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_this_neuron_is_refused(tmp_path, what):
    change, parts = REFUSED[what]
    graph = small()
    change(graph)
    nir.write(tmp_path / "net.nir", graph)
    with open(tmp_path / "net.nir", "rb") as file, pytest.raises(NirError) as refused:
        real_weights(reading.graph_in(file))
    message = str(refused.value)
    for part in parts:
        assert part in message
    assert len(message) < 300
    assert "\n" not in message


@pytest.mark.fast
def test_a_reset_just_low_enough_is_accepted():
    """All positive weights together only just reach the threshold from this reset."""
    graph = small()
    for at in ("", "_1"):
        positive = np.maximum(graph.nodes[f"linear{at}"].weight, 0).sum(axis=1)
        graph.nodes[f"if{at}"].v_reset = 1 - positive - 1e-9
    assert len(real_weights(Graph.of(graph))) == 2
    graph.nodes["if"].v_reset[2] += 1e-6
    with pytest.raises(NirError, match="neuron 2"):
        real_weights(Graph.of(graph))


@pytest.mark.fast
def test_real_weights_are_not_taken_for_ours():
    with pytest.raises(NirError, match="not ours"):
        network_of(Graph.of(small()))
