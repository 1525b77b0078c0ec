# SPDX-License-Identifier: BSD-2-Clause
"""Extracts real weights from graphs of other tools, and refuses what no network can represent.

The neurons are those of the published equations (DESIGN, section 1), also with scaling: an impulse
of weight w raises I by w r / tau, and finally V by that value times the r of IF. Pooling of spikes
is a sum with fixed weights, so it is merged into the weights after it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.layers.kind import LayerKind

from .chain import layers_in
from .forms import FORMS
from .graph import CONVOLVING, Graph, Named

T = TypeVar("T")

LARGEST_WEIGHT = 1e30
"""Largest accepted weight for a threshold of 1; single precision holds it times any threshold."""


class RealLayer(NamedTuple):
    """Weights of a layer for a threshold of 1, float64, in the shape of a network's weights."""

    weights: np.ndarray
    """[n_in, n_out]; for a convolving layer [maps * taps, filters]."""
    kind: LayerKind


class _Pool(NamedTuple):
    """Pooling as a kernel of equal weights."""

    node: Named
    geometry: Geometry
    weight: float


@np.errstate(over="ignore", invalid="ignore")  # `_scaled` refuses the results
def real_layers(graph: Graph) -> list[RealLayer]:
    """Return the layers of a graph of form time. Raises `NirError`."""
    chain = graph.chain()
    shape = shape_of(chain[0])
    layers: list[RealLayer] = []
    kind: LayerKind
    for before, connection, neurons in layers_in(chain, FORMS["time"].kinds):
        for node in (*before, connection, *neurons):
            check_node(node)
        pools: list[_Pool] = []
        for node in before:
            if node.kind == "Flatten":
                shape = _flattened(node, shape)
            else:
                pools.append(_pool(node, shape))
                shape = shape[0], *pools[-1].geometry.out
        if connection.kind in CONVOLVING:
            W, kind = _convolving(connection, shape, pools)
        else:
            if len(shape) > 1 and not before and not layers:
                chain[0].fail(
                    f"shape is {list(map(float, shape))}: it must be one number, how many there "
                    "are, in front of a dense layer."
                )
            W, kind = _dense(connection, shape, pools)
        size = kind.geometry.out if isinstance(kind, Convolution) else ()
        shape = kind.columns, *size[2 - CONVOLVING.get(connection.kind, 0) :]
        layers.append(RealLayer(_scaled(connection, W, neurons, shape), kind))
    if isinstance(layers[-1].kind, Convolution):
        connection.fail("it convolves: the last layer must be Linear, with an output per class.")
    if shape_of(chain[-1]) != shape:
        chain[-1].fail(
            f"shape is {list(shape_of(chain[-1]))}: the last layer has {shape[0]} neurons."
        )
    return layers


def check_node(node: Named) -> None:
    """Raise `NirError` if the values of this node exclude it from every network."""
    node.check_kind()
    if node.kind in ("I", "CubaLIF"):
        node.fail("only graphs of ours have it: give LI and IF.")
    if node.kind in ("Affine", *CONVOLVING) and np.any(node.numbers("bias")):
        node.fail("its bias is not 0: a neuron has none, but an input can always spike.")
    if node.kind in ("Linear", "Affine", *CONVOLVING):
        node.numbers("weight")
    if node.kind in CONVOLVING:
        for field, why in (
            ("dilation", "the taps of a kernel are neighbours"),
            ("groups", "a filter sees all maps; absent connections can be weights of 0"),
        ):
            if np.any(node.numbers(field) != 1):
                node.fail(
                    f"{field} is {_format_values(node.numbers(field))}: it must be 1, for {why}."
                )
    if node.kind == "LI":
        _all(node, "tau", 1.0)
        _all(node, "v_leak", 0.0)
    if node.kind == "IF" and node.numbers("v_threshold").min(initial=np.inf) <= 0:
        least = node.numbers("v_threshold").min()
        node.fail(f"v_threshold is {least:g}: it must be greater than 0.")


def shape_of(node: Named) -> tuple[int, ...]:
    """Return the shape of an input or output node: a number, or maps and their size."""
    shape = node.numbers("shape").ravel()
    if not 1 <= len(shape) <= 3 or shape.min() < 1 or np.any(shape != np.rint(shape)):
        node.fail(
            f"shape is {shape.tolist()!s:.80}: it must be how many there are, or maps and their "
            "size."
        )
    return tuple(map(int, shape))


def _all(node: Named, field: str, expected: float) -> None:
    values = node.numbers(field)
    wrong = ~np.isclose(values, expected, rtol=1e-6, atol=1e-12)
    if wrong.any():
        node.fail(f"{field} is {values[wrong][0]:g}: this neuron's is {expected:g}.")


def _format_values(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in np.unique(values)[:3])


def _flattened(node: Named, shape: tuple[int, ...]) -> tuple[int, ...]:
    start, end = (node.numbers(field).ravel().tolist() for field in ("start_dim", "end_dim"))
    if start not in ([0], [-len(shape)]) or end not in ([-1], [len(shape) - 1]):
        node.fail(
            f"start_dim is {start!s:.80} and end_dim {end!s:.80}: give 0 and -1, which flatten "
            "all; NIR counts no dimension of a batch."
        )
    return (math.prod(shape),)


def _pool(node: Named, shape: tuple[int, ...]) -> _Pool:
    if len(shape) != 3:
        node.fail(f"here is {list(shape)}: it pools maps of rows and columns.")
    kernel, stride, padding = (
        _pair(node, field, 2) for field in ("kernel_size", "stride", "padding")
    )
    geometry = _geometry(node, shape[1:], kernel, stride, padding)
    return _Pool(node, geometry, 1 / geometry.taps if node.kind == "AvgPool2d" else 1.0)


def _convolving(
    node: Named, shape: tuple[int, ...], pools: Sequence[_Pool]
) -> tuple[np.ndarray, Convolution]:
    """Return a layer and its weights, merged with preceding pooling."""
    along = CONVOLVING[node.kind]
    W = node.numbers("weight")
    if len(shape) != 1 + along:
        node.fail(f"what comes in is {list(shape)}: it must be [maps{', size' * along}].")
    if W.ndim != 2 + along or W.shape[1] != shape[0] or not W.size:
        node.fail(f"weight is {list(W.shape)}: it must be [filters, {shape[0]}{', size' * along}].")
    if node.node.get("input_shape") is not None:
        stored_shape = node.numbers("input_shape").ravel()
        if stored_shape.tolist() != list(shape[1:]):
            node.fail(
                f"input_shape is {stored_shape.tolist()!s:.80}: here it is {list(shape[1:])}."
            )
    stride = _pair(node, "stride", along)
    geometry = _geometry(node, shape[1:], W.shape[2:], stride, _padding(node, W.shape[2:], stride))
    if along == 1:
        W = W[:, :, None]
    for pool in reversed(pools):
        geometry, W = _merged(pool, node, geometry, W)
    return W.reshape(len(W), -1).T, _construct(node, Convolution.shaped, geometry, shape[0], len(W))


def _padding(node: Named, kernel: tuple[int, ...], stride: tuple[int, ...]) -> tuple[int, ...]:
    """Return the padding of a convolution; the word "same" keeps the size of the maps."""
    padding = node.node.get("padding")
    if not isinstance(padding, str):
        return _pair(node, "padding", len(kernel))
    if padding == "valid":
        return (0,) * len(kernel)
    if padding != "same":
        node.fail(f'padding is {padding!r:.80}: give numbers, "same" or "valid".')
    if any(size % 2 == 0 for size in kernel) or any(step != 1 for step in stride):
        node.fail(
            f'padding is "same" with a kernel of {list(kernel)} and strides of {list(stride)}: it '
            "would be unequal on the sides of a map, so give odd kernels and strides of 1."
        )
    return tuple(size // 2 for size in kernel)


def _merged(
    pool: _Pool, node: Named, geometry: Geometry, W: np.ndarray
) -> tuple[Geometry, np.ndarray]:
    """Return pooling and the following convolution as one; W is [filters, maps, rows, columns].

    The convolution's patches outside of the pooled map must also be outside of the unpooled map.
    """
    of = pool.geometry
    sides = zip(of.size, of.kernel, of.stride, of.padding, of.out, geometry.padding, strict=True)
    for size, kernel, stride, around, out, padding in sides:
        if padding and (kernel > stride + around or out * stride < size + around):
            node.fail(
                f"padding is {padding} behind {pool.node.name!r:.80}, whose patches overlap or do "
                "not fill the map: give a padding of 0, or pooling that divides the map."
            )
    joint = [
        ((taps - 1) * step + kernel, stride * step, padding * step + around)
        for taps, stride, padding, kernel, step, around in zip(
            geometry.kernel,
            geometry.stride,
            geometry.padding,
            of.kernel,
            of.stride,
            of.padding,
            strict=True,
        )
    ]
    kernel, stride, padding = zip(*joint, strict=True)
    spread = np.zeros((*W.shape[:2], *kernel))
    down, across = of.stride
    for y in range(of.kernel[0]):
        for x in range(of.kernel[1]):
            rows = slice(y, y + (geometry.kernel[0] - 1) * down + 1, down)
            columns = slice(x, x + (geometry.kernel[1] - 1) * across + 1, across)
            spread[:, :, rows, columns] += W * pool.weight
    return _geometry(node, of.size, kernel, stride, padding), spread


def _dense(node: Named, shape: tuple[int, ...], pools: Sequence[_Pool]) -> tuple[np.ndarray, Dense]:
    """Return a layer and its weights, merged with preceding pooling."""
    if len(shape) > 1:
        node.fail(f"what comes in is {list(shape)}: put Flatten in front of it.")
    W = node.numbers("weight")
    if W.ndim != 2 or W.shape[1] != shape[0] or not W.size:
        node.fail(f"weight is {list(W.shape)}: it must be [neurons, {shape[0]}].")
    W = W.T
    for pool in reversed(pools):
        first, position, _ = pool.geometry.touched
        indices = np.repeat(np.arange(len(first) - 1), np.diff(first))
        maps = W.reshape(-1, math.prod(pool.geometry.out), W.shape[1]).swapaxes(0, 1)
        spread = np.zeros((len(first) - 1, *maps.shape[1:]))
        np.add.at(spread, indices, maps[position] * pool.weight)
        W = spread.swapaxes(0, 1).reshape(-1, W.shape[1])
    return W, Dense(*W.shape)


def _scaled(
    connection: Named, W: np.ndarray, neurons: Sequence[Named], shape: tuple[int, ...]
) -> np.ndarray:
    """Return W scaled for neurons with a threshold of 1.

    Raises `NirError` unless they fire only once.
    """
    current, membrane = neurons
    current.array("tau", shape)
    current.array("v_leak", shape)
    threshold = membrane.array("v_threshold", shape)
    scale = current.array("r", shape) * membrane.array("r", shape) / threshold
    reset = membrane.array("v_reset", shape)
    # The neurons of a filter share their weights.
    scale, threshold, reset = (each.reshape(len(each), -1) for each in (scale, threshold, reset))
    if np.any(scale != scale[:, :1]):
        membrane.fail(
            "the neurons of a filter are scaled in different ways, but share their weights: give "
            "all of them one r and one v_threshold."
        )
    W = W * scale[:, 0]
    if not (np.abs(W) <= LARGEST_WEIGHT).all():  # NaN, too
        connection.fail(
            "its weights are too large: scaled by r and divided by v_threshold, a weight must be "
            f"at most {LARGEST_WEIGHT:g}."
        )
    # After a spike, V rises at most by the sum of all positive weights.
    highest = threshold * (1 - np.maximum(W, 0).sum(axis=0))[:, None]
    if np.any(reset > highest):
        neuron = int(np.argmax(reset > highest))
        membrane.fail(
            f"v_reset of neuron {neuron} is {reset.flat[neuron]:g}, from where it can fire again: "
            f"{highest.flat[neuron]:g} or less is accepted, a neuron fires once."
        )
    return W


def _pair(node: Named, field: str, along: int) -> tuple[int, ...]:
    """Return a field with one number per dimension, or one number for all."""
    values = node.numbers(field).ravel()
    if len(values) not in (1, along) or np.any(values != np.rint(values)):
        node.fail(f"{field} is {values.tolist()!s:.80}: give an integer per dimension, {along}.")
    return tuple(map(int, np.resize(values, along)))


def _geometry(node: Named, *fields: Sequence[int]) -> Geometry:
    """Return the geometry of size, kernel, stride and padding, along one dimension or two."""
    usual = (1, 1, 1, 0)
    pairs = (
        (more, *pair) if len(pair) == 1 else pair for pair, more in zip(fields, usual, strict=True)
    )
    return _construct(node, Geometry, *(tuple(map(int, pair)) for pair in pairs))


def _construct(node: Named, make: Callable[..., T], *arguments: Any) -> T:
    """Return `make(*arguments)`; a `NetworkError` is raised again with the name of `node`."""
    try:
        return make(*arguments)
    except NetworkError as error:
        node.fail(str(error))
