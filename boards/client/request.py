# SPDX-License-Identifier: BSD-2-Clause
"""A request to a board, and what became of it; images as requests, checked beforehand."""

from dataclasses import dataclass

import numpy as np

from firstspike.golden.learning import rule as learning
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.formats import ANSWER, RING_OVERHEAD, Cause, Notice, Request
from firstspike.hdl.link.protocol.messages import bitmap_payload, decision_bytes, image_request

from .errors import MismatchError


@dataclass(eq=False)
class PendingRequest:
    """A request that is or will be under way, and what became of it."""

    kind: Request
    payload: bytes = b""
    length: int = 0
    """Of the answer's payload, in bytes."""
    once: bool = False
    """It must not be done twice: if the answer is lost, `answer` is None and `done` is true."""
    done: bool = False
    answer: bytes | None = None
    refused: Cause | None = None
    """Set if the board says that there is no such thing."""

    def take(self, kind: int, payload: bytes) -> bool:
        """Take an answer, if it is this request's."""
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
        """Bytes of the board's capacity."""
        return RING_OVERHEAD + len(self.payload)


def image(
    config: CoreConfig, ticks: np.ndarray, label: int = learning.UNLABELLED, once: bool = False
) -> PendingRequest:
    """An image, int [n_rows], for a core of that shape. Raises MismatchError."""
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


def image_of_pixels(config: CoreConfig, n_inputs: int, pixels: np.ndarray) -> PendingRequest:
    """An image, uint8 [n_inputs], of which the board selects the pixels. Raises MismatchError."""
    if config.bitmap is None:
        raise MismatchError("the board's core takes no pixels: give it ticks alone.")
    pixels = np.asarray(pixels)
    if pixels.shape != (n_inputs,):
        raise MismatchError(
            f"an image of {pixels.size} pixels is asked for: the board takes {n_inputs}."
        )
    return PendingRequest(Request.PIXELS, bitmap_payload(pixels > 127), decision_bytes(config))
