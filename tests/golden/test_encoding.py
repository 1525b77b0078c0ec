# SPDX-License-Identifier: BSD-2-Clause
"""Pixels to spikes, as DESIGN's section 2 has it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firstspike.golden import EncodingError, encode, events
from firstspike.golden.encodings.ticks import Ticks
from tests.support.level_ticks import level_tick
from tests.support.strategies import networks, networks_with_ticks

pytestmark = pytest.mark.fast


@st.composite
def networks_with_pixels(draw):
    network = draw(networks())
    return network, draw(hnp.arrays(np.uint8, (2, network.n_inputs)))


@given(networks_with_pixels())
def test_every_pixel_by_the_formula(network_and_pixels):
    network, pixels = network_and_pixels
    levels = pixels[:, network.inputs].astype(int) * network.levels // 256
    expected = [[level_tick(network, q) for q in image] for image in levels.tolist()]
    assert encode(network, pixels).tolist() == expected


@given(networks_with_ticks())
def test_ticks_after_the_deadline_are_refused(network_and_ticks):
    network, ticks = network_and_ticks
    inputs = np.arange(ticks.shape[1])
    network = dataclasses.replace(network, inputs=inputs, encoding="ticks", n_inputs=ticks.shape[1])
    late = np.arange(network.deadline + 2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Ticks, "table", lambda *_: late)
        with pytest.raises(EncodingError, match=f"up to tick {late[-1]} and the deadline"):
            encode(network, ticks)


@given(networks(), st.integers(2, 256))
def test_bright_pixels_come_first_and_none_after_six_units(network, levels):
    network = dataclasses.replace(network, encoding=f"levels-{levels}", late=-1)
    all_values = np.repeat(np.arange(256, dtype=np.uint8)[:, None], network.n_inputs, axis=1)
    ticks = encode(network, all_values)[:, 0]
    bright = ticks[ticks > 0]
    assert bright[-1] == network.unit
    assert np.all(np.diff(bright) <= 0)
    assert bright[0] <= 6 * network.unit


@given(networks_with_pixels())
def test_binary_is_two_levels_with_bright_above_127(network_and_pixels):
    network, pixels = network_and_pixels
    binary = dataclasses.replace(network, encoding="binary", late=-1)
    two = dataclasses.replace(network, encoding="levels-2", late=-1)
    assert np.array_equal(encode(binary, pixels), encode(two, pixels))
    assert np.array_equal(encode(binary, pixels) > 0, pixels[:, network.inputs] > 127)


@given(networks_with_ticks())
def test_events_are_sorted_by_tick_then_row_and_complete(network_and_ticks):
    _, ticks = network_and_ticks
    for row in ticks:
        found = events(row).tolist()
        assert found == sorted([int(t), r] for r, t in enumerate(row) if t)


@given(networks(), st.sampled_from(["width", "type", "one image"]))
def test_images_that_do_not_fit_are_refused(network, fault):
    pixels = {
        "width": np.zeros((1, network.n_inputs + 1), np.uint8),
        "type": np.zeros((1, network.n_inputs), np.int32),
        "one image": np.zeros(network.n_inputs, np.uint8),
    }[fault]
    with pytest.raises(EncodingError, match=r"the samples are .*: (this network takes|give)"):
        encode(network, pixels)
