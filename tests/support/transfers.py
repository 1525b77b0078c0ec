# SPDX-License-Identifier: BSD-2-Clause
"""The bench of a block between two streams: all outputs, with pauses and without."""

from collections.abc import Sequence
from dataclasses import dataclass

import cocotb
import numpy as np
from amaranth.lib import data

from firstspike.hdl.lib.block import Block
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import (
    BlockBench,
    Dut,
    Payload,
    StreamSource,
    at_random,
)


@dataclass(frozen=True)
class Stream:
    """A port of a block, and the payloads that it transfers."""

    port: str
    payloads: Sequence[int | Payload]
    layout: data.Layout | None = None


@dataclass(frozen=True, kw_only=True)
class Transfers:
    """The streams of a block and its pace."""

    inputs: Stream
    outputs: Stream
    early: int
    """Number of inputs before a reset, which leave an item incomplete."""
    reset_after: int = 0
    """Cycles from the last of the early inputs to the reset."""
    patience: int
    """Cycles from the last input to the last output."""
    pace: tuple[int, int] | None = None
    """The most cycles between inputs without pauses, and the number of inputs; or None."""
    steady: bool = False
    """Whether the block accepts each of these inputs after the same number of cycles."""


def check_transfers(block: Block, transfers: Transfers, seed: int) -> None:
    """Raise SimulationError unless a block has the expected outputs and pace."""
    simulation = Simulation.of(block)
    simulation.run(__name__, transfers, "paused", seed)
    if transfers.pace:
        simulation.run(__name__, transfers, "paced", seed)


class TransferBench(BlockBench):
    """The streams of a block."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        streams = self.arguments.inputs, self.arguments.outputs
        self.drive(**{f"{streams[0].port}__valid": 0, f"{streams[1].port}__ready": 1})

    def streams(
        self, pauses: bool, outputs: Sequence[int | Payload]
    ) -> tuple[StreamSource, object]:
        """Return the source, and the sink of the expected outputs, which starts."""
        inputs, expected = self.arguments.inputs, self.arguments.outputs
        willing = (at_random(1), at_random(2)) if pauses else (None, None)
        sink = self.sink(expected.port, expected.layout, willing[1])
        sink.start()
        sink.expect(outputs)
        return self.source(inputs.port, inputs.layout, willing[0]), sink


@cocotb.test()
async def paused(dut):
    """Every output, with random pauses on both sides, after a reset inside an item."""
    bench = await TransferBench(dut).start()
    transfers = bench.arguments
    inputs = transfers.inputs
    await bench.source(inputs.port, inputs.layout).send(*inputs.payloads[-transfers.early :])
    await bench.domain.cycles(transfers.reset_after)
    await bench.domain.reset()
    source, sink = bench.streams(True, transfers.outputs.payloads)
    await source.send(*inputs.payloads)
    await sink.complete(transfers.patience)


@cocotb.test()
async def paced(dut):
    """The block accepts each of some waiting inputs at its pace."""
    bench = await TransferBench(dut).start()
    transfers = bench.arguments
    cycles, count = transfers.pace
    share = len(transfers.outputs.payloads) * count // len(transfers.inputs.payloads)
    source, sink = bench.streams(False, transfers.outputs.payloads[:share])
    accepted = [await source.send(one) for one in transfers.inputs.payloads[:count]]
    intervals = np.diff(accepted)
    assert intervals.max() == cycles
    assert not transfers.steady or (intervals == cycles).all()
    await sink.complete(transfers.patience)
