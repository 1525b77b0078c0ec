# SPDX-License-Identifier: BSD-2-Clause
"""The payloads of the link: their lengths, and their conversion on the host.

This module is plain Python, for hosts of real and simulated boards.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from firstspike.golden.encoding import events
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.learning import rule as learning
from firstspike.golden.learning.rule import Settings
from firstspike.golden.learning.state import held_weights
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.results import Results
from firstspike.hdl.core.config import CoreConfig, weight_chunks, weights_from_chunks
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.words import CHUNK_BITS, LAYER_BITS, chunks_of

from .formats import (
    COUNTS_FORMAT,
    DECISION_FORMAT,
    MAX_CHUNKS,
    PLAY_FORMAT,
    SETTINGS_FORMAT,
    SPIKES_BYTES,
    STORE_FORMAT,
    TURNAROUND_BYTES,
    UNLABELLED,
    WEIGHTS_FORMAT,
    DecisionFlag,
    Identity,
    Request,
)

WORD_BYTES = CHUNK_BITS // 8
"""Bytes of a chunk of weights, and of an event; the granularity of variable lengths."""

_CAUSES = (1 << DecisionFlag.LABEL - DecisionFlag.ADDRESS + 1) - 1


class Length(NamedTuple):
    """Length of a payload in bytes: exactly `least`, or at least `least` if `variable`.

    If `counted`, the last of `least` bytes is the number of chunks that follow.
    """

    least: int
    variable: bool = False
    counted: bool = False

    def permits(self, payload: bytes) -> bool:
        """Return whether a payload has this length."""
        rest = len(payload) - self.least
        if rest < 0:
            return False
        if self.counted:
            return rest == WORD_BYTES * payload[self.least - 1]
        return rest == 0 or (self.variable and rest % WORD_BYTES == 0)


def bitmap_bytes(pixels: int) -> int:
    """Return the bytes of a bitmap."""
    return -(-pixels // 8)


def packed(pixels: np.ndarray) -> bytes:
    """Pack bool [n] into a bitmap: pixel p is bit p % 8 of byte p // 8."""
    return np.packbits(np.asarray(pixels, bool), bitorder="little").tobytes()


class Counts(NamedTuple):
    """Counts of a play."""

    decisions: int
    differences: int
    """Decisions whose class or tick differs from the stored decision."""
    cycles: int
    """Clock cycles from the core's first word to the last decision, both included."""


def lengths_of(
    config: CoreConfig, network: Network, bench_images: int = 0
) -> dict[Request, Length]:
    """Return the requests that a board with a core of `config` for `network` accepts."""
    lengths = {
        Request.HELLO: Length(0),
        Request.WRITE: Length(WEIGHTS_FORMAT.size, counted=True),
        Request.READ: Length(WEIGHTS_FORMAT.size),
        Request.CHECKSUM: Length(0),
        Request.EVENTS: Length(1, variable=True),
        Request.STATUS: Length(0),
        Request.RESET: Length(0),
    }
    if config.bitmap is not None:
        lengths[Request.INPUTS] = Length(1 + bitmap_bytes(len(network.inputs)))
    if config.learns:
        lengths[Request.SETTINGS] = Length(SETTINGS_FORMAT.size)
    if bench_images:
        lengths[Request.STORE] = Length(STORE_FORMAT.size + bitmap_bytes(len(network.inputs)))
        lengths[Request.PLAY] = Length(PLAY_FORMAT.size)
    return lengths


def goes_as_bitmap(config: CoreConfig, ticks: np.ndarray) -> np.ndarray:
    """Return whether each image, int [n, n_rows] or [n_rows], is sent as a bitmap (else events)."""
    if config.bitmap is None:
        return np.zeros(np.shape(ticks)[:-1], bool)
    return np.all((ticks == 0) | (ticks == config.unit), axis=-1)


def image_request(
    config: CoreConfig, ticks: np.ndarray, label: int = learning.UNLABELLED
) -> tuple[Request, bytes]:
    """Return type and payload of the shortest request for an image, int [n_rows]."""
    if goes_as_bitmap(config, ticks):
        return Request.INPUTS, bitmap_payload(ticks != 0, label)
    return Request.EVENTS, _labelled(label, events(ticks).astype("<u2").tobytes())


def bitmap_payload(bright: np.ndarray, label: int = learning.UNLABELLED) -> bytes:
    """Return the payload of INPUTS for an image, bool [n]."""
    return _labelled(label, packed(bright))


def _labelled(label: int, content: bytes) -> bytes:
    return bytes([UNLABELLED if label == learning.UNLABELLED else label]) + content


def store_payloads(ticks: np.ndarray, expected: Results) -> Iterator[bytes]:
    """Yield the payloads of STORE for images, int [n, n_rows], that are sent as bitmaps.

    `expected` holds their expected decisions.
    """
    decided = zip(expected.decision.tolist(), expected.tick.tolist(), strict=True)
    for number, (image, decision) in enumerate(zip(ticks, decided, strict=True)):
        yield STORE_FORMAT.pack(number, *decision) + packed(image != 0)


def play_payload(images: int, rounds: int) -> bytes:
    """Return the payload of PLAY for the first `images` stored images, `rounds` times."""
    return PLAY_FORMAT.pack(images, rounds)


def counts_of(answer: bytes) -> Counts:
    """Unpack the answer to PLAY."""
    return Counts._make(COUNTS_FORMAT.unpack(answer))


def decision_bytes(config: CoreConfig) -> int:
    """Return the size in bytes of the answer to an image, its decision."""
    layers = SPIKES_BYTES * len(config.layers)
    return DECISION_FORMAT.size + layers + TURNAROUND_BYTES * config.learns


def results_of(config: CoreConfig, answers: Iterable[bytes | None]) -> Results:
    """Return the results of images from the payloads of their answers; None is a lost answer.

    Only a core that learns has `updated` and `turnaround`. The link transmits no spikes.
    """
    answers, silence = list(answers), bytes(decision_bytes(config))
    lost = np.array([one is None for one in answers], bool)
    payloads = [one or silence for one in answers]
    heads = np.array([DECISION_FORMAT.unpack_from(one) for one in payloads], np.int64)
    decision, flags, tick, cycles = heads.reshape(-1, 4).T
    layers = len(config.layers)
    spikes_in = [np.frombuffer(one, "<u2", layers, DECISION_FORMAT.size) for one in payloads]
    learned = {}
    if config.learns:
        turnaround = [int.from_bytes(one[-TURNAROUND_BYTES:], "little") for one in payloads]
        learned["updated"] = flags >> DecisionFlag.UPDATED & 1 == 1
        learned["turnaround"] = np.array(turnaround, np.int64)
    return Results(
        decision=decision,
        tick=tick,
        forced=flags >> DecisionFlag.FORCED & 1 == 1,
        spikes_in=np.array(spikes_in, np.int64).reshape(-1, layers),
        error=flags >> DecisionFlag.ADDRESS & _CAUSES,
        cycles=cycles,
        lost=lost,
        **learned,
    )


def settings_payload(settings: Settings, seed: int = 0) -> bytes:
    """Return the payload of SETTINGS; with seed 0 the generator keeps its state."""
    return SETTINGS_FORMAT.pack(*settings.registers(seed).values())


def word_bytes(layer: LayerConfig) -> int:
    """Return the bytes of a weight word of a layer in a payload."""
    return WORD_BYTES * chunks_of(layer)


def weight_bytes(
    config: CoreConfig, network: Network, stored: Sequence[np.ndarray] | None = None
) -> list[bytes]:
    """Return the weight words of each layer in order of address, as payload bytes.

    For a core that learns, `stored` holds the stored weights; None derives them from the weights of
    the network, with the additional low bits at the middle of their range. Raises NetworkError like
    `weight_chunks`, and for stored weights that do not fit the core.
    """
    bits = config.stored_bits
    if stored is None:
        stored = held_weights(network, bits)
    elif bits is None:
        raise NetworkError("the core stores no weights but those it uses: leave the others out")
    else:
        low, high = weight_range(bits)
        if any(weights.min() < low or weights.max() > high for weights in stored):
            raise NetworkError(f"the core stores weights of {bits} bits, {low}..{high}: give those")
    content = [bytearray() for _ in config.layers]
    for number, _, chunk in weight_chunks(config, network, stored):
        content[number] += chunk.to_bytes(WORD_BYTES, "little")
    return [bytes(one) for one in content]


def weights_of(config: CoreConfig, content: bytes) -> tuple[np.ndarray, ...]:
    """Return the (stored) weights, int16 [n_in, n_out] per layer, from the words of all layers."""
    return weights_from_chunks(config, np.frombuffer(content, "<u4").tolist())


def weight_parts(config: CoreConfig, most: int) -> Iterator[tuple[int, int, int]]:
    """Yield layer, address and number of words of parts of the weights of up to `most` bytes.

    A part has at least one word.
    """
    for number, layer in enumerate(config.layers):
        step = max(1, min(MAX_CHUNKS * WORD_BYTES, most) // word_bytes(layer))
        for address in range(0, layer.words, step):
            yield number, address, min(step, layer.words - address)


def weight_writes(config: CoreConfig, content: Sequence[bytes], most: int) -> Iterator[bytes]:
    """Yield the payloads of WRITE for `weight_bytes`, with up to `most` bytes of weights each."""
    for number, address, count in weight_parts(config, most):
        size = word_bytes(config.layers[number])
        words = content[number][address * size : (address + count) * size]
        yield weights_header(number, address, len(words) // WORD_BYTES) + words


def weights_header(layer: int, address: int, chunks: int) -> bytes:
    """Return the payload of READ, or the first bytes of the payload of WRITE."""
    return WEIGHTS_FORMAT.pack(layer | address << LAYER_BITS, chunks)


def connected_inputs(identity: Identity) -> np.ndarray:
    """Return the connected inputs of a board, int64 [n_in], in ascending order."""
    if not identity.mask:
        return np.arange(identity.n_inputs)
    return np.flatnonzero(np.unpackbits(np.frombuffer(identity.mask, np.uint8), bitorder="little"))
