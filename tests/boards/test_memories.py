# SPDX-License-Identifier: BSD-2-Clause
"""Memory arithmetic: the memories are those of the generated design, and so are their blocks."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.building.memories import (
    FIFO,
    SMALL_RING,
    STORE,
    Memory,
    blocks,
    in_single_port_ram,
    memories,
    memory_needs,
    ring_bytes_of,
)
from firstspike.boards.building.motion import LSM6DSO
from firstspike.boards.building.sensors import sensing_design
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, load_network
from firstspike.golden.layers.registry import geometry_of, layers_of
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import ECP5, GOWIN, ICE40
from firstspike.hdl.link.linked_core import LinkedCore
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import BUILD_BYTES
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.command import toy_network
from tests.support.listening import listening_network
from tests.support.moving import small_network
from tests.support.simulators import built_memories


def deep_network():
    """Three layers, all inputs connected, more than one group in the last one."""
    weights = random_weights(np.random.default_rng(1), (20, 18, 17, 5), -8, 8)
    return network_of(weights, (8, 8, 8), unit=4, deadline=24)


DESIGNS = {
    "ticks": (toy_network(), 4, 0, 8, 1, 0),
    "window": (toy_network(), 5, 3, 8, 1, 0),
    "one group": (toy_network(), 12, None, 8, 1, 0),
    "events": (toy_network("levels-4"), 5, None, None, 1, 0),
    "deep": (deep_network(), 4, 2, 8, 1, 0),
    "pages": (load_network("mnist-4bit"), 64, 0, 8, 1, 0),
    "one tick": (load_network("mnist-4bit"), (16, 10), 0, 8, 1, 0),
    "banks": (toy_network(), 4, 3, 16, 2, 0),
    "banks, one group": (toy_network(), 12, None, 32, 4, 0),
    "banks of pages": (load_network("mnist-8bit"), 64, 0, 32, 2, 0),
    "to play": (toy_network(), 4, 0, 8, 1, 5),
    "many to play": (load_network("mnist-4bit"), 64, 0, 32, 4, 64),
}


@pytest.mark.long
@pytest.mark.parametrize("name", DESIGNS)
def test_the_memories_are_those_of_the_design(name):
    network, lanes, window, bitmap, rows, bench_images = DESIGNS[name]
    seen = network.connected()
    config = CoreConfig.of(
        seen, Folding.of(seen, CoreShape(lanes, window, bitmap, rows, one_tick=True))
    )
    digit = None if bitmap is None else np.ones(len(network.inputs), bool)
    linked_core = LinkedCore(
        config,
        network,
        clock_hz=75_000_000,
        weights=network.weights,
        digit=digit,
        ring_bytes=1024,
        bench_images=bench_images,
    )
    expected = Counter(
        (m.path, m.width, m.depth) for m in memories(config, network, 1024, bench_images)
    )
    assert built_memories(linked_core) == expected


@pytest.mark.parametrize(
    ("network", "sensor"),
    [(listening_network(), "pdm"), (small_network(), LSM6DSO)],
    ids=["sound", "motion"],
)
def test_the_memories_are_those_of_a_design_with_a_sensor(network, sensor):
    design = sensing_design(network, BOARDS["icebreaker"], CoreShape(), None, sensor)
    planned = design.memories
    assert built_memories(design.core(bytes(BUILD_BYTES))) == Counter(
        (memory.path, memory.width, memory.depth) for memory in planned
    )
    (rom,) = (memory for memory in planned if memory.path == "reporter")
    assert rom.read_only
    assert any(memory.path.startswith("sensor.") and not memory.read_only for memory in planned)


def test_the_memories_of_a_network_that_convolves_are_those_of_its_build():
    """12c5s2-24c5s2-10 on an iCEBreaker, as Yosys has counted them."""
    layers = layers_of(("12c5s2", "24c5s2"), 784, 10, (28, 28))
    network = Network(
        weights=tuple(np.zeros((one.rows, one.columns), np.int32) for one in layers),
        weight_bits=(8, 8, 8),
        thresholds=(64, 64, 64),
        unit=16,
        deadline=96,
        n_inputs=784,
        inputs=np.arange(784),
        geometry=geometry_of(layers),
    )
    board = BOARDS["icebreaker"]
    config = CoreConfig.of(network, linked_folding(network, CoreShape((1, 2, 1), 0)))
    widths = [StateWidths(11, 17), StateWidths(12, 18), StateWidths(12, 19)]
    built = tuple(
        replace(layer, widths=each) for layer, each in zip(config.layers, widths, strict=True)
    )
    built_config = replace(config, layers=built)
    held = memories(built_config, network, ring_bytes_of(built_config, board))
    needs = memory_needs(held, board)
    assert (needs["block RAM"], needs["SPRAM"]) == (29, 4)


def used(width, depth, family, **more):
    taken = blocks(Memory("some", width, depth, **more), family)
    return taken.get("block RAM", 0), taken.get("LUTs", 0)


BLOCKS = {
    ICE40: (
        *((16, 256, 1), (17, 256, 2), (9, 400, 2), (9, 600, 2), (10, 759, 2), (5, 700, 1)),
        *((12, 1100, 4), (2, 2048, 1), (360, 32, 23), (40, 379, 5), (28, 1728, 14)),
        *((27, 1728, 12), (65, 3811, 65), (4, 16, 0)),
    ),
    ECP5: (
        *((36, 512, 1), (36, 513, 2), (512, 5120, 143), (256, 2400, 37), (128, 4800, 38)),
        *((9, 8192, 4), (40, 379, 2), (1, 512, 1), (4, 512, 1)),
    ),
    GOWIN: ((4, 512, 1),),
}
"""By family: width, depth and blocks of block RAM."""

TABLES = {
    ECP5: ((4, 16, 4), (28, 32, 56), (300, 6, 300), (600, 24, 1200)),
    GOWIN: ((1, 512, 128),),  # as Yosys does: a single bit for each of 512 images
}
"""By family: width, depth and look-up tables of small memories."""


@pytest.mark.parametrize("family", BLOCKS, ids=lambda family: family.name)
def test_what_a_memory_takes(family):
    for width, depth, block_ram in BLOCKS[family]:
        assert used(width, depth, family) == (block_ram, 0), (width, depth)
    for width, depth, luts in TABLES.get(family, ()):
        assert used(width, depth, family) == (0, luts), (width, depth)


@pytest.mark.parametrize(("width", "depth"), [(600, 40), (36, 64), (36, 128)])
def test_the_selection_of_a_deeper_one_costs_more_than_a_block(width, depth):
    assert used(width, depth, ECP5)[1] == 0


def test_few_words_are_in_block_ram_where_tables_are_no_memory():
    assert used(4, 16, ICE40, compact=True) == (1, 0)
    assert used(4, 16, ECP5, compact=True) == used(4, 16, ECP5)


@pytest.mark.parametrize("family", [ICE40, ECP5, GOWIN], ids=["iCE40", "ECP5", "Gowin"])
def test_small_tables_that_are_only_read_are_logic(family):
    assert used(7, 40, family, read_only=True) == (0, 0)
    assert used(10, 400, family, read_only=True)[0] > 0


def test_weights_that_are_loaded_are_in_single_port_ram():
    store = Memory(STORE, 48, 12800)
    assert in_single_port_ram([store], BOARDS["icebreaker"]) == [STORE]
    assert blocks(store, ICE40, single_port=True) == {"SPRAM": 3}
    assert blocks(replace(store, depth=16385), ICE40, single_port=True) == {"SPRAM": 6}
    assert in_single_port_ram([store], BOARDS["ulx3s-25f"]) == []


@pytest.mark.parametrize(("lanes", "spram"), [(12, 4), (13, 4), (16, 4)])
def test_the_ring_is_in_block_ram_where_weights_take_all_single_port_ram(lanes, spram):
    board = BOARDS["icebreaker"]
    design = Design.of(load_network("mnist-4bit"), board, Requirements(CoreShape(lanes)))
    taken = memory_needs(design.memories, board)
    assert taken["SPRAM"] == spram == board.device.holds["SPRAM"]
    assert (design.ring_bytes == SMALL_RING) == (lanes > 12)
    assert (FIFO in in_single_port_ram(design.memories, board)) == (lanes <= 12)


def test_weights_of_other_layers_are_in_single_port_ram_where_block_ram_runs_out():
    board = BOARDS["icebreaker"]
    first, ring = Memory(STORE, 16, 300), Memory(FIFO, 9, 1 << 14)
    state = Memory("layer_0.lanes", 28, 1728)  # 14 block RAMs, with several addresses
    small = Memory("layer_1.store", 8, 2000, one_address=True)  # 4
    large = Memory("layer_2.store", 16, 3600, one_address=True)  # 16
    usual = [STORE, FIFO]
    assert in_single_port_ram([first, small, large, state, ring], board) == [*usual, large.path]
    assert in_single_port_ram([first, small, state, ring], board) == usual
    both = in_single_port_ram([first, small, large, state, state, ring], board)
    assert both == [*usual, large.path, small.path]
    wide = replace(first, width=48)  # it leaves no room
    assert in_single_port_ram([wide, large, state, ring], board) == usual
