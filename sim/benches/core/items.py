"""What goes into the ports of a core: images, labels, settings, and requests to its weights."""

from collections.abc import Sequence

import numpy as np

from firstspike.golden import Settings, events
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.layouts import Kind, input_layout
from firstspike.hdl.core.ports import label_layout, weights_layout
from firstspike.hdl.learner.learner import settings_layout
from firstspike.hdl.lib.layouts import pack

Request = tuple[int, int, int, int]
"""Of the weight port: (write, layer, address, data)."""


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
    """What one image puts into the core's input port: event payloads, or bitmap words."""
    if config.bitmap is None:
        return np.append(event_items(config, events(ticks)), end_item(config)).astype(np.int64)
    bits = (pixels > 127).astype(np.int64)
    words = -(-len(bits) // config.bitmap)
    padded = np.zeros(words * config.bitmap, np.int64)
    padded[: len(bits)] = bits
    return padded.reshape(words, config.bitmap) @ (1 << np.arange(config.bitmap, dtype=np.int64))


def event_items(config: CoreConfig, spikes: np.ndarray) -> np.ndarray:
    """Payloads of the events port for `spikes` (k, 2), (tick, row); they may be bad ones."""
    layout = input_layout(config.layers[0].folding.n_in, config.deadline)
    tick, row = np.asarray(spikes, np.int64).reshape(-1, 2).T
    return pack(layout, {"kind": Kind.SPIKE.value, "tick": tick, "address": row})


def end_item(config: CoreConfig) -> int:
    """The payload of the events port that ends an image."""
    layout = input_layout(config.layers[0].folding.n_in, config.deadline)
    return pack(layout, {"kind": Kind.END.value})


def settings_item(settings: Settings, seed: int = 0) -> int:
    """The payload of the settings port; `seed` is the generator's state, 0 for going on."""
    return settings_layout().const(settings.registers(seed)).as_value().value


def label_items(config: CoreConfig, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Payloads of the labels port, for classes or UNLABELLED; they may be no classes."""
    labels = np.asarray(labels, np.int64)
    learn = (labels != UNLABELLED).astype(np.int64)
    return pack(label_layout(config), {"learn": learn, "label": np.where(learn, labels, 0)})


def read_requests(chunks: Sequence[tuple[int, int, int]]) -> list[Request]:
    """Requests to read these chunks back, (layer, address, data)."""
    return [(0, layer, address, 0) for layer, address, _ in chunks]


def requests(config: CoreConfig, asked: Sequence[Request]) -> np.ndarray:
    """Payloads of the weights port."""
    write, layer, address, word = np.array(asked, np.int64).reshape(-1, 4).T
    return pack(
        weights_layout(config), {"write": write, "layer": layer, "address": address, "data": word}
    )
