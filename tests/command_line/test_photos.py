# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike run --image` on photos: what is found, said, shown and refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import bundled_test_set, encode, infer, load_network
from firstspike.golden.data.photos import read_photo
from firstspike.golden.data.preparation import SIDE, prepared
from firstspike.scripts.seen import ENLARGED
from tests.page.photos import rendered
from tests.support.command import firstspike, refusal, success

DIGITS = bundled_test_set()[0].reshape(-1, SIDE, SIDE)


@pytest.fixture
def files(tmp_path):
    """Photos of the first digits, one of each kind, and paper without ink."""
    rng = np.random.default_rng(1)
    made = []
    for at, kind in enumerate(("png", "jpg", "JPEG", "webp")):
        made.append(tmp_path / f"{at}.{kind}")
        rendered(DIGITS[at], rng).image.save(made[-1])
    made.append(tmp_path / "paper.png")
    Image.new("L", (40, 30), 222).save(made[-1])
    return made


def test_photos_are_prepared_and_what_was_found_is_said(capfd, tmp_path, files):
    shown = tmp_path / "seen.png"
    words = ("run", "mnist-4bit", "--image", *files)
    ended = firstspike(capfd, *words, "--show", shown)
    photos = [prepared(read_photo(file), SIDE) for file in files]
    for file, photo in zip(files, photos, strict=True):
        told = f"{photo.ink} ink on " if photo.ink else "nothing is on it"
        assert f"{file}: {told}" in ended.out
    network = load_network("mnist-4bit")
    pixels = np.stack([photo.pixels.ravel() for photo in photos])
    decisions = infer(network, encode(network, pixels)).decision.tolist()
    result = json.loads(firstspike(capfd, *words, "--json", "-").out)
    assert [image["class"] for image in result["images"]] == decisions
    assert [image["class"] for image in result["images"][:4]] == [7, 2, 1, 0]
    inks = [photo.ink for photo in photos]
    assert [image["photo"]["ink"] for image in result["images"]] == inks
    assert inks[-1] is None
    seen = np.asarray(Image.open(shown))[ENLARGED // 2 :: ENLARGED, ENLARGED // 2 :: ENLARGED]
    expected = np.hstack([photo.pixels for photo in photos]) > 127
    assert np.array_equal(seen, np.where(expected, 255, 0))


def test_images_are_called_by_their_files(capfd, tmp_path, monkeypatch):
    """With their folders only where files of one name would be told apart by nothing else."""
    monkeypatch.chdir(tmp_path)
    escape, long = "\x1b[31m.png", f"{'long' * 20}.png"
    other = Path("other", "a.png")
    other.parent.mkdir()
    for path in ("a.png", "b.png", escape, long, other):
        Image.new("L", (SIDE, SIDE)).save(path)
    cut = f"{long[:17]} ... {long[-17:]}"
    for files, source, names in (
        ([other], "1 photo", ["a.png"]),
        (["b.png", other], "2 photos", ["b.png", "a.png"]),
        (["a.png", other], "2 photos", ["a.png", "other/a.png"]),
        ([escape, long], "2 photos", [r"\x1b[31m.png", cut]),
    ):
        for raw in ([], ["--raw"]):
            said = firstspike(capfd, "run", "--image", *files, "--spikes", *raw).out
            assert f" on golden, {source}\n" in said
            lines = said.split("\n\n")[1].splitlines()
            assert [line.partition("  ")[0] for line in lines] == ["image", *names]
            assert re.findall("^spikes of image (.*) as", said, re.MULTILINE) == names


def test_what_is_unlike_a_digit_is_said(capfd, tmp_path):
    path = tmp_path / "square.png"
    square = Image.new("RGB", (90, 90), "yellow")
    square.paste("navy", (30, 30, 60, 60))
    square.save(path)
    ended = success(capfd, "run", "--image", path)
    assert "dark ink on light ground; unlike a digit: " in ended.out


def test_raw_pixels_are_left_alone(capfd, tmp_path):
    path, shown = tmp_path / "corner.png", tmp_path / "seen.png"
    corner = np.zeros((SIDE, SIDE), np.uint8)
    corner[:6, :9] = 128
    Image.fromarray(corner).save(path)
    words = ("run", "--image", path, "--raw", "--show", shown)
    (image,) = json.loads(firstspike(capfd, *words, "--json", "-").out)["images"]
    network = load_network("mnist-8bit")
    assert image["class"] == infer(network, encode(network, corner.reshape(1, -1))).decision[0]
    assert "photo" not in image
    seen = np.asarray(Image.open(shown))
    assert np.array_equal(seen[::ENLARGED, ::ENLARGED], np.where(corner, 255, 0))
    Image.new("L", (30, 30)).save(path)
    assert "28 x 28" in refusal(capfd, *words)


def test_dark_ink_that_is_taken_as_it_is_is_told(capfd, tmp_path):
    for ground, told in ((255, True), (0, False)):
        path = tmp_path / f"{ground}.png"
        Image.new("L", (SIDE, SIDE), ground).save(path)
        ended = success(capfd, "run", "--image", path, "--raw")
        assert ("mostly bright" in ended.err) == told
