"""The identity that a board has of its core and its network."""

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig

from .protocol import RING_OVERHEAD, Identity, IdentityFlag, LayerIdentity


def identity_of(
    config: CoreConfig,
    network: Network,
    *,
    clock_hz: int,
    build: bytes,
    loaded: bool,
    ring_bytes: int,
) -> Identity:
    """What a board says of itself; `loaded`, that its weights are to be written."""
    flags = [
        (IdentityFlag.BITMAPS, config.bitmap is not None),
        (IdentityFlag.LEARNS, config.learns),
        (IdentityFlag.LOADED, loaded),
    ]
    capacity = ring_bytes - 1
    return Identity(
        flags=sum(1 << flag for flag, is_set in flags if is_set),
        capacity=capacity,
        max_payload=capacity - RING_OVERHEAD,
        clock=clock_hz,
        build=build,
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
                stored_bits=layer.weight_bits + layer.unused_bits,
                slope_bits=layer.widths.S,
                potential_bits=layer.widths.M,
                window=layer.folding.window,
            )
            for layer in config.layers
        ),
    )
