# SPDX-License-Identifier: BSD-2-Clause
"""Images on a bus that are ended early: what comes behind a reset or an abort is golden's."""

import pytest

from firstspike.sim.benches.bus.bench import tag_of
from tests.bus.test_bus_core import CORES, images
from tests.support.bus_core import BusRun
from tests.support.bus_learning import LearningRun

BENCH = "firstspike.sim.benches.bus.recovery"


def recover(name, test, count=6, **given):
    """Run a bench, compare its decisions with golden's, and return what it has seen."""
    network, folding = CORES[name]
    pixels, ticks = images(network, count)
    run = BusRun(network, **folding)
    outcome = run.run(test, bench=BENCH, frames=run.frames(ticks, pixels), **given)
    expected = run.expected(ticks, pixels)
    assert outcome.decisions
    for words in outcome.decisions:
        tag = run.map.unpack("decision_time", words[1])["tag"]
        number = tag - tag_of(0)
        right = list(expected[number % count])
        right[1] += run.map.pack("decision_time", tag=tag)
        right[1] -= run.map.pack("decision_time", tag=tag_of(number % count))
        words[2] = right[2] = 0  # cycles
        assert words == right, f"image {number}"
    return outcome.registers


@pytest.mark.parametrize("name", ["events", "bitmap", "overlap"])
def test_what_begins_after_a_soft_reset_is_right(name):
    seen = recover(name, "soft_resets")
    assert all(seen.values()), f"the resets came at no such moment: {seen}"


@pytest.mark.parametrize("name", ["events", "bitmap"])
def test_a_firmware_starts_anew(name):
    recover(name, "restarts", count=3)


@pytest.mark.parametrize("name", ["events", "bytes", "overlap"])
def test_the_rest_of_an_aborted_image_is_dropped(name):
    seen = recover(name, "aborts_amid_streams")
    assert all(seen.values()), f"the aborts came at no such moment: {seen}"


@pytest.mark.parametrize("name", ["events", "bytes"])
def test_a_source_that_was_reset_begins_an_image(name):
    recover(name, "new_sources", count=1)


@pytest.mark.parametrize("name", ["events", "bitmap"])
def test_no_image_has_beats_of_both_ways(name):
    recover(name, "switches", count=3)


@pytest.mark.parametrize("name", ["events", "overlap"])
def test_the_interrupt_is_a_level(name):
    recover(name, "interrupts", count=2)


def test_it_learns_after_a_soft_reset():
    LearningRun().learn("learns_anew", bench=BENCH)
