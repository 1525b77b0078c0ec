# SPDX-License-Identifier: BSD-2-Clause
"""The MicrophoneSensor reports faults and isolated words of its Listener, and lessons."""

import numpy as np

from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.sound.listener import Listener, TeachableListener
from firstspike.hdl.sound.replay_memory import ReplayContent
from firstspike.hdl.standalone.microphone import (
    CLIPPED,
    LEARNING,
    LOST,
    MISSING,
    WAITING,
    MicrophoneSensor,
    TeachableMicrophoneSensor,
)
from tests.support.listening import front_end
from tests.support.simulators import run_bench

from .test_listener import small_network

FRONT = front_end((300, 1000, 3000))
NETWORK, MICROPHONE = small_network(FRONT), PdmMicrophone(4, 64, 2)


class SilentListener(Listener):
    """The ports of a Listener, which the bench drives."""

    def build(self, m) -> None:
        """Connect nothing."""


class SilentTeachableListener(TeachableListener):
    """The ports of a TeachableListener, which the bench drives."""

    def build(self, m) -> None:
        """Connect nothing, not even the memory."""
        m.submodules.replay_memory = self._replay_memory


def check(sensor, listener, steps) -> None:
    """Set ports of the listener, and two cycles later compare some of the sensor's."""

    async def bench(ctx):
        for number, (ports, expected) in enumerate(steps):
            for name, value in ports.items():
                ctx.set(getattr(listener, name), value)
            await ctx.tick().repeat(2)
            found = {name: ctx.get(getattr(sensor, name)) for name in expected}
            assert found == expected, number

    run_bench(sensor, bench)


def test_faults_are_reported_by_rank_and_words_until_the_next():
    listener = SilentListener(NETWORK, MICROPHONE)
    check(MicrophoneSensor(listener, 3), listener, [  # a fault is held for 4 cycles
        ({"missing": 1, "clipped": 1, "lost": 1}, {"fault": MISSING, "reportable": 0}),
        ({"missing": 0, "word": 1, "isolated": 1}, {"fault": MISSING, "reportable": 1}),
        ({"word": 0, "isolated": 0}, {"fault": 0, "reportable": 1}),
        ({"word": 1}, {"fault": CLIPPED, "reportable": 0}),
        ({"clipped": 0}, {"fault": CLIPPED}),
        ({}, {"fault": 0}),
        ({}, {"fault": LOST}),
    ])  # fmt: skip


def test_a_lesson_is_reported_unless_there_is_a_fault():
    content = ReplayContent(np.zeros((1, FRONT.n_pixels), np.uint8), np.array([0]), 1)
    listener = SilentTeachableListener(NETWORK, MICROPHONE, content)
    waiting, learning = (
        1 + TeachableMicrophoneSensor.faults.index(it) for it in (WAITING, LEARNING)
    )
    check(TeachableMicrophoneSensor(listener, 1), listener, [
        ({"waiting": 1, "reportable": 1}, {"fault": waiting, "reportable": 1}),
        ({"learning": 1, "word": 1, "isolated": 0}, {"fault": learning, "reportable": 1}),
        ({"lost": 1, "reportable": 0}, {"fault": LOST, "reportable": 0}),
    ])  # fmt: skip
