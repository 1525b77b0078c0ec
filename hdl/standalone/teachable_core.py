# SPDX-License-Identifier: BSD-2-Clause
"""A standalone core that learns words of its owner (DESIGN, section 5).

>>> lesson_byte(7), lesson_byte(10)
(b'7', b'a')
"""

import string
from typing import Any, Protocol

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring

from firstspike.golden.learning.teaching import SETTINGS
from firstspike.golden.network import Network, NetworkError
from firstspike.hdl.core.config import CoreConfig

from .core import Sensor, StandaloneCore

LESSONS = (string.digits + string.ascii_lowercase).encode()
"""The byte of a lesson for each class."""


class TeachableSensor(Sensor, Protocol):
    """A sensor with a ReplayMemory."""

    labels: stream.Interface
    """The label of each image, for the core."""
    lesson: wiring.PureInterface
    """A lesson, as for the ReplayMemory."""
    learning: Value
    """Passes are under way."""


class TeachableCore(StandaloneCore):
    """A StandaloneCore that learns words: the byte of a class on `rx` is a lesson.

    The sensor labels each image. The core learns with the settings of teaching, which it receives
    after a reset, before the first image. Its bitstream contains the stored weights.

    Parameters: those of StandaloneCore, without a flash; `config` is that of a core whose last
    layer learns, and `weights` are the stored ones. Raises NetworkError for a network with more
    classes than `LESSONS`.
    """

    _inner = (*StandaloneCore._inner, "labels", "lesson", "learning")

    def __init__(
        self, config: CoreConfig, network: Network, sensor: TeachableSensor, **parameters: Any
    ) -> None:
        self._lessons = LESSONS[: network.shape[-1]]
        if network.shape[-1] > len(LESSONS):
            raise NetworkError(
                f"the network has {network.shape[-1]} classes: a lesson is for one of at most "
                f"{len(LESSONS)}"
            )
        self._teachable = sensor
        super().__init__(config, network, sensor, flash_address=None, **parameters)

    def build(self, m: Module) -> None:
        super().build(m)
        core, sensor = self._core, self._teachable
        wiring.connect(m, sensor.labels, core.labels)
        is_set = Signal()
        m.d.comb += [
            core.settings.valid.eq(~is_set),
            core.settings.payload.eq(core.settings.payload.shape().const(SETTINGS.registers())),
        ]
        with m.If(core.settings.ready):
            m.d.sync += is_set.eq(1)

        received, lesson = self._receiver.received, sensor.lesson
        with m.Switch(received.payload.data):
            for label, byte in enumerate(self._lessons):
                with m.Case(byte):
                    m.d.comb += [
                        lesson.valid.eq(received.valid & ~received.payload.broken),
                        lesson.label.eq(label),
                    ]


def lesson_byte(label: int) -> bytes:
    """Return the byte of a lesson for the class `label`."""
    return LESSONS[label : label + 1]
