# SPDX-License-Identifier: BSD-2-Clause
"""Conversion between the configuration of a core and the identity of its board."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.layers.kind import LayerKind
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.timing.shape import ANY_SHAPE, CoreShape
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.config import LayerConfig, Learning
from firstspike.hdl.layer.words import LAYER_BITS, WEIGHT_ADDRESS_BITS, chunks_of

from .folding import bitmap_bits, linked_folding
from .formats import (
    BUILD_BYTES,
    MAX_CHUNKS,
    REQUEST_OVERHEAD,
    UNLABELLED,
    GeometryIdentity,
    Identity,
    IdentityFlag,
    LayerIdentity,
    highest,
)
from .messages import packed

RING_BYTES = 8192
"""Capacity of the PacketFifo: half an SPRAM of the iCE40."""


@dataclass(frozen=True, kw_only=True)
class DesignProperties:
    """Properties of a design in its identity, in addition to those of core and network.

    Raises ValueError for a `build` of another length.
    """

    clock_hz: int
    """Frequency of the clock."""
    build: bytes = bytes(BUILD_BYTES)
    """First bytes of the hash of the design."""
    loaded: bool = False
    """The host must write the weights after power-up."""
    ring_bytes: int = RING_BYTES
    """Capacity of the PacketFifo in bytes, a power of two."""
    bench_images: int = 0
    """Number of images that the Player stores."""

    def __post_init__(self) -> None:
        if len(self.build) != BUILD_BYTES:
            raise ValueError(
                f"build has {len(self.build)} bytes: give the {BUILD_BYTES} of its hash"
            )


_MOST_LAYERS = (1 << LAYER_BITS) - 1
"""Maximum number of layers; its field has one byte."""

_MOST_WORDS = 1 << WEIGHT_ADDRESS_BITS
"""Maximum number of weight words of a layer; their address has three bytes."""


def linked_config(
    network: Network,
    shape: CoreShape = ANY_SHAPE,
    any_weights: bool = False,
    stored_bits: int | None = None,
) -> CoreConfig:
    """Return the configuration of a core with a link, for `network`.

    Raises NetworkError as `linked_folding` and `CoreConfig.of` do, and for a number of the network
    that is too large for its field on the line.
    """
    folding = linked_folding(network, shape)
    numbers = [
        ("number of layers", network.n_layers, _MOST_LAYERS),
        ("deadline", network.deadline, highest(Identity, "deadline")),
        ("number of inputs", network.n_inputs, highest(Identity, "n_inputs")),
        ("number of outputs", network.shape[-1], UNLABELLED),
    ]
    most_neurons, most = (highest(LayerIdentity, field) for field in ("n_out", "threshold"))
    for number, (layer, threshold) in enumerate(
        zip(folding.layers, network.thresholds, strict=True)
    ):
        numbers += [
            (f"number of neurons of layer {number}", layer.n_out, most_neurons),
            (f"threshold of layer {number}", threshold, most),
            (f"number of weight words of layer {number}", layer.words, _MOST_WORDS),
        ]
    _check_limits(numbers)
    config = CoreConfig.of(network.connected(), folding, any_weights, stored_bits)
    _check_limits(
        (f"number of 32-bit chunks of a weight word of layer {number}", chunks_of(one), MAX_CHUNKS)
        for number, one in enumerate(config.layers)
    )
    return config


def _check_limits(numbers: Iterable[tuple[str, int, int]]) -> None:
    """Raise NetworkError for the first number (name, value, limit) above its limit."""
    for what, number, most in numbers:
        if number > most:
            raise NetworkError(
                f"over the link of a board the {what} is at most {most}, not {number}: make the "
                "network with a smaller one, or take the core without a link that `firstspike "
                "verilog` writes"
            )


def identity_of(config: CoreConfig, network: Network, design: DesignProperties) -> Identity:
    """Return a board's identity."""
    flags = [
        (IdentityFlag.BITMAPS, config.bitmap is not None),
        (IdentityFlag.LEARNS, config.learns),
        (IdentityFlag.NEEDS_WEIGHTS, design.loaded),
        (IdentityFlag.BENCH, design.bench_images > 0),
        (IdentityFlag.OVERLAPS, config.folding.overlaps),
        (IdentityFlag.CONVOLVES, config.convolves),
    ]
    capacity = design.ring_bytes - 1
    return Identity(
        flags=sum(1 << flag for flag, is_set in flags if is_set),
        capacity=capacity,
        max_payload=capacity - REQUEST_OVERHEAD,
        clock=design.clock_hz,
        build=design.build,
        network=bytes.fromhex(network.digest()),
        n_inputs=network.n_inputs,
        unit=network.unit,
        deadline=network.deadline,
        layers=tuple(
            LayerIdentity(
                n_in=layer.folding.n_in,
                n_out=layer.folding.n_out,
                lanes=layer.folding.lanes,
                threshold=layer.threshold,
                weight_bits=layer.weight_bits,
                stored_bits=layer.stored_bits,
                slope_bits=layer.widths.S,
                potential_bits=layer.widths.M,
                window=layer.folding.window,
                rows=layer.folding.rows,
            )
            for layer in config.layers
        ),
        bench_images=design.bench_images,
        geometry=tuple(
            _geometry_identity(layer.folding.kind) for layer in config.layers if config.convolves
        ),
        mask=_mask(config, network),
    )


def _mask(config: CoreConfig, network: Network) -> bytes:
    """Return the bitmap of the connected inputs; empty if all are connected or sent as events."""
    if config.bitmap is None or len(network.inputs) == network.n_inputs:
        return b""
    return packed(np.isin(np.arange(network.n_inputs), network.inputs))


_DENSE = GeometryIdentity(0, 0, 0, 0, 0, 0, 0, 0)
"""The geometry of a dense layer in an identity."""


def _geometry_identity(kind: LayerKind) -> GeometryIdentity:
    """Return the geometry of a layer for an identity."""
    if not isinstance(kind, Convolution):
        return _DENSE
    of = kind.geometry
    return GeometryIdentity(*of.size, *of.kernel, *of.stride, *of.padding)


def _kinds(identity: Identity) -> list[LayerKind]:
    """Return the kind of each layer of a board's core. Raises NetworkError."""
    kinds: list[LayerKind] = []
    for number, layer in enumerate(identity.layers):
        fields = identity.geometry[number] if identity.geometry else _DENSE
        if fields == _DENSE:
            kinds.append(Dense(layer.n_in, layer.n_out))
            continue
        geometry = Geometry(fields[0:2], fields[2:4], fields[4:6], fields[6:8])
        maps, filters = (
            count // (sides[0] * sides[1])
            for count, sides in ((layer.n_in, geometry.size), (layer.n_out, geometry.out))
        )
        kinds.append(Convolution.shaped(geometry, maps, filters))
        if (kinds[-1].n_in, kinds[-1].n_out) != (layer.n_in, layer.n_out):
            raise NetworkError(
                f"layer {number} has {layer.n_in} inputs and {layer.n_out} neurons, which are no "
                f"maps of {geometry.size} and {geometry.out}"
            )
    return kinds


def config_of(identity: Identity) -> CoreConfig:
    """Return the configuration of the board's core, which has the connected inputs only."""
    counted = tuple(layer.n_in for layer in identity.layers)
    overlaps = identity.has(IdentityFlag.OVERLAPS)
    sent = [*(layer.rows for layer in identity.layers[1:]), 1]
    kinds = _kinds(identity)
    learns, encodes = identity.has(IdentityFlag.LEARNS), identity.has(IdentityFlag.BITMAPS)
    return CoreConfig(
        layers=tuple(
            LayerConfig(
                folding=LayerFolding(
                    kind=kinds[number],
                    lanes=layer.lanes,
                    window=layer.window,
                    last=layer is identity.layers[-1],
                    rows=layer.rows,
                    sends=sends,
                    double_buffered=overlaps and number == 0,
                ),
                weight_bits=layer.weight_bits,
                threshold=layer.threshold,
                deadline=identity.deadline,
                widths=StateWidths(layer.slope_bits, layer.potential_bits),
                counted=counted[: number + 1],
                learning=Learning(stored_bits=layer.stored_bits, unit=identity.unit)
                if learns
                else None,
                unit=identity.unit if overlaps and number == 0 else None,
            )
            for number, (layer, sends) in enumerate(zip(identity.layers, sent, strict=True))
        ),
        deadline=identity.deadline,
        bitmap=bitmap_bits(identity.layers[0].rows) if encodes else None,
        n_inputs=counted[0] if encodes else None,
        inputs=tuple(range(counted[0])) if encodes else None,
        unit=identity.unit if encodes else None,
    )
