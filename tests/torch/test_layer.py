# SPDX-License-Identifier: BSD-2-Clause
"""`FirstSpikeLinear`: exact times and derivatives, in every way they are computed, and ticks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden.integer import infer
from firstspike.golden.torch.layer import Quantised
from firstspike.golden.torch.spike_times import (
    Grouped,
    Ordered,
    Plain,
    Together,
    method_for,
)
from firstspike.torch import (
    FirstSpikeConv1d,
    FirstSpikeConv2d,
    FirstSpikeLinear,
    decide,
    first_spike_loss,
    from_network,
    margin_loss,
)
from tests.support.feedforward import layer_times
from tests.support.strategies import networks_with_ticks

pytestmark = pytest.mark.fast
HORIZON = 5.0
SIZES = [(1, 1, 1), (3, 5, 4), (4, 20, 40), (2, 30, 3)]


def times(n, n_in, seed, few=0):
    """Input times [n, n_in], some of them inf; of `few` different ones where that is not 0."""
    rng = np.random.default_rng(seed)
    z = 1 + rng.integers(0, few, (n, n_in)) / few if few else rng.uniform(0.5, 6, (n, n_in))
    z[rng.random((n, n_in)) < 0.2] = np.inf
    return torch.from_numpy(z)


def layer_of(n_in, n_out, **more):
    torch.manual_seed(n_in)
    return FirstSpikeLinear(n_in, n_out, dtype=torch.float64, horizon=HORIZON, **more)


def check_derivatives(layer, z_in, learns_times):
    """Check those by the weights and, with `learns_times`, by the times that are not inf."""
    given = z_in.nan_to_num(posinf=1).requires_grad_(learns_times)

    def f(z, weight):
        z = torch.where(z_in < torch.inf, z, torch.inf)
        out = torch.func.functional_call(layer, {"weight": weight}, (z,))
        return out.nan_to_num(posinf=0)

    weight = layer.weight.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(f, (given, weight))
    assert (f(given, weight) != 0).any()


@pytest.mark.parametrize("output", [False, True])
@pytest.mark.parametrize("learns_times", [False, True])
@pytest.mark.parametrize(("n", "n_in", "n_out"), SIZES)
@pytest.mark.parametrize("few", [0, 1, 4])
def test_derivatives(n, n_in, n_out, output, learns_times, few):
    layer = layer_of(n_in, n_out, output=output)
    z_in = times(n, n_in, 2, few if not learns_times else 0)  # of a tie there is no derivative
    check_derivatives(layer, z_in, learns_times)


@pytest.mark.parametrize(("n", "n_in", "n_out"), SIZES)
@pytest.mark.parametrize("few", [0, 1, 4])
def test_all_ways_agree(n, n_in, n_out, few):
    z_in = times(n, n_in, 3, few)
    W = layer_of(n_in, n_out).weight.detach().T.contiguous()
    ways = [Plain(z_in), Ordered(z_in.numpy())]
    if few:
        ways.append(Grouped(z_in.numpy(), np.unique(z_in[z_in < torch.inf].numpy())))
    if few == 1:
        ways.append(Together(z_in, z_in.min()))
    expected, slopes = layer_times(z_in.numpy(), W.numpy())
    expected[expected > HORIZON] = np.inf
    e = torch.from_numpy(np.random.default_rng(4).normal(size=(n, n_out)))
    gradients = []
    for way in ways:
        found = way.times(W, 1.0, HORIZON)
        np.testing.assert_allclose(found.z, expected)
        fired = np.isfinite(expected)
        np.testing.assert_allclose(found.slope[fired], slopes[fired])
        z_end = torch.where(found.z < torch.inf, found.z, HORIZON)
        gradients.append(way.gradients(W, z_end, e))
        assert ((found.z < torch.inf) | (found.potential < 0)).all()
    for dW, dz_in in gradients[1:]:
        torch.testing.assert_close(dW, gradients[0][0])
        if dz_in is not None:
            torch.testing.assert_close(dz_in, gradients[0][1])


def test_the_way_suits_the_times():
    assert isinstance(method_for(times(3, 5, 1, 1), False), Together)
    assert isinstance(method_for(torch.full((3, 5), torch.inf), False), Together)
    assert isinstance(method_for(times(30, 50, 1, 4), False), Grouped)
    assert isinstance(method_for(times(30, 50, 1), False), Ordered)
    assert isinstance(method_for(times(3, 5, 1, 1), True), Ordered)
    assert isinstance(method_for(times(3, 5, 1).to("meta"), True), Plain)


@given(networks_with_ticks(max_spikes=1))
@settings(max_examples=300)
def test_a_quantised_layer_is_the_integer_model(network_and_ticks):
    network, ticks = network_and_ticks
    z = torch.from_numpy(np.where(ticks > 0, ticks / network.unit, np.inf))
    results = infer(network, ticks)
    *hidden, last = from_network(network)
    with torch.no_grad():
        for layer, known in zip(hidden, results.known_hidden(), strict=True):
            z = layer(z)
            found = torch.where(z < torch.inf, z * network.unit, 0).round().int().numpy()
            np.testing.assert_array_equal(found, known)
        out = last(z)
    np.testing.assert_array_equal(decide(out), results.decision)
    first = (out.amin(1) * network.unit).ceil().clamp(max=network.deadline).numpy()
    np.testing.assert_array_equal(first[~results.forced], results.tick[~results.forced])


def test_derivatives_go_straight_through_the_rounding():
    layer = layer_of(20, 10, output=True)
    z_in = times(5, 20, 1, 4)
    layer(z_in).sum().backward()
    real = layer.weight.grad.clone()
    layer.weight.grad = None
    layer.quantised = Quantised(bits=8, threshold=30, unit=4096, deadline=int(4096 * HORIZON))
    with torch.no_grad():
        layer.weight.copy_((layer.weight * 30).round() / 30)
    layer(z_in).sum().backward()
    torch.testing.assert_close(layer.weight.grad, real, rtol=0.3, atol=0.3)


def test_a_state_dict_keeps_what_a_layer_is_quantised_to():
    layer, other = layer_of(3, 2), layer_of(3, 2)
    layer.quantised = Quantised(4, 5, 16, 96)
    other.load_state_dict(layer.state_dict())
    assert other.quantised == layer.quantised
    assert "bits=4" in str(other)


def test_more_dimensions_and_single_precision():
    layer = FirstSpikeLinear(6, 4)
    z = times(10, 6, 1).float()
    assert layer(z.reshape(5, 2, 6)).shape == (5, 2, 4)
    torch.testing.assert_close(layer(z.reshape(5, 2, 6)).reshape(10, 4), layer(z))
    assert layer(z).dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FirstSpikeLinear(0, 3), "3 x 0"),
        (lambda: FirstSpikeLinear(3, 3, horizon=-1.0), "horizon is -1"),
        (lambda: FirstSpikeLinear(3, 3)(torch.ones(2, 4)), r"\[2, 4\].*\[..., 3\]"),
        (lambda: FirstSpikeLinear(3, 3)(torch.tensor([1.0, torch.nan, 1.0])), "NaN"),
        (lambda: FirstSpikeLinear(3, 3)(torch.zeros(3)), "0 or less"),
        (lambda: FirstSpikeConv2d(1, 2, (3, 3, 3)), "kernel_size is .* or 2 of them"),
        (lambda: FirstSpikeConv1d(1, 2, 3, stride=0), "stride is 0"),
        (lambda: FirstSpikeConv2d(0, 2, 3), "2 x 0 x 3 x 3"),
        (lambda: FirstSpikeConv2d(1, 2, 9)(torch.ones(1, 1, 5, 5)), "must fit into the map"),
        (lambda: FirstSpikeConv2d(1, 2, 3, padding=3)(torch.ones(1, 1, 5, 5)), "padding is 3"),
        (lambda: FirstSpikeConv1d(2, 2, 3)(torch.ones(5)), r"\[5\].*\[..., 2, size\]"),
        (lambda: Quantised(9, 1, 1, 1), "bits are 2..8"),
        (lambda: Quantised(8, 0, 1, 1), "1 or more"),
    ],
)
def test_what_is_no_layer_or_time_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("phantom", "smoothing"), [(None, 0.0), (4.0, 0.0), (None, 0.1)])
def test_cross_entropy_is_that_of_the_trainer(phantom, smoothing):
    from firstspike.golden.training.optimiser import cross_entropy

    z = torch.rand(7, 5, dtype=torch.float64, requires_grad=True)
    labels = torch.arange(7) % 5
    loss = first_spike_loss(z, labels, beta=3.0, phantom=phantom, smoothing=smoothing)
    loss.backward()
    value, gradient = cross_entropy(
        z.detach().numpy(), labels.numpy(), 3.0, np.inf if phantom is None else phantom, smoothing
    )
    assert loss.item() == pytest.approx(value.mean())
    np.testing.assert_allclose(z.grad, gradient / 7)


def test_margin_loss_is_none_where_the_label_is_far_ahead():
    z = torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.2, 3.0], [2.0, 1.0, 3.0]])
    losses = [margin_loss(row[None], torch.tensor([0]), margin=0.5).item() for row in z]
    assert losses == pytest.approx([0, 0.3, 1.5])


@given(st.data())
def test_of_equal_times_the_lowest_class_decides(data):
    z = torch.tensor(data.draw(st.lists(st.sampled_from([1.0, 2.0]), min_size=1, max_size=6)))
    assert decide(z).item() == int(np.argmin(z.numpy()))
