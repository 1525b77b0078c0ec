# SPDX-License-Identifier: BSD-2-Clause
"""What benches share: tests that get a started bench, and the bench of a small block."""

import os
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import Any

import cocotb
from amaranth.lib import data, wiring

from .bench_io import given, report
from .runner import Simulation
from .streams import CheckedSink, ClockDomain, Dut, StreamSource, drive
from .verilog import verilog_of


def bench_test(kind: Callable[..., Any], **options: Any) -> Callable[[Any], Any]:
    """Make a cocotb test of a function that gets a started bench of this kind.

    `options` are the bench's. What the function returns is reported, unless it is None.
    """

    def decorate(body: Callable[[Any], Awaitable[Any]]) -> Any:
        @cocotb.test()
        @wraps(body)
        async def test(dut: Dut) -> None:
            bench = kind(dut, **options)
            await bench.start()
            if (outcome := await body(bench)) is not None:
                report(outcome)

        return test

    return decorate


class BlockBench:
    """The ports of a small block, its clock, and what the bench is `given`, of type `Given`."""

    Given: type

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.given: Any = given(self.Given)
        self.domain = ClockDomain(dut)
        self._sinks: list[CheckedSink] = []

    def source(
        self, name: str, layout: data.Layout | None = None, willing: Iterator[bool] | None = None
    ) -> StreamSource:
        """Return a source for the stream of this name."""
        return StreamSource(self.dut, name, self.domain, layout, willing)

    def sink(
        self,
        name: str,
        layout: data.Layout | None = None,
        willing: Iterator[bool] | None = None,
        kind: Callable[..., Any] = CheckedSink,
    ) -> Any:
        """Return a sink of this kind for the stream of this name; `start` lets it take."""
        self._sinks.append(kind(self.dut, name, self.domain, layout, willing))
        return self._sinks[-1]

    def drive(self, **values: int) -> None:
        """Set inputs, given by name."""
        drive(self.dut, **values)

    async def start(self) -> None:
        """Start the clock, with a reset, and then the sinks."""
        await self.domain.start()
        for sink in self._sinks:
            sink.start()

    @classmethod
    def run(
        cls,
        block: wiring.Component,
        parameters: Any,
        *,
        simulator: str = "verilator",
        waves: str | os.PathLike[str] | None = None,
        seed: int = 1,
        test: str | None = None,
    ) -> None:
        """Hold a block against its model, by all tests of the bench's module, or by one.

        Parameters
        ----------
        parameters : what the bench is given.
        simulator, waves : for `Simulation`.
        seed, test : for `Simulation.run`.

        Raises
        ------
        SimulationError : the simulation cannot be compiled, or at the first difference.
        """
        top = cls.__module__.rpartition(".")[2]
        simulation = Simulation(verilog_of(block, top), top, simulator, waves)
        simulation.run(cls.__module__, parameters, test, seed)
