# SPDX-License-Identifier: BSD-2-Clause
"""What verbs report of hand-made results, word by word."""

from collections.abc import Iterator
from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import pytest

from firstspike.boards.families.pll import MHZ
from firstspike.golden import LearningState, Settings
from firstspike.golden.results import UNCOUNTED
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.formats import VERSION
from firstspike.hdl.link.protocol.lines import Line
from firstspike.scripts.learning.session import cycle_sums, rates
from firstspike.scripts.recordings import WordPosition
from firstspike.scripts.selftest.report import page, report_of
from firstspike.scripts.selftest.stages import Stage
from firstspike.scripts.targets import golden
from firstspike.scripts.training_summary import MOST, sentences
from firstspike.scripts.verbs.check import mutants
from firstspike.scripts.verbs.run import listening
from firstspike.sim.benches.link import fuzz, rate
from firstspike.sim.harness import runner
from firstspike.sim.mutants import faults
from tests.command_line.test_selftest import IDENTITY
from tests.support import in_process
from tests.support.command import firstspike, toy_network

pytestmark = pytest.mark.fast

TESTED = """
board           ulx3s-12f
clock           75 MHz
network         {} (35-12-4)
design          0000000000000000
lanes           4, 4
firstspike      {}
seed            1
weights         passed: 480 weights written and read back in 0.25 s
digits          passed: 60 images, 0 differences, 58 right, 99.5 cycles in the mean; 60 per second \
over the link
memory          passed: 5 images, 2 times, 0 differences; 1000 per second
hostile frames  passed: 9 in 1.5 s, 0 of them did harm
learning        not in this design
verdict         passed
sha256          {}
"""
SENSED = """
board       not named
sensor      pdm
clock       75 MHz
network     {} (35-12-4)
design      0000000000000000
lanes       4, 4
firstspike  {}
answers     passed: it is this design, and answers in 0.5 s
sensor      passed: 1 samples in 3000 clock cycles, 4 lost, the loudest 2
lines       FAILED: what was that
more        not reached
verdict     FAILED
sha256      {}
"""


def test_a_self_test_is_reported_with_all_its_figures():
    digits = {"images": 60, "dropped": 0, "right": 58, "cycles": 99.5, "seconds": 1.0}
    tested = report_of(
        *(IDENTITY, "ulx3s-12f", 1),
        [
            Stage("weights", {"weights": 480, "seconds": 0.25}),
            Stage("digits", digits | {"per_second": 60.0}),
            Stage("memory", {"images": 5, "rounds": 2, "cycles": 77, "per_second": 1000}),
            Stage("hostile frames", {"frames": 9, "seconds": 1.5}),
            Stage("learning"),
        ],
    )
    samples = {"samples": 1, "cycles": 3000, "loudest": 2, "lost": 4}
    sensed = report_of(
        *(IDENTITY, None, 2),
        [
            Stage("answers", {"seconds": 0.5}),
            Stage("sensor", samples),
            Stage("lines", failure="what was that"),
            Stage("more"),
        ],
        "pdm",
    )
    ours = version("firstspike")
    for report, text, named in (
        (tested, TESTED, f"{ours}, link {VERSION}"),
        (sensed, SENSED, ours),
    ):
        network, digest = IDENTITY.network.hex()[:16], report["sha256"]
        assert page(report) == text.strip().format(network, named, digest)


def test_rates_have_the_denominators_of_their_names():
    counts = {"done": 8, "images": 8, "right": 2, "updated": 4, "forced": 1}
    rows = {"input_rows": 12, "input_updates": 20, "hidden_rows": 8, "output_updates": 10}
    cycles = {"cycles": 160, "run_on_cycles": 80, "latency_cycles": 66}
    of_updates = {"update_cycles": 60, "update_run_on_cycles": 40}
    all_counts = counts | rows | cycles | of_updates
    more = dict.fromkeys(all_counts, 0) | {"images": 2, "right": 1, "cycles": 40}
    assert rates([all_counts, more | {"latency_cycles": 6}]) == {
        **{"accuracy": 0.3, "updated": 0.4, "forced": 0.1},
        **{"input_rows_per_update": 3, "input_updates_per_update": 5},
        **{"hidden_rows_per_update": 2, "output_updates_per_update": 2.5},
        **{"cycles": 20, "cycles_over_run_on": 2.5, "update_cycles_over_run_on": 1.5},
        "latency_without_update": 12,
    }
    unknown = rates([more | {"updated": 0}, counts | {"updated": 0}])
    assert [name for name, value in unknown.items() if value is not None] == [
        *("accuracy", "updated", "forced")
    ]


def test_cycles_are_summed_if_all_are_counted():
    counted = {
        **{"cycles": np.array([10, 20, 30]), "turnaround": np.array([13, 27, 36])},
        **{"run_on": np.array([12, 22, 32]), "updated": np.array([False, True, False])},
    }
    assert cycle_sums(SimpleNamespace(**counted)) == {
        **{"cycles": 76, "run_on_cycles": 66, "update_cycles": 27, "update_run_on_cycles": 22},
        "latency_cycles": 9,
    }
    for name in counted:
        assert cycle_sums(SimpleNamespace(**counted | {name: None})) == {}
    of_events = counted | {"cycles": np.array([10, UNCOUNTED, 30])}
    assert cycle_sums(SimpleNamespace(**of_events)) == {}


@pytest.mark.parametrize("last_layer", [False, True])
def test_a_state_receives_the_weights_of_the_hardware(last_layer):
    network = toy_network()
    state = LearningState.of(network, 8, last_layer=last_layer)
    wrong = tuple(weights ^ 1 for weights in state.stored)

    class Erring(golden.Target):
        def learned(self, *_):
            return SimpleNamespace(weights=wrong)

    ticks = np.zeros((1, len(network.inputs)), np.int32)
    images = state, ticks, np.zeros(1, int), Settings()
    expected, results = Erring("toy", network, CoreShape(4)).learn(*images)
    assert results.weights is wrong
    assert len(expected) == 1
    assert np.array_equal(
        expected.cycles, Erring("toy", network, CoreShape(4)).run(ticks, None).cycles
    )
    assert len(state.weights) == 2 - last_layer
    for ours, theirs in zip(state.stored[last_layer:], wrong[last_layer:], strict=True):
        assert np.array_equal(ours, theirs)


def test_what_was_heard_is_listed_with_the_reasons_for_silence():
    network = toy_network()
    words = [
        (WordPosition("a.wav", 1.25, isolated), {"word": {"said": said}, "forced": forced} | which)
        for isolated, said, forced, which in (
            (True, True, False, {"class": 2}),
            *[(False, False, True, {})] * 2,
            *[(True, False, True, {})] * 3,
            *[(True, False, False, {})] * 4,
        )
    ]
    assert list(listening(network, words)) == [
        "a.wav, 1.25 s: 2",
        "not said: 2 not isolated, 3 not decided before the deadline, 4 none of the words",
    ]
    assert list(listening(network, words[:1])) == ["a.wav, 1.25 s: 2"]


def test_no_more_than_some_facts_have_sentences():
    for further, last in ((0, None), (2, "The file says 2 more, which --json tells.")):
        found = list(sentences({f"fact{at:03}": at for at in range(MOST + further)}))
        assert found[:MOST] == [f"Its fact{at:03} is {at}." for at in range(MOST)]
        assert found[MOST:] == [last] * bool(further)


# `firstspike check` with stand-ins for the simulations.


@pytest.fixture
def asked(monkeypatch) -> Iterator[list]:
    """The calls of the simulations."""
    monkeypatch.setattr(runner, "check_tools", lambda: None)
    return []


def test_check_link_sends_frames_until_one_does_harm(capfd, monkeypatch, asked):
    def found(seed: str, count: int, *, bits: bool) -> fuzz.Findings:
        asked.append((seed, count, bits))
        harmful = [("long", "00 01", f"{fuzz.LOST}: 2")] if count == 7 else []
        return fuzz.Findings(count, {"long": count - 2, "short": 2}, harmful)

    monkeypatch.setattr(fuzz, "fuzz", found)
    good = firstspike(capfd, "check", "link", "--frames", 4004, status=0).out
    assert asked == [("1.0", 2000, False), ("1.1", 2000, False), ("1.2", 4, False)]
    assert good.splitlines()[:2] == ["long   3998", "short     6"]
    assert good.splitlines()[2:] == [f"0 of 4004: {what}" for what in fuzz.HARMS]
    bad = firstspike(capfd, "check", "link", "--frames", 7, "--bit-by-bit", status=1).out
    assert asked[3:] == [("1.0", 7, True)]
    assert bad.splitlines()[:4] == [
        "long   5",
        "short  2",
        f"long: {fuzz.LOST}: 2, after 00 01",
        f"1 of 7: {fuzz.LOST}",
    ]


def test_check_rate_simulates_the_design_of_the_board(capfd, monkeypatch, asked):
    monkeypatch.setattr(rate, "rate", lambda *of, **more: asked.append((of, more)) or 1234.4)
    words = ("mnist-4bit", "--images", 20, "--board", "icebreaker")
    ended = firstspike(capfd, "check", "rate", *words, status=0)
    (((network, config, pixels, *clock_and_room), line),) = asked
    assert ended.out == (
        "1234 digits a second at 27 MHz and 3 Mbaud "
        "(20 digits, every decision and cycle as golden)\n"
    )
    assert (network.shape, config.unit) == ((784, 379, 10), 16)
    assert pixels.shape == (20, 784)
    assert clock_and_room == [27 * MHZ, 2048]
    assert line == {"line": Line.UART, "baud": 3_000_000}


@pytest.mark.parametrize("missed", [[], ["mean-not-limited"]])
def test_check_mutants_lists_what_finds_each_fault(capfd, monkeypatch, asked, missed):
    monkeypatch.setattr(mutants, "check_tools", lambda: None)
    monkeypatch.setattr(mutants, "shares", in_process.shares)
    monkeypatch.setattr(
        faults,
        "findings",
        lambda task: [(name, "" if name in missed else "!") for name in task.faults],
    )
    names = ("tie-in-a-group", "mean-not-limited")
    ended = firstspike(capfd, "check", "mutants", *names, status=len(missed))
    first, last = "found by several-layers", "MISSED" if missed else "found by frames"
    assert ended.out.splitlines() == [
        f"tie-in-a-group    hdl/core/decision.py  {first}",
        f"mean-not-limited  hdl/motion/frames.py  {last:>{len(first)}}",
        f"{2 - len(missed)} of 2 faults found",
    ]
