# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike compare`, on targets that err on purpose."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts import targets
from firstspike.scripts.targets import golden
from firstspike.scripts.verbs import compare as verb
from tests.support.command import firstspike, refusal, success, toy_network


@pytest.fixture
def selection(tmp_path):
    """Words that name the toy network and three images for it."""
    toy_network().save(tmp_path / "toy.npz")
    rng = np.random.default_rng(3)
    images = [[[8, int(i)] for i in rng.permutation(36)[:20]] for _ in range(3)]
    (tmp_path / "e").write_text("\n".join(json.dumps({"events": image}) for image in images))
    return tmp_path / "toy.npz", "--events", tmp_path / "e"


@pytest.fixture
def target(monkeypatch):
    """Put a function that changes golden's run in the place of the hardware."""

    def put(change):
        class Erring(golden.Target):
            def run(self, ticks, pixels):
                return change(logged(self.expected(ticks, pixels)))

        monkeypatch.setattr(targets, "target_class", lambda _: Erring)

    return put


def logged(results):
    """Replace the hidden spikes by logs, as hardware reports them."""
    logs = [results.spikes(image) for image in range(len(results))]
    return replace(results, hidden=None, later=None, logs=logs)


def test_equal_runs_end_with_status_0(capfd, selection, target):
    target(lambda run: run)
    ended = success(capfd, "compare", *selection, "--target", "rtl", "--json", "-")
    result = json.loads(ended.out)
    assert result["count"] == 3
    assert result["differences"] == {}
    assert result["first"] is None
    assert "0 differences" in ended.err


def test_a_lost_spike_is_named(capfd, selection, target):
    lost = []

    def lose(run):
        lost.append(run.logs[1][-1])
        return replace(run, logs=[run.logs[0], run.logs[1][:-1], run.logs[2]])

    target(lose)
    ended = firstspike(capfd, "compare", *selection)
    (_, tick, neuron), *_ = lost
    assert ended.status == 1
    assert f"image 1, layer 0: no spike, golden has neuron {neuron} at tick {tick}" in ended.out


def test_the_schedule_reaches_target_and_golden(capfd, monkeypatch, selection):
    seen = []

    class Late(golden.Target):
        def run(self, ticks, pixels):
            seen.append(self.folding)
            results = self.expected(ticks, pixels)
            return replace(results, cycles=np.add(results.cycles, [0, 0, 1]))

    monkeypatch.setattr(targets, "target_class", lambda _: Late)
    ended = firstspike(capfd, "compare", *selection, "--lanes", 5, "--window", 2, "--json", "-")
    assert ended.status == 1
    network = toy_network()
    folding = Folding.of(network, CoreShape(lanes=5, window=2))
    assert seen == [folding]
    result = json.loads(ended.out)
    assert result["differences"] == {"cycles": 1}
    assert result["first"]["image"] == 2
    assert result["first"]["found"] == result["first"]["expected"] + 1


def test_differences_are_written_to_a_file_too(capfd, selection, target, tmp_path):
    target(lambda run: replace(run, decision=run.decision + 1))
    result = tmp_path / "result.json"
    assert firstspike(capfd, "compare", *selection, "--json", result).status == 1
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
def test_shares_are_put_together_in_order(capfd, selection, target, monkeypatch, scheduler):
    asked = []

    @contextmanager
    def shares(address):
        asked.append(address)
        yield LastFirst()

    monkeypatch.setattr(verb, "shares", shares)
    monkeypatch.setattr(verb, "IMAGES", 2)
    target(lambda run: replace(run, tick=run.tick + 1))
    words = ("compare", *selection, "--target", "rtl", "--json", "-")
    whole = json.loads(firstspike(capfd, *words).out)
    assert whole["differences"] == {"tick": 3}
    shared = firstspike(capfd, *words, *scheduler)
    assert json.loads(shared.out) == whole
    assert "image 0: tick" in shared.err
    assert asked == [*scheduler[1:], None][:1]


def test_only_simulated_hardware_is_shared_out(capfd, selection, target):
    target(lambda run: run)
    said = refusal(capfd, "compare", *selection, "--target", "board", "--scheduler")
    assert "--scheduler goes with --target rtl without --overlap" in said
