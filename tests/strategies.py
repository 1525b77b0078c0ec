"""What hypothesis draws: small networks of every kind, and images for them."""

import itertools

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firstspike.golden import Network


@st.composite
def networks(draw: st.DrawFn, max_spikes: int = 3, largest: int = 8) -> Network:
    """Networks of one to three layers with all that the file format allows, but small."""
    sizes = draw(st.lists(st.integers(1, largest), min_size=2, max_size=4))
    n_layers = len(sizes) - 1
    bits = draw(st.lists(st.integers(2, 8), min_size=n_layers, max_size=n_layers))
    # From half of the largest weight on most neurons are silent.
    thresholds = [draw(st.integers(1, 1 << b)) for b in bits]
    unit = draw(st.integers(1, 6))
    deadline = 6 * unit + draw(st.integers(0, 9))
    n_inputs = sizes[0] + draw(st.integers(0, 3))
    return Network(
        weights=tuple(
            draw(hnp.arrays(np.int32, shape, elements=st.integers(-(1 << b - 1), (1 << b - 1) - 1)))
            for shape, b in zip(itertools.pairwise(sizes), bits, strict=True)
        ),
        weight_bits=tuple(bits),
        thresholds=tuple(thresholds),
        unit=unit,
        deadline=deadline,
        n_inputs=n_inputs,
        inputs=np.array(sorted(draw(st.permutations(range(n_inputs)))[: sizes[0]])),
        encoding=draw(st.sampled_from(["binary", "levels-3", "levels-8", "levels-256"])),
        late=draw(st.sampled_from([-1, 1, deadline])),
        max_spikes=draw(st.integers(1, max_spikes)),
        meta={"seed": 1},
    )


@st.composite
def networks_with_ticks(
    draw: st.DrawFn, max_spikes: int = 3, images: int = 3
) -> tuple[Network, np.ndarray]:
    """A network, and spike ticks of its connected inputs for some images."""
    network = draw(networks(max_spikes))
    shape = (images, len(network.inputs))
    ticks = draw(hnp.arrays(np.int32, shape, elements=st.integers(0, network.deadline)))
    return network, ticks
