# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike run` and `compare` on the simulated hardware."""

import json
import sysconfig
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts.targets import golden
from firstspike.scripts.targets.specifications import Rtl
from firstspike.scripts.verbs import compare as verb
from tests.support.command import firstspike, refusal, result_of, success, toy_network

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
    return folder / "toy.npz", "--input", folder / "events"


def test_the_hardware_gives_the_same_result_as_golden(capfd, selection):
    words = ("run", *selection, *CORE, "--spikes")
    assert result_of(capfd, *words, "--target", "rtl") == result_of(capfd, *words)


def test_the_hardware_does_not_differ_from_golden(capfd, selection):
    result = result_of(capfd, "compare", *selection, *CORE)
    assert result["count"] == 20
    assert result["spikes"] > 0
    assert result["differences"] == {}
    assert result["first"] is None


@pytest.mark.long
def test_rounds_play_on_the_simulated_core(capfd, tmp_path, selection):
    toy, *_ = selection
    words = {"events": [[8, row] for row in range(1, 36, 2)]}, {"events": [[8, 5], [8, 9]]}
    (tmp_path / "bitmaps").write_text("\n".join(map(json.dumps, words)))
    words = (toy, "--input", tmp_path / "bitmaps", *CORE, "--rounds", 4)
    ended = success(capfd, "compare", *words)
    assert "2 images, 4 times: 8 decisions" in ended.out
    assert "0 differences" in ended.out
    assert "a second" not in ended.out  # a simulation has no clock
    assert "images per second at 75 MHz" in firstspike(capfd, "compare", *words, "--clock", 75).out


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
        ("compare", "--rounds", 2),
    ],
)
def test_a_missing_compiler_is_named_before_anything_is_made(capfd, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    needs = "Error: Verilator needs g++ and make and perl: install the packages of these names."
    assert refusal(capfd, *words) == needs
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("taken", "File exists."),
        ("missing/link", "No such file or directory. Make the folder '{}/missing' first."),
    ],
)
def test_a_link_that_cannot_be_made_is_refused_before_anything_is_made(
    capfd, monkeypatch, tmp_path, link, reason
):
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (tmp_path / "taken").touch()
    told = refusal(capfd, "serve", "--symlink", tmp_path / link)
    assert told == f"Error: cannot use '{tmp_path / link}': {reason.format(tmp_path)}"
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_unwritable_cache_is_named(capfd, monkeypatch, tmp_path, selection):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "file" / "cache"))
    told = refusal(capfd, "compare", *selection, *CORE)
    assert told.startswith(f"Error: cannot use '{tmp_path / 'file' / 'cache'}/")
    assert told.endswith("': Not a directory.")


# `--rows`, `--overlap` and `--clock`: what the verbs make of them, and what they refuse.

ALL_LANES = ("--lanes", 12)
OVERLAP = (*ALL_LANES, "--rows", 4, "--overlap")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Words that name the toy network and a few pictures for it."""
    folder = tmp_path_factory.mktemp("toy")
    toy_network().save(folder / "toy.npz")
    pixels = np.random.default_rng(5).integers(0, 256, (6, 6, 6), np.uint8)
    files = [folder / f"{image}.png" for image in range(len(pixels))]
    for image, file in zip(pixels, files, strict=True):
        Image.fromarray(image).save(file)
    return folder / "toy.npz", "--input", *files


CORES = pytest.mark.parametrize(
    "core",
    [
        ("--lanes", 5, "--rows", 4),
        (*OVERLAP, "--bitmap", 8),
    ],
    ids=["groups", "overlap"],
)


@pytest.mark.long
@CORES
def test_the_hardware_equals_golden(capfd, pictures, core):
    words = ("run", *pictures, *core, "--spikes", "--clock", 50)
    assert result_of(capfd, *words, "--target", "rtl") == result_of(capfd, *words)
    success(capfd, "compare", *pictures, *core)


@pytest.mark.long
def test_rounds_overlap_as_golden_says(capfd, pictures):
    ended = success(capfd, "compare", *pictures, *OVERLAP, "--rounds", 3, "--clock", 50)
    assert "0 differences" in ended.out
    assert "images per second at 50 MHz" in ended.out


@pytest.mark.long
@CORES
def test_verilog_and_vectors_are_of_the_core_that_is_asked_for(capfd, tmp_path, pictures, core):
    rows = core[core.index("--rows") + 1]
    toy, *_ = pictures
    success(capfd, "verilog", toy, *core, "-o", tmp_path / "core.v")
    interface = json.loads((tmp_path / "core.json").read_text())
    assert interface["layers"][0]["rows"] == rows
    success(capfd, "verilog", *pictures, *core, "--vectors", tmp_path / "vectors")
    assert (tmp_path / "vectors" / "core.v").read_text() == (tmp_path / "core.v").read_text()


# `firstspike compare`, on targets that err on purpose.


@pytest.fixture
def three_events(tmp_path):
    """Words that name the toy network and three images for it."""
    toy_network().save(tmp_path / "toy.npz")
    rng = np.random.default_rng(3)
    images = [[[8, int(i)] for i in rng.permutation(36)[:20]] for _ in range(3)]
    (tmp_path / "e").write_text("\n".join(json.dumps({"events": image}) for image in images))
    return tmp_path / "toy.npz", "--input", tmp_path / "e"


@pytest.fixture
def target(monkeypatch):
    """Put a function that changes golden's run in the place of the hardware."""

    def put(change):
        class Erring(golden.Target):
            def run(self, ticks, pixels):
                return change(logged(self.expected(ticks, pixels)))

        open_as(monkeypatch, Erring)

    return put


def open_as(monkeypatch, kind):
    """Open another target in place of the simulated core."""
    monkeypatch.setattr(Rtl, "open", lambda self, *of: kind(*of[:2], self.shape))


def logged(results):
    """Replace the hidden spikes by logs, as hardware reports them."""
    logs = [results.spikes(image) for image in range(len(results))]
    return replace(results, hidden=None, later=None, logs=logs)


def test_a_lost_spike_is_named(capfd, three_events, target):
    lost = []

    def lose(run):
        lost.append(run.logs[1][-1])
        return replace(run, logs=[run.logs[0], run.logs[1][:-1], run.logs[2]])

    target(lose)
    ended = firstspike(capfd, "compare", *three_events)
    (_, tick, neuron), *_ = lost
    assert ended.status == 1
    assert f"image 1, layer 0: no spike, golden has neuron {neuron} at tick {tick}" in ended.out


def test_the_schedule_reaches_target_and_golden(capfd, monkeypatch, three_events):
    seen = []

    class Late(golden.Target):
        def run(self, ticks, pixels):
            seen.append(self.folding)
            results = self.expected(ticks, pixels)
            return replace(results, cycles=np.add(results.cycles, [0, 0, 1]))

    open_as(monkeypatch, Late)
    words = ("compare", *three_events, "--lanes", 5, "--window", 2)
    result = result_of(capfd, *words, status=1)
    network = toy_network()
    folding = Folding.of(network, CoreShape(lanes=5, window=2))
    assert seen == [folding]
    assert result["differences"] == {"cycles": 1}
    assert result["first"]["image"] == 2
    assert result["first"]["found"] == result["first"]["expected"] + 1


def test_differences_are_written_to_a_file_too(capfd, three_events, target, tmp_path):
    target(lambda run: replace(run, decision=run.decision + 1))
    result = tmp_path / "result.json"
    assert firstspike(capfd, "compare", *three_events, "--json", result).status == 1
    first = json.loads(result.read_text())["first"]
    assert (first["image"], first["what"]) == (0, "decision")
    assert first["found"] == first["expected"] + 1


class LastFirst:
    """Work in shares that are done here, the last one first."""

    def results(self, function, tasks, what):
        """Give task and result."""
        for task in reversed(list(tasks)):
            yield task, function(task)


@pytest.mark.parametrize("scheduler", [["--scheduler"], ["--scheduler", "tcp://there:8786"]])
def test_shares_are_put_together_in_order(capfd, three_events, target, monkeypatch, scheduler):
    asked = []

    @contextmanager
    def shares(address):
        asked.append(address)
        yield LastFirst()

    monkeypatch.setattr("firstspike.scripts.shares.work.shares", shares)
    monkeypatch.setattr(verb, "IMAGES", 2)
    target(lambda run: replace(run, tick=run.tick + 1))
    words = ("compare", *three_events, "--target", "rtl", "--json", "-")
    whole = json.loads(firstspike(capfd, *words).out)
    assert whole["differences"] == {"tick": 3}
    shared = firstspike(capfd, *words, *scheduler)
    assert json.loads(shared.out) == whole
    assert "image 0: tick" in shared.err
    assert asked == [*scheduler[1:], None][:1]
