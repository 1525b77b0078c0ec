# SPDX-License-Identifier: BSD-2-Clause
"""Watches a design without taking part: ports that only tell, spike logs, and silence."""

from collections.abc import Callable

import cocotb
import numpy as np
from cocotb.task import Task
from cocotb.triggers import Event, RisingEdge

from .streams import ClockDomain, Dut


async def tap(domain: ClockDomain, valid: Dut, callback: Callable[[], None]) -> None:
    """Call `callback` in each cycle out of reset in which `valid` is high."""
    rises = RisingEdge(valid)
    while True:
        await domain.falling
        if domain.in_reset:
            continue
        if valid.value:
            callback()
        else:
            await rises


class SpikeLogs:
    """Writes down the spike logs of the hidden layers, once started.

    `image_of` says to which image a spike belongs, from its payload, whose lowest bit is the
    image's.
    """

    def __init__(
        self, dut: Dut, domain: ClockDomain, hidden: int, image_of: Callable[[int], int]
    ) -> None:
        self._dut, self._domain, self._image_of = dut, domain, image_of
        self._logs: list[list[tuple[int, int]]] = [[] for _ in range(hidden)]

    def start(self) -> None:
        """Begin to write down."""
        for layer, log in enumerate(self._logs):
            spike = self._dut[f"log_{layer}__spike"]

            def callback(log=log, spike=spike) -> None:
                bits = int(spike.value)
                log.append((self._image_of(bits), bits))

            cocotb.start_soon(tap(self._domain, self._dut[f"log_{layer}__valid"], callback))

    def arrays(self) -> list[np.ndarray]:
        """Per layer (image, payload) of every spike, int64 [k, 2]."""
        return [np.array(log, np.int64).reshape(-1, 2) for log in self._logs]


class Arrivals:
    """Wakes who waits for something that comes now and then."""

    def __init__(self) -> None:
        self._event = Event()

    def notify(self) -> None:
        """Say that there is more."""
        self._event.set()

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until `met` holds; each arrival evaluates it again."""
        while not met():
            self._event.clear()
            await self._event.wait()


def fail_in_silence(
    domain: ClockDomain, patience: int, count: Callable[[], int], what: str
) -> Task:
    """Fail after `patience` cycles without a larger count; cancel the returned task to end this."""

    async def watch() -> None:
        before = -1
        while count() > before:
            before = count()
            await domain.cycles(patience)
        raise AssertionError(f"no {what} in {patience} cycles after the first {before}")

    return cocotb.start_soon(watch())
