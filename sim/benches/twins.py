# SPDX-License-Identifier: BSD-2-Clause
"""A cocotb bench with which tests compare two forms of one design under random stimulus."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cocotb

from firstspike.sim.harness.bench_io import given
from firstspike.sim.harness.streams import ClockDomain


@dataclass(frozen=True)
class Twins:
    """Name of each bit of `differs`, widths of the inputs, and number of cycles."""

    names: Sequence[str]
    stimulus: Mapping[str, int]
    cycles: int


@cocotb.test()
async def twins(dut):
    """Fail in the first cycle in which outputs differ. Addresses are near one another by turns."""
    what = given(Twins)
    inputs = [(getattr(dut, name), bits, name) for name, bits in what.stimulus.items()]
    for handle, _, _ in inputs:
        handle.value = 0
    dut.read_en.value = 1  # what memories show before they have been read is not defined
    domain = ClockDomain(dut)
    await domain.start()
    near = [random.randrange(1 << 14) for _ in range(4)]
    for cycle in range(what.cycles):
        if cycle % 500 == 0:
            near = [random.randrange(1 << 14) for _ in range(4)]
        for handle, bits, name in inputs:
            value = random.randrange(1 << bits)
            if name.endswith("addr") and random.random() < 0.8:
                value = random.choice(near) ^ random.randrange(4)
            handle.value = value
        await domain.falling
        if differs := int(dut.differs.value):
            names = [name for i, name in enumerate(what.names) if differs >> i & 1]
            raise AssertionError(f"{', '.join(names)} differ in cycle {cycle}")
        await domain.rising
