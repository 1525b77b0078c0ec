# SPDX-License-Identifier: BSD-2-Clause
"""The firmware of the LiteX example, compiled natively, on the registers of a simulated core.

The whole system takes LiteX and a minute: `python examples/litex/simulate.py`.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from firstspike.golden import encode, infer
from firstspike.hdl.flow.bus.generate import generate_bus_core
from tests.support.bus_core import BusRun
from tests.support.command import toy_network
from tests.support.native import library

EXAMPLE = Path(__file__).parents[2] / "examples" / "litex"

HOST = r"""
#include <string.h>
#include "classify.c"
static char said[1 << 16];
static uint32_t length, cycles, interrupts;
void host_put(char character)
{
    said[length++] = character;
}
void host_idle(void)
{
    if (irq()) {
        interrupts++;
        classify_interrupt();
    }
}
uint32_t core_interrupts(void)
{
    return interrupts;
}
uint32_t host_cycles(void)
{
    return cycles += 100;
}
void copy_said(char *to)
{
    memcpy(to, said, length + 1);
}
"""


@pytest.mark.long
def test_the_firmware_finds_what_differs_from_golden(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)
    from prepare import digits_header

    network = toy_network()
    run = BusRun(network, lanes=5, bitmap=32)
    made = generate_bus_core(network, run.folding, embedded=False, stem="core")
    pixels = np.random.default_rng(5).integers(0, 256, (4, network.n_inputs)).astype(np.uint8)
    pixels[1] = 0
    header = digits_header(network, pixels, made.core.weights.split())
    golden = infer(network, encode(network, pixels))
    tick = f", {golden.tick[2]}, {{{golden.spikes_in[2][0]},"
    assert header.count(tick) == 1
    (tmp_path / "digits.h").write_text(header.replace(tick, tick.replace(", ", ", 1", 1)))
    compiled = library(made, tmp_path, HOST, "-Wextra", f"-I{EXAMPLE / 'firmware'}")
    outcome = run.run("firmware", bench="tests.bus.test_bus_driver", library=compiled)
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) +\d+ +100(.*)$", outcome.printed, re.MULTILINE)
    assert [(int(index), int(decided), int(tick)) for index, decided, tick, _ in rows] == [
        (image, golden.decision[image], golden.tick[image]) for image in range(len(pixels))
    ]
    assert [bool(said) for *_, said in rows] == [False, False, True, False]
    assert "\n4 digits, 1 differences from golden, " in outcome.printed
    assert outcome.registers == {"status": 1, "interrupts": len(pixels)}
