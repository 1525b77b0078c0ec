# SPDX-License-Identifier: BSD-2-Clause
"""A cocotb bench with which the tests try out the drivers and monitors of streams."""

import os
from dataclasses import dataclass

import cocotb
import numpy as np

from firstspike.sim.harness.bench_io import given, report, tell
from firstspike.sim.harness.streams import (
    CheckedSink,
    ClockDomain,
    StreamSink,
    StreamSource,
    at_random,
)


@dataclass(frozen=True)
class Transfer:
    """What goes in and is to come out, and whether both sides pause."""

    items: np.ndarray
    expected: np.ndarray
    pauses: bool


@dataclass(frozen=True)
class Transferred:
    """The cycles of what was sent, and of what was received also the payload, [k, 2]."""

    sent: np.ndarray
    received: np.ndarray


@cocotb.test()
async def transfer(dut):
    """Send items through, with or without pauses, and report the cycles of all transfers."""
    what = given(Transfer)
    domain = ClockDomain(dut)
    source = StreamSource(dut, "i", domain, willing=at_random(1) if what.pauses else None)
    board = CheckedSink(dut, "o", domain, willing=at_random(2) if what.pauses else None)
    await domain.start()
    board.start()
    board.expect(what.expected.tolist())
    sent = [await source.send(item) for item in what.items.tolist()]
    await domain.cycles(100)
    board.finish()
    report(Transferred(np.array(sent), np.array(board.received)))


@cocotb.test()
async def watch(dut):
    """Take what comes, with pauses, for some cycles."""
    domain = ClockDomain(dut)
    sink = StreamSink(dut, "o", domain, willing=at_random(1))
    await domain.start()
    sink.start()
    await domain.cycles(100)


@cocotb.test()
async def linger(dut):
    """Say which process this is, and go on for longer than anyone waits."""
    domain = ClockDomain(dut)
    await domain.start()
    tell(os.getpid())
    await domain.cycles(10**9)
