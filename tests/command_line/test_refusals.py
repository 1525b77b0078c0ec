# SPDX-License-Identifier: BSD-2-Clause
"""Command lines that are refused: the tables in folders `refusals`, one per verb."""

import json
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from firstspike.golden import LearningState
from firstspike.golden.encodings.features import Features
from firstspike.golden.encodings.registry import encoding_of
from firstspike.scripts.shares import work
from firstspike.sim.harness.networks import network_of, random_weights
from tests.command_line.stand_ins import stand_in
from tests.command_line.test_sound import RATE, TONES, spoken
from tests.support.command import toy_network
from tests.support.listening import listening_network
from tests.support.moving import FRONT, small_network
from tests.support.refusals import TABLES, check_refusals
from tests.support.rooms import added

pytestmark = pytest.mark.fast


COLUMNS = ("length", "width", "height", "weight", "age", "wings")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with a file of each kind: networks, data sets, events, a photo."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(1)
    toy = toy_network()
    networks = {
        "toy": toy,
        "ticks": toy_network("ticks"),
        "sound": listening_network(),
        "motion": small_network(),
        "three-axes": small_network(replace(FRONT, downs=(6, 6, 6))),
        "one": network_of(([[5]],), (7,)),
        "oblong": network_of(([[5] * 3] * 12, [[5] * 2] * 3), (7, 5)),
        "many-spikes": replace(LearningState.random((784, 4, 10), 8, 1).network, max_spikes=2),
        "measured": replace(
            toy_network("levels-8"),
            late=-1,
            features=Features(edges=np.linspace(0, 1, 7) + np.zeros((36, 1))),
        ),
        "kinds": replace(
            network_of((np.ones((6, 4), int), np.ones((4, 3), int)), (9, 2), encoding="levels-8"),
            features=Features(np.arange(7.0) + np.zeros((6, 1)), names=COLUMNS),
            classes=("ant", "bee", "wasp"),
        ),
    }
    series = rng.normal(size=(60, 2, 9))
    for encoding in ("levels-8", "crossings-3"):
        features = encoding_of(encoding).fitted(series)
        weights = np.ones((encoding_of(encoding).n_inputs(features, 18), 2), int)
        networks[encoding] = network_of((weights,), (9,), encoding=encoding, features=features)
    for hidden in (0, 2, 4):
        sizes = (784, *[4] * hidden, 10)
        weights = random_weights(np.random.default_rng(1), sizes, -8, 8)
        networks[f"{hidden}-hidden"] = network_of(weights, [5] * len(weights))
    for name, network in networks.items():
        network.save(folder / f"{name}.npz")
    y = np.arange(60) % 2
    (folder / "table.csv").write_text("a,kind\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(60)))
    for suffix in ("csv", "jsonl"):
        (folder / f"binary.{suffix}").write_bytes(bytes(range(128, 256)))
    (folder / "one-class.csv").write_text("x,kind\n" + "1,a\n2,a\n" * 20)
    (folder / "one-each.csv").write_text("x,kind\n1,a\n2,b\n3,c\n")
    (folder / "ragged.csv").write_text("x,y,kind\n" + "1,2,a\n3,4,b\n" * 20 + "1,2\n")
    (folder / "few.csv").write_text("a,kind\n" + "".join(f"{i},{i % 8}\n" for i in range(16)))
    np.savez(folder / "series.npz", x_train=series, y_train=y)
    np.savez(folder / "longer.npz", x_train=series.repeat(2, 2), y_train=y)
    np.savez(folder / "seven.npz", x_train=np.ones((4, 7)), y_train=np.array(["u", "v"] * 2))
    rows = (",".join(COLUMNS) + ",label", "1,2,3,4,5,6,ant", "1,2,3,4,5,6,fly")
    (folder / "fly.csv").write_text("\n".join(rows))
    (folder / "others.csv").write_text("a,kind\n3,0\n4,two\n")
    lines = [json.dumps({"events": [[1 + k, 0], [9, 1]], "label": k % 2}) for k in range(8)] * 8
    (folder / "events.jsonl").write_text("\n".join(lines))
    (folder / "empty").write_text(" \n\n")
    for kind in ("bee", "wasp"):
        (folder / "images" / kind).mkdir(parents=True)
        for at in range(10):
            pixels = rng.integers(0, 256, (6, 6), np.uint8)
            Image.fromarray(pixels).save(folder / "images" / kind / f"{at}.png")
    for word in ("words/high", "words/low", "others/none", "silent/a", "silent/b", "half/a"):
        (folder / word).mkdir(parents=True)
        for at in range(3):
            kind = "low" if word == "others/none" else word.partition("/")[2]
            x = spoken(kind, rng) if kind in TONES else np.zeros(RATE, np.int16)
            wavfile.write(folder / word / f"{at}.wav", RATE, x)
    (folder / "half" / "b").mkdir()
    (folder / "text.wav").write_text("no sound")
    for name in ("photo.png", "photo.bmp"):
        Image.new("L", (6, 6)).save(folder / name)
    for put in added("FILES"):
        put(folder)
    (folder / "nothing.npz").write_bytes(b"PK nonsense")
    return folder


@pytest.fixture
def folder(files, monkeypatch):
    """This folder to work in; 2,500 digits to learn and 500 others stand for the public ones.

    No cluster starts on this machine.
    """
    monkeypatch.chdir(files)
    monkeypatch.setattr(work, "ANSWERS_IN", 1)
    monkeypatch.setattr(work, "_local", lambda workers: nullcontext("tcp://127.0.0.1:2"))
    stand_in(monkeypatch)
    return files


@pytest.mark.parametrize("name", TABLES)
def test_lines_are_refused_with_their_sentence_and_nothing_is_written(capfd, folder, name):
    check_refusals(capfd, name)
