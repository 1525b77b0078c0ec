"""Which requests a board takes, and how long they are."""

from typing import NamedTuple

import numpy as np

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig

from .protocol import ADDRESS_FORMAT, SETTINGS_FORMAT, Request

WORD_BYTES = 4
"""Payloads that may be longer than the least are so by multiples of this."""


class Length(NamedTuple):
    """Of a payload, in bytes."""

    least: int
    variable: bool = False


def bitmap_bytes(pixels: int) -> int:
    """Bytes of a bitmap."""
    return -(-pixels // 8)


def packed(pixels: np.ndarray) -> bytes:
    """A bitmap, of bool [n]: pixel p is bit p % 8 of byte p // 8."""
    return np.packbits(np.asarray(pixels, bool), bitorder="little").tobytes()


def lengths_of(config: CoreConfig, network: Network) -> dict[Request, Length]:
    """The requests that a board with a core of `config` for `network` takes."""
    lengths = {
        Request.HELLO: Length(0),
        Request.WRITE: Length(ADDRESS_FORMAT.size + WORD_BYTES, variable=True),
        Request.READ: Length(ADDRESS_FORMAT.size + 1),
        Request.CHECKSUM: Length(0),
        Request.EVENTS: Length(1, variable=True),
        Request.STATUS: Length(0),
        Request.RESET: Length(0),
    }
    if config.bitmap is not None:
        lengths[Request.PIXELS] = Length(1 + bitmap_bytes(network.n_inputs))
        lengths[Request.INPUTS] = Length(1 + bitmap_bytes(config.n_inputs))
    if config.learns:
        lengths[Request.SETTINGS] = Length(SETTINGS_FORMAT.size)
    return lengths
