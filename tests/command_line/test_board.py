# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike run`, `compare` and `learn` on a board, which is a model behind a pseudo-terminal."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import LearningState, Network
from firstspike.hdl.link.protocol.formats import (
    BAUD,
    UNLABELLED,
    Identity,
    LayerIdentity,
    highest,
)
from firstspike.hdl.link.protocol.identity import DesignProperties, identity_of, linked_config
from firstspike.scripts.targets import board as board_target
from tests.command_line.stand_ins import stand_in
from tests.support.board_model import BoardModel, served
from tests.support.command import firstspike, refusal, result_of, success, toy_network

NETWORK = toy_network()


@pytest.fixture
def toy(tmp_path):
    """The toy network's file, images for it and a file of events."""
    NETWORK.save(tmp_path / "toy.npz")
    pixels = np.random.default_rng(4).integers(0, 256, (9, 6, 6), np.uint8)
    files = [tmp_path / f"{number}.png" for number in range(len(pixels))]
    for image, file in zip(pixels, files, strict=True):
        Image.fromarray(image).save(file)
    events = [[[8, 3], [8, 5], [11, 7], [30, 8]], [[8, 9], [8, 10]]]
    lines = [json.dumps({"events": image, "label": 1}) for image in events]
    (tmp_path / "events").write_text("\n".join(lines))
    return tmp_path


def of_board(toy, port, *words):
    """Words for images on the board at that port."""
    return (toy / "toy.npz", *words, "--target", "board", "--port", port)


def images(toy):
    return ("--input", *sorted(toy.glob("*.png")))


def test_run_gives_what_golden_does(capfd, toy):
    with served(BoardModel(NETWORK)) as port:
        board = result_of(capfd, "run", *of_board(toy, port, *images(toy)))["images"]
    golden = result_of(capfd, "run", toy / "toy.npz", *images(toy))
    assert all(one.pop("cycles") > 0 for one in board)
    assert board == [
        {name: value for name, value in one.items() if name != "cycles"} for one in golden["images"]
    ]


def test_compare_loads_the_weights_and_finds_no_difference(capfd, monkeypatch, toy):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with served(BoardModel(NETWORK, loaded=True)) as port:
        words = of_board(toy, port, *images(toy))
        first, second = (firstspike(capfd, "compare", *words) for _ in range(2))
    assert first.status == second.status == 0
    assert "writing weights" in first.err
    assert "writing weights" not in second.err
    assert "9 images" in first.out
    assert "0 differences in decisions, spike counts and clock cycles" in first.out


def test_compare_names_a_wrong_cycle_and_a_wrong_count(capfd, toy):
    model = BoardModel(NETWORK)
    answer = model._image

    def wrong(ticks, label):
        content = bytearray(answer(ticks, label))
        content[4] ^= 1  # cycles
        content[10] ^= 1  # hidden spikes
        return bytes(content)

    model._image = wrong
    with served(model) as port:
        result = result_of(capfd, "compare", *of_board(toy, port, *images(toy)), status=1)
    assert result["differences"] == {"rows": 9, "cycles": 9}
    assert result["spikes"] is None


def test_cycles_of_events_are_not_compared(capfd, toy):
    with served(BoardModel(NETWORK)) as port:
        words = of_board(toy, port, "--input", toy / "events")
        ended = success(capfd, "compare", *words)
        assert "0 differences in decisions and spike counts" in ended.out
        (toy / "events").write_text('{"events": [[8, 9], [8, 10]]}')
        assert "clock cycles" in firstspike(capfd, "compare", *words).out


def test_rounds_play_what_the_board_holds(capfd, toy):
    with served(BoardModel(NETWORK, loaded=True, bench_images=6)) as port:
        words = ("compare", *of_board(toy, port, *images(toy)), "--rounds", 100)
        result = result_of(capfd, *words)
        faster = firstspike(capfd, *words, "--clock", 24).out
    assert (result["images"], result["decisions"], result["differences"]) == (6, 600, 0)
    assert result["cycles"] == round(600 * (result["alone"] + 1))
    assert result["rate"] == pytest.approx(result["clock"] * 600 / result["cycles"])
    assert f"{24e6 * 600 / result['cycles']:.0f} images per second at 24 MHz" in faster


def test_rounds_count_decisions_unlike_goldens(capfd, toy):
    model = BoardModel(NETWORK, bench_images=9)
    store = model._store
    model._store = lambda payload: store(payload[:1] + bytes([payload[1] ^ 1]) + payload[2:])
    with served(model) as port:
        ended = firstspike(capfd, "compare", *of_board(toy, port, *images(toy)), "--rounds", 2)
    assert ended.status == 1
    assert "18 differences to golden" in ended.out


def test_rounds_refuse_what_cannot_be_played(capfd, toy):
    with served(BoardModel(NETWORK)) as port:
        words = ("compare", *of_board(toy, port, *images(toy)), "--rounds", 2)
        assert "the design holds 0 images to play: build it by --bench 9" in refusal(capfd, *words)
    with served(BoardModel(NETWORK, bench_images=9)) as port:
        words = ("compare", *of_board(toy, port, "--input", toy / "events"), "--rounds", 2)
        assert "go as bitmaps, whose bright pixels all spike at one tick" in refusal(capfd, *words)


def too_large(field, by=1):
    """A network with a field that is `by` above what the link has room for."""
    of_network = {name: highest(Identity, name) + by for name in ("deadline", "n_inputs", "unit")}
    threshold = highest(LayerIdentity, "threshold") + by
    outputs = UNLABELLED + by
    changes = {
        "deadline": {"deadline": of_network["deadline"]},
        "unit": {"unit": of_network["unit"], "deadline": 6 * of_network["unit"]},
        "number of inputs": {"n_inputs": of_network["n_inputs"]},
        "threshold of layer 0": {"thresholds": (threshold, 200)},
        "threshold of layer 1": {"thresholds": (300, threshold)},
        "number of outputs": {
            "weights": (NETWORK.weights[0], np.resize(NETWORK.weights[1], (12, outputs)))
        },
    }
    return replace(NETWORK, **changes[field])


SIZES = ("deadline", "number of inputs", "threshold of layer 0", "threshold of layer 1")


@pytest.mark.parametrize("field", [*SIZES, "number of outputs", "unit"])
def test_what_the_link_has_no_field_for_is_refused_by_every_verb(capfd, tmp_path, field):
    network, path = too_large(field), tmp_path / "net.npz"
    network.save(path)
    (tmp_path / "events").write_text('{"events": [[1, 2]]}')
    for words in (
        ("build", path, "--board", "ulx3s-12f", "--lanes", 4, "-o", tmp_path / "out"),
        ("serve", path, "--lanes", 4),
        ("compare", path, "--input", tmp_path / "events", "--rounds", 1),
    ):
        said = refusal(capfd, *words)
        found = {"unit": "deadline"}.get(field, field)  # which is at least six units
        assert f"over the link of a board the {found} is at most " in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("field", [*SIZES, "number of outputs"])
def test_the_largest_numbers_go_over_the_link(field):
    network = too_large(field, 0)
    identity = identity_of(linked_config(network), network, DesignProperties(clock_hz=12_000_000))
    assert Identity.from_bytes(identity.to_bytes()) == identity


def test_the_board_of_another_network_is_refused(capfd, toy):
    other = replace(NETWORK, deadline=61)
    with served(BoardModel(other)) as port:
        sentence = refusal(capfd, "run", *of_board(toy, port, *images(toy)))
    assert other.digest()[:12] in sentence
    assert "deadline is 61, and 60" in sentence


@pytest.fixture
def learning(monkeypatch, tmp_path):
    """A board that learns digits from random weights."""
    stand_in(monkeypatch, 150, 100)
    monkeypatch.setattr(board_target.Target, "grid", 60)
    monkeypatch.chdir(tmp_path)
    state = LearningState.random((784, 20, 10), 8, 1)
    return BoardModel(state.network, lanes=8, stored_bits=8, capacity=4096)


RANDOM = ("--random", "20", "--epochs", 1)


def test_a_board_learns_what_golden_learns(capfd, learning):
    with served(learning) as port:
        words = ("learn", *RANDOM, "--target", "board", "--port", port, "-o", "board.npz")
        result = result_of(capfd, *words)
    assert (result["differences"], result["weights_differ"]) == (0, 0)
    assert result["epochs"][0]["cycles"] > 0
    assert len(learning.learned) == 150
    assert port not in result["command"]
    success(capfd, "learn", *RANDOM, "-o", "golden.npz")
    board, golden = Network.load("board.npz"), Network.load("golden.npz")
    assert board.digest() == golden.digest()


@pytest.mark.long
def test_weights_that_a_board_learns_otherwise_are_found(capfd, learning):
    work = learning.work

    def wrong():
        work()
        learning.words[0][5] ^= 1 if len(learning.learned) == 20 else 0

    learning.work = wrong
    with served(learning) as port:
        words = ("learn", *RANDOM, "--target", "board", "--port", port, "-o", "board.npz")
        assert result_of(capfd, *words, status=1)["weights_differ"] >= 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--lanes", 4), "its own lanes"),
        (("--exact",), "--exact"),
        (("--stored-bits", 10), "by --learn 10"),
    ],
)
def test_learning_that_a_board_cannot_is_refused(capfd, learning, words, sentence):
    with served(learning) as port:
        words = (*RANDOM, "--target", "board", "--port", port, "-o", "n.npz", *words)
        assert sentence in refusal(capfd, "learn", *words)


@pytest.mark.long
@pytest.mark.parametrize(("link", "bytes_a_second"), [("uart", BAUD / 10), ("spi", 75e6 / 4 / 8)])
def test_the_line_is_full_of_digits(capfd, tmp_path, link, bytes_a_second):
    """`firstspike check rate`: the board waits for the line, whose bits are all there is."""
    LearningState.random((784, 20, 10), 8, 1).network.save(tmp_path / "net.npz")
    words = ("--board", "ulx3s-85f", "--images", 4, "--link", link)
    ended = success(capfd, "check", "rate", tmp_path / "net.npz", *words)
    rate = int(ended.out.split(" digits a second")[0].split()[-1])
    frame = 784 // 8 + 9  # COBS, type, sequence, label, CRC, delimiter
    assert 0.8 < rate / (bytes_a_second / frame) <= 1.05
