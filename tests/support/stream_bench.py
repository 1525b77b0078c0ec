"""A cocotb bench with which the tests try out the drivers and monitors of streams."""

import cocotb
import numpy as np

from firstspike.sim.harness.bench_io import parameters, report
from firstspike.sim.harness.streams import (
    CheckedSink,
    ClockDomain,
    StreamSink,
    StreamSource,
    at_random,
)


@cocotb.test()
async def transfer(dut):
    """Send items through, with or without pauses, and report the cycles of all transfers."""
    given = parameters()
    patient = given["pauses"]
    domain = ClockDomain(dut)
    source = StreamSource(dut, "i", domain, willing=at_random(1) if patient else None)
    board = CheckedSink(dut, "o", domain, willing=at_random(2) if patient else None)
    await domain.start()
    board.start()
    board.expect(given["expected"].tolist())
    sent = await source.send_all(given["items"].tolist())
    await domain.cycles(100)
    board.finish()
    report(sent=np.array(sent), received=np.array(board.received))


@cocotb.test()
async def watch(dut):
    """Take what comes, with pauses, for some cycles."""
    domain = ClockDomain(dut)
    sink = StreamSink(dut, "o", domain, willing=at_random(1))
    await domain.start()
    sink.start()
    await domain.cycles(100)
