# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus against golden and against others' models of AXI, with pauses and without."""

import os
from importlib.metadata import version

import cocotb
import numpy as np
import pytest
from amaranth.back import rtlil
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiResp, AxiStreamFrame

from firstspike.golden import NetworkError, bundled_test_set, encode, load_network
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.bus_core import BusCore
from firstspike.hdl.bus.core_map import DECISION, core_map
from firstspike.hdl.bus.images import Images
from firstspike.hdl.bus.register import READ, Field, Register, RegisterMap
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flow.devices import ECP5_85F
from firstspike.hdl.flow.synthesis import count_cells
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL
from firstspike.sim.benches.core.items import image_port, items_of
from firstspike.sim.direct import run_phases
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.networks import network_of
from tests.support.bus_core import BusBench, BusOutcome, BusRun, raw_network
from tests.support.command import deep_toy_network, toy_network
from tests.support.simulators import sampled

CORES = {
    "events": (toy_network(), {"lanes": 5}),
    "levels": (toy_network("levels-8"), {"lanes": 3}),
    "deep": (deep_toy_network(), {"lanes": 4}),
    "rows of events": (toy_network(), {"lanes": 12, "rows": 2}),
    "bytes": (toy_network(), {"lanes": 5, "bitmap": 8}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 16}),
    "pixels": (raw_network(), {"lanes": 3, "pixels": True}),
    "overlap": (toy_network(), {"lanes": 12, "bitmap": 8, "rows": 4, "overlap": True}),
}
each_core = pytest.mark.parametrize("name", sampled([*CORES], 9))


def wide_network():
    """A network whose bitmaps have beats of several words, of which the last is not full."""
    rng = np.random.default_rng(2)
    weights = rng.integers(-30, 90, (150, 12)), rng.integers(-60, 120, (12, 4))
    return network_of(weights, (2000, 200), bits=8, deadline=60, encoding="binary")


def images(network, count=6):
    """Pixels and ticks; one of the images is dark."""
    shape = count, network.n_features
    pixels = np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)
    pixels[2:3] = 0
    return pixels, encode(network, pixels)


@each_core
@pytest.mark.parametrize("pauses", [False, True], ids=["steady", "pauses"])
def test_decisions_and_weights_are_goldens(name, pauses):
    network, folding = CORES[name]
    pixels, ticks = images(network)
    run = BusRun(network, **folding)
    outcome = run.run("streams", frames=run.frames(ticks, pixels), pauses=pauses)
    expected, found = run.expected(ticks, pixels), outcome.decisions
    # Golden's cycles are those of events that carry several rows, and of images that come alone.
    if pauses or folding.keys() & {"rows", "pixels"}:
        for words in expected + found:
            words[2] = 0  # cycles
    assert found == expected
    assert outcome.weights == run.weights()
    assert outcome.registers == {
        "decision_count": len(ticks),
        "error_count": 0,
        "error_causes": 0,
        "interrupt_state": 0,
    }


@pytest.mark.parametrize("name", sampled(["events", "bitmap", "overlap"], 3))
def test_the_bus_adds_no_cycle(name):
    """The cycles from decision to decision are the same, if the source never pauses."""
    network, folding = CORES[name]
    pixels, ticks = images(network)
    run = BusRun(network, **folding)
    outcome = run.run("streams", frames=run.frames(ticks, pixels))
    items = np.concatenate(items_of(run.config, ticks, pixels)).tolist()
    phase = {image_port(run.config): items}, "decision", len(ticks)
    alone = run_phases(Core(run.config, network.weights), [phase], pauses=False, seed=1)
    assert np.diff(outcome.cycles).tolist() == np.diff(alone.accepted_cycles).tolist()


@pytest.mark.parametrize("name", sampled(["events", "bitmap", "pixels", "wide"], 4))
def test_registers_alone_are_enough(name):
    network, folding = CORES.get(name, (wide_network(), {"lanes": 12, "bitmap": 64}))
    pixels, ticks = images(network, 3)
    run = BusRun(network, **folding)
    outcome = run.run("by_registers", frames=run.frames(ticks, pixels))
    expected, found = run.expected(ticks, pixels), outcome.decisions
    for words in expected + found:
        words[2] = 0  # cycles
    assert found == expected


@pytest.mark.parametrize(
    ("name", "learning"),
    sampled([("events", {}), ("overlap", {}), ("bytes", {"stored_bits": 12})], 3),
)
def test_every_address_is_answered(name, learning):
    network, folding = CORES[name]
    BusRun(network, **folding, **learning).run("every_address", pauses=True)


DISTURBANCES = {
    "bad_bitmaps": ("bytes", "bitmap", "pixels", "overlap"),
    "aborts": ("events", "bytes", "bitmap", "pixels", "overlap"),
    "resets": ("events", "bitmap", "pixels", "overlap"),
    "refusals": ("events", "bitmap", "pixels"),
}


@pytest.mark.parametrize(
    ("test", "name"),
    sampled([(test, name) for test, names in DISTURBANCES.items() for name in names], 9),
)
def test_what_is_bad_is_told_and_what_comes_next_is_right(test, name):
    """Bad bitmaps, a stalled image that is aborted, resets, and accesses that are refused."""
    network, folding = CORES[name]
    pixels, ticks = images(network, 1)
    run = BusRun(network, **folding)
    run.run(test, frames=run.frames(ticks, pixels))


@pytest.mark.fast
def test_the_map_says_how_and_by_what_a_core_was_made():
    network, folding = CORES["rows of events"]
    made = Folding.of(network, CoreShape(**folding))
    config = CoreConfig.of(network, made)
    registers = core_map(config, network, False, Images.of(config, network))
    values = {
        name: {field.name: field.value for field in registers.by_name[name].fields}
        for name in ("release", "folding")
    }
    numbers = (values["release"][name] for name in ("major", "minor", "patch"))
    assert version("firstspike").startswith(".".join(map(str, numbers)))
    lanes = max(layer.lanes for layer in made.layers)
    assert values["folding"] == {"lanes": lanes, "rows": made.layers[0].rows}


@pytest.mark.fast
@pytest.mark.parametrize("names", [("a", "a"), ("a_b_c", ""), ("a_b", "c")])
def test_names_that_generated_code_would_confuse_are_refused(names):
    other, field = names

    def register(name, offset, field):
        return Register(name, offset, "", READ, (Field(field or "z", 0, 1, ""),))

    with pytest.raises(ValueError, match="two meanings"):
        RegisterMap([register("a", 0, "b_c"), register(other, 4, field)])


@pytest.mark.fast
def test_what_the_bus_cannot_hold_is_refused():
    network = toy_network()
    config = CoreConfig.of(network, Folding.of(network, CoreShape(lanes=5, bitmap=13)))
    with pytest.raises(NetworkError, match="beats of 8, 16"):
        core_map(config, network, False, Images.of(config, network))


@cocotb.test()
async def streams(dut):
    """Weights by registers, images and decisions by streams."""
    bench = await BusBench(dut).start()
    weights = bench.arguments.weights
    await bench.load(weights)
    stored = await bench.stored(len(weights))
    begun = bench.cycle
    images = range(len(bench.arguments.frames))
    for number in images:
        bench.source.send_nowait(bench.image(number))
    decisions, cycles = [], []
    for _ in images:
        words, cycle = await bench.decision_with_cycle()
        decisions.append(words)
        cycles.append(cycle - begun)
    names = ("decision_count", "error_count", "error_causes", "interrupt_state")
    registers = {name: await bench.read(name) for name in names}
    report(BusOutcome(decisions=decisions, cycles=cycles, registers=registers, weights=stored))


@cocotb.test()
async def by_registers(dut):
    """All by registers."""
    bench = await BusBench(dut).start()
    await bench.write("control", by_registers=1)
    await bench.load(bench.arguments.weights)
    decisions = []
    for number in range(len(bench.arguments.frames)):
        await bench.send_image(number)
        decisions.append(await bench.words())
    assert not bench.source.active
    assert bench.sink.empty()
    report(BusOutcome(decisions=decisions))


@cocotb.test()
async def every_address(dut):
    """Each address is answered as the map says; refusals are counted and reported."""
    bench = await BusBench(dut).start()
    known = {
        register.offset + 4 * number: register
        for register in bench.map.registers
        for number in range(register.count)
    }
    refused = 0
    for offset in range(0, 1 << 12, 4):
        register = known.get(offset)
        content = await bench.read_word(offset)
        # Without a decision its registers are refused.
        readable = register is not None and "r" in register.access and register.port != "decision"
        assert (content is not None) == readable, hex(offset)
        if register is not None and register.kind == "constant":
            assert content == sum(one.value << one.low for one in register.fields), hex(offset)
        refused += content is None
    assert await bench.field("error_count", "errors") == refused
    assert await bench.read("error_causes") == bench.map.pack("error_causes", access=1)
    assert not bench.dut.irq.value
    await bench.write("interrupt_enable", error=1)
    assert bench.dut.irq.value
    await bench.write("error_causes", access=1)
    assert not bench.dut.irq.value
    assert await bench.read("error_causes") == 0
    for offset, register in known.items():
        if "w" not in register.access:
            assert not await bench.write_word(offset, 0), register.name
    answer = await bench.master.write(bench.map.by_name["control"].offset, b"\x01")
    assert answer.resp == AxiResp.SLVERR, "a write of one byte is taken"
    assert await bench.read("control") == 0


async def decided(bench: BusBench) -> tuple[bytes, list[int]]:
    """Load the weights and decide an image; return it, and the words of its decision."""
    await bench.load(bench.arguments.weights)
    frame = bench.arguments.frames[0]
    await bench.source.send(AxiStreamFrame(frame))
    right = await bench.decision()
    assert not bench.tag(right)
    return frame, right


def damaged(frame: bytes, lane: int) -> AxiStreamFrame:
    """An image whose first beat lacks a byte."""
    keep = [1] * len(frame)
    keep[lane] = 0
    return AxiStreamFrame(frame, tkeep=keep)


@cocotb.test()
async def bad_bitmaps(dut):
    """Too few beats, too many, and missing bytes; the image behind each is right."""
    bench = await BusBench(dut).start()
    frame, right = await decided(bench)
    size = bench.source.byte_lanes
    bad = {"short": AxiStreamFrame(frame[:size]), "long": AxiStreamFrame(frame + 3 * frame[:size])}
    if size > 1:
        bad["keep"] = damaged(frame, 0)
    for number, (cause, sent) in enumerate(bad.items()):
        await bench.source.send(sent)
        first = bench.map.unpack("decision", (await bench.decision())[0])
        assert first["cause_abort"] == first["error"] == (cause == "short"), cause
        causes = bench.map.unpack("error_causes", await bench.read("error_causes"))
        expected = {cause, "decision"} if cause == "short" else {cause}
        assert {name for name, value in causes.items() if value} == expected
        await bench.write("error_causes", **dict.fromkeys(expected, 1))
        await bench.source.send(AxiStreamFrame(frame))
        assert (await bench.decision())[:2] == right[:2], cause
        assert await bench.read("error_causes") == 0, number


@cocotb.test()
async def aborts(dut):
    """A source that stalls after any beat, by stream and by registers."""
    bench = await BusBench(dut).start()
    frame, right = await decided(bench)
    await bench.write("command", abort=1)  # of nothing
    source = bench.source
    beats = len(frame) // source.byte_lanes
    for taken in {1, beats // 2, beats - 2} - {0}:  # and maybe one more
        source.send_nowait(AxiStreamFrame(frame))
        for _ in range(taken):
            while True:
                await RisingEdge(bench.dut.aclk)
                bus = bench.arguments.images_bus
                if all(bench.dut[f"{bus}_{name}"].value for name in ("tvalid", "tready")):
                    break
        source.pause = True
        await bench.cycles(20)
        assert await bench.field("status", "open")
        await bench.write("command", abort=1)
        await bench.wait_for("aborting", 0)
        values = bench.map.unpack("decision", (await bench.decision())[0])
        assert values["cause_abort"]
        assert values["error"]
        await bench.reset()
        source.pause = False
        source.clear()
        await bench.source.send(AxiStreamFrame(frame))
        assert (await bench.decision())[:2] == right[:2]
    await bench.write("control", by_registers=1)
    await bench.write("send", bits=int.from_bytes(frame[:4], "little"))
    await bench.write("command", abort=1)
    await bench.wait_for("aborting", 0)
    if await bench.field("features", "beat_bits") <= 32:  # else no whole beat has come
        assert bench.map.unpack("decision", (await bench.words())[0])["cause_abort"]
    await bench.send(frame)
    assert (await bench.words())[:2] == right[:2]
    for number in range(len(right)):
        assert await bench.read_word(DECISION + 4 * number) is None, "a decision that was taken"


@cocotb.test()
async def resets(dut):
    """At any moment; what comes then is right."""
    bench = await BusBench(dut).start()
    frame, right = await decided(bench)
    for cycles in (1, 2, 3, 5, 9, 17, 40, 90):
        bench.source.send_nowait(AxiStreamFrame(frame))
        bench.source.send_nowait(AxiStreamFrame(frame))
        cocotb.start_soon(bench.master.read(0, 4))
        await bench.cycles(cycles)
        await bench.reset()
        bench.source.clear()
        bench.sink.clear()
        assert await bench.field("decision_count", "decisions") == 0
        await bench.source.send(AxiStreamFrame(frame))
        assert await bench.decision() == right


@cocotb.test()
async def refusals(dut):
    """Refused accesses to weights and images change nothing, and nothing hangs."""
    bench = await BusBench(dut).start()
    weights = bench.arguments.weights
    await bench.load(weights)
    assert await bench.refused("weight_data", bits=1), "behind the last word"
    assert await bench.refused("send", bits=1), "while the stream is used"
    await bench.write("weight_address", layer=255, address=(1 << 24) - 1)
    assert await bench.refused("weight_data", bits=1)
    assert await bench.read_word(bench.map.by_name["weight_data"].offset) is None
    await bench.write("weight_address")
    await bench.read("weight_data")
    if await bench.field("status", "weight_open"):
        assert await bench.refused("weight_data", bits=0), "a write behind a read"
        assert await bench.refused("weight_address"), "in the middle of a word"
        while await bench.field("status", "weight_open"):
            await bench.read("weight_data")
    await bench.write("control", by_registers=1)
    await bench.write("send", bits=0)
    await bench.wait_for("busy", 1)
    assert await bench.refused("weight_data", bits=0), "while an image is under way"
    beats = 1
    while await bench.field("status", "room"):
        assert beats < 100, "decisions are not taken, and yet there is room"
        name = "send_last" if beats % 2 else "send"
        await bench.write(name, bits=0)
        beats += 1
    assert await bench.refused("send", bits=0), "without room"
    await bench.reset()
    assert await bench.stored(len(weights)) == list(weights)


# Digits through a shipped network on a bus, with pauses on all channels and without, on Verilator.

DIGITS = int(os.environ.get("FIRSTSPIKE_BUS_DIGITS", "10"))
LANES = 64 if DIGITS > 100 else 16  # more take longer to compile, and less to run


@pytest.mark.long
def test_digits_with_pauses_are_decided_as_golden_does():
    run = BusRun(load_network("mnist-4bit"), lanes=LANES)
    pixels = bundled_test_set()[0][:DIGITS]
    ticks = encode(run.network, pixels)
    outcome = run.run(
        "streams", simulator="verilator", frames=run.frames(ticks, pixels), pauses=True
    )
    expected, found = (
        np.array(words) for words in (run.expected(ticks, pixels), outcome.decisions)
    )
    assert np.all(found[:, 2] >= expected[:, 2])  # cycles
    found[:, 2] = expected[:, 2]
    assert np.sum(found != expected) == 0
    assert outcome.weights == run.weights()


# Look-up tables of the bus on an ECP5, without the core.


@pytest.mark.long
@pytest.mark.parametrize(
    ("bitmap", "pixels", "most"),
    [(None, False, 800), (32, False, 800), (None, True, 1050)],
    ids=["events", "bitmap", "pixels"],
)
def test_the_bus_takes_few_luts(bitmap, pixels, most, tmp_path):
    network = load_network("mnist-4bit")
    folding = Folding.of(network, CoreShape(lanes=8, bitmap=bitmap))
    config = CoreConfig.of(network, folding, any_weights=True)
    design = BusCore(config, network, any_weights=True, pixels=pixels)
    (tmp_path / "bus.il").write_text(rtlil.convert(design, name="bus", emit_src=False))
    commands = [
        "read_rtlil bus.il",
        "proc",
        "opt_clean -purge",
        FORGET_INITIAL,
        *ECP5_85F.family.commands,
        "blackbox bus.core",
        f"{ECP5_85F.synthesis} -top bus",
        "tee -q -o count.json stat -json",
    ]
    run_yosys(tmp_path, commands)
    used = count_cells(ECP5_85F, tmp_path / "count.json", "bus")
    print(f"{used['LUTs']} LUTs, {used['flip-flops']} flip-flops")
    assert used["LUTs"] <= most
