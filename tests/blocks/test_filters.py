# SPDX-License-Identifier: BSD-2-Clause
"""The Filters: z of every sample against the formulas of the design."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from firstspike.golden.sound.defaults import resonant
from firstspike.golden.sound.filters import STATE_BITS, Filter
from firstspike.hdl.sound.filters import Filters
from tests.support.transfers import Stream, Transfers, check_transfers


@pytest.mark.parametrize(
    "resonances", [pytest.param((), marks=pytest.mark.long), (150, 1900, 3700)]
)
def test_filters(resonances, seed):
    """60 random samples of any loudness."""
    waits = Filter(a1=12000, a2=-9000, up=0, down=23, gain=0)  # for its D
    filters = [*(resonant(f, 200, 8000) for f in resonances), waits]
    rng = np.random.default_rng(seed)
    loud = np.repeat(2 ** rng.integers(0, 16, 6), 10)
    x = np.where(rng.random(60) < 0.7, rng.choice([-1, 1], 60), rng.uniform(-1, 1))
    x = (x * loud).clip(-(2**15), 2**15 - 1).astype(np.int16)
    z = np.array([list(outputs_of(one, x)) for one in filters]).T
    cycles = Filters.cycles(filters)
    transfers = Transfers(
        inputs=Stream("samples", (x.astype(np.int64) & 0xFFFF).tolist()),
        outputs=Stream("outputs", (z.ravel() & (1 << STATE_BITS) - 1).tolist()),
        early=3,
        reset_after=cycles // 3,
        patience=100 * cycles,
        pace=(cycles, 4),
        steady=True,
    )
    check_transfers(Filters(filters), transfers, seed)


example = partial(test_filters, (150, 1900, 3700), seed=1)


def outputs_of(one: Filter, x: np.ndarray) -> Iterator[int]:
    """Yield z of each sample (DESIGN, section 6)."""
    x2 = x1 = y2 = y1 = z2 = z1 = 0
    for x0 in x.tolist():
        y0 = ((x0 - x2) << one.up) + ((one.a1 * y1 + one.a2 * y2 + 2**13) >> 14)
        z0 = ((y0 - y2) >> one.down) + ((one.a1 * z1 + one.a2 * z2 + 2**13) >> 14)
        yield z0
        x2, x1, y2, y1, z2, z1 = x1, x0, y1, y0, z1, z0
