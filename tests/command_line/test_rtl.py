# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike run` and `compare` on the simulated hardware."""

import json
import sysconfig
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.support.command import firstspike, refusal, success, toy_network

CORE = ("--lanes", "5,2", "--window", 2)


@pytest.fixture(scope="module")
def selection(tmp_path_factory):
    """Words that name the toy network and images for it."""
    folder = tmp_path_factory.mktemp("toy")
    toy_network().save(folder / "toy.npz")
    rng = np.random.default_rng(3)
    images = []
    for _ in range(20):
        ticks = np.sort(rng.integers(1, toy_network().deadline + 1, 25)).tolist()
        inputs = rng.permutation(36)[:25].tolist()
        images.append(list(zip(ticks, inputs, strict=True)))
    lines = [json.dumps({"events": image, "label": int(rng.integers(4))}) for image in images]
    (folder / "events").write_text("\n".join(lines))
    return folder / "toy.npz", "--events", folder / "events"


def test_the_hardware_gives_the_same_result_as_golden(capfd, selection):
    words = ("run", *selection, *CORE, "--spikes", "--json", "-")
    rtl = success(capfd, *words, "--target", "rtl")
    golden = firstspike(capfd, *words)
    assert json.loads(rtl.out) == json.loads(golden.out)


def test_the_hardware_does_not_differ_from_golden(capfd, selection):
    ended = success(capfd, "compare", *selection, *CORE, "--json", "-")
    result = json.loads(ended.out)
    assert result["count"] == 20
    assert result["spikes"] > 0
    assert result["first"] is None


def test_pixels_go_in_as_a_bitmap(capfd, tmp_path, selection):
    toy, *_ = selection
    pixels = np.random.default_rng(4).integers(0, 256, (3, 6, 6), np.uint8)
    files = [tmp_path / f"{image}.png" for image in range(len(pixels))]
    for image, file in zip(pixels, files, strict=True):
        Image.fromarray(image).save(file)
    words = (toy, "--image", *files, *CORE, "--bitmap", 8, "--json", "-")
    rtl = success(capfd, "run", *words, "--target", "rtl")
    assert json.loads(rtl.out) == json.loads(firstspike(capfd, "run", *words).out)


def test_bench_plays_on_the_simulated_core(capfd, tmp_path, selection):
    toy, *_ = selection
    words = {"events": [[8, row] for row in range(1, 36, 2)]}, {"events": [[8, 5], [8, 9]]}
    (tmp_path / "bitmaps").write_text("\n".join(map(json.dumps, words)))
    words = (toy, "--events", tmp_path / "bitmaps", *CORE, "--rounds", 4)
    ended = success(capfd, "bench", *words)
    assert "2 images, 4 times: 8 decisions" in ended.out
    assert "0 differences" in ended.out
    assert "a second" not in ended.out  # a simulation has no clock
    assert "images per second at 75 MHz" in firstspike(capfd, "bench", *words, "--clock", 75).out


def test_networks_whose_neurons_spike_twice_are_refused(capfd, tmp_path, selection):
    replace(toy_network(), max_spikes=2).save(tmp_path / "twice.npz")
    _, *events = selection
    assert "max_spikes" in refusal(capfd, "compare", tmp_path / "twice.npz", *events)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--target", "rtl"),
        ("compare",),
        ("compare", "--target", "netlist", "--board", "icebreaker"),
        ("learn", "mnist-4bit", "--target", "rtl", "-o", "net.npz"),
        ("serve",),
        ("check", "mutants"),
        ("check", "link"),
        ("check", "rate"),
        ("bench",),
    ],
)
def test_a_missing_compiler_is_named_before_anything_is_made(capfd, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert "g++" in refusal(capfd, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("link", ["taken", "missing/link"])
def test_a_link_that_cannot_be_made_is_refused_before_anything_is_made(
    capfd, monkeypatch, tmp_path, link
):
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (tmp_path / "taken").touch()
    assert str(tmp_path / link) in refusal(capfd, "serve", "--symlink", tmp_path / link)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_unwritable_cache_is_named(capfd, monkeypatch, tmp_path, selection):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "file" / "cache"))
    assert str(tmp_path / "file" / "cache") in refusal(capfd, "compare", *selection, *CORE)
