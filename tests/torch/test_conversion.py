# SPDX-License-Identifier: BSD-2-Clause
"""Modules become integer networks and back with equal decisions; others are refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from sklearn.datasets import load_digits

from firstspike.golden import load_network
from firstspike.golden.torch.layer import Quantised
from firstspike.torch import (
    ConversionError,
    Encoder,
    FirstSpikeLinear,
    from_network,
    to_network,
)
from tests.support.strategies import networks

from .learning import learned

pytestmark = pytest.mark.fast


def digits():
    """Pixels uint8 [n, 64] and classes [n]."""
    images, labels = load_digits(return_X_y=True)
    return (images * 15.9).astype(np.uint8), labels


@pytest.fixture(scope="module")
def encoder():
    return Encoder(digits()[0], "levels-8", complement=True, unit=16, deadline=120)


def module(encoder, *hidden, **more):
    torch.manual_seed(1)
    sizes = (encoder.n_inputs, *hidden, 10)
    last = len(sizes) - 2
    return torch.nn.Sequential(
        *(
            FirstSpikeLinear(sizes[at], sizes[at + 1], output=at == last, **more)
            for at in range(last + 1)
        )
    )


def test_classes_have_names_by_the_encoder_or_at_the_end(encoder):
    names = tuple(map(str, range(1, 11)))
    assert to_network(module(encoder), encoder).classes == ()
    assert to_network(module(encoder), encoder, classes=names).classes == names
    with pytest.raises(ConversionError, match="10 neurons for 2 classes"):
        to_network(module(encoder), encoder, classes=("1", "2"))
    encoder = Encoder(digits()[0], classes=names)
    assert to_network(module(encoder), encoder).classes == names


@pytest.mark.parametrize("hidden", [(60,), (40, 30)])
def test_ordinary_training_ends_with_equal_decisions(encoder, hidden):
    pixels, labels = digits()
    model = module(encoder, *hidden, smallest_slope=1.0)
    network, accuracy = learned(model, encoder, pixels, labels, 1400, [(12, 3e-3), (2, 1e-3)])
    assert accuracy > 0.88
    assert network.weight_bits == (6,) * (len(hidden) + 1)


@given(networks(max_spikes=1))
@settings(max_examples=100)
def test_there_and_back(network):
    encoder = Encoder.of(network)
    back = to_network(from_network(network), encoder)
    assert back.to_bytes() == network.to_bytes()


def test_a_module_that_is_not_quantised_stays_as_it_is(encoder):
    model = module(encoder, 20)
    network = to_network(model, encoder, bits=4)
    assert [layer.quantised for layer in model] == [None, None]
    assert network.weight_bits == (4, 4)
    assert network.shape == (encoder.network.n_inputs, 20, 10)


class Doubled(torch.nn.Module):
    """A forward that does more than its layers."""

    def __init__(self, encoder):
        super().__init__()
        self.layers = module(encoder, 20)

    def forward(self, z):  # noqa: D102
        return -self.layers(z)


def mixed(encoder):
    model = module(encoder, 20)
    model[0].quantised = Quantised(8, 30, 16, 120)
    return model


def other_times(encoder):
    model = module(encoder, 20)
    for layer in model:
        layer.quantised = Quantised(8, 30, 8, 60)
    return model


def not_finite(encoder):
    model = module(encoder, 20)
    with torch.no_grad():
        model[1].weight[3, 2] = torch.nan
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda e: torch.nn.Sequential(torch.nn.ReLU(), *module(e, 20)), "0 is a ReLU"),
        (lambda e: torch.nn.Sequential(torch.nn.Linear(3, 3)), "Linear, which has no counterpart"),
        (lambda e: torch.nn.Identity(), "no first-spike layer"),
        (lambda e: torch.nn.Sequential(module(e, 20)[0], module(e, 30)[1]), r"takes \[..., 30\]"),
        (lambda e: torch.nn.Sequential(module(e, 20)[0]), "output=True"),
        (lambda e: torch.nn.Sequential(*module(e, 20), FirstSpikeLinear(10, 3)), "no other"),
        (lambda e: FirstSpikeLinear(5, 10, output=True), r"encoder's \d+ inputs.*takes \[..., 5\]"),
        (Doubled, "decides otherwise"),
        (mixed, "some layers are quantised"),
        (other_times, "times of this encoder"),
        (not_finite, "not finite"),
    ],
)
def test_a_module_without_counterpart_is_refused(encoder, make, message):
    with pytest.raises(ConversionError, match=message):
        to_network(make(encoder), encoder)


def test_a_network_that_spikes_several_times_is_no_module():
    with pytest.raises(ConversionError, match="up to 2 times"):
        from_network(replace(load_network("mnist-4bit"), max_spikes=2))
