# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike plot`: pictures and curves."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from PIL import Image

from firstspike.golden import bundled_test_set, encode, infer, load_network, potentials
from firstspike.golden.data.photos import read_photo
from firstspike.golden.data.preparation import SIDE, prepare_photo
from firstspike.golden.encodings.features import Features
from firstspike.golden.encodings.levels import pixel_levels
from firstspike.golden.encodings.registry import encoding_of
from firstspike.scripts import figures
from firstspike.scripts.picture_view import ENLARGED
from firstspike.sim.harness.networks import network_of
from tests.support.command import (
    deep_toy_network,
    firstspike,
    refusal,
    result_of,
    success,
    toy_network,
)
from tests.support.photos import rendered
from tests.support.simulators import sampled


@pytest.mark.parametrize("more", sampled([((),), (("--images", 50),)], 2))
def test_plot_draws_a_picture(capfd, tmp_path, more):
    path = tmp_path / "digit.png"
    success(capfd, "plot", "mnist-4bit", "--number", 3, *more, "-o", path)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels == (214, 39, 40)).all(2).any(), "the decision is marked in red"
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    assert [file.name for file in tmp_path.iterdir()] == ["digit.png"]


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plot_writes_the_format_that_the_name_says(capfd, tmp_path, suffix, start):
    path = tmp_path / f"digit.{suffix}"
    success(capfd, "plot", "mnist-4bit", "-o", path)
    assert path.read_bytes().startswith(start)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that `plot` draws."""
    drawn, draw = [], figures.picture
    monkeypatch.setattr(figures, "picture", lambda *of: drawn.append(draw(*of)) or drawn[-1])
    return drawn


def sample_panel(figure):
    """The axes with the sample, which is drawn after the rasters and before the counts."""
    return figure.findobj(Axes)[-2]


def test_a_photo_is_drawn_as_the_network_sees_it(capfd, tmp_path, drawn):
    photo, written = tmp_path / "five.jpg", tmp_path / "spikes.png"
    digit = bundled_test_set()[0][8].reshape(SIDE, SIDE)
    rendered(digit, np.random.default_rng(1)).image.save(photo)
    ended = success(capfd, "plot", "mnist-4bit", "--input", photo, "-o", written)
    assert ended.out == f"{photo}: dark ink on light ground\nwrote {written}\n"
    panel = sample_panel(drawn[0])
    assert panel.get_title() == "five.jpg"
    pixels = prepare_photo(read_photo(str(photo)), SIDE).pixels
    assert np.array_equal(panel.images[0].get_array(), pixels > 127)
    network = load_network("mnist-4bit")
    run = infer(network, encode(network, pixels.reshape(1, -1)))
    decided = f"{run.decision[0]}, decided at tick {run.tick[0]}"
    assert drawn[0].findobj(Axes)[0].get_title() == decided


def test_a_raw_photo_is_drawn_with_its_levels(capfd, tmp_path, drawn):
    toy_network("levels-4").save(tmp_path / "toy.npz")
    pixels = np.random.default_rng(1).integers(0, 200, (6, 6), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "six.png")
    words = ("plot", tmp_path / "toy.npz", "--input", tmp_path / "six.png")
    success(capfd, *words, "-o", tmp_path / "spikes.svg")
    (image,) = sample_panel(drawn[-1]).images
    assert np.array_equal(image.get_array(), pixel_levels(pixels, 4))
    assert image.get_clim() == (0, 3), "a level has its brightness on every photo"


def test_a_photo_that_cannot_be_drawn_is_refused_as_run_refuses_it(capfd, tmp_path):
    photo = tmp_path / "six.png"
    Image.new("L", (6, 6)).save(photo)
    toy_network("ticks").save(tmp_path / "ticks.npz")
    toy_network().save(tmp_path / "small.npz")
    Image.new("L", (7, 6)).save(photo)
    for net in (tmp_path / "ticks.npz", tmp_path / "small.npz"):
        words = (net, "--input", photo)
        sentence = refusal(capfd, "plot", *words, "-o", tmp_path / "p.png")
        assert sentence == refusal(capfd, "run", *words)
    assert not (tmp_path / "p.png").exists()


def table_network(n, names=()):
    """A network of a table with n features of different ranges."""
    rng = np.random.default_rng(1)
    edges = np.arange(1, 8) * 10.0 ** (np.arange(n) % 5)[:, None]
    return network_of(
        (rng.integers(-30, 90, (n, 6)), rng.integers(-60, 120, (6, 3))),
        (300, 200),
        bits=8,
        encoding="levels-8",
        features=Features(edges, names=names),
    )


@pytest.mark.parametrize("n", [4, 13, 30, 36, 100])
def test_a_row_of_a_table_is_drawn_by_its_levels_and_names(n):
    names = tuple(f"feature {at}" for at in range(n))
    network = table_network(n, names)
    row = np.arange(n) % 8 * 10.0 ** (np.arange(n) % 5)
    panel = sample_panel(figures.picture(network, row, 1, "a row"))
    if n in (36, 100):
        assert panel.images, "so many may be the pixels of a square"
        return
    lengths = [bar.get_width() for bar in panel.patches]
    assert lengths == network.coding.values(network, row[None])[0].tolist()
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels == [f"{name} = {value:.4g}" for name, value in zip(names, row, strict=True)]


def test_of_many_features_some_have_names_that_do_not_touch():
    names = tuple(f"a name that is long: {at}" for at in range(90))
    figure = figures.picture(table_network(90, names), np.zeros(90), None, "a row")
    panel = sample_panel(figure)
    assert len(panel.patches) == 90
    check_apart(figure, panel.get_yticklabels(), panel)
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels[1] == "a name that is long: 3 = 0"


def test_features_without_names_and_ticks_have_bars_too():
    panel = sample_panel(figures.picture(table_network(3), np.array([3.0, 20, 100]), 1, "a row"))
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels == ["[0] = 3", "[1] = 20", "[2] = 100"]
    ticks = replace(table_network(3), encoding="ticks", features=None)
    panel = sample_panel(figures.picture(ticks, np.array([3, 20, 0]), 1, "ticks"))
    assert [bar.get_width() for bar in panel.patches] == [3, 20, 0]


@pytest.mark.parametrize("encoding", ["levels-8", "crossings-7"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_time_series_is_drawn_as_curves(capfd, tmp_path, drawn, encoding, channels):
    """In either encoding, and the title of the picture names the sample."""
    x = np.random.default_rng(1).normal(size=(8, channels, 12))
    coding = encoding_of(encoding)
    features = coding.fitted(x)
    n_inputs = coding.n_inputs(features, channels * 12)
    weights = (np.ones((n_inputs, 4), int), np.ones((4, 2), int))
    network = network_of(weights, (9, 2), encoding=encoding, features=features)
    network.save(tmp_path / "net.npz")
    np.savez(tmp_path / "waves.npz", x_train=x, y_train=np.arange(8) % 2)
    words = ("--input", tmp_path / "waves.npz", "--number", 5, "-o", tmp_path / "p.png")
    success(capfd, "plot", tmp_path / "net.npz", *words)
    panel = sample_panel(drawn[0])
    assert np.array_equal([line.get_ydata() for line in panel.lines], x[5])
    assert " ".join(panel.get_title().split()) == "sample 5 of waves.npz: 1"
    names = [text.get_text() for legend in panel.findobj(Legend) for text in legend.texts]
    assert names == [f"channel {number}" for number in range(channels) if channels > 1]


def test_a_square_of_numbers_is_an_image():
    panel = sample_panel(figures.picture(table_network(36), np.zeros((6, 6)), 1, "a square"))
    assert panel.images
    assert not panel.lines


def check_apart(figure, texts, panel):
    """Texts that descend do not touch, and are as high as a panel at most."""
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts]
    assert all(lower.y1 <= upper.y0 + 0.5 for upper, lower in pairwise(boxes))
    assert boxes[0].y1 <= panel.bbox.y1 + 3
    assert boxes[-1].y0 >= panel.bbox.y0 - 3


@pytest.mark.parametrize("image", range(4))
def test_names_of_outputs_stay_in_their_panel(image):
    network = load_network("mnist-8bit")
    figure = figures.picture(network, bundled_test_set()[0][image], None, "a digit")
    panel = figure.findobj(Axes)[-3]
    assert panel.get_ylabel() == "M(z) of the outputs"
    beside = [text for text in panel.texts if text.get_text().isdigit()]
    named = [text.get_text() for text in beside]
    for text in panel.texts[len(beside) :]:
        named += text.get_text().removeprefix("below: ").split(", ")
    assert sorted(named) == [str(output) for output in range(10)]
    assert (len(beside) < 10) == (image != 3), "of three images some lines leave the panel"
    check_apart(figure, beside, panel)


@pytest.mark.parametrize("deadline", [60, (1 << 24) - 1])
@pytest.mark.parametrize("made", [toy_network, deep_toy_network, lambda: table_network(5)])
@pytest.mark.parametrize("max_spikes", [1, 3])
def test_outputs_are_drawn_as_the_definition_has_them(made, max_spikes, deadline):
    """Of a late deadline only the corners of the lines are computed, and not every tick."""
    network = replace(made(), max_spikes=max_spikes, deadline=deadline)
    sample = np.random.default_rng(1).integers(0, 256, network.n_features, np.uint8)
    figure = figures.picture(network, sample, None, "a sample")
    membranes, raster = figure.findobj(Axes)[-3], figure.findobj(Axes)[-4]
    z = membranes.lines[0].get_xdata()
    end = min(1000, round(membranes.get_xlim()[1] * network.unit))  # the definition has every tick
    early = replace(network, deadline=max(end, 6 * network.unit))
    M = potentials(early, encode(early, sample[None])[0])[-1][: end + 1]
    for output, line in enumerate(membranes.lines[: M.shape[1]]):
        drawn = np.interp(np.arange(len(M)) / network.unit, z, line.get_ydata())
        assert drawn == pytest.approx(M[:, output] / (network.thresholds[-1] * network.unit))
    dots = raster.collections[0].get_offsets()
    for output, fires in enumerate((M[1:] >= 0).T):
        first = [(fires.argmax() + 1) / network.unit] if fires.any() else []
        drawn = dots[(dots[:, 1] == output) & (dots[:, 0] <= end / network.unit), 0]
        assert drawn.tolist() == first


@pytest.mark.parametrize("n", [1, 5, 11])
def test_names_are_spread_no_more_than_they_must(n):
    """A name that is not at its place touches a neighbour or a bound, which moved the name."""
    rng = np.random.default_rng(n)
    for _ in range(100):
        wanted = np.sort(rng.uniform(-8, 8, n))[::-1]
        found = figures.spread(wanted, -5, 5, 1)
        gaps = -np.diff(found, prepend=6, append=-6)  # bounds are neighbours, too
        assert np.all(gaps >= 1 - 1e-9)
        touches = np.isclose(gaps, 1)
        lowered, raised = found < wanted - 1e-9, found > wanted + 1e-9
        assert np.all(touches[:-1][lowered])
        assert np.all(touches[1:][raised])


# `firstspike run --input` on photos: what is found, said, shown and refused.

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
    words = ("run", "mnist-4bit", "--input", *files)
    ended = firstspike(capfd, *words, "--plot", shown)
    photos = [prepare_photo(read_photo(file), SIDE) for file in files]
    for file, photo in zip(files, photos, strict=True):
        told = f"{photo.ink} ink on " if photo.ink else "nothing is on it"
        assert f"{file}: {told}" in ended.out
    network = load_network("mnist-4bit")
    pixels = np.stack([photo.pixels.ravel() for photo in photos])
    decisions = infer(network, encode(network, pixels)).decision.tolist()
    result = result_of(capfd, *words)
    assert [image["class"] for image in result["images"]] == decisions
    assert [image["class"] for image in result["images"][:4]] == [7, 2, 1, 0]
    inks = [photo.ink for photo in photos]
    assert [image["photo"]["ink"] for image in result["images"]] == inks
    assert inks[-1] is None
    seen = np.asarray(Image.open(shown))[ENLARGED // 2 :: ENLARGED, ENLARGED // 2 :: ENLARGED]
    expected = np.hstack([photo.pixels for photo in photos]) > 127
    assert np.array_equal(seen, np.where(expected, 255, 0))


def test_images_are_called_by_their_files(capfd, tmp_path, monkeypatch):
    """Folders are named only where two files have the same name."""
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
        said = firstspike(capfd, "run", "--input", *files, "--spikes").out
        assert f" on golden, {source}\n" in said
        lines = said.split("\n\n")[1].splitlines()
        assert [line.partition("  ")[0] for line in lines] == ["image", *names]
        assert re.findall("^spikes of image (.*) as", said, re.MULTILINE) == names


def test_what_is_unlike_a_digit_is_said(capfd, tmp_path):
    path = tmp_path / "square.png"
    square = Image.new("RGB", (90, 90), "yellow")
    square.paste("navy", (30, 30, 60, 60))
    square.save(path)
    ended = success(capfd, "run", "--input", path)
    assert "dark ink on light ground; unlike a digit: " in ended.out


def test_a_dark_picture_of_the_size_is_taken_as_it_is(capfd, tmp_path):
    path, shown = tmp_path / "corner.png", tmp_path / "seen.png"
    corner = np.zeros((SIDE, SIDE), np.uint8)
    corner[:6, :9] = 128
    Image.fromarray(corner).save(path)
    words = ("run", "--input", path, "--plot", shown)
    (image,) = result_of(capfd, *words)["images"]
    network = load_network("mnist-8bit")
    assert image["class"] == infer(network, encode(network, corner.reshape(1, -1))).decision[0]
    assert image["photo"]["ink"] == "light"
    seen = np.asarray(Image.open(shown))
    assert np.array_equal(seen[::ENLARGED, ::ENLARGED], np.where(corner, 255, 0))


@pytest.mark.parametrize("change", ["bright", "colour", "size"])
def test_any_other_picture_is_prepared(capfd, tmp_path, change):
    path, side = tmp_path / "digit.png", SIDE + (change == "size")
    pixels = np.zeros((side, side), np.uint8)
    pixels[:SIDE, :SIDE] = DIGITS[0]
    image = Image.fromarray(255 - pixels if change == "bright" else pixels).convert("RGB")
    if change == "colour":
        image.putpixel((0, 0), (0, 0, 9))
    image.save(path)
    (found,) = result_of(capfd, "run", "--input", path)["images"]
    photo = prepare_photo(read_photo(str(path)), SIDE)
    network = load_network("mnist-8bit")
    ticks = encode(network, photo.pixels.reshape(1, -1))
    assert found["input_spikes"] == infer(network, ticks).input_spikes[0]
    assert found["photo"]["ink"] == photo.ink
