# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike run`: the figures of each image, every way to select images, and bad selections."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import bundled_test_set, encode, events, infer, load_network
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.encodings.features import Features
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts import datasets, selection
from firstspike.scripts.errors import VerbError
from firstspike.scripts.selection import read_image
from firstspike.sim.harness.networks import network_of
from tests.support.command import firstspike, refusal, result_of, success, toy_network
from tests.support.rooms import added
from tests.support.shapes import convolving_network

MEANS = ("tick", "forced", "input_spikes", "hidden_spikes", "lookups", "cycles")


@pytest.fixture
def toy(tmp_path):
    """The file of the toy network."""
    toy_network().save(tmp_path / "toy.npz")
    return tmp_path / "toy.npz"


def line_of(events, **more):
    return json.dumps({"events": events, **more})


def write_events(path, network, ticks, labels=None):
    """An events file of `ticks`, int32 [n, n_rows]."""
    lines = []
    for image, row in enumerate(ticks):
        pairs = [[tick, int(network.inputs[r])] for tick, r in events(row).tolist()]
        lines.append(line_of(pairs, **({} if labels is None else {"label": labels[image]})))
    path.write_text("\n\n".join(lines) + "\n")
    return path


def expected(network, ticks, labels, folding, pixels=None, spikes=False):
    """The images of `run --json`, asked of the golden model."""
    run = infer(network, ticks)
    clock = cycles(network, ticks, run, folding, pixels)
    return [
        {
            "image": i,
            "label": labels[i],
            "class": run.decision[i],
            "tick": run.tick[i],
            "forced": run.forced[i],
            "input_spikes": run.input_spikes[i],
            "hidden_spikes": run.hidden_spikes[i],
            "lookups": run.lookups(network)[i].tolist(),
            "cycles": clock[i],
            **({"spikes": [list(spike) for spike in run.spikes(i)]} if spikes else {}),
        }
        for i in range(len(ticks))
    ]


@pytest.mark.parametrize("spikes", [False, True])
@pytest.mark.parametrize("core", [(), ("--lanes", 8, "--window", 2), ("--bitmap", 32)])
def test_json_gives_the_golden_figures_of_a_data_set(capfd, core, spikes):
    words = ("run", "mnist-4bit", "--images", 30, *core, *["--spikes"] * spikes)
    result = result_of(capfd, *words)
    network = load_network("mnist-4bit")
    pixels, labels = bundled_test_set()
    options = dict(zip([str(word)[2:] for word in core[::2]], core[1::2], strict=True))
    ticks = encode(network, pixels[:30])
    assert result["images"] == expected(
        network, ticks, labels[:30], Folding.of(network, CoreShape(**options)), pixels[:30], spikes
    )
    summary = result["summary"]
    assert summary["count"] == 30
    assert summary["accuracy"] == np.mean(
        [image["class"] == image["label"] for image in result["images"]]
    )
    for name in MEANS:
        values = [image[name] for image in result["images"]]
        assert summary[name] == pytest.approx(np.mean(values, axis=0))


def test_the_default_is_the_first_hundred_digits_on_the_8_bit_network(capfd):
    result = result_of(capfd, "run")
    named = ("run", "mnist-8bit", "--dataset", "mnist", "--images", 100, "--target", "golden")
    assert result_of(capfd, *named) == result
    assert result["summary"]["count"] == 100


def test_events_give_the_same_as_the_pixels_they_come_from(capfd, tmp_path):
    network = load_network("mnist-8bit")
    pixels, labels = bundled_test_set()
    path = write_events(tmp_path / "e", network, encode(network, pixels[:7]), labels[:7].tolist())
    by_events = result_of(capfd, "run", "--input", path, "--spikes")
    assert by_events == result_of(capfd, "run", "--images", 7, "--spikes")


@pytest.mark.parametrize(
    ("encoding", "features", "side"),
    [
        ("binary", None, 6),
        ("levels-8", None, 6),
        ("levels-8", Features(complement=True, constant=True), 5),
    ],
)
def test_png_files_give_the_same_as_their_pixels(capfd, tmp_path, toy, encoding, features, side):
    network = toy_network(encoding)
    if features is not None:
        network = replace(
            network,
            features=features,
            n_inputs=network.coding.n_inputs(features, side * side),
            late=-1,
        )
    network.save(toy)
    pixels = np.random.default_rng(2).integers(0, 256, (5, side * side), np.uint8)
    files = []
    for image, mode in zip(pixels, ("L", "L", "RGB", "RGBA", "LA"), strict=True):
        files.append(tmp_path / f"{len(files)}.png")
        Image.fromarray(image.reshape(side, side)).convert(mode).save(files[-1])
    images = expected(network, encode(network, pixels), [None] * 5, Folding.of(network))
    once = result_of(capfd, "run", toy, "--input", *files)
    repeated = [word for file in files for word in ("--input", file)]
    each = result_of(capfd, "run", *repeated, toy)
    assert once["images"] == each["images"] == images
    assert once["summary"]["accuracy"] is None


@pytest.mark.parametrize("encoding", ["binary", "levels-8"])
def test_named_images_for_pixels_with_complements(capfd, tmp_path, monkeypatch, encoding):
    pixels, labels = bundled_test_set()
    images = Dataset(pixels, labels, pixels, labels)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: images)
    rng = np.random.default_rng(3)
    network = network_of(
        (rng.integers(-20, 30, (1568, 10)),),
        (200,),
        bits=8,
        unit=16,
        deadline=96,
        encoding=encoding,
        features=Features(complement=True),
    )
    network.save(tmp_path / "net.npz")
    told = expected(network, encode(network, pixels[:4]), labels[:4], Folding.of(network))
    result = result_of(capfd, "run", tmp_path / "net.npz", "--images", 4)
    assert result["images"] == told


def test_labels_may_be_missing_and_silent_images_are_images(capfd, tmp_path, toy):
    path = tmp_path / "e"
    path.write_text(
        "\n".join(['{"events": [], "label": 3}', "  ", '{"events": [], "label": null}', "{}"])
    )
    assert "line 4" in refusal(capfd, "run", toy, "--input", path)
    path.write_text('\ufeff{"events": [], "label": 3}\n \n{"events": []}')
    result = result_of(capfd, "run", toy, "--input", path)
    network = toy_network()
    ticks = np.zeros((2, len(network.inputs)), np.int32)
    assert result["images"] == expected(network, ticks, [3, None], Folding.of(network))
    assert result["summary"]["accuracy"] == (result["images"][0]["class"] == 3)


def test_a_label_of_events_is_the_name_of_a_class_even_if_it_is_a_number(capfd, tmp_path):
    replace(toy_network(), classes=("1", "2", "3", "4")).save(tmp_path / "net.npz")
    lines = [line_of([[8, 1]], label=label) for label in (1, "2", 4)]
    (tmp_path / "events").write_text("\n".join(lines))
    result = result_of(capfd, "run", tmp_path / "net.npz", "--input", tmp_path / "events")
    assert [image["label"] for image in result["images"]] == [0, 1, 3]
    (tmp_path / "events").write_text(line_of([], label=0))
    said = refusal(capfd, "run", tmp_path / "net.npz", "--input", tmp_path / "events")
    assert "the label 0 is no class of 1, 2, 3, 4" in said


def test_events_of_unconnected_inputs_are_ignored_in_any_order_inside_a_tick(capfd, tmp_path, toy):
    (tmp_path / "a").write_text(line_of([[8, 9], [8, 0], [8, 4], [9, 1]]))
    (tmp_path / "b").write_text(line_of([[8, 4], [8, 9], [9, 1]]))
    runs = [result_of(capfd, "run", toy, "--input", tmp_path / name) for name in "ab"]
    assert runs[0] == runs[1]


PAIR = "is no pair of integers, [tick, input]."
TICK = "has no tick from 1 to the deadline, 60."
OBJECT = 'this is no object {"events": [[tick, input], ...]}.'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[", "this is not JSON ("),
        ("nan", "this is not JSON ("),
        ("[" * 100_000, "this is not JSON ("),
        ("\\xff", "this is no text in UTF-8: give JSON in UTF-8."),
        ("[[8, 1]]", OBJECT),
        ('{"label": 1}', OBJECT),
        ('{"events": {}}', OBJECT),
        *(
            (line_of([event]), f"the event {json.dumps(event)} {what}")
            for event, what in (
                *((one, PAIR) for one in ([8], [8, 1, 2], 8, [8, 1.0], [True, 1], ["8", 1])),
                *((one, TICK) for one in ([0, 1], [-1, 1], [61, 1])),
                *((one, "has no input from 0 to 35.") for one in ([8, -1], [8, 36])),
            )
        ),
        (line_of([[10**400, 1]]), TICK),
        (line_of([[8, 1], [7, 2]]), "[7, 2] follows one at tick 8: sort the events by tick."),
        (line_of([[8, 1], [8, 1]]), "[8, 1] repeats an input: each spikes once an image."),
        (line_of([[8, 0], [9, 0]]), "[9, 0] repeats an input: each spikes once an image."),
        *(
            (line_of([], label=one), f"the label {json.dumps(one)} is no class from 0 to 3.")
            for one in (4, -1, "x", 3.0, False)
        ),
    ],
)
def test_bad_events_are_refused_with_their_line(capfd, tmp_path, toy, line, message):
    path = tmp_path / "events"
    path.write_bytes(b'{"events": [[8, 1]]}\n\n' + line.encode().replace(b"\\xff", b"\xff") + b"\n")
    sentence = refusal(capfd, "run", toy, "--input", path)
    assert f"{path}, line 3: " in sentence
    assert message in sentence
    assert len(sentence) < 500


UNREADABLE = "is no readable PNG or JPEG or WEBP file."
GREY = "is in colour or has more than 8 bits: save it as 8-bit grey."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text("no picture"), UNREADABLE),
        (lambda path: Image.new("L", (6, 6)).save(path, "GIF"), UNREADABLE),
        (lambda path: Image.new("L", (6, 7)).save(path), "is 6 x 7 pixels: this network takes 6 x"),
        (lambda path: Image.new("1", (9500, 9500)).save(path), "is 9500 x 9500 pixels: this"),
        (lambda path: Image.new("RGB", (6, 6), "red").save(path), GREY),
        (lambda path: Image.new("I;16", (6, 6)).save(path), GREY),
        (lambda path: Image.new("LA", (6, 6)).save(path), "is transparent: save it without an"),
        (lambda path: cut(path), UNREADABLE),
    ],
)
@pytest.mark.filterwarnings("error")  # which would be a second sentence on the terminal
def test_a_wrong_picture_is_refused(capfd, tmp_path, toy, make, message):
    path = tmp_path / "digit.png"
    make(path)
    assert f"{path} {message}" in refusal(capfd, "run", toy, "--input", path)


def cut(path):
    """A PNG file whose second half is missing; returns its path."""
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 6), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_no_cycles_are_given_for_networks_that_hardware_does_not_run(capfd, tmp_path, toy):
    network = replace(toy_network(), max_spikes=3)
    network.save(toy)
    pixels = np.full((1, 36), 255, np.uint8)
    path = write_events(tmp_path / "e", network, encode(network, pixels))
    result = result_of(capfd, "run", toy, "--input", path)
    run = infer(network, encode(network, pixels))
    assert run.hidden_spikes[0] > run.spikes_in[0, 1:].sum(), "some neuron spikes more than once"
    assert result["images"][0]["hidden_spikes"] == run.hidden_spikes[0]
    assert result["images"][0]["cycles"] is None
    assert result["summary"]["cycles"] is None


@pytest.mark.parametrize("verb", ["info", "run", *added("WRITE_JSON")])
def test_json_goes_whole_into_a_file_or_not_at_all(capfd, tmp_path, verb):
    words = (verb, "mnist-4bit", *([] if verb == "info" else ["--images", 2]), "--json")
    result = tmp_path / "result.json"
    success(capfd, *words, result)
    assert json.loads(result.read_text()) == json.loads(firstspike(capfd, *words, "-").out)
    missing = tmp_path / "missing" / "result.json"
    assert str(missing) in refusal(capfd, *words, missing)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_events_that_would_fill_the_memory_are_refused(capfd, tmp_path, toy, monkeypatch):
    monkeypatch.setattr(selection, "MOST_BYTES", 4 * 35 * 9)
    path = tmp_path / "events"
    path.write_text('{"events": [[8, 1]]}\n' * 9)
    success(capfd, "run", toy, "--input", path)
    path.write_text('{"events": [[8, 1]]}\n' * 10)
    assert "more than 9 images of 35 inputs" in refusal(capfd, "run", toy, "--input", path)


def test_an_oblong_picture_of_the_size_of_a_convolution_is_read(tmp_path):
    pixels = np.arange(30, dtype=np.uint8)
    Image.fromarray(pixels.reshape(6, 5)).save(tmp_path / "upright.png")
    Image.fromarray(pixels.reshape(5, 6)).save(tmp_path / "lying.png")
    network = convolving_network(maps=1)
    assert (read_image(network, str(tmp_path / "upright.png")) == pixels).all()
    with pytest.raises(VerbError, match=r"is 6 x 5 pixels: this network takes 5 x 6\."):
        read_image(network, str(tmp_path / "lying.png"))
    oblong = network_of(([[5] * 3] * 12, [[5] * 2] * 3), (7, 5))
    with pytest.raises(VerbError, match="give a folder with a sub-folder per class, or events"):
        read_image(oblong, str(tmp_path / "upright.png"))
