# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the link under fire: sends hostile frames, and a good one behind each.

`fuzz` makes them and says what must be answered.
"""

from collections import Counter
from itertools import groupby

import cocotb

from firstspike.hdl.link.framing.receiver import SPACING
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DELIMITER,
    FrameError,
    Notice,
    Request,
    decode_frame,
    encode_frame,
)
from firstspike.sim.harness.bench_io import arguments, report
from firstspike.sim.harness.streams import ClockDomain, Dut

from .bench import BitLine, line_to
from .fuzz import CHANGED, HANGS, LOST, LOW, WRONG, Findings, FuzzParameters
from .link_model import BROKEN
from .spi_line import SpiLine

PATIENCE = 20_000
"""Clock cycles within which a good frame is answered."""

REST = 12
"""Bits after noise, until whatever it looked like must be over."""


class FuzzBench:
    """A board, and a line on which all kinds of things come."""

    def __init__(self, dut: Dut, bits: int | None) -> None:
        self.domain = ClockDomain(dut)
        self.bits = bits
        self.line = line_to(dut, self.domain, bits)
        self._read = 0
        dut.show.value = 0

    async def start(self) -> None:
        """Power up."""
        await self.domain.start()
        self.line.start()

    async def hostile(self, content: list[int]) -> None:
        """Send it, part by part."""
        for plain, parts in groupby(content, lambda part: part < BROKEN):
            if plain:
                await self.line.send(bytes(parts), SPACING)
                continue
            for part in parts:
                if part & LOW:
                    assert isinstance(self.line, BitLine)
                    await self.line.send_low(part - LOW)
                else:
                    assert not isinstance(self.line, SpiLine)
                    await self.line.send(bytes([part - BROKEN]), SPACING, broken=True)
        if self.bits is not None:
            await self.domain.cycles(REST * self.bits)

    async def answered(self, expected: list[bytes]) -> str:
        """Wait for these answers, of notices apart; what is wrong with what came, or nothing."""
        deadline = self.domain.cycle + PATIENCE
        for answer in expected:
            frame = await self._frame(deadline)
            while frame and frame[0] in (Notice.ERROR, Notice.REFUSED):
                frame = await self._frame(deadline)
            if frame is None:
                return LOST
            if not frame.startswith(answer):
                if answer[0] == Request.CHECKSUM + ANSWER and frame[:2] == answer[:2]:
                    return CHANGED
                return f"{WRONG}: {frame.hex()} instead of {answer.hex()}"
        return ""

    async def alive(self) -> bool:
        """Whether the board answers at all."""
        await self.line.send(DELIMITER + encode_frame(Request.HELLO, 0), SPACING)
        deadline = self.domain.cycle + PATIENCE
        while (frame := await self._frame(deadline)) is not None:
            if frame[0] == Request.HELLO + ANSWER:
                return True
        return False

    async def _frame(self, deadline: int) -> bytes | None:
        """The next frame: type, sequence, payload; None where none comes by then.

        A frame that cannot be decoded follows a delimiter, which is the type of no answer.
        """
        content = self.line.arrived.content
        while (end := content.find(DELIMITER, self._read)) < 0:
            if self.domain.cycle > deadline:
                return None
            await self.domain.cycles(20)
        coded, self._read = bytes(content[self._read : end]), end + 1
        try:
            kind, sequence, payload = decode_frame(coded)
        except FrameError:
            return DELIMITER + coded
        return bytes([kind, sequence]) + payload


@cocotb.test()
async def fuzz(dut):
    """Send everything; end with what does harm."""
    parameters = arguments(FuzzParameters)
    bench = FuzzBench(dut, parameters.bits)
    await bench.start()
    kinds, harmful = [], []
    for trial in parameters.trials:
        await bench.hostile(trial.content)
        await bench.line.send(trial.good, SPACING)
        kinds.append(trial.kind)
        if wrong := await bench.answered(trial.answers):
            hung = "" if await bench.alive() else f"; {HANGS}"
            content = " ".join(f"{part:02x}" for part in trial.content)
            harmful.append((trial.kind, content, wrong + hung))
            break
    report(Findings(len(kinds), dict(Counter(kinds)), harmful))
