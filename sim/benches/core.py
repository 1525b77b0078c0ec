"""Bench of the Core: loads the weights, sends images, and writes down all that comes out.

It judges nothing but the protocol; the comparison with the golden model is the scoreboard's, on
the other side of the results file.
"""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge

from .. import exchange


class CoreBench:
    """The ports of a core, and what goes through them."""

    def __init__(self, dut, parameters):
        self.dut = dut
        self.parameters = parameters
        self.decisions = []
        self.answers = []
        self.logs = [([], []) for _ in range(parameters["hidden"])]

    def pauses(self):
        """Whether a side pauses for a cycle."""
        return self.parameters["pauses"] and random.random() < self.parameters["pauses"]

    async def send(self, port, payloads, pausing=False):
        """Send payloads into the stream `port`, one a cycle unless held up."""
        valid, ready = getattr(self.dut, f"{port}__valid"), getattr(self.dut, f"{port}__ready")
        payload = getattr(self.dut, f"{port}__payload")
        falling, settled, rises = FallingEdge(self.dut.clk), ReadOnly(), RisingEdge(ready)
        for one in payloads:
            while pausing and self.pauses():
                valid.value = 0
                await falling
            payload.value = one
            valid.value = 1
            await settled
            while not ready.value:
                await rises
                await falling
                await settled
            await falling
        valid.value = 0

    async def load(self):
        """Write all weights; where the bench is `checked`, read them back and compare."""
        host = self.parameters["host"].tolist()
        await self.send("weights", host)
        if not self.parameters["checked"]:
            return
        answers = []

        async def collect():
            dut = self.dut
            dut.weights_read__ready.value = 1
            while len(answers) < len(host):
                await FallingEdge(dut.clk)
                await ReadOnly()
                if dut.weights_read__valid.value:
                    answers.append(int(dut.weights_read__payload.value))

        collecting = cocotb.start_soon(collect())
        write = self.parameters["write_bit"]
        await self.send("weights", [one & ~write for one in host])
        await collecting
        self.answers = answers

    async def source(self):
        """Every image, one after the other."""
        at = 0
        aborts = set(self.parameters["aborts"])
        for image, length in enumerate(self.parameters["lengths"].tolist()):
            items = self.parameters["items"][at : at + length].tolist()
            at += length
            await self.send(self.parameters["port"], items, pausing=True)
            if image in aborts:
                self.dut.abort_image.value = 1
                await FallingEdge(self.dut.clk)
                self.dut.abort_image.value = 0

    async def taker(self, count):
        """Take `count` decisions."""
        dut = self.dut
        valid, ready = dut.decision__valid, dut.decision__ready
        while len(self.decisions) < count:
            ready.value = 0 if self.pauses() else 1
            await ReadOnly()
            if not valid.value:
                await RisingEdge(valid)
                await FallingEdge(dut.clk)
                continue
            if ready.value:
                self.decisions.append(hex(int(dut.decision__payload.value)))
            await FallingEdge(dut.clk)

    async def log(self, layer):
        """Write down the spike log of a hidden layer."""
        dut, (images, spikes) = self.dut, self.logs[layer]
        valid, spike = getattr(dut, f"log_{layer}__valid"), getattr(dut, f"log_{layer}__spike")
        falling, settled, rises = FallingEdge(dut.clk), ReadOnly(), RisingEdge(valid)
        while True:
            await settled
            if not valid.value:
                await rises
                await falling
                continue
            images.append(len(self.decisions))
            spikes.append(int(spike.value))
            await falling


@cocotb.test()
async def core(dut):
    """Run the images of the stimulus file."""
    bench = CoreBench(dut, exchange.parameters())
    parameters = bench.parameters
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    for name in (
        "weights__valid",
        f"{parameters['port']}__valid",
        "weights_read__ready",
        "abort_image",
    ):
        getattr(dut, name).value = 0
    dut.decision__ready.value = 1
    dut.rst.value = 1
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    await bench.load()
    taking = cocotb.start_soon(bench.taker(len(parameters["lengths"])))
    for layer in range(parameters["hidden"]):
        cocotb.start_soon(bench.log(layer))
    await bench.source()
    await taking
    exchange.report(
        decisions=np.array(bench.decisions),
        answers=np.array(bench.answers, np.int64),
        **{f"log_{i}": np.array(spikes, np.int64) for i, (_, spikes) in enumerate(bench.logs)},
        **{
            f"log_images_{i}": np.array(images, np.int64)
            for i, (images, _) in enumerate(bench.logs)
        },
    )
