"""Bench of a board's netlist: the host at the other end of its UART, byte by byte.

It judges nothing but that answers come; `sim.netlist` says what the parameters mean.
"""

from collections.abc import Callable
from typing import Any

import cocotb
import numpy as np
from cocotb.handle import SimHandleBase
from cocotb.triggers import RisingEdge

from firstspike.hdl.link.protocol import (
    ANSWER,
    RING_OVERHEAD,
    Identity,
    IdentityFlag,
    Request,
    decode_frame,
    encode_frame,
)
from firstspike.sim.benches.link.bench import Received
from firstspike.sim.harness import bench_io as exchange
from firstspike.sim.harness.streams import ClockDomain, StreamSink, StreamSource

POWER_UP = 5_000
"""Cycles after which a board is out of its reset."""

PATIENCE = 300_000
"""Cycles without a byte, more than any image takes."""

IMAGES_UNDER_WAY = 2
"""More, and the image bit in the spike log would not say which one a spike is of."""


class HostEnd(StreamSink):
    """The host's UART."""

    def __init__(self, dut: SimHandleBase, domain: ClockDomain) -> None:
        super().__init__(dut, "sent", domain)
        self.received = Received()
        self._source = StreamSource(dut, "received", domain)

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte from the board."""
        self.received.take(payload, cycle)

    async def send(self, content: bytes) -> None:
        """Send bytes, one right after the other."""
        await self._source.send_all(content)


class NetlistBench:
    """A board, and what a host does with it."""

    def __init__(self, dut: SimHandleBase, given: dict[str, Any]) -> None:
        self.dut = dut
        self.given = given
        self.domain = ClockDomain(dut)
        self.end = HostEnd(dut, self.domain)
        self.received = self.end.received
        self.logs: list[list[tuple[int, int]]] = [[] for _ in range(given["hidden"])]
        self.sequence = 0
        self.first_image = 0  # frames received before that of its decision

    async def run(self) -> None:
        """Everything, from power-up on."""
        await self.domain.start()
        self.end.start()
        for layer in range(len(self.logs)):
            cocotb.start_soon(self._log(layer))
        await self.domain.cycles(POWER_UP)
        identity = await self._greet()
        if identity.has(IdentityFlag.LOADED):
            writes = [(Request.WRITE, bytes.fromhex(payload)) for payload in self.given["writes"]]
            await self._ask_all(writes, identity)
        # All weights are summed bit by bit, and each chunk is fetched, before there is an answer.
        patience = PATIENCE + 2 * self.given["weight_bits"]
        await self._ask_all([(Request.CHECKSUM, b"")], identity, patience=patience)
        self.first_image = self.received.frames
        images = [(kind, bytes.fromhex(payload)) for kind, payload in self.given["images"]]
        await self._ask_all(images, identity, most=IMAGES_UNDER_WAY, tell=exchange.tell)

    async def _greet(self) -> Identity:
        await self._send(Request.HELLO, b"")
        await self._answers(1)
        kind, _, payload = decode_frame(bytes(self.received.content[:-1]))
        assert kind == Request.HELLO + ANSWER, f"HELLO was answered by type {kind:#x}"
        return Identity.from_bytes(payload[1:])

    async def _ask_all(
        self,
        requests: list[tuple[int, bytes]],
        identity: Identity,
        most: int = 200,
        patience: int = PATIENCE,
        tell: Callable[[int], None] = lambda answered: None,
    ) -> None:
        """Send requests as long as there is room for them, and `most` are under way; wait.

        `tell` is told how many are answered.
        """
        before = self.received.frames
        costs = [RING_OVERHEAD + len(payload) for _, payload in requests]
        for number, (kind, payload) in enumerate(requests):
            assert costs[number] <= identity.capacity, "a request is larger than the board takes"
            while (answered := self.received.frames - before) <= number - most or sum(
                costs[answered : number + 1]
            ) > identity.capacity:
                await self._answers(self.received.frames + 1, patience)
            await self._send(kind, payload)
            tell(answered)
        await self._answers(before + len(requests), patience)

    async def _send(self, kind: int, payload: bytes) -> None:
        await self.end.send(encode_frame(kind, self.sequence, payload))
        self.sequence = (self.sequence + 1) & 0xFF

    async def _answers(self, count: int, patience: int = PATIENCE) -> None:
        await self.received.answers(count, self.domain, patience)

    async def _log(self, layer: int) -> None:
        """Write down the spike log of a hidden layer."""
        valid, spike = self.dut[f"log_{layer}__valid"], self.dut[f"log_{layer}__spike"]
        log, rises = self.logs[layer], RisingEdge(valid)
        while True:
            await self.domain.falling
            if not valid.value:
                await rises
                continue
            bits = int(spike.value)
            decided = self.received.frames - self.first_image
            log.append((decided + ((decided + bits) & 1), bits))


@cocotb.test()
async def netlist(dut):
    """Classify the images of the stimulus file."""
    bench = NetlistBench(dut, exchange.parameters())
    await bench.run()
    exchange.report(
        bytes=np.array(bench.received.content, np.uint8),
        cycles=np.array(bench.received.cycles, np.int64),
        **{f"log_{i}": np.array(log, np.int64).reshape(-1, 2) for i, log in enumerate(bench.logs)},
    )
