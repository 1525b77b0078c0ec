# SPDX-License-Identifier: BSD-2-Clause
"""Bench of a board's netlist: the host at the other end of its line, byte by byte.

It only checks that answers come.
"""

from collections.abc import Callable, Sequence

import cocotb

from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    REQUEST_OVERHEAD,
    Identity,
    IdentityFlag,
    Request,
    decode_frame,
    encode_frame,
)
from firstspike.sim.benches.flash.fill import fill
from firstspike.sim.benches.link.received import Received
from firstspike.sim.harness.bench_io import arguments, report, tell
from firstspike.sim.harness.streams import ClockDomain, Dut, StreamSink, StreamSource
from firstspike.sim.harness.taps import SpikeLogs

from .netlist import PATIENCE, NetlistOutcome, NetlistParameters

POWER_UP = 5_000
"""Cycles after which a board is out of its reset."""

READING = 20
"""Cycles per byte of the flash, at most, until a board has read it."""

OPEN_IMAGES = 2
"""More, and the image bit in the spike log would not say which one a spike is of."""


class HostEnd(StreamSink):
    """The host's end of the line, which keeps what it receives."""

    def __init__(self, dut: Dut, domain: ClockDomain) -> None:
        super().__init__(dut, "sent", domain)
        self.arrived = Received(domain)

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte from the board."""
        self.arrived.take(payload, cycle)


class NetlistBench:
    """A board, and what a host does with it."""

    def __init__(self, dut: Dut, arguments: NetlistParameters) -> None:
        self.arguments = arguments
        self.dut = dut
        self.domain = ClockDomain(dut)
        self.end = HostEnd(dut, self.domain)
        self.source = StreamSource(dut, "received", self.domain)
        self.arrived = self.end.arrived
        self.logs = SpikeLogs(dut, self.domain, arguments.hidden, self._image_of)
        self.sequence = 0
        self.first_image = 0  # frames received before that of its decision

    async def run(self) -> None:
        """Everything, from power-up on."""
        await self.domain.start()
        self.end.start()
        self.logs.start()
        await self._fill()
        await self.domain.cycles(POWER_UP)
        identity = await self._greet()
        if identity.has(IdentityFlag.NEEDS_WEIGHTS):
            writes = [(Request.WRITE, payload) for payload in self.arguments.writes]
            await self._ask_all(writes, identity)
        # Before its answer, the board fetches each chunk and sums all weights bit by bit.
        patience = PATIENCE + 2 * self.arguments.weight_bits
        await self._ask_all([(Request.CHECKSUM, b"")], identity, patience=patience)
        self.first_image = self.arrived.frames
        await self._ask_all(
            self.arguments.images,
            identity,
            most=OPEN_IMAGES,
            patience=self.arguments.patience,
            tell=tell,
        )

    def _image_of(self, bits: int) -> int:
        decided = self.arrived.frames - self.first_image
        return decided + ((decided + bits) & 1)

    async def _fill(self) -> None:
        """Write the flash, a byte per cycle: the board reads it later, and more slowly."""
        if self.arguments.flash:
            await fill(self.dut, self.domain, self.arguments.flash)

    async def _greet(self) -> Identity:
        await self._send(Request.HELLO, b"")
        # It comes when the flash is read.
        await self.arrived.answers(1, PATIENCE + READING * len(self.arguments.flash))
        kind, _, payload = decode_frame(bytes(self.arrived.content[:-1]))
        assert kind == Request.HELLO + ANSWER, f"HELLO was answered by type {kind:#x}"
        return Identity.from_bytes(payload[1:])

    async def _ask_all(
        self,
        requests: Sequence[tuple[int, bytes]],
        identity: Identity,
        most: int = 200,
        patience: int = PATIENCE,
        tell: Callable[[int], None] = lambda answered: None,
    ) -> None:
        """Send requests while the board has room and fewer than `most` are unanswered; wait.

        `tell` receives the number of answers.
        """
        costs = [REQUEST_OVERHEAD + len(payload) for _, payload in requests]
        room = self.arrived.room(costs, identity.capacity, patience, most)
        async for number, answered in room:
            await self._send(*requests[number])
            tell(answered)

    async def _send(self, kind: int, payload: bytes) -> None:
        await self.source.send(*encode_frame(kind, self.sequence, payload))
        self.sequence = (self.sequence + 1) & 0xFF


@cocotb.test()
async def netlist(dut):
    """Classify the images it is given."""
    bench = NetlistBench(dut, arguments(NetlistParameters))
    await bench.run()
    report(NetlistOutcome(bytes(bench.arrived.content), bench.arrived.cycles, bench.logs.arrays()))
