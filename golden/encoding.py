"""Pixels to spikes: which tick every connected input spikes at (DESIGN, section 2).

A pixel p (0..255) falls in level q = p * N // 256. Level 0 is dark and spikes at `late` or never;
level q > 0 spikes at unit + ((N-1-q) * 5 * unit) // (N-1), so the brightest at z = 1 and none
after z = 6.
"""

import numpy as np

from .network import Network


class EncodingError(ValueError):
    """Pixels or spikes that do not fit the network; the message says what would."""


def pixel_ticks(network: Network) -> np.ndarray:
    """The tick a pixel of each value 0..255 spikes at, 0 for never: int32 [256]."""
    N, unit = network.levels, network.unit
    q = np.arange(256) * N // 256
    ticks = unit + (N - 1 - q) * 5 * unit // (N - 1)
    ticks[q == 0] = max(network.late, 0)
    return ticks.astype(np.int32)


def encode(network: Network, pixels: np.ndarray) -> np.ndarray:
    """Spike ticks of the connected inputs.

    `pixels`: uint8 [n, n_inputs]. Returns int32 [n, n_rows], column r for the input
    `network.inputs[r]`; 0 is silent (nothing spikes at tick 0). Raises `EncodingError`.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != network.n_inputs:
        raise EncodingError(
            f"the pixels are {pixels.dtype} {list(pixels.shape)}: "
            f"this network takes uint8 [images, {network.n_inputs}]."
        )
    return pixel_ticks(network)[pixels[:, network.inputs]]


def events(ticks_row: np.ndarray) -> np.ndarray:
    """One image's spikes in the order the hardware takes them, and logs those of a layer.

    `ticks_row`: int32 [n_rows], 0 = silent. Returns int32 [k, 2], (tick, row), by tick, then row.
    """
    rows = np.flatnonzero(ticks_row)
    rows = rows[np.argsort(ticks_row[rows], kind="stable")]
    return np.stack([ticks_row[rows], rows], axis=1).astype(np.int32)
