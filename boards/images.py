"""Images as a board takes them, and what it says of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firstspike.golden import learning
from firstspike.golden.encoding import events
from firstspike.hdl.link import protocol
from firstspike.hdl.link.protocol import DecisionFlag, Identity, IdentityFlag, Request

from .errors import MismatchError
from .exchange import Ask
from .remote_core import has

_CAUSES = (1 << DecisionFlag.LABEL - DecisionFlag.ADDRESS + 1) - 1


@dataclass(frozen=True)
class Decision:
    """What a board says of an image."""

    decision: int
    """The class."""
    tick: int
    """Of the decision."""
    forced: bool
    """Nothing fired up to the deadline."""
    error: int
    """Causes, bit by bit: address, tick, order, abort, label; 0 for none."""
    rows: tuple[int, ...]
    """Of each layer, the inputs that spiked until the decision."""
    cycles: int
    """Clock cycles to the decision."""
    updated: bool
    """Whether weights were changed."""
    turnaround: int | None
    """Clock cycles until the core could take another image; None of a core that does not learn."""


def goes_as_bitmap(identity: Identity, ticks: np.ndarray) -> np.ndarray:
    """Of images int [n, n_rows], or of one, whether it goes as a bitmap; else as events."""
    if not has(identity, IdentityFlag.BITMAPS):
        return np.zeros(np.shape(ticks)[:-1], bool)
    return np.all((ticks == 0) | (ticks == identity.unit), axis=-1)


def image(
    identity: Identity, ticks: np.ndarray, label: int = learning.UNLABELLED, once: bool = False
) -> Ask:
    """An image, int [n_rows], in as few bytes as it takes. Raises MismatchError."""
    n_rows, classes = identity.layers[0].n_in, identity.layers[-1].n_out
    ticks = np.asarray(ticks)
    if ticks.shape != (n_rows,) or ticks.min() < 0 or ticks.max() > identity.deadline:
        raise MismatchError(
            f"an image of {ticks.size} inputs with ticks {ticks.min(initial=0)} to "
            f"{ticks.max(initial=0)} is asked for: the board's core takes {n_rows}, with ticks up "
            f"to {identity.deadline}, 0 for silent."
        )
    if label != learning.UNLABELLED and not 0 <= label < classes:
        raise MismatchError(
            f"the label {label} is no class: labels are in 0..{classes - 1}, or "
            f"{learning.UNLABELLED} for none."
        )
    if goes_as_bitmap(identity, ticks):
        kind, content = Request.INPUTS, _packed(ticks != 0)
    else:
        kind, content = Request.EVENTS, events(ticks).astype("<u2").tobytes()
    given = protocol.UNLABELLED if label == learning.UNLABELLED else label
    return Ask(kind, bytes([given]) + content, _decision_bytes(identity), once)


def image_of_pixels(identity: Identity, pixels: np.ndarray) -> Ask:
    """An image, uint8 [n_inputs], of which the board selects the pixels. Raises MismatchError."""
    if not has(identity, IdentityFlag.BITMAPS):
        raise MismatchError("the board's core takes no pixels: give it ticks alone.")
    pixels = np.asarray(pixels)
    if pixels.shape != (identity.n_inputs,):
        raise MismatchError(
            f"an image of {pixels.size} pixels is asked for: the board takes {identity.n_inputs}."
        )
    content = bytes([protocol.UNLABELLED]) + _packed(pixels > 127)
    return Ask(Request.PIXELS, content, _decision_bytes(identity))


def decision(identity: Identity, answer: bytes) -> Decision:
    """The decision in an answer to an image."""
    number, flags, tick, cycles = protocol.DECISION_FORMAT.unpack_from(answer)
    layers = len(identity.layers)
    rest = answer[protocol.DECISION_FORMAT.size :]
    learns = has(identity, IdentityFlag.LEARNS)
    return Decision(
        decision=number,
        tick=tick,
        forced=bool(flags >> DecisionFlag.FORCED & 1),
        error=flags >> DecisionFlag.ADDRESS & _CAUSES,
        rows=tuple(np.frombuffer(rest, "<u2", layers).tolist()),
        cycles=cycles,
        updated=bool(flags >> DecisionFlag.UPDATED & 1),
        turnaround=int.from_bytes(rest[2 * layers :], "little") if learns else None,
    )


def _decision_bytes(identity: Identity) -> int:
    learns = has(identity, IdentityFlag.LEARNS)
    return protocol.DECISION_FORMAT.size + 2 * len(identity.layers) + 4 * learns


def _packed(bits: np.ndarray) -> bytes:
    """Bit p of the bitmap is bit p % 8 of byte p // 8."""
    return np.packbits(bits, bitorder="little").tobytes()
