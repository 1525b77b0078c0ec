# SPDX-License-Identifier: BSD-2-Clause
"""The pins of each build against the pages, and against the constraints of the boards' makers.

The pages name a pin as the board does, `vendor_pins.py` gives the pin of the FPGA, Amaranth's
constraint file its port, and a simulation of all around the core the signal of the core.
"""

import gc
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import Out
from amaranth.sim import Simulator

from firstspike.boards import clocking
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.building.sensors import sensing_design
from firstspike.boards.building.teaching import TeachableDesign
from firstspike.boards.families.facts import PllBlock
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins import board as board_pins
from firstspike.boards.pins.flasher import Flasher
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.pins.sensors import CONNECTIONS
from firstspike.boards.top import Top
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.formats import BUILD_BYTES
from firstspike.hdl.link.protocol.lines import Line
from tests.support.command import toy_network
from tests.support.listening import listening_network
from tests.support.moving import small_network

from .pages import channel, connectors, lights_of, sensor_pins, sensor_wires, spi_pins, uart_of
from .vendor_pins import AMARANTH, VENDOR

pytestmark = [
    pytest.mark.fast,
    pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable"),  # real cores
]


@pytest.fixture(scope="module", autouse=True)
def discarded() -> Iterator[None]:
    """Discard the cores here: a later test would get Amaranth's warnings of them."""
    yield
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


SIGNALS = {
    "pdm": {"CLK": "microphone_clock", "DATA": "microphone_data"},
    "i2s": {"SCK": "microphone_clock", "SD": "microphone_data", "WS": "microphone_select"},
    "lsm6dso": {
        "CS": "-sensor_cs",
        "SCL (SPC)": "sensor_sck",
        "SDA (SDI)": "sensor_mosi",
        "SDO": "sensor_miso",
    },
}
"""The core's port for each pin of a sensor; `-` stands for active low."""

FLASH = {"flash select": "cs", "flash clock": "sck", "flash MOSI": "mosi", "flash MISO": "miso"}
"""The core's port for each pin of a flash."""

UNUSED = {"flash write protection": 0, "flash hold": 0}
"""The value of the other pins of a flash."""

PERIOD = 4
"""Cycles per flash of a light in a simulation."""


def variants() -> list[tuple[str, str]]:
    """Return each board with each kind of design that it has pins for."""
    found = []
    for name, board in BOARDS.items():
        kinds = {
            "link": True,
            "flash": board.flash,
            "spi": Line.SPI in board.lines,
            **dict.fromkeys(CONNECTIONS, board.standalone),
            "saving": board.saved_region,
        }
        found += [(name, kind) for kind, exists in kinds.items() if exists]
    return found


def design_of(name: str, kind: str) -> Design:
    """Return a small design of a kind."""
    board = BOARDS[name]
    if kind in CONNECTIONS:
        network = small_network() if kind == "lsm6dso" else listening_network()
        return sensing_design(network, board, CoreShape(), None, kind)
    if kind == "saving":
        network = listening_network()
        content = ReplayContent(np.zeros((1, network.n_features), np.uint8), np.array([0]), 2)
        return TeachableDesign.of_teaching(network, board, CoreShape(), content)
    line = Line.SPI if kind == "spi" else Line.UART
    design = Design.of(toy_network(), board, Requirements(CoreShape(4), line=line))
    return replace(design, flashed=kind == "flash")


class StubCore(wiring.Component):
    """The ports of a core, with four bits of a class, and a counter of clock cycles."""

    def __init__(self, core: wiring.Component):
        members = {name: core.signature.members[name] for name in core.signature.members}
        logs = {name for name in members if name.startswith("log_")}
        super().__init__({key: members[key] for key in members.keys() - logs} | {"shown": Out(4)})
        self.line, self.cycles = getattr(core, "line", None), Signal(16)

    def elaborate(self, platform):
        """Count cycles."""
        m = Module()
        m.d.sync += self.cycles.eq(self.cycles + 1)
        return m

    def port(self, path: str) -> Signal:
        """Return the port, or that of an interface."""
        value = self
        for name in path.split("."):
            value = getattr(value, name)
        return value

    def outputs(self) -> list[Signal]:
        """Return the ports that the core drives, of which a test chooses the levels."""
        leaves = self.signature.flatten(self)
        return [value for _, member, value in leaves if member.flow is Out]


class WirePll(PllBlock):
    """The oscillator's clock, unchanged."""

    def build(self, m):
        """Read the pin."""
        m.submodules.buffer = buffer = io.Buffer("i", self._pin)
        m.d.comb += [self.clock.eq(buffer.i), self.locked.eq(1)]


class Pins:
    """A platform with a port for simulation for each pin of the FPGA."""

    def __init__(self, platform):
        self._platform, self.default_clk = platform, platform.default_clk
        self.ports: dict[str, io.SimulationPort] = {}

    def request(self, name, number=0, *, dir):
        """Return the port, or the ports, of a resource."""
        return self._simulated(self._platform.request(name, number, dir=dir))

    def add_clock_constraint(self, clock, hz):
        """A simulation has no constraints."""

    def _simulated(self, port):
        if not isinstance(port, io.SingleEndedPort):
            named = {name: self._simulated(one) for name, one in vars(port).items()}
            return SimpleNamespace(**named)
        (pin,) = port.io.metadata
        self.ports[pin.name] = io.SimulationPort(port.direction, 1, invert=port.invert)
        return self.ports[pin.name]


@dataclass
class Built:
    """A design with a stub of its core: Amaranth's constraints, and a model of the rest."""

    core: StubCore
    sites: dict[str, str]
    """The pin of the FPGA by the name of its port."""
    hz: dict[str, float]
    """The frequency of each port that has one."""
    ports: dict[str, io.SimulationPort]
    top: Fragment

    def run(self, bench) -> None:
        """Simulate a bench."""
        simulator = Simulator(self.top)
        simulator.add_testbench(bench)
        simulator.run()


def built(design: Design, monkeypatch) -> Built:
    """Plan a design for its constraints, and elaborate it for a simulation."""
    core = StubCore(design.core(bytes(BUILD_BYTES)))
    monkeypatch.setattr(type(design), "core", lambda self, build: core)
    files = design.plan(bytes(BUILD_BYTES)).files
    (text,) = (files[name] for name in files if name.endswith((".pcf", ".lpf", ".cst")))
    found = re.findall(r'(?:set_io|COMP|IO_LOC) "?([\w.]+)"?(?: SITE)? "?(\w+)', text)
    hz = re.findall(r'(?:set_frequency|FREQUENCY PORT) "?(\w+)"? ([\d.]+)', text)
    pins = Pins(design.board.platform())

    def instance(kind: str, **wires):
        """Model the only primitive beside the PLL: the clock of the flash of an ECP5."""
        assert (kind, wires["i_USRMCLKTS"].value) == ("USRMCLK", 0)
        m = Module()
        pins.ports["USRMCLK"] = port = io.SimulationPort("o", 1)
        m.submodules.buffer = buffer = io.Buffer("o", port)
        m.d.comb += buffer.o.eq(wires["i_USRMCLKI"])
        return m

    monkeypatch.setattr(board_pins, "Instance", instance)
    monkeypatch.setattr(clocking, "facts_of", lambda family: SimpleNamespace(pll=WirePll))
    monkeypatch.setattr(clocking, "RESET_SECONDS", 1e-9)
    of_width = Flasher.__init__
    monkeypatch.setattr(Flasher, "__init__", lambda one, width, _: of_width(one, width, PERIOD))
    top = Fragment.get(Top(design.board, design.dividers, core, design._connect), pins)
    return Built(core, dict(found), {name: float(one) for name, one in hz}, pins.ports, top)


def wires_of(name: str, kind: str) -> dict[str, str | int]:
    """Return the core's port, or a constant, for each pin of a design but clock and lights."""
    board, (rx, tx, baud) = BOARDS[name], uart_of(name)
    assert board.baud == baud
    wires: dict[str, str | int] = {rx: "rx", tx: "tx"}
    if kind == "spi":
        ports = ("-select", "mosi", "miso", "sck")
        wires = dict(zip(spi_pins(name), ports, strict=True))
    button = connectors(name)[2]
    if kind in ("link", "flash", "spi") and button != "none":
        wires[button] = "show"
    sensor = "pdm" if kind == "saving" else kind
    if sensor in CONNECTIONS:
        usual, own = sensor_pins("iCEBreaker"), sensor_pins(board.title)
        wired = sensor_wires()[sensor]
        for number, (pin, _) in ((one, wired[one]) for one in "1234" if one in wired):
            (label,) = {own[one] for one in own if usual[one] == f"PMOD 1A {number}"}
            assert own.get(pin, label) == label
            wires[label] = SIGNALS[sensor][pin]
    if kind == "saving":
        wires |= FLASH
    elif kind == "flash" or (board.flash and kind in CONNECTIONS):
        inner = "flash." if kind == "flash" else ""
        wires |= {label: inner + port for label, port in FLASH.items()} | UNUSED
        wires |= {"memory select": 0} if name == "pico-ice" else {}
    elif name == "upduino":
        wires["flash select"] = 0
    return wires


@pytest.fixture(params=variants(), ids="-".join)
def case(request, monkeypatch) -> tuple[str, str, Built]:
    """Each design, with its board and its kind."""
    name, kind = request.param
    return name, kind, built(design_of(name, kind), monkeypatch)


def pin_of(name: str, label: str) -> tuple[str, bool]:
    """Return the pin of the FPGA by its name on the board, and whether it is active low."""
    pin = VENDOR[name][label].split()[0]
    return pin.removeprefix("-"), pin.startswith("-")


def clock_of(name: str) -> tuple[str, float]:
    """Return the pin of the oscillator, and its frequency in Hz."""
    (label,) = (label for label in VENDOR[name] if label.startswith("clock"))
    return pin_of(name, label)[0], float(label.split()[1]) * MHZ


def shown_lights(name: str) -> set[str]:
    """Return the lights to which the page gives a meaning."""
    lights = lights_of(name)
    named = {*lights.bits, *lights.waiting, lights.flash, lights.zero, lights.decided}
    return named - {None}


UNLIT = {"tang-nano-20k": {"LED4"}}
"""Lights without a meaning, which a design turns off."""


def test_the_constraints_are_those_of_the_vendor(case):
    name, kind, design = case
    labels = {*wires_of(name, kind), *shown_lights(name), *UNLIT.get(name, ())}
    primitive = {"flash clock"} if kind == "saving" else set()  # it has no pin in the constraints
    clock, hz = clock_of(name)
    expected = [clock, *(pin_of(name, label)[0] for label in labels - primitive)]
    assert sorted(design.sites.values()) == sorted(expected)
    assert design.ports.keys() >= set(design.sites.values())
    (port,) = (port for port, site in design.sites.items() if site == clock)
    in_mhz = {one * (MHZ if one < MHZ else 1) for key, one in design.hz.items() if key == port}
    assert in_mhz <= {hz}
    assert in_mhz or name == "tang-nano-20k"  # Amaranth writes its frequency into another file
    assert BOARDS[name].platform().default_clk == port.removesuffix("_0__io")


def test_each_pin_is_that_of_its_signal(case):
    """Each signal of the core in turn has another level, and then each pin."""
    name, kind, design = case
    core, wires = design.core, wires_of(name, kind)

    def level(label: str, ctx) -> tuple[io.SimulationPort, int]:
        """Return the port of a pin, and the level that its signal has there."""
        pin, low = pin_of(name, label)
        pin = "USRMCLK" if (kind, label) == ("saving", "flash clock") else pin
        port, wire = design.ports[pin], wires[label]
        value = wire if wire == 0 else ctx.get(core.port(str(wire).removeprefix("-")))
        return port, value ^ low ^ str(wire).startswith("-")

    async def bench(ctx):
        for label in wires:
            port, value = level(label, ctx)
            if port.direction is io.Direction.Input:
                ctx.set(port.i, value)
        for chosen in core.outputs():
            for value in (0, (1 << len(chosen)) - 1):
                ctx.set(chosen, value)
                for label in wires:
                    port, value = level(label, ctx)
                    if port.direction is io.Direction.Output:
                        assert ctx.get(port.o) == value, (label, chosen)
                        selected = wires[label] != "miso" or kind != "spi" or ctx.get(core.select)
                        assert ctx.get(port.oe) == selected
        for label in wires:
            changed, before = level(label, ctx)
            if changed.direction is io.Direction.Input:
                ctx.set(changed.i, not before)
                for one in wires:
                    port, value = level(one, ctx)
                    if port.direction is io.Direction.Input:
                        assert ctx.get(port.i) == value, (label, one)

    design.run(bench)


def test_each_sensor_is_driven_as_the_page_shows():
    """Both microphones get the channel that is sent while the clock is low (test_receivers)."""
    supplied = {"pdm": "VDD", "i2s": "VDD", "lsm6dso": "VDD and VDDIO"}
    grounded = {"pdm": "GND, SEL or L/R", "i2s": "GND, L/R", "lsm6dso": "GND"}
    expected = "With SEL or L/R at ground the microphone sends while the clock (I2S: WS) is low."
    assert channel() == expected
    for sensor, wires in sensor_wires().items():
        assert (wires.pop("6")[0], wires.pop("5")[0]) == (supplied[sensor], grounded[sensor])
        core = design_of("icebreaker", sensor).core(bytes(BUILD_BYTES))
        assert len(wires) == len(SIGNALS[sensor])
        for pin, driven in wires.values():
            flow = core.signature.members[SIGNALS[sensor][pin].removeprefix("-")].flow
            assert (flow is Out) == driven


def flashes(levels: list[int]) -> set[int]:
    """Return the numbers of flashes between two pauses."""
    text = "".join(map(str, levels))
    groups = re.split("0" * (2 * PERIOD), text)[1:-1]
    return {len(re.findall("1+", group)) for group in groups} - {0}


def test_the_lights_are_those_of_the_page(case):
    name, _, design = case
    core, lights = design.core, lights_of(name)
    oscillator = design.ports[clock_of(name)[0]]
    has_flag = "waiting" in core.signature.members

    async def watched(ctx, count: int) -> dict[str, list[int]]:
        """Return whether each light is on in each of the next cycles of the oscillator."""
        levels = {label: [] for label in shown_lights(name) | UNLIT.get(name, set())}
        for _ in range(count):
            for edge in (1, 0):
                ctx.set(oscillator.i, edge)
                await ctx.delay(1e-9)
            for label, found in levels.items():
                pin, low = pin_of(name, label)
                found.append(ctx.get(design.ports[pin].o) ^ low)
        return levels

    async def bench(ctx):
        await watched(ctx, 10)
        cycles = ctx.get(core.cycles)
        await watched(ctx, 10)
        assert ctx.get(core.cycles) == cycles + 10
        for number, valid, missing in [(5, 0, 0), (5, 0, 1)] + [
            (number, 1, missing) for number in (0, 1, 2, 4, 8, 6) for missing in (0, 1)
        ]:
            ctx.set(core.shown, number)
            ctx.set(core.shown_valid, valid)
            if has_flag:
                ctx.set(core.waiting, missing)
            pattern = PERIOD * (number + 5) if lights.flash else 1
            await watched(ctx, 2 * PERIOD * 15 if lights.flash else 1)  # the number before ends
            levels = await watched(ctx, 3 * pattern)
            waits = missing if has_flag and name != "ecpix5-85f" else not valid
            steady = {label: number >> bit & valid for bit, label in enumerate(lights.bits)}
            steady |= dict.fromkeys(UNLIT.get(name, ()), 0) | dict.fromkeys(lights.waiting, waits)
            steady |= {lights.decided: valid} if lights.decided else {}
            for label, value in steady.items():
                assert set(levels[label]) == {value}, (label, number)
            if lights.flash:
                count = number if lights.zero else number + 1
                assert flashes(levels[lights.flash]) == ({count} - {0} if valid else set())
            if lights.zero:
                assert flashes(levels[lights.zero]) == ({1} if valid and not number else set())

    design.run(bench)


@pytest.mark.parametrize("name", AMARANTH)
def test_the_vendors_pins_are_those_of_amaranth_boards(name):
    platform = AMARANTH[name]()
    platform.add_resources(getattr(platform, "break_off_pmod", ()))
    requested = {}
    connected = {(one.name, one.number): one.mapping for one in platform.connectors.values()}
    for label, entry in VENDOR[name].items():
        pin, _, resource = entry.partition(" ")
        if match := re.fullmatch(r"(\w+) (\d+):(.*)", resource):
            assert connected[match[1], int(match[2])][match[3]] == pin, label
        elif match := re.fullmatch(r"(\w+)(?: (\d+))?(?:\.(\w+))?", resource):
            key = match[1], int(match[2] or 0)
            port = requested.setdefault(key, None) or platform.request(*key, dir="-")
            requested[key] = port
            port = getattr(port, match[3]) if match[3] else port
            ((one,), (low,)) = port.io.metadata, port.invert
            assert "-" * low + one.name == pin, label
