# SPDX-License-Identifier: BSD-2-Clause
"""A board without a computer, from its microphone to its text: RTL, netlist and bitstream."""

import json
import os
import re
import socket
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from firstspike.boards.building import bitstream
from firstspike.boards.building.memories import memory_needs
from firstspike.boards.building.motion import MotionDesign
from firstspike.boards.building.sound import SoundDesign
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Features, NetworkError
from firstspike.golden.flash import payload_of
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.microphone import loudest
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import weight_chunks
from firstspike.hdl.flash.image import words_of
from firstspike.hdl.standalone.status import STATUS_REQUEST, Status
from firstspike.sim.benches.standalone.desk import Desk
from firstspike.sim.benches.standalone.tape import CHUNK
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.command import firstspike, success
from tests.support.desk import netlist_desk, netlist_motion_desk, rtl_desk
from tests.support.flashed_run import statuses_of
from tests.support.listening import RATE, listening_network, sounds
from tests.support.moving import FRONT, movement, small_network
from tests.support.netlists import synthesise
from tests.support.simulators import sampled


@pytest.fixture(scope="module")
def design():
    """The design of a small network for the iCEBreaker."""
    slow = 18_000_000  # fewer cycles than at the board's clock
    return SoundDesign.of_sound(listening_network(), BOARDS["icebreaker"], CoreShape(), slow)


def output_of(desk, design, count):
    """Return the desk's text for sounds, which must equal golden's and contain words.

    Status requests arrive meanwhile.
    """
    address, image = design.in_flash or (0, b"")
    x = sounds(count)
    expected = desk.expected(x)
    # Other words are of the last class, not isolated, or forced.
    assert expected.count(b"\n") >= 1 + design.flashed + count // 4
    # During loading of the weights, twice in a row, during silence, and at the end.
    chunks = len(desk.received_samples(x)) * desk.microphone.bits_per_sample // CHUNK
    requests = {
        0: STATUS_REQUEST,
        200: b"a" + STATUS_REQUEST,
        400: STATUS_REQUEST * 3,
        chunks - 100: STATUS_REQUEST,
    }
    statuses, other_lines = statuses_of(desk.run(x, image, address, requests=requests))
    assert other_lines == expected
    answers(desk, design, x, requests, statuses)
    return expected


def answers(desk, design, x, requests, statuses):
    """Hold the answers to questions against the samples that golden hears."""
    heard, microphone, before = desk.received_samples(x), desk.microphone, 0
    assert len(statuses) == len(requests)
    for status, chunk in zip(statuses, requests, strict=True):
        n = status.samples
        assert status == Status(
            design.build_hash, status.cycles, n, loudest(heard[before:n]), lost=0
        )
        # An answer waits for two lines of text at most.
        assert 0 <= n - chunk * CHUNK // microphone.bits_per_sample <= 30
        before = n
    for first, second in pairwise(statuses[1:]):
        passed = (second.samples - first.samples) * microphone.cycles
        assert abs(second.cycles - first.cycles - passed) < microphone.cycles


@pytest.mark.long
def test_rtl_says_what_golden_says(design):
    desk = rtl_desk(design)
    text = output_of(desk, design, 6)
    address, image = design.in_flash
    x = sounds(3)
    assert desk.expected(x).count(b"\n") > 2  # with the right checksum a word is reported, too
    damaged = image[:-1] + bytes([image[-1] ^ 1])
    (status,), other_lines = statuses_of(
        desk.run(x, damaged, address, requests={0: STATUS_REQUEST})
    )
    assert other_lines == b"loading weights\r\nnetwork in flash is damaged\r\n"
    assert status == Status(design.build_hash, status.cycles, samples=0, loudest=0, lost=0)
    assert b"none" not in text


@pytest.mark.long
def test_rtl_with_an_i2s_microphone_says_what_golden_says(design):
    slow = 18_375_000
    board, shape = design.board, CoreShape()
    other = SoundDesign.of_sound(design.network, board, shape, slow, "i2s")
    output_of(rtl_desk(other), other, 6)
    assert other.build_hash != design.build_hash


@pytest.mark.long
def test_serve_says_what_golden_says(design, capfd, recordings):
    files, x = recordings
    text = rtl_desk(design).expected(x).decode()
    assert firstspike(capfd, *files).out.splitlines() == text.splitlines()


@pytest.fixture
def recordings(design, tmp_path):
    """A command line that serves two recordings, and the samples of the microphone."""
    design.network.save(tmp_path / "net.npz")
    files, front = [tmp_path / "1.wav", tmp_path / "2.wav"], design.network.sound
    parts = np.array_split(sounds(3), 2)
    for file, part in zip(files, parts, strict=True):
        wavfile.write(file, front.rate, part)
    words = ["serve", tmp_path / "net.npz", "--board", "icebreaker", "--input", *files]
    return words, front.joined(parts)


@pytest.mark.parametrize("watched", sampled([False, True], 2))
def test_serve_plays_recordings_with_silence_between_them(capfd, recordings, monkeypatch, watched):
    """On a terminal a bar on standard error shows the remaining seconds."""
    words, x = recordings

    def run(self, played, image, address, text, terminal, progress):
        assert played.tolist() == x.tolist()
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(terminal)
            (file,) = socket.recv_fds(control, 1, 1)[1]
            os.close(file)
        for seconds in (0, 1, 2):
            time.sleep(0.2)
            progress(seconds, 4)
        Path(text).write_text("listening\n")

    monkeypatch.setattr(Desk, "run", run)
    monkeypatch.setattr(Desk, "__init__", lambda *_, **__: None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: watched)
    ended = firstspike(capfd, *words)
    assert (ended.status, ended.out) == (0, "listening\n")
    assert f"hears 2 recordings, {len(x) / RATE:.1f} s of sound" in ended.err
    assert bool(re.search(r"playing: +50%.*2\.0/4\.0 s \[[0-9:]+<[0-9:]+\]", ended.err)) == watched


ONE_OF_A_FAMILY = ("icebreaker", "colorlight-i5", "tang-nano-20k")
MARKS = dict.fromkeys(ONE_OF_A_FAMILY, pytest.mark.long)
"""Marks of the boards that are not only tested before a release."""


@pytest.mark.parametrize(
    ("board", "sensor", "hz"),
    [
        *(
            pytest.param(name, "pdm", 18_000_000, marks=MARKS.get(name, pytest.mark.thorough))
            for name in BOARDS
            if BOARDS[name].standalone
        ),
        pytest.param("icebreaker", "i2s", 18_375_000, marks=pytest.mark.thorough),
    ],
)
def test_the_netlist_says_what_golden_says(design, tmp_path, board, sensor, hz):
    synthesised = SoundDesign.of_sound(design.network, BOARDS[board], CoreShape(), hz, sensor)
    used = synthesise(synthesised, tmp_path)
    if synthesised.board.loaded:
        needs = memory_needs(synthesised.memories, synthesised.board)
        assert needs["SPRAM"] == used["SPRAM"]
        # The encoder reads few bits of a pixel; Yosys removes the others, and the nine pixels fit
        # into registers.
        assert needs["block RAM"] == used["block RAM"] + 1
    assert output_of(netlist_desk(design.network, tmp_path), synthesised, 28).count(b"\n") > 10


@pytest.mark.long
def test_the_bitstream_says_what_golden_says(design, capfd, tmp_path):
    """The front end's filters are in multipliers of the iCE40."""
    design.network.save(tmp_path / "net.npz")
    words = ["--board", "icebreaker", "--sensor", "pdm", "--clock", 18, "--seed", 1]
    success(capfd, "build", tmp_path / "net.npz", *words, "-o", tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["build"] == design.build_hash.hex()
    assert report["placed"]["ICESTORM_DSP"] == 2
    output_of(netlist_desk(design.network, tmp_path / "out", bitstream=True), design, 20)


@pytest.fixture(scope="module")
def watching():
    """The design of a small network of motion for the iCEBreaker."""
    return MotionDesign.of_motion(small_network(), BOARDS["icebreaker"], CoreShape(), 18_000_000)


def tells(desk, design):
    """The desk's text for movements must equal golden's and have several decisions."""
    address, image = design.in_flash
    x = movement(FRONT, 48, np.random.default_rng(1))
    expected = desk.expected(x)
    assert expected.count(b"\n") >= 3
    assert desk.run(x, image, address) == expected


@pytest.mark.long
def test_the_netlist_says_what_golden_says_of_motion(watching, tmp_path):
    synthesise(watching, tmp_path)
    tells(netlist_motion_desk(watching.network, tmp_path), watching)


def test_a_build_has_the_weights_for_the_flash(fake, capfd, design):
    design.network.save("net.npz")
    ended = fake(capfd, {1: 24.0}, "--sensor", "pdm", "--seed", 1)  # with 4 lanes
    assert ended.status == 0
    report = fake.report()
    content = (fake.folder / "weights.bin").read_bytes()
    address = report["flash"].pop("place")
    assert (address, report["flash"]) == (
        1 << 20,
        bitstream.fingerprint(fake.folder / "weights.bin"),
    )
    built = SoundDesign.of_sound(design.network, design.board, CoreShape(4))
    identity = bytes.fromhex(report["build"])
    payload = payload_of(content, identity, words_of(built.config))
    chunks = weight_chunks(built.config, design.network)
    assert payload == b"".join(data.to_bytes(4, "big") for _, _, data in chunks)
    assert "in the flash, as weights.bin" in ended.out
    assert "text, at 115200 baud" in ended.out
    shares = dict(report["duty"])
    assert shares.pop("bits") == 1 / 12  # the microphone's clock is 2 MHz
    assert max(shares.values()) <= 0.05


def network_of_words(hidden, complement):
    features = Features(None, complement=complement, constant=True, sound=default_front_end())
    sizes = ((1 + complement) * default_front_end().n_pixels + 1, *hidden, 11)
    weights = random_weights(np.random.default_rng(1), sizes, -127, 128)
    thresholds = [100] * (1 + len(hidden))
    return network_of(weights, thresholds, bits=8, encoding="levels-32", features=features)


@pytest.mark.parametrize(
    ("hidden", "complement", "lanes", "spram"),
    [
        *(((254,), True, (3, 1), 4), ((260,), True, (2, 1), 4)),
        *(((60, 40), False, (3, 3, 1), 4), ((110, 70), False, (2, 2, 1), 2)),
    ],
    ids=str,
)
def test_a_network_has_the_lanes_with_which_its_memories_fit(hidden, complement, lanes, spram):
    """The second layer's weights are in single-port RAM if block RAM would run out."""
    network, board = network_of_words(hidden, complement), BOARDS["icebreaker"]
    built = SoundDesign.of_sound(network, board, CoreShape())
    assert built.config.folding.lanes == lanes
    needs = memory_needs(built.memories, board)
    assert needs["SPRAM"] == spram
    assert needs["block RAM"] <= board.device.holds["block RAM"]


@pytest.mark.parametrize(("hidden", "lanes"), [((110, 70), 3), ((300, 200), None)])
def test_memories_that_do_not_fit_are_refused_before_synthesis(hidden, lanes):
    network = network_of_words(hidden, complement=False)
    taken = rf"a microphone: with --lanes {lanes or 1} its memories take \d+ of 30 block RAM; take"
    with pytest.raises(NetworkError, match=taken):
        SoundDesign.of_sound(network, BOARDS["icebreaker"], CoreShape(lanes))


def test_networks_with_other_weights_share_a_design(design):
    network = design.network
    less = tuple(weights - np.sign(weights) for weights in network.weights)
    for changed, lanes, same in ((network, 1, False), (replace(network, weights=less), None, True)):
        other = SoundDesign.of_sound(changed, design.board, CoreShape(lanes=lanes), design.hz)
        # The widths of S and M are those that the weights need.
        assert same == (other.config == design.config)
        assert same == (other.build_hash == design.build_hash)


def test_a_board_that_watches_motion_is_built(fake, capfd):
    network = small_network()
    network.save("net.npz")
    ended = fake(capfd, {1: 24.0}, "--sensor", "lsm6dso", "--seed", 1)
    assert ended.status == 0
    assert re.search(r"^cycles in use +windows 0.0%, spikes 0.0%$", ended.out, re.MULTILINE)
    built = MotionDesign.of_motion(network, BOARDS["icebreaker"], CoreShape(4))
    assert fake.report()["build"] == built.build_hash.hex()
    assert (fake.folder / "weights.bin").read_bytes() == built.in_flash[1]


def test_info_says_what_a_network_of_motion_takes(capfd, tmp_path):
    small_network().save(tmp_path / "net.npz")
    ended = firstspike(capfd, "info", tmp_path / "net.npz", "--json", tmp_path / "info.json")
    assert re.search(f"^motion +{FRONT.sentence()}$", ended.out, re.MULTILINE)
    features = json.loads((tmp_path / "info.json").read_text())["features"]
    assert json.dumps(features["motion"]) == FRONT.to_json()
    assert features["sound"] is None
