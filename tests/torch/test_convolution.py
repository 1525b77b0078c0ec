# SPDX-License-Identifier: BSD-2-Clause
"""Layers that convolve in PyTorch: the integer model to the bit, exact derivatives, refusals."""

import numpy as np
import pytest
import torch

from firstspike.golden import load_dataset
from firstspike.golden.encoding import encode
from firstspike.golden.integer import infer
from firstspike.torch import (
    ConversionError,
    Encoder,
    FirstSpikeConv1d,
    FirstSpikeConv2d,
    FirstSpikeLinear,
    decide,
    from_network,
    to_network,
)
from tests.support.shapes import convolving_network

from .learning import learned
from .test_layer import check_derivatives

pytestmark = pytest.mark.fast
SHAPES = {
    "two dimensions": {},
    "steps and padding apart": {"hidden": ("2c3s2p1", "3c2s1p1", 5), "size": (5, 7)},
    "series": {"hidden": ("4c5s2p2", "3c3"), "size": (1, 20), "maps": 3},
}


def times(network, n, seed):
    rng = np.random.default_rng(seed)
    ticks = rng.integers(1, network.deadline + 1, (n, network.n_inputs)).astype(np.int32)
    ticks[rng.random(ticks.shape) < 0.3] = 0
    return ticks, torch.from_numpy(np.where(ticks > 0, ticks / network.unit, np.inf))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_a_module_is_the_integer_model(shape, seed):
    network = convolving_network(seed, **shape)
    ticks, z = times(network, 40, seed)
    expected = infer(network, ticks)
    hidden = [*expected.known_hidden()]
    module = from_network(network)
    with torch.no_grad():
        for part in module[:-1]:
            z = part(z)
            if not isinstance(part, torch.nn.Flatten | torch.nn.Unflatten):
                found = torch.where(z < torch.inf, z * network.unit, 0).round().int()
                np.testing.assert_array_equal(found.flatten(1).numpy(), hidden.pop(0))
        np.testing.assert_array_equal(decide(module[-1](z)), expected.decision)
    assert not hidden
    assert expected.hidden_spikes.any()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_there_and_back(shape):
    network = convolving_network(1, **shape)
    assert to_network(from_network(network), Encoder.of(network)).to_bytes() == network.to_bytes()


def test_a_thousand_digits_are_decided_alike():
    network = convolving_network(2, ("6c5s2", "8c5s2"), (28, 28), 1, 10)
    pixels = load_dataset("mnist").x_test[:1000]
    with torch.no_grad():
        found = decide(from_network(network)(Encoder.of(network)(pixels)))
    expected = infer(network, encode(network, pixels)).decision
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(expected)) > 3


@pytest.mark.parametrize("learns_times", [False, True])
@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (FirstSpikeConv2d(2, 3, (3, 2), (2, 1), (1, 0)), (5, 4)),
        (FirstSpikeConv1d(2, 3, 4, 2), (9,)),
    ],
    ids=["two dimensions", "series"],
)
def test_derivatives(layer, size, learns_times):
    rng = np.random.default_rng(3)
    z_in = 1 + rng.random((2, 2, *size))
    z_in[rng.random(z_in.shape) < 0.2] = np.inf
    check_derivatives(layer.double(), torch.from_numpy(z_in), learns_times)


def test_ordinary_training_ends_with_equal_decisions():
    """A filter tells apart where a bar stands, whichever row it is in."""
    torch.manual_seed(2)
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 600)
    pixels = np.zeros((600, 8, 8), np.uint8)
    rows, columns = rng.integers(0, 6, (2, 600))
    for at in range(3):
        pixels[np.arange(600), rows + at * labels, columns + at * (1 - labels)] = 255
    encoder = Encoder(pixels)
    model = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 8, 8)),
        FirstSpikeConv2d(1, 6, 3, smallest_slope=1.0),
        torch.nn.Flatten(),
        FirstSpikeLinear(6 * 36, 2, output=True, smallest_slope=1.0),
    )
    _, accuracy = learned(model, encoder, pixels, labels, 500, [(25, 5e-3), (3, 1e-3)])
    assert accuracy > 0.95


def test_layers_that_do_not_join_are_refused():
    encoder = Encoder.of(convolving_network())
    model = torch.nn.Sequential(
        torch.nn.Unflatten(1, (2, 6, 5)),
        FirstSpikeConv2d(2, 3, 3),
        FirstSpikeConv2d(4, 3, 2),
        torch.nn.Flatten(),
        FirstSpikeLinear(18, 3, output=True),
    )
    with pytest.raises(ConversionError, match=r"60 inputs.*takes \[..., 4, size, size\]"):
        to_network(model, encoder)
