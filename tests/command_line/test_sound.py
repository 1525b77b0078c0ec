# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of words, from WAV files to a network that hears, and what it says of other data."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from scipy.io import wavfile

from firstspike.golden import Network, encode, infer
from firstspike.golden.data.dataset import DataError, Dataset, assembled
from firstspike.golden.data.readers import read
from firstspike.golden.data.replay import CAPACITY, REFERENCES, replay_content
from firstspike.golden.data.sounds import with_none
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.word_augmentation import COPIES, NONE
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.recipes import STRICT
from firstspike.golden.training.specification import Training
from firstspike.scripts import stream_figure
from firstspike.scripts.building import Building
from firstspike.scripts.datasets import Data, training_data
from firstspike.scripts.main import run_line
from firstspike.scripts.training.session import Request, images_of
from tests.support.command import firstspike, refusal, result_of, success
from tests.support.rooms import added

pytestmark = pytest.mark.fast

TONES = {"high": (1500, 2600), "low": (300, 500)}
RATE = 16_000


def spoken(word: str, rng: np.random.Generator, before: int = 800) -> np.ndarray:
    """A word of two tones behind some silence, int16 at `RATE`."""
    n = np.arange(4000)
    tones = [np.sin(2 * np.pi * f * rng.uniform(0.9, 1.1) * n / RATE) for f in TONES[word]]
    x = np.concatenate([np.zeros(before), *tones]) * rng.uniform(2000, 20_000)
    return np.rint(x + rng.normal(0, 3, len(x))).astype(np.int16)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the folder `words`, recordings beside it, and a network trained on them."""
    folder, rng = tmp_path_factory.mktemp("sound"), np.random.default_rng(1)
    for word in TONES:
        (folder / "words" / word).mkdir(parents=True)
        for at in range(12):
            x = spoken(word, rng)
            x = np.stack([x, x], axis=1) if at % 2 else x
            wavfile.write(folder / "words" / word / f"{at}.wav", RATE, x)
    wavfile.write(folder / "one.wav", RATE, spoken("low", rng))
    two = [spoken("high", rng), np.zeros(RATE, np.int16), spoken("low", rng)]
    wavfile.write(folder / "two.wav", RATE, np.concatenate(two))
    wavfile.write(folder / "silent.wav", RATE, np.zeros(RATE, np.int16))
    here = os.getcwd()
    os.chdir(folder)
    try:
        line = "train --dataset words -o net.npz --hidden 12 --epochs 60 --json train.json"
        assert run_line(line.split()) == 0
    finally:
        os.chdir(here)
    return folder


@pytest.fixture
def folder(trained, monkeypatch):
    monkeypatch.chdir(trained)
    return trained


def test_a_folder_of_recordings_becomes_a_network_that_hears(folder):
    network = Network.load("net.npz")
    assert network.features.sound == default_front_end()
    assert network.classes == ("high", "low", NONE)
    assert network.encoding == "levels-32"
    assert json.loads((folder / "train.json").read_text())["accuracy"] == 1


@pytest.mark.parametrize(("option", "field"), [("--frames", "frames"), ("--before", "before")])
def test_the_front_end_is_a_choice(capfd, folder, option, field):
    words = ("train", "--dataset", "words", "--hidden", 4, "--epochs", 1, "-o", "chosen.npz")
    ended = success(capfd, *words, option, 15)
    sound = Network.load("chosen.npz").features.sound
    assert getattr(sound, field) == 15
    assert f"window    {sound.frames} frames" in ended.out
    ended = success(capfd, "run", "chosen.npz", "--input", "words")
    assert "24" in ended.out


def test_strict_training_has_pictures_of_foreign_words(folder):
    def images(recipe: str | None) -> Dataset:
        return images_of(Request(Data(dataset="words"), recipe, Changes(Training)))

    usual, strict = images(None), images(STRICT)
    assert strict.classes == usual.classes
    assert np.bincount(strict.y_train)[-1] > np.bincount(usual.y_train)[-1]
    assert (np.bincount(strict.y_train)[:-1] == np.bincount(usual.y_train)[:-1]).all()


def test_run_says_what_is_heard_and_when(capfd, folder):
    images = result_of(capfd, "run", "net.npz", "--input", "one.wav", "two.wav")["images"]
    found = [(image["word"]["file"], image["class"]) for image in images]
    assert found == [("one.wav", 1), ("two.wav", 0), ("two.wav", 1)]
    slot = 0.016
    starts = [image["word"]["seconds"] for image in images]
    assert np.allclose(starts, [800 / RATE, 800 / RATE, (9600 + RATE) / RATE], atol=slot)
    said = firstspike(capfd, "run", "net.npz", "--input=two.wav").out
    assert f"two.wav, {starts[2]:.2f} s: low" in said
    assert "not said" not in said


def test_a_silent_recording_does_not_hide_the_others(capfd, folder):
    line = "run net.npz --input silent.wav one.wav silent.wav"
    ended = success(capfd, *line.split(), "--json", "silent.json")
    assert "1 word in 1 of 3 recordings" in ended.out
    lines = ended.out.splitlines()
    at = lines.index("one.wav, 0.05 s: low")
    assert all(lines[at + row].startswith("silent.wav: no word is heard in it") for row in (1, 2))
    result = json.loads((folder / "silent.json").read_text())
    assert [image["class"] for image in result["images"]] == [1]
    assert result["silent"] == ["silent.wav", "silent.wav"]


@pytest.mark.parametrize("bad", [np.nan, -np.inf, 1e308])
@pytest.mark.filterwarnings("error")
def test_floats_that_are_no_sound_are_refused(capfd, folder, bad):
    x = spoken("low", np.random.default_rng(4)) / 32768
    x[RATE // 100] = bad
    wavfile.write(folder / "bad.wav", RATE, np.stack([x, x], axis=1))
    wanted = f"samples that are not finite or beyond 256, 1 of {len(x)}, the first at 0.010 s"
    assert f"bad.wav has {wanted}" in refusal(capfd, "run", "net.npz", "--input", "bad.wav")


HUM = np.rint(9000 * np.sin(2 * np.pi * 900 * np.arange(20_000) / RATE)).astype(np.int16)


def test_what_is_not_said_is_counted(capfd, folder):
    rng = np.random.default_rng(2)
    pause = np.zeros(RATE, np.int16)
    pieces = [spoken("high", rng), pause, HUM, pause, spoken("low", rng)]
    wavfile.write(folder / "hum.wav", RATE, np.concatenate(pieces))
    ended = success(capfd, "run", "net.npz", "--input", "hum.wav", "--json", "hum.json")
    words = [one["word"] for one in json.loads((folder / "hum.json").read_text())["images"]]
    assert [word["said"] for word in words] == [True, False, True]
    assert [word["isolated"] for word in words] == [True, False, True]
    lines = ended.out.splitlines()
    at = lines.index("hum.wav, 0.05 s: high")
    assert lines[at + 1].endswith(": low")
    assert lines[at + 2] == "not said: 1 not isolated"


def test_recordings_of_other_sounds_are_the_last_class(folder):
    rng = np.random.default_rng(3)
    for name in ("a", NONE, "z"):
        (folder / "named" / name).mkdir(parents=True)
        for at in range(3):
            x = spoken("high", rng) if name == NONE else spoken("low", rng)
            wavfile.write(folder / "named" / name / f"{at}.wav", RATE, x)
    data = read(folder / "named")[0]
    images = with_none(assembled("named", data, share=0.3), default_front_end())
    assert images.classes == ("a", "z", NONE)
    words = [len(np.flatnonzero(images.y_train == label)) for label in range(3)]
    assert words[0] == words[1] == 2 * (1 + COPIES)
    assert words[2] > 2 * (1 + COPIES)
    assert images.y_test.tolist() == [0, 2, 1]
    assert set(images.groups_train.tolist()) == set(range(6))


@pytest.fixture
def drawn(monkeypatch):
    """The figures that `run --input --plot` draws."""
    drawn, draw = [], stream_figure.stream_picture
    monkeypatch.setattr(
        stream_figure, "stream_picture", lambda *of: drawn.append(draw(*of)) or drawn[-1]
    )
    return drawn


def texts(figure):
    """Texts in the axes of a figure without their labels."""
    return [text.get_text() for axes in figure.findobj(Axes) for text in axes.texts]


def test_plot_draws_the_first_recording_and_a_word(capfd, folder, drawn):
    line = "run net.npz --input two.wav one.wav --plot word.png --json word.json"
    success(capfd, *line.split())
    assert (folder / "word.png").read_bytes().startswith(b"\x89PNG")
    ticks = [image["tick"] for image in json.loads((folder / "word.json").read_text())["images"]]
    said = [text for text in texts(drawn[0]) if "\n" in text and "spikes" not in text]
    assert said == [f"high\n{ticks[0]}", f"low\n{ticks[1]}"]
    titles = [axes.get_title() for axes in drawn[0].findobj(Axes)]
    assert "the word at 0.05 s" in titles


def test_what_is_not_said_is_drawn_without_its_tick(capfd, folder, drawn):
    pieces = [HUM, np.zeros(RATE, np.int16), spoken("low", np.random.default_rng(4))]
    wavfile.write("hum.wav", RATE, np.concatenate(pieces))
    success(capfd, *["run", "net.npz", "--input", "hum.wav", "--plot", "word.svg"])
    marked = [text for text in texts(drawn[0]) if text.startswith(("high", "low", NONE))]
    assert "\n" not in marked[0]
    assert marked[1].startswith("low\n")
    titles = [axes.get_title() for axes in drawn[0].findobj(Axes)]
    assert "the word at 2.30 s" in titles


def test_a_long_recording_has_longer_rows():
    sound = default_front_end()
    per_second = sound.rate / sound.slot
    for seconds, rows, longest in ((3, 1, 3), (40, 3, 15), (1800, 20, 90)):
        slots = round(seconds * per_second)
        count, row = stream_figure.rows_of(sound, slots)
        assert count == rows
        assert row == pytest.approx(longest * per_second, abs=1)
        assert count * row >= slots


def test_the_same_recordings_are_a_data_set_of_the_network(capfd, folder):
    ended = success(capfd, "run", "net.npz", "--dataset", "words", "--images", "all")
    assert "accuracy                                100.00%" in ended.out


@pytest.mark.parametrize(
    "line",
    [
        "info net.npz",
        "verilog net.npz --lanes 4 -o core.v",
        "plot net.npz --dataset words -o plot.png",
        "verilog net.npz --input two.wav --vectors vectors",
        "boards net.npz",
        "boards net.npz --dataset words",
        *added("TAKE_SOUND"),
    ],
)
def test_other_verbs_take_a_network_of_sound(capfd, folder, line):
    success(capfd, *line.split())


def test_info_says_the_front_end(capfd, folder):
    ended = firstspike(capfd, "info", "net.npz", "--json", "info.json")
    assert default_front_end().sentence() in ended.out
    told = json.loads((folder / "info.json").read_text())["features"]["sound"]
    assert told == json.loads(default_front_end().to_json())


@pytest.mark.parametrize("layers", ["", " --last-layer"])
def test_what_learns_goes_on_hearing(capfd, folder, layers):
    line = f"learn net.npz --dataset words -o after.npz --fresh{layers}"
    success(capfd, *line.split())
    assert Network.load("after.npz").features.sound == default_front_end()


def test_a_board_gets_references_from_the_data_of_its_network(capfd, folder, monkeypatch):
    designs = []

    def keep(building, design):
        designs.append(design)
        return {"met": True, "layout": None}, ""

    monkeypatch.setattr(Building, "at_its_clock", keep)
    words = ("build", "net.npz", "--board", "colorlight-i5", "-o", "out")
    success(capfd, *words, "--sensor", "pdm", "--teach")
    content, network = designs[0].content, Network.load("net.npz")
    # One word has fewer recordings in the training part.
    assert np.bincount(content.labels).tolist() == [REFERENCES, REFERENCES - 1, 2 * REFERENCES]
    assert content.capacity == CAPACITY
    decided = infer(network, encode(network, content.references)).decision
    assert (decided == content.labels).mean() > 0.9
    assert designs[0].config.stored_bits == 12
    replace(network, meta={}).save("nameless.npz")
    words = ("build", "nameless.npz", *words[2:])
    assert "does not name the data set" in refusal(capfd, *words, "--sensor", "pdm", "--teach")
    sentence = refusal(capfd, *words, "--sensor", "lsm6dso", "--teach")
    assert "--teach goes with --sensor pdm or i2s" in sentence
    data = training_data(Data(dataset="words"), network)
    with pytest.raises(DataError, match="the data set that the network was trained on"):
        replay_content(data, replace(network, classes=("high", "deep", NONE)), 1, 1)


@pytest.fixture
def words(folder, tmp_path):
    """A function that copies the recordings into a new folder of a name."""
    return lambda name: shutil.copytree(folder / "words", tmp_path / name)


QUICK = ("--hidden", 4, "--epochs", 1)


def test_a_test_part_has_the_front_end_of_the_training(capfd, words, tmp_path):
    """The recordings of the test part are longer: alone, they would choose a longer window."""
    one, other = words("one"), words("other")
    rng = np.random.default_rng(2)
    for word, tones in TONES.items():
        for at in range(12):
            x = sum(np.sin(2 * np.pi * f * np.arange(RATE) / RATE) for f in tones)
            x = np.concatenate([np.zeros(800), 9000 * x]) + rng.normal(0, 3, RATE + 800)
            wavfile.write(other / word / f"{at}.wav", RATE, np.rint(x).astype(np.int16))
    net = tmp_path / "net.npz"
    trained = ("train", "--dataset", one, "--test", other, *QUICK, "-o", net)
    assert "test accuracy" in success(capfd, *trained).out
    assert Network.load(net).sound == default_front_end()
    assert read(other)[0].sound != default_front_end()


def test_recordings_without_a_word_are_left_out_and_named(capfd, folder, words, tmp_path):
    copies = words("copies")
    silent = [copies / "high" / f"{at}.wav" for at in (3, 7)] + [copies / "low" / "1.wav"]
    for file in silent:
        shutil.copy(folder / "silent.wav", file)
    net = tmp_path / "net.npz"
    message = (
        f"3 of 24 recordings of {copies} are left out, because no word is heard in them: "
        "high/3.wav, high/7.wav, low/1.wav.\n"
    )
    assert message in success(capfd, "train", "--dataset", copies, *QUICK, "-o", net).err
    parts = result_of(capfd, "run", net, "--dataset", copies)["summary"]["count"]
    assert parts == 5  # a fifth of 21
    ended = success(capfd, "run", net, "--input", copies)
    assert message in ended.err
    assert "of 21" in ended.out
    samples = read(copies)[0]
    assert len(samples.x) == len(samples.labels) == 21
    files = [samples.where(at) for at in range(21)]
    assert not {*files} & {*map(str, silent)}
    assert [str(copies / label / "") for label in samples.labels] == [
        os.path.dirname(file) for file in files
    ]


@pytest.mark.parametrize("suffix", [".wav", ".png"])
def test_all_files_that_cannot_be_read_are_named(tmp_path, suffix):
    (tmp_path / "a").mkdir()
    for at in range(13):
        (tmp_path / "a" / f"{at:02}{suffix}").write_text("no sound, no image")
    with pytest.raises(DataError) as raised:
        read(tmp_path)
    others = ", ".join(f"a/{at:02}{suffix}" for at in range(1, 11))
    assert str(raised.value).startswith(f"{tmp_path / 'a' / f'00{suffix}'} is no readable ")
    assert str(raised.value).endswith(f" 12 other files are refused, too: {others} and 2 more.")
