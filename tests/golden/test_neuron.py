# SPDX-License-Identifier: BSD-2-Clause
"""The neuron against finite differences, the differential equation and exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from firstspike.golden import neuron

pytestmark = pytest.mark.fast


def exact_spike(z: list[float], w: list[float], number: int) -> Fraction | None:
    """The first z at which M crosses zero, walking from input to input in exact fractions."""
    inputs = sorted((Fraction(a), Fraction(b)) for a, b in zip(z, w, strict=True) if a < np.inf)
    M, slope, now = Fraction(0), Fraction(-number), Fraction(0)
    for time, weight in inputs:
        if slope > 0 and M + slope * (time - now) >= 0:
            return now - M / slope
        M += slope * (time - now)
        slope += weight
        now = time
    return now - M / slope if slope > 0 else None


def integrated_spike(z: np.ndarray, w: np.ndarray, number: int, until: float) -> float:
    """z of the spike found by integrating dV/dt = I, dI/dt = -I from input to input."""

    def reaches(_, state):
        return state[0] - number

    reaches.terminal, reaches.direction = True, 1
    state = np.zeros(2)
    times = np.log(z)
    for start, end, weight in zip(
        np.sort(times), np.append(np.sort(times)[1:], until), w[np.argsort(times)], strict=True
    ):
        state[1] += weight
        run = solve_ivp(
            lambda _, state: (state[1], -state[1]),
            (start, end),
            state,
            events=reaches,
            rtol=1e-10,
            atol=1e-12,
            method="DOP853",
        )
        if run.t_events[0].size:
            return float(np.exp(run.t_events[0][0]))
        state = run.y[:, -1].copy()
    return np.inf


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_spike_solves_the_differential_equation(seed, number):
    rng = np.random.default_rng(seed)
    z, w = rng.uniform(1, 4, 12), rng.normal(0.4, 0.6, 12)
    found = neuron.spike(z, w, number)
    expected = integrated_spike(z, w, number, until=np.log(1e6))
    assert found.z == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_derivatives_equal_finite_differences(seed, number):
    rng = np.random.default_rng(seed)
    z, w = rng.uniform(1, 4, 10), rng.normal(0.5, 0.4, 10)
    found = neuron.spike(z, w, number)
    assert np.isfinite(found.z)
    step = 1e-6
    for p in range(len(z)):
        nudge = step * (np.arange(len(z)) == p)
        by_w = neuron.spike(z, w + nudge, number).z - neuron.spike(z, w - nudge, number).z
        by_z = neuron.spike(z + nudge, w, number).z - neuron.spike(z - nudge, w, number).z
        assert found.dz_dw[p] == pytest.approx(by_w / (2 * step), rel=1e-4, abs=1e-6)
        assert found.dz_dz[p] == pytest.approx(by_z / (2 * step), rel=1e-4, abs=1e-6)


# Few distinct times make ties; weights in 64ths keep float sums exact, so that the two agree.
times = st.sampled_from([0.25, 1.0, 1.5, 2.0, 3.0, 6.0, np.inf])
weights = st.integers(-200, 200).map(lambda k: k / 64) | st.sampled_from([2.0**20, -(2.0**20)])
inputs = st.lists(st.tuples(times, weights), min_size=1, max_size=12)


@given(inputs, st.integers(1, 4))
def test_spike_equals_exact_fractions_with_ties_and_silent_inputs(inputs, number):
    z, w = map(list, zip(*inputs, strict=True))
    found = neuron.spike(z, w, number)
    expected = exact_spike(z, w, number)
    if expected is None:
        assert found.z == np.inf
        assert not found.causal.any()
        assert not found.dz_dw.any()
        assert not found.dz_dz.any()
    else:
        assert found.z == pytest.approx(float(expected), rel=1e-12)
        assert found.causal.tolist() == [time < expected for time in z]


any_time = st.floats(1e-6, 1e6) | st.just(np.inf)
any_weight = st.floats(-1e9, 1e9) | st.floats(-1e-9, 1e-9)


@given(st.lists(st.tuples(any_time, any_weight), min_size=1, max_size=12))
def test_huge_and_tiny_weights_keep_the_spike_after_its_causes(inputs):
    z, w = (np.array(column) for column in zip(*inputs, strict=True))
    found = neuron.spike(z, w)
    assert found.z > 0
    assert (z[found.causal] <= found.z).all()
    assert not (np.isinf(found.z) and found.causal.any())
    assert np.isfinite(found.dz_dw).all()
    assert (found.dz_dw <= 0).all()  # more weight from a cause never makes it later
    alone = found.causal
    if alone.any():  # the causes alone make the same spike
        assert neuron.spike(z[alone], w[alone]).z == found.z


@given(inputs)
def test_later_spikes_come_later(inputs):
    z, w = zip(*inputs, strict=True)
    spikes = [neuron.spike(z, w, number).z for number in range(1, 5)]
    assert spikes == sorted(spikes)


@pytest.mark.parametrize(
    ("z", "w", "number", "words"),
    [
        ([1.0], [1.0, 2.0], 1, "one weight"),
        ([0.0], [2.0], 1, "positive"),
        ([np.nan], [2.0], 1, "positive"),
        ([1.0], [np.inf], 1, "finite"),
        ([1.0, 2.0], [1e308, 1e308], 1, "overflow"),
        ([1.0], [2.0], 0, "number 0"),
    ],
)
def test_refuses(z, w, number, words):
    with pytest.raises(neuron.NeuronError, match=words):
        neuron.spike(np.array(z), np.array(w), number)
