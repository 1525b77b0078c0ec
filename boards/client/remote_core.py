"""What a board says of its core, as the shape that the hardware is generated from."""

from __future__ import annotations

from firstspike.golden.timing.folding import LayerSchedule, Schedule
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.core_config import CoreShape
from firstspike.hdl.core.layer_config import LayerShape, Learning
from firstspike.hdl.link.folding import BITMAP_BITS
from firstspike.hdl.link.protocol import Identity, IdentityFlag


def schedule_of(identity: Identity) -> Schedule:
    """When the board's core does what, as `firstspike.golden.timing.cycles` asks for it."""
    layers = [
        LayerSchedule(
            n_in=layer.n_in,
            n_out=layer.n_out,
            lanes=layer.lanes,
            window=layer.window,
            last=layer is identity.layers[-1],
        )
        for layer in identity.layers
    ]
    return Schedule(tuple(layers), BITMAP_BITS if identity.has(IdentityFlag.BITMAPS) else None)


def shape_of(identity: Identity) -> CoreShape:
    """The shape of the board's core. It takes the connected inputs alone."""
    schedule = schedule_of(identity)
    counted = tuple(layer.n_in for layer in identity.layers)
    layers = tuple(
        LayerShape(
            schedule=layer_schedule,
            weight_bits=layer.weight_bits,
            threshold=layer.threshold,
            deadline=identity.deadline,
            widths=StateWidths(layer.slope_bits, layer.potential_bits),
            counted=counted[: number + 1],
            learning=Learning(stored_bits=layer.stored_bits, unit=identity.unit)
            if identity.has(IdentityFlag.LEARNS)
            else None,
        )
        for number, (layer, layer_schedule) in enumerate(
            zip(identity.layers, schedule.layers, strict=True)
        )
    )
    encodes = schedule.bitmap is not None
    return CoreShape(
        layers=layers,
        deadline=identity.deadline,
        bitmap=schedule.bitmap,
        n_inputs=counted[0] if encodes else None,
        inputs=tuple(range(counted[0])) if encodes else None,
        unit=identity.unit if encodes else None,
    )
