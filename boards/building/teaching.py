# SPDX-License-Identifier: BSD-2-Clause
"""The design of a standalone board that its owner teaches words."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from amaranth.build import Platform
from amaranth.hdl import Module

from firstspike.boards.pins.board import Board, connect_configuration_flash
from firstspike.golden import LearningState, Network
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.sound.listener import TeachableListener
from firstspike.hdl.standalone.microphone import TeachableMicrophoneSensor
from firstspike.hdl.standalone.saving_core import SavingCore
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
    ) -> "TeachableDesign":
        """Design a core of this shape that is taught words, and saves them if the board can.

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
        made = cls if board.saved_region is None else SavingDesign
        return made(**same | {"config": config}, content=content)

    def core(self, build: bytes) -> TeachableCore:
        """Return the core with its sensor and text reporter."""
        return TeachableCore(**self._core_arguments(build))

    def _core_arguments(self, build: bytes) -> dict[str, Any]:
        state = LearningState.of(self.network.connected(), MAX_STORED_BITS, last_layer=True)
        return {
            "config": self.config,
            "network": self.network,
            "sensor": self._sensor(),
            "clock_hz": self.hz,
            "identity": build,
            "weights": state.stored,
        }

    def _sensor(self) -> TeachableMicrophoneSensor:
        listener = TeachableListener(self.network, self.microphone, self.content)
        return TeachableMicrophoneSensor(listener, self.hz)


class SavingDesign(TeachableDesign):
    """A TeachableDesign that saves the learned weights in the flash of its board."""

    def core(self, build: bytes) -> SavingCore:
        """Return the core with its sensor, its text reporter, and the Saver."""
        assert self.board.saved_region is not None  # checked by `of_teaching`
        return SavingCore(**self._core_arguments(build), region=self.board.saved_region)

    @property
    def has_flash(self) -> bool:
        """Whether the design has the pins of the flash."""
        return True

    @property
    def _connect(self) -> Callable[[Module, Platform, Any], None]:
        connect_others = super()._connect

        def connect(m: Module, platform: Platform, core: Any) -> None:
            connect_configuration_flash(m, platform, core)
            connect_others(m, platform, core)

        return connect
