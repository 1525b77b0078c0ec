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


@pytest.mark.parametrize(
    ("moments", "name"),
    [
        *(("soft_resets", name) for name in ("events", "bitmap", "overlap")),
        *(("aborts_amid_streams", name) for name in ("events", "bytes", "overlap")),
    ],
)
def test_what_begins_after_a_reset_or_an_abort_is_right(moments, name):
    seen = recover(name, moments)
    assert all(seen.values()), f"they came at no such moment: {seen}"


@pytest.mark.parametrize(
    ("early_end", "name", "count"),
    [
        *(("restarts", name, 3) for name in ("events", "bitmap")),
        *(("new_sources", name, 1) for name in ("events", "bytes")),
        *(("switches", name, 3) for name in ("events", "bitmap")),
        *(("interrupts", name, 2) for name in ("events", "overlap")),
    ],
)
def test_firmware_source_and_interrupt_may_begin_anew(early_end, name, count):
    recover(name, early_end, count)


def test_it_learns_after_a_soft_reset():
    LearningRun().learn("learns_anew", bench=BENCH)
