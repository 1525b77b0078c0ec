# SPDX-License-Identifier: BSD-2-Clause
"""How images come to a core on a bus: the kinds of beats of their stream."""

from typing import NamedTuple

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.levels_encoder import PIXEL_BITS

from .register import WORD_BITS

EVENTS, BITMAP, PIXELS = "events", "bitmap", "pixels"
"""Kinds of images: events, a bit per pixel, and pixels of 0..255, which hardware encodes."""


class Images(NamedTuple):
    """What the beats of an image are."""

    kind: str
    """`EVENTS`, `BITMAP` or `PIXELS`."""
    bits: int
    """Bits of a beat."""
    pixels: int = 0
    """Pixels of an image; 0 for events."""
    pixel_bits: int = 0
    """Bits of a pixel."""

    @classmethod
    def of(cls, config: CoreConfig, network: Network, pixels: bool = False) -> "Images":
        """Return the images of a core of this configuration: `pixels`, or what it takes itself."""
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
    def kept(self) -> int:
        """Bytes with pixels in an image's last beat; 0 where there is no TKEEP."""
        if self.kind == EVENTS or self.bits == 8:
            return 0
        return -(-(self.pixels * self.pixel_bits - (self.beats - 1) * self.bits) // 8)
