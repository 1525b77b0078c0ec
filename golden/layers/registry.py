# SPDX-License-Identifier: BSD-2-Clause
"""The list of all kinds of layers, and the choice of a layer's kind."""

from collections.abc import Iterable

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .convolution import Convolution
from .dense import Dense
from .geometry import WRITTEN, Filters, Geometry
from .kind import LayerKind


def layer_of(name: str, weights: np.ndarray, geometry: Geometry | None = None) -> LayerKind:
    """Return the layer of these weights; `name` is for messages. Raises NetworkError.

    A layer with a geometry convolves; any other is dense.
    """
    return Dense.of(name, weights) if geometry is None else Convolution.of(name, weights, geometry)


def layers_of(
    hidden: Iterable[int | str], n_in: int, n_classes: int, size: tuple[int, int]
) -> list[LayerKind]:
    """Return the layers of a network whose `n_in` inputs are maps of `size`.

    A hidden layer is a number of neurons, or filters in the spelling of `Filters`. Raises
    NetworkError.
    """
    layers: list[LayerKind] = []
    for one in (*hidden, n_classes):
        if isinstance(one, int):
            layers.append(Dense(n_in, one))
        else:
            moved = filters(one)
            if layers and not isinstance(layers[-1], Convolution):
                raise NetworkError(
                    f"{one} follows a dense layer, which has no maps: put layers that convolve "
                    "first."
                )
            maps, left = divmod(n_in, size[0] * size[1])
            if left or not maps:
                raise NetworkError(
                    f"{n_in} inputs are no maps of {size[0]} x {size[1]}: a layer that convolves "
                    "needs every pixel connected, and no constant input."
                )
            geometry = moved.over(size)
            size = geometry.out
            layers.append(Convolution.shaped(geometry, maps, moved.filters))
        n_in = layers[-1].n_out
    return layers


def filters(text: str) -> Filters:
    """Return the filters of a text. Raises NetworkError for an invalid text."""
    layer = Filters.parsed(text)
    if layer is None:
        raise NetworkError(f"{text!r} is no layer: give a number of neurons, or {WRITTEN}.")
    return layer


def geometry_of(layers: Iterable[LayerKind]) -> tuple[Geometry | None, ...]:
    """Return the geometry of each layer, None for a dense one."""
    return tuple(one.geometry if isinstance(one, Convolution) else None for one in layers)
