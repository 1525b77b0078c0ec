# SPDX-License-Identifier: BSD-2-Clause
"""Requests to a board with their results; images become requests after a check."""

from dataclasses import dataclass

import numpy as np

from firstspike.golden.learning import rule as learning
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.formats import ANSWER, REQUEST_OVERHEAD, Cause, Notice, Request
from firstspike.hdl.link.protocol.messages import bitmap_payload, decision_bytes, image_request

from .errors import MismatchError


@dataclass(eq=False)
class PendingRequest:
    """A request that is waiting or under way, or has been answered."""

    kind: Request
    payload: bytes = b""
    length: int = 0
    """Bytes of the answer's payload."""
    once: bool = False
    """Whether the request must not be repeated; a lost answer then gives `done` with `answer`
    None."""
    done: bool = False
    answer: bytes | None = None
    refused: Cause | None = None
    """The cause if the board refuses the request."""

    def take(self, kind: int, payload: bytes) -> bool:
        """Accept an answer if it belongs to this request; return whether it does."""
        if kind == Notice.REFUSED and len(payload) == 1 and payload[0] in set(Cause):
            self.refused = Cause(payload[0])
        elif kind == self.kind + ANSWER and len(payload) == self.length:
            self.answer = payload
        else:
            return False
        self.done = True
        return True

    @property
    def cost(self) -> int:
        """Bytes of the board's capacity that the request takes."""
        return REQUEST_OVERHEAD + len(self.payload)


def image(
    config: CoreConfig, ticks: np.ndarray, label: int = learning.UNLABELLED, once: bool = False
) -> PendingRequest:
    """Return the request for an image, int [n_rows], for a core of this shape.

    Raises MismatchError.
    """
    n_rows, classes = config.layers[0].folding.n_in, config.layers[-1].folding.n_out
    ticks = np.asarray(ticks)
    if ticks.shape != (n_rows,) or ticks.min() < 0 or ticks.max() > config.deadline:
        raise MismatchError(
            f"an image of {ticks.size} inputs with ticks {ticks.min(initial=0)} to "
            f"{ticks.max(initial=0)} is asked for: the board's core takes {n_rows}, with ticks up "
            f"to {config.deadline}, 0 for silent."
        )
    if label != learning.UNLABELLED and not 0 <= label < classes:
        raise MismatchError(
            f"the label {label} is no class: labels are in 0..{classes - 1}, or "
            f"{learning.UNLABELLED} for none."
        )
    return PendingRequest(*image_request(config, ticks, label), decision_bytes(config), once)


def image_of_pixels(
    config: CoreConfig, connected: np.ndarray, n_inputs: int, pixels: np.ndarray
) -> PendingRequest:
    """Return the request for an image, uint8 [n_inputs], by its `connected` pixels.

    Raises MismatchError.
    """
    if config.bitmap is None:
        raise MismatchError("the board's core takes no pixels: give it ticks only.")
    pixels = np.asarray(pixels)
    if pixels.shape != (n_inputs,):
        raise MismatchError(
            f"an image of {pixels.size} pixels is asked for: the board takes {n_inputs}."
        )
    payload = bitmap_payload(pixels[connected] > 127)
    return PendingRequest(Request.INPUTS, payload, decision_bytes(config))
