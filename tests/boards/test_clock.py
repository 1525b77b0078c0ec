# SPDX-License-Identifier: BSD-2-Clause
"""The boards' clocks: dividers within the limits, and reset until the PLL is steady."""

import re
from fractions import Fraction

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.build.res import PortMetadata
from amaranth.hdl import IOPort
from amaranth.lib import io

from firstspike.boards.clocking import RESET_SECONDS, PowerUp, clocks_for, dividers_for
from firstspike.boards.families import ecp5, gowin, ice40, pll
from firstspike.boards.families.pll import MHZ, Dividers
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.sound.microphone import MicrophoneError
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.hdl.clock import ClockError
from firstspike.hdl.flow.devices import ECP5, GOWIN, ICE40
from firstspike.hdl.link.framing.uart import divisor_of
from tests.support.simulators import run_bench

pytestmark = pytest.mark.fast

OSCILLATORS = {
    board.platform().default_clk_frequency: board.device.family for board in BOARDS.values()
}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_board_gets_its_clock_to_the_hertz(board):
    dividers = dividers_for(
        board.device.family, board.platform().default_clk_frequency, board.clock
    )
    assert dividers.hz == board.clock
    assert divisor_of(dividers.hz, board.baud) * board.baud == board.clock


@pytest.mark.parametrize("mhz", range(18, 151, 3))
@pytest.mark.parametrize("oscillator", OSCILLATORS)
def test_dividers_are_within_the_limits(oscillator, mhz):
    family = OSCILLATORS[oscillator]
    dividers = dividers_for(family, oscillator, mhz * MHZ)
    assert dividers.hz == pytest.approx(mhz * MHZ, rel=pll.TOLERANCE)
    if family is ICE40:
        assert 10 * MHZ <= oscillator / dividers.reference <= 133 * MHZ
        assert 533 * MHZ <= dividers.hz * dividers.output <= 1066 * MHZ
        assert 16 * MHZ <= dividers.hz <= 275 * MHZ
        assert dividers.output in (2, 4, 8, 16, 32, 64)
        assert dividers.reference <= 16
        assert dividers.feedback <= 128
    elif family is GOWIN:
        assert 3 * MHZ <= dividers.comparison <= 500 * MHZ
        assert 500 * MHZ <= dividers.vco <= 1250 * MHZ
        assert dividers.output in (2, 4, 8, *range(16, 129, 16))
        # The output is fed back, so its divider is a part of the product.
        feedback, rest = divmod(dividers.feedback, dividers.output)
        assert not rest
        assert max(dividers.reference, feedback) <= 64
    else:
        clkfb, clkop = ecp5.ecp5_feedback(dividers)
        assert 10 * MHZ <= oscillator / dividers.reference <= 400 * MHZ
        assert 400 * MHZ <= dividers.hz * dividers.output <= 800 * MHZ
        # the loop: what is fed back equals what it is compared with
        assert dividers.vco / clkop / clkfb == pytest.approx(dividers.comparison)
        assert 8 * MHZ <= dividers.vco / clkop <= 400 * MHZ
        assert max(dividers.reference, clkop, dividers.output) <= 128
        assert clkfb <= 80


@pytest.mark.parametrize(("oscillator", "wanted", "filter_range"), [(12, 24, 1), (48, 24, 4)])
def test_the_filter_is_that_of_icepll(oscillator, wanted, filter_range):
    dividers = dividers_for(ICE40, oscillator * MHZ, wanted * MHZ)
    assert ice40.ice40_filter(dividers) == filter_range


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("sensor", MICROPHONES)
def test_the_microphone_of_every_clock_is_that_of_the_design(sensor, rate, step):
    """The rule of section 6, in integers: the error depends on the product of the pair only."""
    clocks = {
        round(hz)
        for oscillator, family in OSCILLATORS.items()
        for hz in clocks_for(family, round(oscillator))
    }
    assert len(clocks) > 14_000
    differ = []
    for hz in sorted(clocks)[rate % step :: step]:
        expected = _pair_of_the_design(hz, rate, *RATIOS[sensor])
        try:
            microphone = MICROPHONES[sensor].of(hz, rate)
            found = microphone.divider, microphone.ratio
        except MicrophoneError:
            found = None
        if found != expected:
            differ.append((hz, found, expected))
    assert not differ


RATIOS = {"pdm": (1, np.arange(8, 1025, 2)), "i2s": (64, np.arange(1, 17))}
"""By sensor the bits of a number on the line, and all ratios."""


def _pair_of_the_design(hz, rate, line_bits, ratios):
    """Return (divider, ratio); None where the rate is off by more than 1 %."""
    dividers = np.arange(-(-hz // 6_400_000) * 2, hz // 1_000_000 + 1, 2)
    dividers = dividers[dividers >= 4]
    products = rate * line_bits * dividers[:, np.newaxis] * ratios
    nearest = [products[products <= hz].max(initial=0), products[products >= hz].min(initial=2**62)]
    errors = {int(k): Fraction(abs(hz - int(k)), int(k)) for k in nearest if 0 < k < 2**62}
    least = min(errors.values(), default=1)
    if least > Fraction(1, 100):
        return None
    best = [k for k, error in errors.items() if error == least]
    pairs = [(int(dividers[d]), int(ratios[r])) for d, r in np.argwhere(np.isin(products, best))]
    return min(pairs, key=lambda pair: (abs(Fraction(hz, pair[0]) - 2_000_000), pair[0]))


def test_what_the_pll_cannot_make_is_refused():
    for mhz in (12, 700):
        with pytest.raises(ClockError, match=f"cannot make {mhz} MHz .*: take 16 to 275 MHz"):
            dividers_for(ICE40, 12 * MHZ, mhz * MHZ)
    with pytest.raises(ClockError, match="cannot make 2 MHz"):
        dividers_for(ECP5, 25 * MHZ, 2 * MHZ)


def test_reset_lasts_from_the_lock_on():
    cycles = 20
    power_up = PowerUp(cycles)

    async def bench(ctx):
        async def until_released():
            count = 0
            while ctx.get(power_up.reset):
                await ctx.tick("power_up")
                count += 1
                assert count < 100
            return count

        assert ctx.get(power_up.reset)
        for _ in range(50):  # not locked: no time passes
            await ctx.tick("power_up")
            assert ctx.get(power_up.reset)
        ctx.set(power_up.locked, 1)
        assert cycles <= await until_released() <= cycles + 4
        ctx.set(power_up.locked, 0)  # lost again
        for _ in range(4):
            await ctx.tick("power_up")
        assert ctx.get(power_up.reset)
        ctx.set(power_up.locked, 1)
        assert cycles <= await until_released() <= cycles + 4

    run_bench(power_up, bench, domain="power_up")


def test_reset_is_longer_than_block_ram_of_an_ice40_reads_zero():
    assert RESET_SECONDS >= 5 * 3e-6


def test_the_pll_of_an_ecp5_has_the_levels_that_ecppll_gives_it():
    dividers = dividers_for(ECP5, 25 * MHZ, 48 * MHZ)  # of a VCO of 625 MHz
    block = ecp5.Ecp5Pll(dividers, io.SimulationPort("i", 1), None)
    _, _, text = rtlil.convert(block, ports=[block.clock, block.locked]).partition("EHXPLLL")
    numbers = dict(re.findall(r"parameter .(\w+) (\d+)\n", text))
    assert numbers == {
        **{"CLKI_DIV": "1", "CLKFB_DIV": "1", "CLKOP_DIV": "25", "CLKOP_CPHASE": "24"},
        **{"CLKOS_DIV": "13", "CLKOS_CPHASE": "12"},
    }
    levels = dict(re.findall(r"connect .(\w+) 1'(\d)\n", text))
    assert {name for name, level in levels.items() if level == "1"} == {
        *("PHASEDIR", "PHASESTEP", "PHASELOADREG"),
    }
    assert {"RST", "STDBY", "PLLWAKESYNC", "ENCLKOP", "PHASESEL0", "PHASESEL1"} < set(levels)


@pytest.mark.parametrize(("pin", "kind"), [("35", "SB_PLL40_PAD"), ("20", "SB_PLL40_CORE")])
def test_the_pll_of_an_ice40_has_the_settings_of_icepll(pin, kind):
    clock = IOPort(1, metadata=[PortMetadata(pin, {})])
    port = io.SingleEndedPort(clock, direction="i")
    platform = BOARDS["icebreaker"].platform()
    block = ice40.Ice40Pll(dividers_for(ICE40, 12 * MHZ, 24 * MHZ), port, platform)
    text = rtlil.convert(block, ports=[block.clock, block.locked], platform=platform)
    _, found, text = text.partition(f"cell \\{kind} ")
    assert found
    numbers = dict(re.findall(r"parameter .(\w+) (\d+)\n", text))
    assert numbers == {"DIVR": "0", "DIVF": "63", "DIVQ": "5", "FILTER_RANGE": "1"}
    levels = dict(re.findall(r"connect .(RESETB|BYPASS) 1'(\d)\n", text))
    assert levels == {"RESETB": "1", "BYPASS": "0"}


def test_the_pll_of_a_gw2a_has_the_dividers_of_its_manual():
    """IDIV_SEL and FBDIV_SEL are one less than their dividers (UG286); no port changes one."""
    dividers = Dividers(27 * MHZ, reference=3, feedback=5 * 16, output=16)
    block = gowin.GowinPll(dividers, io.SimulationPort("i", 1), None)
    _, _, text = rtlil.convert(block, ports=[block.clock, block.locked]).partition("rPLL")
    parameters = dict(re.findall(r"parameter .(\w+) (\S+)\n", text))
    assert parameters == {
        **{"DEVICE": '"GW2A-18C"', "FCLKIN": '"27"'},
        **{"IDIV_SEL": "2", "FBDIV_SEL": "4", "ODIV_SEL": "16"},
    }
    levels = dict(re.findall(r"connect .(\w+) \d+'(0+)\n", text))
    assert {name: len(level) for name, level in levels.items() if name not in ("CLKIN", "i")} == {
        **{"CLKFB": 1, "RESET": 1, "RESET_P": 1, "FBDSEL": 6, "IDSEL": 6, "ODSEL": 6},
        **{"PSDA": 4, "DUTYDA": 4, "FDLY": 4},
    }
