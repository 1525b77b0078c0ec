"""A request to a board, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from firstspike.hdl.link.protocol import ANSWER, RING_OVERHEAD, Cause, Notice, Request


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
