"""What a board says of its core, as the shape that the hardware is generated from; and its weights
as bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firstspike.golden.learning_state import LearningState
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.quantise import weight_range
from firstspike.golden.schedule import LayerSchedule, Schedule
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core import weight_chunks, weights_from_chunks
from firstspike.hdl.core_shape import CoreShape
from firstspike.hdl.layer_shape import LayerShape, Learning
from firstspike.hdl.link.protocol import Identity, IdentityFlag
from firstspike.hdl.weights import CHUNK_BITS, chunks_of

BITMAP_BITS = 8
"""Bits of a word of the Encoder, where a board has one: the link gives it a byte at a time."""

CHUNK_BYTES = CHUNK_BITS // 8


def has(identity: Identity, flag: IdentityFlag) -> bool:
    """Whether the board's core has something."""
    return bool(identity.flags >> flag & 1)


def schedule_of(identity: Identity) -> Schedule:
    """When the board's core does what, as `firstspike.golden.cycles` asks for it."""
    layers = [
        LayerSchedule(
            n_in=layer.n_in,
            n_out=layer.n_out,
            lanes=layer.lanes,
            window=layer.window,
            last=layer is identity.layers[-1],
        )
        for layer in identity.layers
    ]
    return Schedule(tuple(layers), BITMAP_BITS if has(identity, IdentityFlag.BITMAPS) else None)


def shape_of(identity: Identity) -> CoreShape:
    """The shape of the board's core. It takes the connected inputs alone."""
    schedule = schedule_of(identity)
    counted = tuple(layer.n_in for layer in identity.layers)
    layers = tuple(
        LayerShape(
            schedule=layer_schedule,
            weight_bits=layer.weight_bits,
            threshold=layer.threshold,
            deadline=identity.deadline,
            widths=StateWidths(layer.slope_bits, layer.potential_bits),
            counted=counted[: number + 1],
            learning=Learning(stored_bits=layer.stored_bits, unit=identity.unit)
            if has(identity, IdentityFlag.LEARNS)
            else None,
        )
        for number, (layer, layer_schedule) in enumerate(
            zip(identity.layers, schedule.layers, strict=True)
        )
    )
    encodes = schedule.bitmap is not None
    return CoreShape(
        layers=layers,
        deadline=identity.deadline,
        bitmap=schedule.bitmap,
        n_inputs=counted[0] if encodes else None,
        inputs=tuple(range(counted[0])) if encodes else None,
        unit=identity.unit if encodes else None,
    )


def word_bytes(layer: LayerShape) -> int:
    """Bytes of a weight word of a layer on the line."""
    return CHUNK_BYTES * chunks_of(layer)


def weight_bytes(
    shape: CoreShape, network: Network, stored: Sequence[np.ndarray] | None = None
) -> list[bytes]:
    """All weight words of every layer, in order of address, as they go over the line.

    For a core that learns `stored` are the stored weights; None for those of the network, the bits
    below in their middle. Raises NetworkError where `weight_chunks` does, and for stored weights
    that the core does not hold.
    """
    if not shape.learns and stored is not None:
        raise NetworkError("the core stores no weights but those it uses: leave the others out")
    if shape.learns:
        bits = shape.layers[0].learning.stored_bits
        if stored is None:
            stored = LearningState.of(network, bits).weights
        low, high = weight_range(bits)
        if any(weights.min() < low or weights.max() > high for weights in stored):
            raise NetworkError(f"the core stores weights of {bits} bits, {low}..{high}: give those")
    content = [bytearray() for _ in shape.layers]
    for number, _, chunk in weight_chunks(shape, network, stored):
        content[number] += chunk.to_bytes(CHUNK_BYTES, "little")
    return [bytes(one) for one in content]


def weights_of(shape: CoreShape, content: bytes) -> tuple[np.ndarray, ...]:
    """The inverse: (stored) weights int16 [n_in, n_out] a layer, from all words of all layers."""
    return weights_from_chunks(shape, np.frombuffer(content, "<u4").tolist())
