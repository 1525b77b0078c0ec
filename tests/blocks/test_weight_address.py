# SPDX-License-Identifier: BSD-2-Clause
"""The WeightAddressCounter against the list of all chunks, with random pauses and jumps."""

import random

import numpy as np
import pytest

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.weight_address import WeightAddressCounter
from firstspike.hdl.layer.words import LAYER_BITS, WEIGHT_ADDRESS_BITS, chunks_of
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.simulators import run_bench


@pytest.mark.parametrize(("lanes", "first_layer"), [((5, 3), 0), ((1, 1), 0), ((7, 2), 1)])
def test_it_counts_through_all_chunks_and_knows_which_words_exist(lanes, first_layer):
    check(lanes, first_layer)


def check(lanes, first_layer):
    """Run the counter with random pauses and jumps."""
    rng = random.Random(str(lanes))
    weights = random_weights(np.random.default_rng(1), (6, 7, 3), -128, 128)
    network = network_of(weights, (40, 30), bits=8)
    layers = (config := CoreConfig.of(network, Folding.of(network, CoreShape(lanes)))).layers
    chunks = [
        (number, address, chunk)
        for number, layer in enumerate(layers)
        for address in range(layer.words)
        for chunk in range(chunks_of(layer))
    ]
    counter = WeightAddressCounter(config, first_layer)
    first = chunks.index((first_layer, 0, 0))
    names = ("exists", "within_word", "ends_word", "ends_layer", "ends_all", "layer", "address")

    def expected(position):
        number, address, chunk = chunks[position]
        following = [*chunks, (None, None, 0)][position + 1]
        ends_word = following[2] == 0
        return (1, chunk > 0, ends_word, ends_word and following[0] != number,
                position + 1 == len(chunks), number, address)  # fmt: skip

    # Layers and words, and the same with one of the higher bits.
    numbers = (
        *(0, 1, 2) * 4,
        *(layer | 1 << bit for layer in (0, 1) for bit in range(2, LAYER_BITS)),
    )
    addresses = (*(0, 3, 5, 6) * 10, 99, *(3 | 1 << bit for bit in range(4, WEIGHT_ADDRESS_BITS)))

    async def bench(ctx):
        position = first  # in `chunks`, or None if no word has the address
        for _ in range(1500):
            if position is None:
                assert not ctx.get(counter.exists)
            else:
                actual = tuple(ctx.get(getattr(counter, name)) for name in names)
                assert actual == expected(position), chunks[position]
            command = rng.choices(("advance", "pause", "load", "restart"), (80, 30, 3, 1))[0]
            number, address = rng.choice(numbers), rng.choice(addresses)
            ctx.set(counter.advance, command == "advance" and position is not None)
            ctx.set(counter.restart, command == "restart")
            ctx.set(counter.load_layer, command == "load")
            ctx.set(counter.load_address, command == "load")
            ctx.set(counter.new_layer, number % (1 << LAYER_BITS))
            ctx.set(counter.new_address, address % (1 << WEIGHT_ADDRESS_BITS))
            if command == "load":
                start = (number, address, 0)
                position = chunks.index(start) if start in chunks else None
            elif command == "restart":
                position = first
            elif command == "advance" and position is not None:
                position = position + 1 if position + 1 < len(chunks) else None
            await ctx.tick()

    run_bench(counter, bench)
