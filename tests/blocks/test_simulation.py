# SPDX-License-Identifier: BSD-2-Clause
"""The runner of simulations, its cache, and the drivers and monitors of streams."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.flow.steps import shown_by
from firstspike.sim.harness import cache, runner, sources, verilog
from firstspike.sim.harness.bench_io import arguments, report, tell
from firstspike.sim.harness.cache import cache_folder, cached, remove_unused
from firstspike.sim.harness.runner import AbortedError, Simulation, SimulationError
from firstspike.sim.harness.streams import (
    CheckedSink,
    ClockDomain,
    StreamSink,
    StreamSource,
    at_random,
)
from firstspike.sim.harness.verilog import verilog_of
from tests.support.simulators import both_simulators, lend_runtime, needs_icarus, sampled
from tests.support.tools import WAVES, leave_out

ITEMS = np.arange(300) * 7 % 256


class _Fifo(wiring.Component):
    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = queue = fifo.SyncFIFOBuffered(width=8, depth=4)
        wiring.connect(m, wiring.flipped(self.i), queue.w_stream)
        wiring.connect(m, queue.r_stream, wiring.flipped(self.o))
        return m


class _Fickle(wiring.Component):
    """Offers a counter that does not wait, for four of every `period` cycles."""

    o: Out(stream.Signature(8))

    def __init__(self, period):
        super().__init__()
        self._period = period

    def elaborate(self, platform):
        m = Module()
        phase = Signal(range(self._period))
        m.d.sync += phase.eq(phase + 1)
        m.d.comb += [self.o.valid.eq(phase < 4), self.o.payload.eq(phase)]
        return m


@cocotb.test()
async def transfer(dut):
    """Send items through, with or without pauses; report the cycles of all transfers.

    The report of received items includes their payload, [k, 2].
    """
    what = arguments(SimpleNamespace)
    domain = ClockDomain(dut)
    source = StreamSource(dut, "i", domain, willing=at_random(1) if what.pauses else None)
    board = CheckedSink(dut, "o", domain, willing=at_random(2) if what.pauses else None)
    await domain.start()
    board.start()
    board.expect(what.expected.tolist())
    sent = [await source.send(item) for item in what.items.tolist()]
    await domain.cycles(100)
    board.finish()
    report(SimpleNamespace(sent=np.array(sent), received=np.array(board.received)))


@cocotb.test()
async def watch(dut):
    """Take what comes, with pauses, for some cycles."""
    domain = ClockDomain(dut)
    sink = StreamSink(dut, "o", domain, willing=at_random(1))
    await domain.start()
    sink.start()
    await domain.cycles(100)


@cocotb.test()
async def linger(dut):
    """Say which process this is, and go on for longer than anyone waits."""
    domain = ClockDomain(dut)
    await domain.start()
    tell(os.getpid())
    await domain.cycles(10**9)


@cocotb.test()
async def end(dut):
    """End as told: by a signal, or for want of memory."""
    what = arguments(SimpleNamespace)
    if what.signal is None:
        np.empty(1 << 60, np.uint8)
    os.kill(os.getpid(), what.signal)


def run_fifo(simulator, pauses=False, expected=ITEMS, **options):
    simulation = Simulation(verilog_of(_Fifo(), "fifo"), "fifo", simulator, **options)
    what = SimpleNamespace(items=ITEMS, expected=expected, pauses=pauses)
    return simulation.run(__name__, what, "transfer")


@both_simulators
def test_an_item_moves_every_cycle_and_pauses_lose_nothing(simulator):
    steady, paused = (run_fifo(simulator, pauses) for pauses in (False, True))
    assert (np.diff(steady.sent) == 1).all()
    assert (np.diff(steady.received[:, 0]) == 1).all()
    assert (steady.received[:, 1] == ITEMS).all()
    assert (paused.received[:, 1] == steady.received[:, 1]).all()
    assert paused.received[-1, 0] > 1.5 * steady.received[-1, 0]


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (np.where(np.arange(len(ITEMS)) == 2, 255, ITEMS), "item 2: got 14, expected 255"),
        (ITEMS[:-1], "expected no more"),
        (np.append(ITEMS, 1), "1 of 301 have not come"),
    ],
)
def test_scoreboard_says_what_differs(expected, message):
    with pytest.raises(SimulationError, match=message):
        run_fifo("verilator", expected=expected)


@both_simulators
@pytest.mark.parametrize(
    ("period", "message"), sampled([(8, "withdrawn|changed"), (4, "changed to")], 2)
)
def test_sink_notices_offers_that_do_not_wait(simulator, period, message):
    simulation = Simulation(verilog_of(_Fickle(period), "fickle"), "fickle", simulator)
    with pytest.raises(SimulationError, match=message):
        simulation.run(__name__, test="watch")


@both_simulators
def test_broken_verilog_is_named(simulator):
    with pytest.raises(SimulationError, match=r"top does not compile: .*top\.v:1.*syntax error"):
        Simulation("module top(input clk); assign = clk; endmodule", "top", simulator)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("cc1plus: out of memory", "cc1plus: out of memory"),
        (
            "x.cpp:1:2: note: here\nx.cpp:3:4: error: no such thing\nend",
            "x.cpp:3:4: error: no such",
        ),
        ("/usr/bin/ld: no -lz\ncollect2: error: ld returned 1", "/usr/bin/ld: no -lz"),
    ],
)
def test_a_compiler_that_fails_is_quoted(monkeypatch, empty_cache, output, reason):
    compiler = empty_cache / "compiler"
    compiler.write_text(f"#!/bin/sh\ncat >&2 <<END\n{output}\nEND\nexit 1\n")
    compiler.chmod(0o755)
    flags = f"{runner.VERILATOR_ENVIRONMENT['MAKEFLAGS']} CXX={compiler}"
    monkeypatch.setitem(runner.VERILATOR_ENVIRONMENT, "MAKEFLAGS", flags)
    with pytest.raises(SimulationError, match=f"top does not compile: {re.escape(reason)}"):
        Simulation("module top(input clk); endmodule", "top")


@pytest.mark.parametrize(
    ("simulator", "name"),
    [
        pytest.param("verilator", "with blanks:and more", marks=pytest.mark.long),
        pytest.param("icarus", "with blanks:and more", marks=needs_icarus),
        ("verilator", "."),  # from the current folder
    ],
)
def test_the_path_of_a_cache_is_any(monkeypatch, tmp_path, simulator, name):
    run_fifo(simulator)  # so that what all simulations share is there
    folder = tmp_path / "cache" / name
    folder.mkdir(parents=True)
    lend_runtime(folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRSTSPIKE_CACHE", "cache" if name == "." else str(folder))
    assert len(run_fifo(simulator).received) == len(ITEMS)


def test_what_takes_long_is_said_and_what_is_cached_is_not(monkeypatch, tmp_path):
    steps = []

    @contextmanager
    def show(what):
        steps.append(what)
        yield

    lend_runtime(tmp_path)
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path))
    with shown_by(show):
        for _ in range(2):
            Simulation(verilog_of(_Fifo, "fifo", made_from="this test"), "fifo")
    assert steps == [
        "fifo: RTLIL by Amaranth",
        "fifo: Verilog by Yosys",
        "fifo: simulation by Verilator",
    ]


def test_the_digest_of_sources_follows_names_and_content(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "__file__", tmp_path / "sim" / "harness" / "sources.py")
    (tmp_path / "hdl" / "__pycache__").mkdir(parents=True)
    one, other = tmp_path / "hdl" / "one.py", tmp_path / "hdl" / "other.py"
    digests = []
    for path, text in ((one, "a"), (one, "b"), (other, "b")):
        path.write_text(text)
        digests.append(sources.source_digest(["hdl"], "*.py"))
    (tmp_path / "hdl" / "__pycache__" / "one.py").touch()
    assert len({*digests, sources.source_digest(["hdl"], "*.py")}) == 3
    assert sources.source_digest(["hdl"], "*.py", "hdl/other.py") == digests[1]


def test_verilog_of_changed_sources_is_not_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path))
    made = []

    def make():
        made.append(_Fifo())
        return made[-1]

    before = verilog._sources()
    monkeypatch.setattr(verilog, "_sources", lambda: "others")
    texts = [verilog_of(make, "fifo", made_from="this test") for _ in range(2)]
    monkeypatch.setattr(verilog, "_sources", lambda: before)
    texts += [verilog_of(make, "fifo", made_from="this test") for _ in range(2)]
    assert len(set(texts)) == 1
    assert len(made) == 3


LINGERING = """
from tests.blocks.test_simulation import Simulation, _Fifo, verilog_of

simulation = Simulation(verilog_of(_Fifo(), "fifo"), "fifo")
say = lambda process: print(process, flush=True)
simulation.run("tests.blocks.test_simulation", None, test="linger", progress=say)
"""


def test_a_simulation_ends_with_the_program_that_runs_it():
    with subprocess.Popen([sys.executable, "-c", LINGERING], stdout=subprocess.PIPE) as program:
        process = Path("/proc", program.stdout.readline().decode().strip(), "cmdline")
        assert process.read_bytes()
        program.kill()
    patience = time.monotonic() + 10
    while process.exists() and process.read_bytes():  # empty of one that has ended
        assert time.monotonic() < patience
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("ending", "kind", "message"),
    [
        (signal.SIGKILL, AbortedError, "ended by SIGKILL"),
        (signal.SIGXCPU, SimulationError, "ended by SIGXCPU"),
        (None, AbortedError, "Unable to allocate"),
    ],
)
def test_only_the_limit_of_processor_time_is_a_verdict(ending, kind, message):
    simulation = Simulation(verilog_of(_Fifo(), "fifo"), "fifo")
    with pytest.raises(SimulationError, match=message) as caught:
        simulation.run(__name__, SimpleNamespace(signal=ending), "end")
    assert caught.type is kind


def test_missing_test_is_named():
    simulation = Simulation(verilog_of(_Fifo(), "fifo"), "fifo")
    with pytest.raises(SimulationError, match="no such test"):
        simulation.run(__name__, test="nothing")


@pytest.mark.parametrize(
    ("simulator", "message"),
    [
        ("verilator", r"needs g\+\+ and make and perl"),
        ("icarus", "needs iverilog"),
        ("modelsim", "must be verilator or icarus"),
    ],
)
def test_missing_tools_are_named(monkeypatch, tmp_path, simulator, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulationError, match=message):
        Simulation("", "top", simulator)


@pytest.mark.long
@both_simulators
def test_waves_come_with_a_view(tmp_path, simulator):
    try:
        run_fifo(simulator, waves=tmp_path)
    except SimulationError as error:
        if "headers of lz4" not in str(error):
            raise
        leave_out(WAVES)
    assert (tmp_path / "fifo.fst").stat().st_size
    view = (tmp_path / "fifo.gtkw").read_text()
    assert "fifo.o__valid" in view
    assert "fifo.i__payload[7:0]" in view


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path))
    return tmp_path


def test_cache_makes_a_thing_once(empty_cache):
    folders = []

    def make(folder):
        folders.append(folder)
        (folder / "result").write_text("done")

    contents = ["ab", "c"], ["ab", "c"], ["a", "bc"]
    first, again, other = (cached(content, make) for content in contents)
    assert first == again != other
    assert len(folders) == 2
    assert first.parent == cache_folder() == empty_cache
    assert (again / "result").read_text() == "done"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "result").write_text("do"),
        lambda folder: (folder / "result").write_text("dome"),
        lambda folder: (folder / "result").unlink(),
        lambda folder: (folder / "more").touch(),
        lambda folder: folder.with_suffix(".sums").unlink(),
        lambda folder: folder.with_suffix(".sums").write_text(""),
        lambda folder: folder.with_suffix(".sums").write_bytes(b"\xff"),
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "more").symlink_to(folder / "result"),
        lambda folder: os.mkfifo(folder / "more"),
        lambda folder: (shutil.rmtree(folder), os.mkfifo(folder)),
    ],
)
def test_what_is_damaged_is_made_anew(empty_cache, damage):
    folders = []

    def make(folder):
        folders.append(folder)
        (folder / "result").write_text("done")

    damage(cached(["a"], make))
    for _ in range(2):
        folder = cached(["a"], make)
        assert [path.name for path in folder.iterdir()] == ["result"]
        assert (folder / "result").read_text() == "done"
        assert len(folders) == 2
    assert {path.name for path in empty_cache.iterdir()} == {folder.name, f"{folder.name}.sums"}


@pytest.mark.parametrize("what", ["link", "dangling link", "pipe"])
def test_sums_are_no_link_and_no_pipe(empty_cache, tmp_path_factory, what):
    """A file behind a link stays as it is, and nothing is computed before the refusal."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine"
    sums = cached(["a"], lambda _: None).with_suffix(".sums")
    sums.unlink()
    if what == "pipe":
        os.mkfifo(sums)
    else:
        sums.symlink_to(elsewhere)
    if what == "link":
        elsewhere.write_text("mine")
    for use in (cache.stored, lambda content: cached(content, lambda _: pytest.fail("made"))):
        with pytest.raises(OSError, match="is a link or a special file: remove it") as caught:
            use(["a"])
        assert caught.value.filename == str(sums)
    assert elsewhere.exists() == (what == "link")
    assert what != "link" or elsewhere.read_text() == "mine"


def test_what_is_not_used_is_removed(empty_cache, monkeypatch):
    """Results of the last day stay, and those that another process computes."""
    folders = {}

    def left(limit):
        monkeypatch.setattr(cache, "LIMIT", limit)
        remove_unused()
        return "".join(name for name, folder in folders.items() if folder.exists())

    for name in "abcdef":
        folders[name] = cached([name], lambda folder: (folder / "result").write_text(100 * "x"))
    for name, days in zip("abcde", (40, 31, 29, 3, 0.9), strict=True):
        then = time.time() - days * 24 * 3600
        os.utime(folders[name].with_suffix(".sums"), (then, then))
    with cache._locked(folders["a"].with_suffix(".sums")):
        assert left(1000) == "acdef"
    assert left(1000) == "cdef"
    assert cached(["c"], list) == folders["c"]  # which is a use of it
    assert left(350) == "cef"
    assert left(0) == "cef"
    assert {path.stem for path in empty_cache.iterdir()} == {folders[name].name for name in "cef"}


def test_interrupted_making_leaves_nothing(empty_cache):
    def make(folder):
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(["a"], make)
    assert [path for path in empty_cache.iterdir() if path.is_dir()] == []


def test_a_full_disk_is_told_with_the_cache_folder(empty_cache):
    def make(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        cached(["a"], make)
    assert caught.value.filename == str(empty_cache)
