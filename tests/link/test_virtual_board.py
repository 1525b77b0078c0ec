# SPDX-License-Identifier: BSD-2-Clause
"""The virtual board: the real host class and the real command against the simulated design."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import repeat

import numpy as np
import psutil
import pytest

from firstspike.boards.client.channel import SerialPort
from firstspike.boards.client.client import BoardClient
from firstspike.boards.client.transport import TRIES
from firstspike.golden import LearningState, Settings, differences, encode, infer, learn
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.formats import BAUD
from firstspike.scripts.verbs.serve import board_verilog
from firstspike.sim.benches.link.virtual import VirtualBoard
from firstspike.sim.harness.bench_io import FOLDER
from tests.link.test_client_fuzz import Harm, Harmful
from tests.support.command import deep_toy_network, firstspike, toy_network
from tests.support.simulators import sampled

NETWORK = toy_network()
CORE = CoreShape(lanes=5, window=2)
"""Lanes and window."""
PIXELS = np.random.default_rng(1).integers(0, 256, (60, 36)).astype(np.uint8)
TICKS = encode(NETWORK, PIXELS)
CONNECTED_PIXELS = PIXELS[:, NETWORK.inputs]
LABELS = np.random.default_rng(2).integers(-1, 4, len(TICKS))
RULE = Settings(step=2, row_draw=1)


@pytest.fixture(scope="module")
def port():
    """The port of a virtual board that learns, whose weights are to be written."""
    with VirtualBoard(board_verilog(NETWORK, CORE, False, 10)) as board:
        yield board.port


@pytest.fixture
def board(port):
    """The board, with the network's weights."""
    with BoardClient.open(port) as board:
        board.load(NETWORK)
        yield board


@pytest.mark.parametrize("pixels", [None, PIXELS])
def test_decisions_and_cycles_are_goldens(board, pixels):
    results = board.classify(TICKS, pixels)
    assert results.turnaround is not None
    assert not results.lost.any()
    golden = infer(NETWORK, TICKS)
    counted = cycles(NETWORK.connected(), TICKS, golden, board.config.folding, CONNECTED_PIXELS)
    assert not list(differences(replace(golden, cycles=counted), results))
    assert not results.updated.any()


def test_events_of_any_ticks_are_decided(board):
    ticks = np.random.default_rng(3).integers(0, NETWORK.deadline + 1, (20, 35))
    assert not list(differences(infer(NETWORK, ticks), board.classify(ticks)))


def test_the_board_learns_as_golden_does(board):
    """With seed 0 the random generator goes on, also with other settings."""
    state, other = LearningState.of(NETWORK, 10, seed=3), replace(RULE, step=3, margin_minimum=4)
    for part, rule, seed in ((slice(40), RULE, state.generator), (slice(40, 60), other, 0)):
        ticks, labels = TICKS[part], LABELS[part]
        results = board.learn(ticks, labels, rule, seed)
        results = replace(results, weights=board.read_weights())
        golden = learn(state, ticks, labels, rule, trace=True)
        expected = learning_cycles(
            NETWORK.connected(), ticks, golden, board.config.folding, CONNECTED_PIXELS[part]
        )
        assert golden.updated.any()
        expected.turnaround[0] = results.turnaround[0]  # the first image may have begun later
        assert not list(differences(expected, results))


@pytest.mark.long
def test_a_board_of_three_hidden_layers():
    network = deep_toy_network()
    with (
        VirtualBoard(board_verilog(network, CORE, False)) as virtual,
        BoardClient.open(virtual.port) as board,
    ):
        assert board.load(network)
        assert all(map(np.array_equal, board.read_weights(), network.weights))
        golden = infer(network, TICKS)
        assert (golden.spikes_in > 0).any(0).all()
        counted = cycles(network.connected(), TICKS, golden, board.config.folding, CONNECTED_PIXELS)
        assert not list(differences(replace(golden, cycles=counted), board.classify(TICKS)))
        ticks = np.random.default_rng(3).integers(0, network.deadline + 1, (20, 35))
        assert not list(differences(infer(network, ticks), board.classify(ticks)))


class BadLine(SerialPort):
    """A port that changes a byte at a fixed interval, in both directions."""

    def __init__(self, port):
        super().__init__(port, BAUD)
        self.sent, self.received = (Harmful(repeat(Harm(400, "flip", 1))) for _ in range(2))

    def write(self, sent):
        """Send bytes, damaged."""
        super().write(self.sent(sent, 0.0)[0])

    def read(self, seconds):
        """Return the received bytes, damaged."""
        return self.received(super().read(seconds), 0.0)[0]


@pytest.mark.long
def test_on_a_bad_line_each_image_is_learned_once(port):
    state = LearningState.of(NETWORK, 10)
    line = BadLine(port)
    with BoardClient(line, timeout=0.3) as board:
        board.load(NETWORK, state.weights)
        results = board.learn(TICKS, LABELS, RULE, seed=state.generator)
        results = replace(results, weights=board.read_weights())
        assert min(line.sent.damaged, line.received.damaged) > TRIES / 2
        assert board.status().dropped > 0
    assert not list(differences(learn(state, TICKS, LABELS, RULE), results))


TEMPORARY = "long" * 30
"""No path of a socket could be as long."""


def started(tmp_path):
    """The command `firstspike serve`, with its network and the link to its port in a folder."""
    NETWORK.save(tmp_path / "toy.npz")
    words = ["serve", tmp_path / "toy.npz", "--lanes", 5, "--window", 2]
    words += ["--weights", "port", "--learn", 10, "--symlink", tmp_path / "port"]
    code = "from firstspike.scripts.main import main; main()"
    temporary = tmp_path / TEMPORARY
    temporary.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


@pytest.fixture
def serving(tmp_path):
    """The command while it serves, and its folder."""
    process = started(tmp_path)
    yield process, tmp_path
    process.kill()  # where the test has failed; else it has ended
    process.wait()
    assert not (tmp_path / "port").is_symlink()
    assert list((tmp_path / TEMPORARY).iterdir()) == []
    assert process.stderr.read().splitlines()[-1] == "Ended."


@pytest.mark.parametrize("ending", sampled([signal.SIGINT, signal.SIGTERM], 2))
def test_the_command_serves_until_it_is_ended(capfd, serving, ending):
    process, folder = serving
    assert process.stdout.readline().strip() == str((folder / "port").resolve())
    (folder / "events").write_text('{"events": [[8, 9], [8, 10], [8, 30]]}\n' * 3)
    words = (folder / "toy.npz", "--input", folder / "events", "--target", "board")
    ended = firstspike(capfd, "compare", *words, "--port", folder / "port")
    assert ended.status == 0, ended.err
    assert "0 differences in decisions, spike counts and clock cycles" in ended.out
    process.send_signal(ending)
    process.send_signal(signal.SIGTERM)  # impatience does not disturb the end
    assert process.wait(60) == 0


def test_the_command_can_be_ended_before_it_is_ready(serving):
    process, folder = serving
    while not any((folder / TEMPORARY).iterdir()):  # the simulation begins
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_simulator_that_is_killed_is_said(tmp_path):
    with started(tmp_path) as process:
        process.stdout.readline()
        simulator_of(process).kill()
        assert process.wait(60) == 2
        last_line = process.stderr.read().splitlines()[-1]
    assert last_line.startswith("Error: the simulator was ended by SIGKILL before ")
    assert not (tmp_path / "port").is_symlink()
    assert list((tmp_path / TEMPORARY).iterdir()) == []


def simulator_of(process) -> psutil.Process:
    """Return the child of a process that is a simulator with a bench in it."""
    children = psutil.Process(process.pid).children()
    return next(child for child in children if FOLDER in child.environ())


class SlowSimulation:
    """A simulation that takes its time to end."""

    ended = False

    def __init__(self, *_):
        """Compile nothing."""

    def run(self, bench, address):
        """Be the bench, on our side of the socket."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(address)
            socket.recv_fds(control, 1, 1)
            control.recv(1)
        time.sleep(0.3)
        SlowSimulation.ended = True


@pytest.mark.long
def test_an_interrupt_waits_for_the_end_of_the_simulation(monkeypatch):
    monkeypatch.setattr("firstspike.sim.benches.link.virtual.Simulation", SlowSimulation)
    interrupt = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))

    def serve():
        with VirtualBoard("") as board:
            interrupt.start()
            board.wait()

    with pytest.raises(KeyboardInterrupt):
        serve()
    assert SlowSimulation.ended


@pytest.mark.long
def test_an_idle_board_does_not_use_the_processor(port):
    with BoardClient.open(port) as board:
        board.status()
    time.sleep(0.2)
    before = processor_seconds_of_children()
    time.sleep(0.5)
    assert processor_seconds_of_children() - before < 0.1


def processor_seconds_of_children() -> float:
    """Return the processor seconds of running child processes."""
    times = (child.cpu_times() for child in psutil.Process().children())
    return sum(one.user + one.system for one in times)
