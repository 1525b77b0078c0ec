# SPDX-License-Identifier: BSD-2-Clause
"""The kernels of training against the readable reference: any times, any sort of input."""

import numpy as np
import pytest

from firstspike.golden.training import kernels, level_kernels
from tests.support.feedforward import layer_times

#: Columns in more than one block, the last a part of one
N_OUT = level_kernels._COLUMNS + 17

TABLES = {
    "levels-8, late dark": np.append(np.repeat(np.linspace(6, 1.2, 7), 30), np.full(46, 6.5)),
    "levels-3, dark never": np.repeat([np.inf, 6.0, 1.0], 85),
    "one time": np.full(7, 2.0),
    "never": np.full(7, np.inf),
    "a time a value": np.linspace(7, 0.5, 1000),
}


def drawn(table, n, n_in, rng):
    """Values of n images, most of which look dark, and weights with which most neurons fire."""
    values = rng.integers(0, len(table), (n, n_in), dtype=np.int32)
    values[rng.random(values.shape) < 0.4] = 0
    W = rng.normal(2.5 / n_in, 3 / n_in, (n_in, N_OUT)).astype(np.float32)
    return values, W


def grouped(table, values):
    times = np.unique(table[np.isfinite(table)]).astype(np.float32)
    level = np.searchsorted(times, table.astype(np.float32)).astype(np.int32)
    return level_kernels.group(values, level, times)


def check_times(spike_times, z_in, W):
    """Hold z_out, slope and potential, with a far horizon and a near one, to the reference."""
    expected, _ = layer_times(z_in, W)
    z_out, slope, potential = spike_times(np.float32(100))
    fired = np.isfinite(z_out)
    steep = fired & np.isfinite(expected) & (slope > 0.02)  # rounding decides about the others
    assert (fired == (expected < 100)).mean() > 0.999
    np.testing.assert_allclose(z_out[steep], expected[steep], rtol=2e-4)
    assert (potential[fired] == 0).all()

    horizon = 3.0
    z_out, slope, potential = spike_times(np.float32(horizon))
    silent = np.isinf(z_out)
    assert (silent == (expected > horizon)).mean() > 0.999
    assert silent[steep & (expected > horizon + 1e-3)].all()
    assert not silent[steep & (expected < horizon - 1e-3)].any()
    assert (potential[~silent] == 0).all()
    before = np.maximum(horizon - z_in, 0)
    np.testing.assert_allclose(potential[silent], (before @ W - horizon)[silent], atol=1e-4)
    np.testing.assert_allclose(slope[silent], ((z_in < horizon) @ W - 1)[silent], atol=1e-4)
    return fired


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", [np.uint8, np.int32])
def test_times_of_groups(name, kind):
    table = TABLES[name]
    values, W = drawn(table[: np.iinfo(kind).max + 1], 40, 61, np.random.default_rng(1))
    groups = grouped(table, values.astype(kind))
    fired = check_times(
        lambda horizon: level_kernels.group_times(groups, W, horizon),
        table[values],
        W,
    )
    assert fired.mean() > 0.3 or name == "never"


@pytest.mark.parametrize("spike_times", [kernels.spike_times, kernels.wide_spike_times])
@pytest.mark.parametrize("n_in", [1, 60, 61, 62, 63])
def test_times_of_any_inputs(spike_times, n_in):
    """Inputs are taken one by one, or by fours; in some images few or none arrive."""
    rng = np.random.default_rng(n_in)
    z_in = rng.uniform(0.5, 8, (60, n_in)).astype(np.float32)
    z_in[rng.random(z_in.shape) < rng.random((60, 1))] = np.inf
    z_in[0] = np.inf
    z_in[1:30] = np.rint(z_in[1:30] * 4) / 4  # spikes at the same time
    W = rng.normal(2.5 / n_in, 3 / n_in, (n_in, 70)).astype(np.float32)
    order = np.argsort(z_in, axis=1)
    fired = check_times(lambda horizon: spike_times(z_in, order, W, horizon), z_in, W)
    assert 0.1 < fired.mean() < 0.9


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("n", "n_in"), [(60, 45), (3, 2500)])
def test_gradients_are_the_sums_they_stand_for(name, n, n_in):
    """With a time a value there are more errors than fit a block, even in one of 2,500 inputs."""
    rng = np.random.default_rng(2)
    table = TABLES[name]
    values, W = drawn(table, n, n_in, rng)
    z_end = rng.uniform(1, 9, (n, N_OUT)).astype(np.float32)
    z_end[0] = 1.5  # later groups of this image have no part
    e = rng.normal(size=z_end.shape).astype(np.float32)
    expected = np.ones(W.shape)
    for z_image, end, error in zip(table[values], z_end, e, strict=True):
        expected += np.minimum(z_image[:, None] - end, 0) * error
    dW = np.ones_like(W)
    level_kernels.group_gradients(grouped(table, values), z_end, e, dW)
    np.testing.assert_allclose(dW, expected, atol=1e-4)
