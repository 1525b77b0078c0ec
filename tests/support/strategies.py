# SPDX-License-Identifier: BSD-2-Clause
"""Strategies of hypothesis that draw small networks of every kind, and images for them.

Shapes and parameters are hypothesis's own (and shrink); weights and ticks are uniform from a drawn
seed, because arrays that hypothesis fills hardly ever make a second layer spike.
"""

import itertools
from unittest.mock import patch

import numpy as np
from hypothesis import strategies as st

from firstspike.golden import Features, Network, Results, infer
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.integer import run_layer
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.kind import LayerKind

seeds = st.integers(0, 2**32 - 1)


@st.composite
def networks(draw: st.DrawFn, max_spikes: int = 3, largest: int = 8) -> Network:
    """Networks of one to five layers with all that the file format allows, but small."""
    n_layers = draw(st.integers(1, 5))
    sizes = [draw(st.integers(1, largest)) for _ in range(n_layers + 1)]
    bits = tuple(draw(st.integers(2, 8)) for _ in range(n_layers))
    unit = draw(st.integers(1, 6))
    deadline = 6 * unit + draw(st.integers(0, 9))
    n_inputs = sizes[0] + draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(seeds))
    weights = []
    for config, b in zip(itertools.pairwise(sizes), bits, strict=True):
        half = 1 << b - 1
        # How far down the weights go decides how many neurons spike.
        weights.append(rng.integers(-draw(st.integers(0, half)), half, config))
    return Network(
        weights=tuple(weights),
        weight_bits=bits,
        thresholds=tuple(draw(st.integers(1, 1 << b)) for b in bits),
        unit=unit,
        deadline=deadline,
        n_inputs=n_inputs,
        inputs=np.sort(rng.permutation(n_inputs)[: sizes[0]]),
        encoding=draw(st.sampled_from(["binary", "levels-3", "levels-8", "levels-256"])),
        late=draw(st.sampled_from([-1, 1, deadline])),
        max_spikes=draw(st.integers(1, max_spikes)),
        meta={"seed": 1},
    )


@st.composite
def networks_with_ticks(
    draw: st.DrawFn, max_spikes: int = 3, images: int = 3
) -> tuple[Network, np.ndarray]:
    """A network, and spike ticks of its connected inputs for some images (the last one empty)."""
    network = draw(networks(max_spikes))
    rng = np.random.default_rng(draw(seeds))
    latest = draw(st.integers(1, network.deadline))
    ticks = rng.integers(0, latest + 1, (images, len(network.inputs)), np.int32)
    ticks[-1] = 0
    return network, ticks


@st.composite
def networks_with_samples(draw: st.DrawFn, n: int = 4) -> tuple[Network, np.ndarray]:
    """A network with features of any kind, and samples for it, some of which miss values."""
    rng = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(["pixels", "levels", "crossings"]))
    count, N = draw(st.integers(1, 4)), draw(st.sampled_from([2, 3, 17]))
    constant, complement = draw(st.booleans()), kind != "crossings" and draw(st.booleans())
    edges, medians, steps = None, None, 0
    if kind != "pixels":
        edges = np.sort(rng.integers(-3, 4, (count, N - 1)) / 2.0, axis=1)
    if kind == "crossings":
        steps = draw(st.integers(2, 9))
        samples = rng.integers(-4, 5, (n, count, steps)) / 2.0
    elif kind == "levels":
        samples = rng.integers(-4, 5, (n, count)) / 2.0
        if draw(st.booleans()):
            medians = rng.integers(-4, 5, count) / 2.0
            samples[rng.random(samples.shape) < 0.3] = np.nan
    else:
        samples = rng.integers(0, 256, (n, count)).astype(np.uint8)
    named = edges is not None and draw(st.booleans())
    names = tuple(f"f{i}" for i in range(count)) if named else ()
    features = Features(edges, complement, constant, steps, names, medians=medians)
    encoding = f"crossings-{N - 1}" if steps else f"levels-{N}"
    n_inputs = encoding_of(encoding).n_inputs(features, count)
    inputs = np.sort(rng.permutation(n_inputs)[: draw(st.integers(1, n_inputs))])
    network = Network(
        weights=(rng.integers(-2, 8, (len(inputs), 3)),),
        weight_bits=(4,),
        thresholds=(draw(st.integers(1, 16)),),
        unit=draw(st.integers(1, 6)),
        deadline=40,
        n_inputs=n_inputs,
        inputs=inputs,
        encoding=encoding,
        late=draw(st.sampled_from([-1, 1, 40])),
        features=features,
        classes=draw(st.sampled_from([(), ("a", "b", "a b")])),
    )
    return network, samples


# The tick of a level, as section 2 of the design has it.


def level_tick(network: Network, q: int) -> int:
    """Return the tick at which an input of level q spikes, 0 for never."""
    N, unit = network.levels, network.unit
    if q == 0:
        return max(network.late, 0)
    return unit + ((N - 1 - q) * 5 * unit) // (N - 1)


# The integer model by its definition, slowly: `run_layer` in place of the fast path.


def infer_tick_by_tick(network: Network, ticks: np.ndarray) -> Results:
    """Infer as `infer` does, tick by tick."""
    with (
        patch.object(Dense, "fired", fired_tick_by_tick),
        patch.object(Convolution, "fired", fired_tick_by_tick),
    ):
        return infer(network, ticks)


def fired_tick_by_tick(
    layer: LayerKind,
    weights: np.ndarray,
    threshold: int,
    spikes: np.ndarray,
    deadline: int,
    max_spikes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `LayerKind.fired` does, tick by tick."""
    n, n_out = len(spikes), layer.n_out
    out, M = np.zeros((n, n_out, max_spikes), np.int32), np.zeros((n, n_out), np.int64)
    for image in range(n):
        out[image], trace = run_layer(
            weights, threshold, spikes[image], deadline, max_spikes, layer
        )
        first = out[image, :, 0]
        M[image] = trace[np.where(first, first, deadline), np.arange(n_out)]
    return out, M
