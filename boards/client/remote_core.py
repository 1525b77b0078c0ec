"""What a board says of its core, as the configuration that its hardware is generated from."""

from __future__ import annotations

from firstspike.golden.timing.folding import Folding, LayerFolding
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import CoreConfig, LayerConfig, Learning
from firstspike.hdl.link.folding import BITMAP_BITS
from firstspike.hdl.link.protocol import Identity, IdentityFlag


def folding_of(identity: Identity) -> Folding:
    """When the board's core does what, as `firstspike.golden.timing.cycles` asks for it."""
    layers = [
        LayerFolding(
            n_in=layer.n_in,
            n_out=layer.n_out,
            lanes=layer.lanes,
            window=layer.window,
            last=layer is identity.layers[-1],
        )
        for layer in identity.layers
    ]
    return Folding(tuple(layers), BITMAP_BITS if identity.has(IdentityFlag.BITMAPS) else None)


def config_of(identity: Identity) -> CoreConfig:
    """The configuration of the board's core. It takes the connected inputs alone."""
    folding = folding_of(identity)
    counted = tuple(layer.n_in for layer in identity.layers)
    layers = tuple(
        LayerConfig(
            folding=layer_folding,
            weight_bits=layer.weight_bits,
            threshold=layer.threshold,
            deadline=identity.deadline,
            widths=StateWidths(layer.slope_bits, layer.potential_bits),
            counted=counted[: number + 1],
            learning=Learning(stored_bits=layer.stored_bits, unit=identity.unit)
            if identity.has(IdentityFlag.LEARNS)
            else None,
        )
        for number, (layer, layer_folding) in enumerate(
            zip(identity.layers, folding.layers, strict=True)
        )
    )
    encodes = folding.bitmap is not None
    return CoreConfig(
        layers=layers,
        deadline=identity.deadline,
        bitmap=folding.bitmap,
        n_inputs=counted[0] if encodes else None,
        inputs=tuple(range(counted[0])) if encodes else None,
        unit=identity.unit if encodes else None,
    )
