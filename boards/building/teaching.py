# SPDX-License-Identifier: BSD-2-Clause
"""The design of a standalone board that its owner teaches words."""

from dataclasses import dataclass, field, fields
from typing import Self

from firstspike.boards.pins.board import Board
from firstspike.golden import LearningState, Network
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.sound.listener import TeachableListener
from firstspike.hdl.standalone.microphone import TeachableMicrophoneSensor
from firstspike.hdl.standalone.teachable_core import TeachableCore

from .design import check_learning
from .sound import SoundDesign


@dataclass(frozen=True)
class TeachableDesign(SoundDesign):
    """A core with a microphone, whose last layer learns words."""

    content: ReplayContent = field(kw_only=True)
    """References and capacity of the replay memory."""

    @classmethod
    def of_teaching(
        cls,
        network: Network,
        board: Board,
        shape: CoreShape,
        content: ReplayContent,
        hz: int | None = None,
        sensor: str = "pdm",
    ) -> Self:
        """Design a core of this shape that is taught words.

        Other arguments and errors are those of `of_sound`. Also raises NetworkError for a board
        that loads its weights, and for a network that the core cannot learn.
        """
        check_learning(board)
        plain = SoundDesign.of_sound(network, board, shape, hz, sensor)
        config = CoreConfig.of(
            network.connected(),
            plain.config.folding,
            stored_bits=MAX_STORED_BITS,
            last_layer=True,
        )
        same = {one.name: getattr(plain, one.name) for one in fields(plain)}
        return cls(**same | {"config": config}, content=content)

    def core(self, build: bytes) -> TeachableCore:
        """Return the core with its sensor and text reporter."""
        state = LearningState.of(self.network.connected(), MAX_STORED_BITS, last_layer=True)
        return TeachableCore(
            self.config,
            self.network,
            self._sensor(),
            clock_hz=self.hz,
            identity=build,
            weights=state.stored,
        )

    def _sensor(self) -> TeachableMicrophoneSensor:
        listener = TeachableListener(self.network, self.microphone, self.content)
        return TeachableMicrophoneSensor(listener, self.hz)
