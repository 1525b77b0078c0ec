# SPDX-License-Identifier: BSD-2-Clause
"""Proofs of blocks at the sizes of shipped networks, each by induction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from amaranth.lib import wiring
from amaranth.utils import exact_log2

from firstspike.golden import Folding, load_network
from firstspike.golden.timing.layer import MAX_WINDOW
from firstspike.golden.timing.shape import CoreShape
from firstspike.golden.widths import state_widths
from firstspike.hdl.bus.core_map import ADDRESS_BITS, core_map
from firstspike.hdl.bus.image_input import beat_layout
from firstspike.hdl.bus.images import Images
from firstspike.hdl.bus.register import WORD_BYTES
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.link.framing.receiver import SPACING
from firstspike.sim.harness.networks import network_of

from .axi import (
    PATIENCE,
    AxiLiteProof,
    DecisionOutputProof,
    ImageInputProof,
    RegistersProof,
    TailDropperProof,
)
from .circuit import compile_circuit
from .crossing import CrossingProof
from .decision import DecisionProof
from .proofs import Progress, Proof
from .queue import QueueProof
from .receiver import ReceiverProof
from .ring import RingProof
from .sat import CADICAL, GLUCOSE, check_covers, check_inductive
from .serialiser import MaskFifoProof, SerialiserProof
from .widths import WidthsProof, extremes_of

SHIPPED = "mnist-4bit", "mnist-8bit"
"""The networks that come with the package."""


@dataclass(frozen=True)
class Part:
    """A block of one size, with its properties."""

    what: str
    design: wiring.Component
    depth: int = 1
    """Cycles of the induction, at most."""
    covered: int = 12
    """Cycles within which a run reaches each cover; 0 if there are some that no run reaches."""


def prove_parts(parts: Callable[[], Iterator[Part]], engine: str, progress: Progress) -> str:
    """Prove each part by induction, and see that its covers can be reached.

    Raises ProofError for the first part that does not hold.
    """
    gates = count = 0
    for part in parts():
        circuit = compile_circuit(part.design)
        constants = getattr(part.design, "constants", ())

        def report(text: str, what: str = part.what) -> None:
            progress(f"{what}: {text}")

        report("induction")
        check_inductive(circuit, part.depth, constants=constants, engine=engine, progress=report)
        if part.covered:
            check_covers(circuit, part.covered, constants=constants, engine=engine, progress=report)
        gates += len(circuit.gates)
        count += 1
    return f"sizes: {count}, gates in all: {gates}"


def layer_of(
    sizes: tuple[int, ...], number: int, lanes: tuple[int, ...], rows: int = 1, window: int = 0
) -> LayerConfig:
    """The configuration of a layer of a core for any weights of 4 bits."""
    weights = [np.zeros(pair, int) for pair in pairwise(sizes)]
    network = network_of(weights, (1,) * len(weights), unit=16, deadline=96, encoding="ticks")
    shape = CoreShape(lanes=lanes, rows=rows, window=window)
    return CoreConfig.of(network, Folding.of(network, shape), True).layers[number]


def crossings(names: tuple[str, ...], windows: tuple[int, ...]) -> Iterator[Part]:
    """The CrossingTimeDivider for any weights, with the widths of layers of shipped networks."""
    for name in names:
        network = load_network(name)
        for window in windows:
            folding = Folding.of(network, CoreShape(window=window))
            config = CoreConfig.of(network, folding, any_weights=True).layers[0]
            for widths in dict.fromkeys(state_widths(network, any_weights=True)):
                what = f"{name}, S {widths.S} bits, M {widths.M} bits, window {window}"
                yield Part(what, CrossingProof(config, widths))


def decisions(sizes: tuple[tuple[int, int], ...]) -> Iterator[Part]:
    """Numbers of classes and of lanes for which the Decision is proven."""
    for classes, lanes in sizes:
        config = layer_of((4, 8, classes), 1, (8, lanes))
        depth = config.folding.decision_cycles
        groups = config.folding.groups
        what = f"{classes} classes, {lanes} lanes"
        yield Part(what, DecisionProof(config), depth, depth + 4 + 2 * groups)


def serialisers(sizes: tuple[tuple[int, int, int, int], ...]) -> Iterator[Part]:
    """The mask serialiser of a layer, as (neurons, lanes, window, spikes sent per cycle)."""
    for neurons, lanes, window, rows in sizes:
        config = layer_of((4, neurons, 2), 0, (lanes, 2), rows, window)
        what = f"{neurons} neurons, {lanes} lanes, window {window}, {rows} per cycle"
        yield Part(what, SerialiserProof(config))
        if config.folding.mask_fifo_depth:
            yield Part(f"places of {what}", MaskFifoProof(config))


def widths(names: tuple[str, ...]) -> Iterator[Part]:
    """The steps of a neuron in each layer of the shipped networks, for its own and any weights."""
    for name in names:
        network = load_network(name)
        layers = zip(network.layers, network.weights, network.weight_bits, strict=True)
        for number, (layer, weights, bits) in enumerate(layers):
            negative, positive = map(int, layer.extremes(weights))
            own = negative, positive
            for any_weights, extremes in ((False, own), (True, extremes_of(layer, bits))):
                which = "any weights" if any_weights else "its weights"
                what = f"{name}, layer {number}, {which}"
                state = state_widths(network, any_weights)[number]
                limits = network.thresholds[number], network.deadline
                window = MAX_WINDOW if number == 0 else 0
                yield Part(what, WidthsProof(state, *limits, extremes, bits, window), 1, 40)


def queues(sizes: tuple[tuple[int, int, int], ...]) -> Iterator[Part]:
    """The SpikeQueue, as (keys, bits of a value, places)."""
    for size in sizes:
        keys, _, slots = size
        cycles = 12 if keys > 1 and slots > 2 else 0
        yield Part(f"{keys} keys, {slots} places", QueueProof(*size), 2, cycles)


def rings(depths: tuple[int, ...]) -> Iterator[Part]:
    """The packet FIFO of the link, as bytes."""
    for depth in depths:
        yield Part(f"{depth} bytes", RingProof(depth), 1, 40)


def receivers() -> Iterator[Part]:
    """The Receiver of the link."""
    yield Part("receiver", ReceiverProof(), 1, 2 * SPACING)


def buses() -> Iterator[Part]:
    """The blocks of the buses of a core."""
    weights = [np.zeros(pair, int) for pair in ((8, 6), (6, 3))]
    network = network_of(weights, (1, 1), encoding="binary", late=-1)
    config = CoreConfig.of(network, Folding.of(network, CoreShape(lanes=5)))
    core = core_map(config, network, True, Images.of(config, network))
    word_address = ADDRESS_BITS - exact_log2(WORD_BYTES)
    yield Part("addresses", AxiLiteProof(5), PATIENCE + 2)
    yield Part("registers", RegistersProof(core, word_address))
    yield Part("beats of images", ImageInputProof(8))
    yield Part("rests of images", TailDropperProof(beat_layout(8)))
    yield Part("decisions", DecisionOutputProof(config))


_ENGINES = {CADICAL: "CaDiCaL", GLUCOSE: "Glucose"}


def _lemma(
    name: str,
    claim: tuple[str, tuple[str, ...]],
    shapes: str,
    parts: Callable[[], Iterator[Part]],
    *,
    is_fast: bool = False,
    engine: str = CADICAL,
) -> Proof:
    """The record of a proof; a `claim` comes with its assumptions."""
    return Proof(
        name=name,
        claim=claim[0],
        shapes=shapes,
        assumptions=claim[1],
        method="induction, with invariants",
        engine=_ENGINES[engine],
        is_fast=is_fast,
        prove=partial(prove_parts, parts, engine),
    )


_CROSSING = (
    "The block CrossingTimeDivider accepts neurons that cross the threshold inside a window. For "
    "each neuron it outputs the largest integer u with M + u S < 0, once and in the order of the "
    "neurons, under any back-pressure.",
    ("Each neuron that the block accepts fires within the window: M < 0 <= M + 2^k S.",),
)
_DECISION = (
    "The block Decision decides at the first tick with an M >= 0, or else at the deadline. The "
    "class is the index of the largest M; if several M are equally large, it is the lowest of "
    "their indices. The decision stays unchanged until it is accepted.",
    (
        "The groups of a tick come in order, with pauses of any length.",
        "Each decision is accepted before the next one.",
        "The core does not learn.",
    ),
)
_SERIALISER = (
    "The block MaskSerialiser sends each fired lane of a mask once, the lowest of each bank first. "
    "It sends masks in the order of their arrival, and with each lane the operation to which the "
    "mask belongs. This holds under any back-pressure. It drops masks of a decided image.",
    (
        "A layer with mask slots sends a mask only if one of these slots is free.",
        "The tick of a mask is part of its operation, not in a register that all operations of a "
        "sweep share (in the code: `shared_fields` is empty).",
    ),
)
_WIDTHS = (
    "S and M of a neuron never leave the widths that golden derives.",
    ("Each input spikes at most once in an image, at tick 1 or later.",),
)
_RING = (
    "The packet FIFO of the link outputs all bytes of the frames that end with a mark, in order, "
    "and no byte of a frame that was dropped.",
    (
        "Bytes are put at least two cycles apart, and none into a full FIFO.",
        "A frame has at least one byte before its mark. No frame is dropped in a cycle in which a "
        "byte is put.",
        "The FIFO's input `release` is high exactly when a mark is accepted.",
        "Bytes are not read in consecutive cycles (the FIFO's input `every_cycle` is low) while a "
        "mark is on its way from the memory to the output.",
    ),
)
_RECEIVER = (
    "Two cycles after the zero that ends a frame, the Receiver of the link writes a mark or drops "
    "the frame. It writes a mark only if the COBS blocks are whole and the checksum is right.",
    (f"Bytes of the line are at least {SPACING} cycles apart.",),
)
_QUEUE = (
    "The SpikeQueue accepts an item whenever it is not full. It outputs each item once, the "
    "smallest key first, and items of one key in order of arrival.",
    ("The keys of all items are in range.",),
)
_BUSES: tuple[str, tuple[str, ...]] = (
    "No beat on the buses is withdrawn, lost, duplicated or reordered. Every access is answered "
    f"within {PATIENCE} cycles, plus the cycles in which another block delays it, and every "
    "register answers as the map says.",
    (),
)
_LAYERS = "both layers of `mnist-4bit` and `mnist-8bit`, any weights"

_TEN_CLASSES = "10 classes on 1, 4 and 10 lanes", partial(decisions, ((10, 1), (10, 4), (10, 10)))
"""Sizes that two engines prove."""


LEMMAS = (
    _lemma(
        "crossing-window-1",
        _CROSSING,
        f"windows of 2 ticks, widths of {_LAYERS}",
        partial(crossings, SHIPPED, (1,)),
        is_fast=True,
    ),
    _lemma(
        "crossing",
        _CROSSING,
        f"windows of 4, 8 and 16 ticks, widths of {_LAYERS}",
        partial(crossings, SHIPPED, (2, 3, 4)),
    ),
    _lemma("decision-10", _DECISION, *_TEN_CLASSES, is_fast=True),
    _lemma(
        "decision",
        _DECISION,
        "1 to 16 lanes in one group, and 2, 5 and 16 lanes in 3 or 4 groups, the last one not full",
        partial(decisions, (*((n, n) for n in range(1, 17)), (5, 2), (18, 5), (63, 16))),
    ),
    _lemma("decision-glucose", _DECISION, *_TEN_CLASSES, engine=GLUCOSE),
    _lemma(
        "serialiser-17",
        _SERIALISER,
        "1, 3 and 16 lanes; 17 lanes with mask slots",
        partial(serialisers, ((1, 1, 0, 1), (6, 3, 2, 1), (16, 16, 0, 1), (17, 17, 0, 1))),
        is_fast=True,
    ),
    _lemma(
        "serialiser",
        _SERIALISER,
        "64 lanes, with 1, 2 and 4 spikes per cycle; 8 lanes, with 2; 20 lanes with windows",
        partial(
            serialisers,
            ((64, 64, 0, 1), (64, 64, 0, 2), (64, 64, 0, 4), (8, 8, 0, 2), (40, 20, 2, 1)),
        ),
    ),
    *(
        _lemma(
            f"widths-{name}",
            _WIDTHS,
            f"both layers of `{name}`, for its own weights and for any weights",
            partial(widths, (name,)),
        )
        for name in SHIPPED
    ),
    _lemma("ring", _RING, "16 bytes", partial(rings, (16,)), is_fast=True),
    _lemma("ring-64", _RING, "32 and 64 bytes", partial(rings, (32, 64))),
    _lemma("receiver", _RECEIVER, "frames of any length", receivers, is_fast=True),
    _lemma(
        "queue",
        _QUEUE,
        "1 key and 1 entry, 2 and 1, 1 and 3, 3 and 4",
        partial(queues, ((1, 1, 1), (2, 1, 1), (1, 2, 3), (3, 2, 4))),
        is_fast=True,
    ),
    _lemma("queue-6-places", _QUEUE, "4 keys and 6 entries", partial(queues, ((4, 2, 6),))),
    _lemma(
        "buses",
        _BUSES,
        "AXI4-Lite, image input and decision output of a core 8-6-3, all registers",
        buses,
        is_fast=True,
    ),
)
"""The proofs of blocks."""
