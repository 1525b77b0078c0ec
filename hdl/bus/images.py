# SPDX-License-Identifier: BSD-2-Clause
"""The formats of the images on the stream of a core on a bus."""

from typing import NamedTuple

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.levels_encoder import PIXEL_BITS

from .register import WORD_BITS

EVENTS, BITMAP, PIXELS = "events", "bitmap", "pixels"
"""Kinds of images: events; one bit per pixel; and pixels of 0..255, which hardware encodes."""


class Images(NamedTuple):
    """The format of the beats of an image."""

    kind: str
    """`EVENTS`, `BITMAP` or `PIXELS`."""
    bits: int
    """Bits of a beat."""
    pixels: int = 0
    """Pixels of an image; 0 for events."""
    pixel_bits: int = 0
    """Bits of a pixel; 0 for events."""

    @classmethod
    def of(cls, config: CoreConfig, network: Network, pixels: bool = False) -> "Images":
        """Return the format for a core: with `pixels` PIXELS, else what the core itself accepts."""
        if pixels:
            return cls(PIXELS, WORD_BITS, network.n_features, PIXEL_BITS)
        if config.bitmap is None:
            return cls(EVENTS, WORD_BITS)
        assert config.n_inputs is not None
        return cls(BITMAP, config.bitmap, config.n_inputs, 1)

    @property
    def bus(self) -> str:
        """Name of the stream."""
        return f"s_axis_{self.kind}"

    @property
    def beats(self) -> int:
        """Beats of an image; 0 for events."""
        return -(-self.pixels * self.pixel_bits // self.bits)

    @property
    def last_bytes(self) -> int:
        """Bytes with pixels in an image's last beat; 0 for a stream without TKEEP."""
        if self.kind == EVENTS or self.bits == 8:
            return 0
        return -(-(self.pixels * self.pixel_bits - (self.beats - 1) * self.bits) // 8)
