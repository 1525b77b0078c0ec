# SPDX-License-Identifier: BSD-2-Clause
"""The layout of a core: the folding of its layers that results from a shape."""

from dataclasses import dataclass
from importlib import import_module

import numpy as np

from firstspike.golden.layers.dense import Dense
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.shipped import NetworkSource, load_network

from .layer import ROWS, LayerFolding, check_rows
from .shape import ANY_SHAPE, CoreShape, Lanes

DEFAULT_LANES = 64

DEFAULT_WINDOW = 4
"""Default k of a network without examples, the fastest for both shipped networks from 8 to 64 lanes
(figures: docs/figures.md).

Convolving networks with many lanes are fastest without windows, k = 0
(docs/architecture/convolution.md).
"""

MAX_IMAGES = 2
"""Largest number of overlapping images inside the encoder; a further image waits.

An image is inside from its last word until its END has left the encoder.
"""


def bank_fifo_depth(words: int) -> int:
    """Slots of the encoder in which one bank's parts of all words of an image can wait."""
    return max(2, 1 << (words - 1).bit_length())


@dataclass(frozen=True)
class Folding:
    """The layers of a core, first one first, and the width of the bitmap before them, if any."""

    layers: tuple[LayerFolding, ...]
    bitmap: int | None = None

    @classmethod
    def of(cls, network: NetworkSource, shape: CoreShape = ANY_SHAPE) -> "Folding":
        """Fold `network`, as `load_network` accepts it, into a core of this shape.

        Fields that the shape leaves open have defaults: at most DEFAULT_LANES lanes, the window
        with the fewest mean cycles for the examples in the network, and 1 row. Without examples the
        window is DEFAULT_WINDOW, or 0 for a convolving network. It applies to layers of several
        groups, except the last one. The rows apply to the first layer, and to each layer
        that follows a single-group layer, which sends as many spikes. With several rows, a bitmap
        holds only the connected inputs. The first layer is double-buffered if images
        overlap. After a bitmap, the first layer accepts rows at only one tick if the shape allows
        it and that saves logic. Raises NetworkError for values out of range.
        """
        network = load_network(network)
        lanes = shape.lanes_of(tuple(kind.columns for kind in network.layers), DEFAULT_LANES)
        window = _fastest_window(network, shape) if shape.window is None else shape.window
        rows = 1 if shape.rows is None else shape.rows
        check_rows(rows)
        if network.geometry and (rows > 1 or shape.overlap):
            raise NetworkError(
                "a network that convolves adds one row per cycle, and its images do not overlap: "
                "give it 1 row per cycle, and no overlap"
            )
        if shape.bitmap is not None:
            _check_bitmap(network, shape.bitmap, rows)
        layers: list[LayerFolding] = []
        layer_rows = rows  # R of the layer
        for kind, wide in zip(network.layers, lanes, strict=True):
            last = len(layers) == network.n_layers - 1
            is_parallel = wide >= kind.columns and kind.positions == 1
            k = 0 if is_parallel or last else window
            sends = rows if is_parallel and not last and kind.n_out >= rows else 1
            plain = isinstance(kind, Dense) and not (is_parallel or last or k or rows > 1)
            layers.append(
                LayerFolding(
                    kind=kind,
                    lanes=wide,
                    window=k,
                    last=last,
                    rows=layer_rows,
                    sends=sends,
                    double_buffered=bool(shape.overlap) and not layers,
                    one_tick=bool(shape.one_tick and shape.bitmap) and plain and not layers,
                )
            )
            layer_rows = sends
        folding = cls(tuple(layers), shape.bitmap)
        if shape.overlap and not folding._may_overlap:
            raise NetworkError(_why_no_overlap(folding.layers, rows))
        return folding

    @property
    def shape(self) -> CoreShape:
        """The shape from which `of` makes this folding."""
        return CoreShape(
            lanes=self.lanes,
            window=max(layer.window for layer in self.layers),
            bitmap=self.bitmap,
            rows=self.layers[0].rows,
            overlap=self.overlaps,
            one_tick=self.layers[0].one_tick,
        )

    @property
    def lanes(self) -> Lanes:
        """The lanes of all layers, as a single number if that is sufficient."""
        each = tuple(layer.lanes for layer in self.layers)
        most = max(each)
        alike = all(layer.lanes == min(most, layer.columns) for layer in self.layers)
        return most if alike else each

    @property
    def overlaps(self) -> bool:
        """Whether the next image's rows enter while the previous image is being decided."""
        return self.layers[0].double_buffered

    @property
    def _may_overlap(self) -> bool:
        return (
            self.bitmap is not None
            and len(self.layers) == 2
            and all(layer.groups == 1 and layer.rows > 1 for layer in self.layers)
        )

    def bound(self, rows: np.ndarray) -> np.ndarray:
        """Return the cycles that the weight bandwidth requires: the sum of ceil(rows / R) * groups.

        `rows` [n, n_layers] are the rows of weights that each layer reads (`rows_read`).
        """
        at_once = np.array([layer.rows for layer in self.layers])
        return -(-np.asarray(rows) // at_once) @ np.array([layer.groups for layer in self.layers])


def _fastest_window(network: Network, shape: CoreShape) -> int:
    """Return the fastest window for the examples in the network, or the default."""
    if network.examples is not None:
        # The module folds networks by this one, so it is imported on use.
        means = import_module(".window", __package__).window_cycles(network, shape)
        return int(means.index(min(means))) if means else 0
    return 0 if network.geometry else DEFAULT_WINDOW


def _why_no_overlap(layers: tuple[LayerFolding, ...], rows: int) -> str:
    """Return the requirement for overlapping images that these layers do not meet."""
    if len(layers) != 2:
        return f"images overlap in a core with one hidden layer: this network has {len(layers) - 1}"
    hidden, outputs = (layer.columns for layer in layers)
    possible = [str(each) for each in ROWS if 1 < each <= hidden]
    remedy = f"give it {' or '.join(possible)} rows" if possible else "give it no overlap"
    if not possible or rows > hidden:
        return (
            "images overlap in a core whose hidden layer has at least as many neurons as the core "
            f"adds rows per cycle, here {max(rows, 2)}: this network's has {hidden}; {remedy}"
        )
    return (
        "images overlap in a core with a bitmap, one hidden layer, several rows per cycle and a "
        f"lane for each neuron: {remedy}, {max(hidden, outputs)} lanes and a bitmap"
    )


def _check_bitmap(network: Network, bitmap: int, rows: int) -> None:
    """Raise NetworkError unless an Encoder can accept words of `bitmap` bits."""
    widest = max(32, len(network.inputs) if rows > 1 else network.n_inputs)
    if not 8 <= bitmap <= widest:
        raise NetworkError(
            f"a bitmap of this network comes in words of 8 to {widest} bits, not {bitmap}"
        )
    if not network.takes_bitmap:
        raise NetworkError(
            "only a network with binary encoding and silent dark pixels takes a bitmap; "
            "feed this one with events"
        )
    if bitmap % rows:
        raise NetworkError(
            f"with {rows} rows per cycle a bitmap comes in words of a multiple of {rows} bits, "
            f"not {bitmap}"
        )
