# SPDX-License-Identifier: BSD-2-Clause
"""Payloads for the ports of a core: images, labels, settings, and requests to its weights."""

from collections.abc import Sequence
from itertools import groupby, zip_longest

import numpy as np

from firstspike.golden import Settings, events
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import label_layout, weights_layout
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.hdl.learner.update_control import settings_layout
from firstspike.hdl.lib.layouts import DescribedLayout, pack

WeightRequest = tuple[int, int, int, int]
"""A request to the weight port: (write, layer, address, data)."""


def image_port(config: CoreConfig) -> str:
    """The name of the port that images go into."""
    return "events" if config.bitmap is None else "words"


def items_of(
    config: CoreConfig, ticks: np.ndarray, pixels: np.ndarray | None = None
) -> list[np.ndarray]:
    """`image_items` of images, int32 [n, n_rows]; pixels, uint8 [n, n_inputs], for a bitmap."""
    return [
        image_items(config, row, None if pixels is None else pixels[image])
        for image, row in enumerate(ticks)
    ]


def image_items(config: CoreConfig, ticks: np.ndarray, pixels: np.ndarray | None) -> np.ndarray:
    """Return what goes into the core's input port per image: event payloads, or bitmap words."""
    if config.bitmap is None:
        return np.append(event_items(config, events(ticks)), end_item(config)).astype(np.int64)
    # A core of several rows per cycle takes a bitmap of only the connected inputs.
    bright = ticks > 0 if config.layers[0].folding.rows > 1 else pixels > 127
    width = config.bitmap
    bits = np.zeros((-(-len(bright) // width), width), np.int64)
    bits.ravel()[: len(bright)] = bright
    # Integers of any size, for words may be wide.
    return np.array([sum(1 << int(bit) for bit in np.flatnonzero(word)) for word in bits], object)


def event_items(config: CoreConfig, spikes: np.ndarray) -> np.ndarray:
    """Payloads of the events port for `spikes` (k, 2), (tick, row); they may be bad ones.

    If the core takes several rows per cycle, rows that follow one another at one tick share events:
    each event holds one row of every bank that has any left.
    """
    layout, banks = _layout(config), config.layers[0].folding.rows
    spikes = np.asarray(spikes, np.int64).reshape(-1, 2)
    if banks == 1:
        tick, row = spikes.T
        return pack(layout, {"kind": Kind.SPIKE.value, "tick": tick, "address": row})
    items: list[int] = []
    for tick, together in groupby(spikes.tolist(), lambda spike: spike[0]):
        indices: list[list[int]] = [[] for _ in range(banks)]
        for _, row in together:
            indices[row % banks].append(row // banks)
        for beat in zip_longest(*indices):
            fields = {"kind": Kind.SPIKE.value, "tick": tick}
            for bank, index in enumerate(beat):
                if index is not None:
                    fields |= {f"banks.{bank}.present": 1, f"banks.{bank}.index": index}
            items.append(pack(layout, fields))
    return np.array(items, np.int64)


def end_item(config: CoreConfig) -> int:
    """The payload of the events port that ends an image."""
    return pack(_layout(config), {"kind": Kind.END.value})


def _layout(config: CoreConfig) -> DescribedLayout:
    """Return the layout of the payload of the events port."""
    first = config.layers[0].folding
    return input_layout(first.n_in, config.deadline, first.rows)


def settings_item(settings: Settings, seed: int = 0) -> int:
    """The payload of the settings port; `seed` is the generator's state, 0 for going on."""
    return settings_layout().const(settings.registers(seed)).as_value().value


def label_items(config: CoreConfig, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Payloads of the labels port, for classes or UNLABELLED; they may be no classes."""
    labels = np.asarray(labels, np.int64)
    learn = (labels != UNLABELLED).astype(np.int64)
    return pack(
        label_layout(config.layers[-1].folding.n_out),
        {"learn": learn, "label": np.where(learn, labels, 0)},
    )


def read_requests(chunks: Sequence[tuple[int, int, int]]) -> list[WeightRequest]:
    """Requests to read these chunks back, (layer, address, data)."""
    return [(0, layer, address, 0) for layer, address, _ in chunks]


def requests(config: CoreConfig, accesses: Sequence[WeightRequest]) -> np.ndarray:
    """Payloads of the weights port."""
    write, layer, address, word = np.array(accesses, np.int64).reshape(-1, 4).T
    return pack(
        weights_layout(config), {"write": write, "layer": layer, "address": address, "data": word}
    )
