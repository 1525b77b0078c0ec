# SPDX-License-Identifier: BSD-2-Clause
"""`--rows`, `--overlap` and `--clock`: what the verbs make of them, and what they refuse."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.support.command import firstspike, refusal, success, toy_network

ALL_LANES = ("--lanes", 12)
OVERLAP = (*ALL_LANES, "--rows", 4, "--overlap")


@pytest.fixture(scope="module")
def selection(tmp_path_factory):
    """Words that name the toy network and a few pictures for it."""
    folder = tmp_path_factory.mktemp("toy")
    toy_network().save(folder / "toy.npz")
    pixels = np.random.default_rng(5).integers(0, 256, (6, 6, 6), np.uint8)
    files = [folder / f"{image}.png" for image in range(len(pixels))]
    for image, file in zip(pixels, files, strict=True):
        Image.fromarray(image).save(file)
    return folder / "toy.npz", "--image", *files


CORES = pytest.mark.parametrize(
    "core",
    [
        ("--lanes", 5, "--rows", 4),
        (*ALL_LANES, "--rows", 2),
        (*ALL_LANES, "--rows", 2, "--bitmap", 10),
        (*OVERLAP, "--bitmap", 8),
    ],
    ids=["groups", "one group", "bitmap", "overlap"],
)


@CORES
def test_the_hardware_equals_golden(capfd, selection, core):
    words = ("run", *selection, *core, "--spikes", "--clock", 50, "--json", "-")
    rtl = success(capfd, *words, "--target", "rtl")
    found, golden = json.loads(rtl.out), json.loads(firstspike(capfd, *words).out)
    assert found == golden
    success(capfd, "compare", *selection, *core)


def test_bench_overlaps_as_golden_says(capfd, selection):
    ended = success(capfd, "bench", *selection, *OVERLAP, "--rounds", 3, "--clock", 50)
    assert "0 differences" in ended.out
    assert "images per second at 50 MHz" in ended.out


@CORES
def test_verilog_and_vectors_are_of_the_core_that_is_asked_for(capfd, tmp_path, selection, core):
    rows = core[core.index("--rows") + 1]
    toy, *_ = selection
    success(capfd, "verilog", toy, *core, "-o", tmp_path / "core.v")
    interface = json.loads((tmp_path / "core.json").read_text())
    assert interface["layers"][0]["rows"] == rows
    success(capfd, "vectors", *selection, *core, "-o", tmp_path / "vectors")
    assert (tmp_path / "vectors" / "core.v").read_text() == (tmp_path / "core.v").read_text()


@pytest.mark.parametrize("verb", ["run", "compare", "verilog", "vectors", "serve", "bench"])
def test_what_no_core_can_do_is_refused_in_one_sentence(
    capfd, monkeypatch, tmp_path, selection, verb
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    toy, *images = selection
    given = () if verb in ("verilog", "serve") else images
    output = {"verilog": ("-o", "core.v"), "vectors": ("-o", "vectors")}.get(verb, ())
    words = (verb, toy, *given, *ALL_LANES, *output)
    assert "images overlap in a core with a bitmap" in refusal(capfd, *words, "--overlap")
    if verb not in ("serve", "bench"):
        said = refusal(capfd, *words, "--rows", 4, "--bitmap", 10)
        assert "a multiple of 4 bits, not 10" in said
    if verb in ("verilog", "serve"):
        assert "adds one row per cycle" in refusal(capfd, *words, "--rows", 2, "--learn")
    assert "'3' is not one of '1', '2', '4'" in refusal(capfd, *words, "--rows", 3)
    assert list(tmp_path.iterdir()) == []
