# SPDX-License-Identifier: BSD-2-Clause
"""Networks that convolve as NIR graphs: what these do is what golden does, and back they come."""

from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docs.nir.frameworks import in_time
from firstspike.golden import Network, infer
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.layers.registry import geometry_of
from firstspike.golden.nir.export import graph_of, to_nir
from firstspike.golden.nir.forms import FORMS
from firstspike.golden.nir.graph import Graph, NirError
from firstspike.golden.nir.importing import network_of
from tests.nir.test_round_trip import stepwise, through_file
from tests.support.shapes import convolving_network
from tests.support.strategies import seeds

pytestmark = pytest.mark.fast

each_form = pytest.mark.parametrize("form", FORMS)


@st.composite
def drawn_networks(draw: st.DrawFn, any_padding: bool) -> Network:
    """Networks of up to three layers that convolve in one or two dimensions, and two dense ones."""
    flat = draw(st.booleans())
    size = (1 if flat else draw(st.integers(2, 6)), draw(st.integers(2, 6)))
    maps = draw(st.integers(1, 2))
    layers: list[Convolution | Dense] = []
    for _ in range(draw(st.integers(1, 3))):
        pairs = []
        for at, side in enumerate(size):
            kernel = draw(st.integers(1, 1 if flat and at == 0 else min(3, side)))
            most = kernel - 1 if any_padding else (kernel - 1) // 2
            stride = draw(st.integers(1, 1 if flat and at == 0 else 2))
            pairs.append((kernel, stride, draw(st.integers(0, most))))
        geometry = Geometry(size, *zip(*pairs, strict=True))
        layers.append(Convolution.shaped(geometry, maps, draw(st.integers(1, 3))))
        size, maps = geometry.out, layers[-1].filters
    for n_out in draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)):
        layers.append(Dense(layers[-1].n_out, n_out))
    rng = np.random.default_rng(draw(seeds))
    low = draw(st.integers(-8, 0))
    weights = tuple(rng.integers(low, 16, (one.rows, one.columns)) for one in layers)
    n_in, unit = layers[0].n_in, draw(st.integers(1, 6))
    return Network(
        weights=weights,
        weight_bits=(5,) * len(layers),
        thresholds=tuple(draw(st.integers(1, 30)) for _ in layers),
        unit=unit,
        deadline=6 * unit + draw(st.integers(0, 9)),
        n_inputs=n_in,
        inputs=np.arange(n_in),
        geometry=geometry_of(layers),
    )


def ticks_for(network: Network, seed: int, latest: int, n: int = 3) -> np.ndarray:
    """Spike ticks of images up to `latest`; the last image is empty."""
    ticks = np.random.default_rng(seed).integers(0, latest + 1, (n, network.n_inputs))
    ticks[-1] = 0
    return ticks.astype(np.int32)


@each_form
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_network_comes_back(form, data):
    network = data.draw(drawn_networks(any_padding=form != "cuba"))
    assert through_file(network, form).to_bytes() == network.to_bytes()


@pytest.mark.long
@pytest.mark.parametrize("form", ["ticks", "cuba"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_network_in_steps_is_golden(form, data):
    network = data.draw(drawn_networks(any_padding=form != "cuba"))
    latest = data.draw(st.integers(1, network.deadline))
    stepwise(network, ticks_for(network, data.draw(seeds), latest), form)


@pytest.mark.parametrize("form", ["ticks", "cuba"])
def test_three_hidden_layers_in_steps_are_golden(form):
    network = convolving_network(hidden=("4c3s2p1", "4c2", 8), size=(8, 8))
    ticks = ticks_for(network, 1, network.unit, 20)
    assert (infer(network, ticks).spikes_in > 0).all(axis=1).mean() > 0.9
    stepwise(network, ticks, form)


def test_in_time_decisions_differ_little():
    network = convolving_network(hidden=("4c3s2p1", 8), size=(8, 8), n_classes=4)
    differing, compared = in_time(network, ticks_for(network, 2, network.deadline // 3, 100))
    assert compared > 80
    assert differing < compared / 5


def test_series_are_written_as_conv1d_and_pictures_as_conv2d():
    for size, kind, shape in (((1, 20), "Conv1d", [2, 20]), ((6, 5), "Conv2d", [2, 6, 5])):
        graph = graph_of(convolving_network(hidden=("3c3", "4c2"), size=size))
        kinds = [node["type"] for node in graph.nodes.values()]
        assert kinds.count(kind) == 4  # with those that bring the thresholds
        assert kinds.count("Flatten") == 1
        assert graph.nodes["input"]["shape"].tolist() == shape


def test_a_padding_of_half_a_kernel_is_refused_in_form_cuba():
    network = convolving_network(hidden=("3c2p1",))
    with pytest.raises(NirError, match="layer 0 has kernels of 2 x 2 with a padding of 1 x 1"):
        graph_of(network, "cuba")


@each_form
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "node 'weights_0', Conv2d: weight is "),
        ("[null, null]", "geometry has 2 entries: the graph has 4"),
        ("[", "geometry is not JSON"),
    ],
)
def test_a_geometry_that_does_not_fit_is_refused(form, value, message):
    graph = graph_of(convolving_network(), form)
    if value is None:
        del graph.metadata["geometry"]
    else:
        graph.metadata["geometry"] = value
    with pytest.raises(NirError, match=message):
        network_of(graph)


@each_form
def test_a_graph_without_its_flatten_is_refused(form):
    graph = to_nir(graph_of(convolving_network(hidden=("3c3",)), form))
    nodes = {name: node for name, node in graph.nodes.items() if name != "flatten_1"}
    names = list(nodes)
    bare = nir.NIRGraph(nodes, list(pairwise(names)), graph.metadata, type_check=False)

    with pytest.raises(
        NirError, match="node 'weights_1', Linear: with the metadata it would be Flatten"
    ):
        network_of(Graph.of(bare))
