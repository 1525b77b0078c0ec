# SPDX-License-Identifier: BSD-2-Clause
"""Cores with layers that convolve against golden: spikes, decisions, spike counts and cycles.

    python -m tests.core.test_convolving 250     networks 0 to 249, with eight images each

Small random networks on Amaranth's simulator.
"""

import sys
from dataclasses import asdict
from unittest.mock import patch

import numpy as np
import pytest

from firstspike.golden import Network, NetworkError
from firstspike.golden.layers.registry import geometry_of, layers_of
from firstspike.golden.timing import layer
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.interface import describe
from firstspike.hdl.link.protocol.formats import Identity
from firstspike.hdl.link.protocol.identity import DesignProperties, config_of, identity_of
from tests.support.shapes import check_core, convolving_network, make_images
from tests.support.simulators import sampled


def drawn(number: int) -> tuple[Network, dict]:
    """Draw a network and the shape of its core: maps, kernels, strides, paddings, dense layers."""
    rng = np.random.default_rng(number)
    while True:
        size = (1, int(rng.integers(4, 20))) if number % 4 == 3 else tuple(rng.integers(3, 8, 2))
        maps = 2 if number % 5 == 1 else 1
        hidden: list[int | str] = [_filters(rng) for _ in range(rng.integers(1, 3))]
        hidden += [int(rng.integers(2, 9)) for _ in range(rng.integers(0, 2))]
        n_in = maps * int(np.prod(size))
        try:
            layers = layers_of(hidden, n_in, int(rng.integers(2, 5)), size)
        except NetworkError:  # a kernel that does not fit
            continue
        if max(layer.n_out for layer in layers) <= 150:
            break
    bits = int(rng.integers(3, 9))
    half = 1 << bits - 1
    unit = int(rng.choice([1, 4, 8, 16]))
    bitmap = int(rng.choice([8, 13])) if number % 3 == 0 and maps == 1 else None
    config = {
        "lanes": tuple(int(rng.integers(1, layer.columns + 1)) for layer in layers),
        "window": int(rng.integers(0, 5)),
        "bitmap": bitmap,
        "rows": 1,
        "pauses": number % 4 == 2,
        "any_weights": number % 7 == 5,
    }
    network = Network(
        weights=tuple(rng.integers(-half // 2, half, (one.rows, one.columns)) for one in layers),
        weight_bits=(bits,) * len(layers),
        thresholds=tuple(int(rng.integers(1, 2 + half * min(one.rows, 8) // 4)) for one in layers),
        unit=unit,
        deadline=6 * unit + int(rng.integers(0, 6)),
        n_inputs=n_in,
        inputs=np.arange(n_in),
        encoding="binary" if bitmap else f"levels-{rng.integers(2, 5)}",
        late=-1 if bitmap else int(rng.choice([-1, 1])),
        geometry=geometry_of(layers),
    )
    return network, config


def _filters(rng: np.random.Generator) -> str:
    """Draw the filters of a layer as a person writes them."""
    kernel = int(rng.integers(1, 5))
    padding = int(rng.integers(0, kernel))
    return f"{rng.integers(1, 6)}c{kernel}s{rng.integers(1, 4)}p{padding}"


def check(number: int) -> None:
    """Hold the core of a number against golden; in every other one each walk counts as long."""
    network, config = drawn(number)
    pixels, ticks = make_images(network, config, np.random.default_rng(number))
    with patch.object(layer, "LONG_SWEEP", layer.LONG_SWEEP if number % 2 else 0):
        check_core(network, pixels, ticks, config, number)


@pytest.mark.parametrize("number", sampled(range(3, 9), 6))
def test_a_core_that_convolves_equals_golden(number):
    check(number)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (CoreShape(rows=2), "adds one row per cycle"),
        (CoreShape(overlap=True), "its images do not overlap"),
        (CoreShape(lanes=(4, 4, 6, 3)), "3 filters takes 1 to 3 lanes, not 4"),
    ],
)
def test_what_a_core_that_convolves_cannot_have_is_said(shape, message):
    with pytest.raises(NetworkError, match=message):
        Folding.of(convolving_network(), shape)


def test_the_link_tells_how_layers_convolve():
    network = convolving_network()
    config = CoreConfig.of(network, Folding.of(network, CoreShape(2, 2)))
    told = identity_of(config, network, DesignProperties(clock_hz=1))
    assert config_of(Identity.from_bytes(told.to_bytes())) == config


def test_the_interface_tells_how_layers_convolve():
    network = convolving_network()
    config = CoreConfig.of(network, Folding.of(network))
    about = describe(config, network)
    told = [layer.get("geometry") for layer in about["layers"]]
    assert told == [of and asdict(of) for of in config.geometry]
    assert any("a filter stands for the neuron" in note for note in about["notes"])


def test_a_geometry_that_no_core_has_is_refused():
    network = convolving_network()
    config = CoreConfig.of(network, Folding.of(network))
    told = identity_of(config, network, DesignProperties(clock_hz=1))
    wider = told._replace(geometry=(told.geometry[0]._replace(columns=7), *told.geometry[1:]))
    with pytest.raises(NetworkError, match="layer 0 has 60 inputs"):
        config_of(wider)


def test_learning_a_network_that_convolves_is_refused():
    network = convolving_network(hidden=("3c3",))
    with pytest.raises(NetworkError, match="learning on the chip takes dense layers alone"):
        CoreConfig.of(network, Folding.of(network), stored_bits=8)


if __name__ == "__main__":
    count = int(sys.argv[1])
    for one in range(count):
        check(one)
    print(f"{count} networks with eight images each: 0 differences")
