# SPDX-License-Identifier: BSD-2-Clause
"""cocotb drivers and monitors of valid/ready streams, for Verilator and Icarus alike.

One convention keeps them free of races, and the same in both simulators: inputs are driven after a
rising edge of the clock, outputs are read at the falling edge.

    clk      ____/----\\____/----\\____
                 |    |    |
                 |    |    the transfer happens where valid & ready were read
                 |    outputs are read: what the next rising edge will act upon
                 inputs change, and with them whatever depends on them

A coroutine that waits for an event waits for the edge of that signal and not for every edge of the
clock: resuming Python takes most of the time.

Cycles are counted from 0 at the rising edge with which the clock started, and a transfer belongs
to the cycle in which valid and ready were read.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import cocotb
from amaranth.lib import data
from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from firstspike.hdl.lib.layouts import pack, unpack

from .bench_io import arguments

PERIOD = 10
"""Period of the clock in ns, which is also the simulation's time step."""

Dut = Any
"""The top level of a simulation; which ports it has as attributes is known when it runs."""

Payload = int | dict[str, Any]
"""The bits of a payload, or its fields by name."""


class ClockDomain:
    """The clock of a design, its synchronous reset, and the cycle count.

    Parameters
    ----------
    dut : the top level, with ports `clk` and `rst`.
    """

    def __init__(self, dut: Dut) -> None:
        self.rising = RisingEdge(dut.clk)
        self.falling = FallingEdge(dut.clk)
        self.in_reset = True
        self._reset = dut.rst
        self._clk = dut.clk
        self._start = 0

    async def start(self) -> None:
        """Start the clock, with a reset. Drive all inputs before: at once, they may be X."""
        self._reset.value = 1
        Clock(self._clk, PERIOD, "step", impl="gpi").start()
        self._start = get_sim_time("step")
        await self.rising
        await self.cycles(1)
        self._reset.value = 0
        self.in_reset = False

    async def reset(self, cycles: int = 1) -> None:
        """Assert the reset for a number of cycles."""
        await self.after_rising()
        self._reset.value = 1
        self.in_reset = True
        await self.cycles(cycles)
        self._reset.value = 0
        self.in_reset = False

    @property
    def cycle(self) -> int:
        """The number of the present cycle."""
        return (get_sim_time("step") - self._start) // PERIOD

    async def after_rising(self) -> None:
        """Wait until inputs may be driven: not at all right after a rising edge."""
        if (get_sim_time("step") - self._start) % PERIOD:
            await self.rising

    async def cycles(self, n: int) -> None:
        """Wait until inputs may be driven, and from there until after the n-th rising edge."""
        await self.after_rising()
        if n:
            await Timer(n * PERIOD - 1, "step")
            await self.rising

    async def until(self, met: Callable[[], Any], patience: int) -> bool:
        """Wait at most `patience` cycles for a falling edge with `met`; return whether one came."""
        for _ in range(patience):
            await self.falling
            if met():
                return True
        return False

    async def pulse(self, signal: Dut) -> None:
        """Set a signal for a cycle."""
        await self.after_rising()
        signal.value = 1
        await self.rising
        signal.value = 0


def drive(dut: Dut, **values: int) -> None:
    """Set inputs of a design, given by name."""
    for name, value in values.items():
        dut[name].value = value


def bits(layout: data.Layout | None, payload: Payload) -> int:
    """Return a payload of that layout as bits."""
    return payload if isinstance(payload, int) else pack(layout, payload)


def at_random(number: int, always: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Random willingness, cycle by cycle: rare, frequent and steady by turns.

    The seed of the run and `number` decide it; the streams of a bench have different numbers. While
    `always` says so it is willing in any case, such as where an offer may be withdrawn.
    """
    choice = random.Random(f"{cocotb.RANDOM_SEED} {number}")
    while True:
        probability = choice.choice((0.05, 0.5, 0.9, 1.0))
        for _ in range(choice.randrange(1, 40)):
            yield choice.random() < probability or always()


class _Stream:
    """One end of a stream: the handles of its signals, and whether it is willing.

    Parameters
    ----------
    dut, name : the stream's ports are `name__valid`, `name__ready` and `name__payload`.
    domain : its clock.
    layout : of the payload; needed for payloads given by field.
    willing : called in each cycle. With None the side is always willing, and Python is not resumed
        while the other side is unwilling.
    """

    def __init__(
        self,
        dut: Dut,
        name: str,
        domain: ClockDomain,
        layout: data.Layout | None = None,
        willing: Iterator[bool] | None = None,
    ) -> None:
        self.name = name
        self.layout = layout
        self._domain = domain
        self._willing = willing
        self._valid = dut[f"{name}__valid"]
        self._ready = dut[f"{name}__ready"]
        self._payload = dut[f"{name}__payload"]
        self._valid_rises, self._ready_rises = RisingEdge(self._valid), RisingEdge(self._ready)
        self.idle()

    def idle(self) -> None:
        """Be unwilling: before the start, or in a reset in mid-stream."""
        raise NotImplementedError

    def fields(self, payload: int) -> dict[str, int]:
        """The fields of a payload by name."""
        return {name: int(array[0]) for name, array in unpack(self.layout, [payload]).items()}


class StreamSource(_Stream):
    """Drives a stream into the design; parameters are those of `_Stream`.

    Once it is willing to begin with the next payload, valid stays until the payload is taken.
    """

    def idle(self) -> None:
        """Take valid away: before the start, or in a reset in mid-stream."""
        self._valid.value = 0
        self._payload.value = 0

    async def send(self, *payloads: Payload) -> int:
        """Offer payloads, each until it is taken; return the cycle of the last transfer."""
        domain = self._domain
        await domain.after_rising()
        for payload in payloads:
            while self._willing is not None and not next(self._willing):
                self._valid.value = 0
                await domain.rising
            self._valid.value = 1
            self._payload.value = bits(self.layout, payload)
            await domain.falling
            while not self._ready.value:
                await self._ready_rises
                await domain.falling
            await domain.rising
        self._valid.value = 0
        return domain.cycle - 1


class StreamSink(_Stream):
    """Takes what a stream from the design offers, and checks the rules of the offer.

    Once valid, a payload must stay, unchanged, until it is taken. Breaking this, an X, or what an
    overridden `take` raises, fails the test.

    Parameters are those of `_Stream`; `willing` is the ready of each cycle.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.received: list[tuple[int, int]] = []
        """(cycle, payload as bits) of every transfer so far."""

    def idle(self) -> None:
        """Take nothing."""
        self._ready.value = 0

    def start(self) -> cocotb.task.Task:
        """Begin to take; cancel the returned task to end."""
        willing = self._willing
        run = self._take_always() if willing is None else self._take_willing(willing)
        return cocotb.start_soon(run)

    def take(self, cycle: int, payload: int) -> None:
        """Handle a transfer: append it to `received`. A subclass may override this."""
        self.received.append((cycle, payload))

    def _offer(self) -> int:
        """Return the payload's bits, of which none may be undefined."""
        return int(self._payload.value)

    async def _take_always(self) -> None:
        domain = self._domain
        await domain.after_rising()
        self._ready.value = 1
        while True:
            await domain.falling
            if not self._valid.value:
                await self._valid_rises
            elif not domain.in_reset:
                self.take(domain.cycle, self._offer())

    async def _take_willing(self, willing: Iterator[bool]) -> None:
        domain = self._domain
        pending = None  # what was valid, and not taken, in the last cycle
        await domain.after_rising()
        while True:
            ready = next(willing)
            self._ready.value = ready
            await domain.falling
            payload = self._offer() if self._valid.value else None
            if domain.in_reset:
                pending = None
            elif pending is not None and payload != pending:
                change = "withdrawn" if payload is None else f"changed to {self._show(payload)}"
                raise AssertionError(
                    f"{self.name}, cycle {domain.cycle}: the offer of {self._show(pending)} was "
                    f"{change} before it was taken"
                )
            elif ready and payload is not None:
                pending = None
                self.take(domain.cycle, payload)
            else:
                pending = payload
            await domain.rising

    def _show(self, payload: int) -> Any:
        return payload if self.layout is None else self.fields(payload)


class CheckedSink(StreamSink):
    """A sink that compares what it takes with what is expected, item by item, in order.

    Parameters are those of `StreamSink`. Fails the test at the first difference.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._expected: list[int] = []

    def expect(self, payloads: Iterable[Payload]) -> None:
        """Expect these payloads after those expected already."""
        self._expected += (bits(self.layout, payload) for payload in payloads)

    def take(self, cycle: int, payload: int) -> None:
        """Compare the next one."""
        n = len(self.received)
        super().take(cycle, payload)
        where = f"{self.name}, cycle {cycle}, item {n}: got {self._show(payload)}"
        assert n < len(self._expected), f"{where}, expected no more"
        expected = self._expected[n]
        assert payload == expected, f"{where}, expected {self._show(expected)}"

    @property
    def missing(self) -> int:
        """How many of those expected have not come yet."""
        return len(self._expected) - len(self.received)

    def forget(self) -> None:
        """Expect nothing more of what has not come yet."""
        del self._expected[len(self.received) :]

    async def complete(self, patience: int) -> None:
        """Wait at most `patience` cycles for all expected transfers; check them."""
        await self._domain.until(lambda: not self.missing, patience)
        self.finish()

    def finish(self) -> None:
        """Check that everything expected has come."""
        missing, expected = self.missing, len(self._expected)
        assert not missing, f"{self.name}: {missing} of {expected} have not come"


class BlockBench:
    """The ports of a small block, its clock, and the `parameters` of `Simulation.run`."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.arguments: Any = arguments(object)
        self.domain = ClockDomain(dut)
        self._sinks: list[StreamSink] = []

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

    async def start(self) -> Self:
        """Start the clock, with a reset, and then the sinks; return the bench."""
        await self.domain.start()
        for sink in self._sinks:
            sink.start()
        return self
