# SPDX-License-Identifier: BSD-2-Clause
"""The FallThroughFifo against a list, with pauses on both sides, and the places it has."""

import random

import pytest

from firstspike.hdl.lib.pipeline import FallThroughFifo
from tests.support.simulators import refused, run_bench

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("depth", [2, 4, 8])
@pytest.mark.parametrize(("gives", "takes"), [(0.9, 0.2), (0.2, 0.9), (0.5, 0.5), (1, 0.6), (1, 1)])
def test_buffer_against_a_list(depth, gives, takes):
    """Whatever waits comes out in order, in the same cycle if nothing does."""
    rng = random.Random(depth)
    buffer = FallThroughFifo(8, depth)

    async def bench(ctx):
        waiting: list[int] = []
        item = None
        levels = set()
        for _ in range(600):
            if item is None and rng.random() < gives:
                item = rng.randrange(256)
                ctx.set(buffer.i.payload, item)
            ctx.set(buffer.i.valid, item is not None)
            ready = rng.random() < takes
            ctx.set(buffer.o.ready, ready)
            levels.add(len(waiting))
            assert ctx.get(buffer.i.ready) == (len(waiting) < depth)
            if item is not None and len(waiting) < depth:
                waiting.append(item)
                item = None
            assert ctx.get(buffer.o.valid) == bool(waiting)
            if waiting:
                assert ctx.get(buffer.o.payload) == waiting[0]
                if ready:
                    waiting.pop(0)
            await ctx.tick()
        assert gives <= takes or depth in levels

    run_bench(buffer, bench)


@pytest.mark.parametrize("depth", [0, 1, 6])
def test_impossible_buffers_are_refused(depth):
    refused(
        lambda: FallThroughFifo(8, depth), f"a power of two of entries, at least 2, not {depth}"
    )
