"""`firstspike run` and `compare` on the simulated hardware."""

import json
import sysconfig

import numpy as np
import pytest
from command_line import firstspike, refusal, toy_network

CORE = ("--lanes", 5, "--window", 2)


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
    rtl = firstspike(capfd, *words, "--target", "rtl")
    assert rtl.status == 0
    golden = firstspike(capfd, *words)
    assert json.loads(rtl.out) == json.loads(golden.out)


def test_the_hardware_does_not_differ_from_golden(capfd, selection):
    ended = firstspike(capfd, "compare", *selection, *CORE, "--json", "-")
    assert ended.status == 0
    result = json.loads(ended.out)
    assert result["count"] == 20
    assert result["spikes"] > 0
    assert result["first"] is None


def test_a_missing_compiler_is_named(capfd, monkeypatch, tmp_path, selection):
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"))
    assert "g++" in refusal(capfd, "compare", *selection, *CORE)


def test_an_unwritable_cache_is_named(capfd, monkeypatch, tmp_path, selection):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "file" / "cache"))
    assert str(tmp_path / "file" / "cache") in refusal(capfd, "compare", *selection, *CORE)
