# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check`: what it asks of its benches, and prints of their results."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from firstspike.golden import load_network
from firstspike.scripts.verbs.check import mutants as verb
from firstspike.sim.benches.link import fuzz, rate
from firstspike.sim.mutants import faults
from firstspike.sim.mutants.targets import TARGETS
from tests.support.command import firstspike, success

pytestmark = pytest.mark.fast


def test_hostile_frames_are_sent_until_one_does_harm(capfd, monkeypatch):
    asked = []

    def findings(seed, count, *, bits):
        asked.append((seed, count, bits))
        harmful = [("cut", "00 ff", fuzz.LOST)] if len(asked) == 2 else []
        return fuzz.Findings(count, {"cut": count - 1, "long": 1}, harmful)

    monkeypatch.setattr(fuzz, "fuzz", findings)
    words = ("check", "link", "--frames", 2 * fuzz.BATCH + 1, "--bit-by-bit")
    ended = firstspike(capfd, *words, status=1)
    assert asked == [("1.0", fuzz.BATCH, True), ("1.1", fuzz.BATCH, True)]
    sent = 2 * fuzz.BATCH
    assert [" ".join(line.split()) for line in ended.out.splitlines()] == [
        f"cut {sent - 2}",
        "long 2",
        f"cut: {fuzz.LOST}, after 00 ff",
        *(f"{int(harm == fuzz.LOST)} of {sent}: {harm}" for harm in fuzz.HARMS),
    ]


def test_a_fault_on_purpose_that_is_missed_is_said(capfd, monkeypatch):
    one, other = [fault for fault in faults.FAULTS if fault.check not in TARGETS][:2]
    verdicts = {one.name: "differs", other.name: ""}
    work = SimpleNamespace(results=lambda *_, what: [(None, verdicts)])
    monkeypatch.setattr(verb, "shares", lambda _: nullcontext(work))
    ended = firstspike(capfd, "check", "mutants", one.name, other.name, status=1)
    first, second, last = ended.out.splitlines()
    assert first.split()[0] == one.name
    assert first.endswith(f"found by {one.check}")
    assert second.endswith("MISSED")
    assert last == "1 of 2 faults found"


@pytest.mark.parametrize(("link", "speed"), [("uart", "3 Mbaud"), ("spi", "6.75 Mbit/s of SPI")])
def test_the_rate_of_digits(capfd, monkeypatch, link, speed):
    asked = []
    monkeypatch.setattr(rate, "rate", lambda *of, **more: asked.append((of, more)) or 123.4)
    ended = success(capfd, "check", "rate", "mnist-4bit", "--images", 5, "--link", link)
    compared = "5 digits, every decision and cycle as golden"
    assert ended.out == f"123 digits a second at 27 MHz and {speed} ({compared})\n"
    (((network, config, pixels, hz, _), more),) = asked
    assert network.digest() == load_network("mnist-4bit").digest()
    assert (config.n_inputs, len(pixels), hz) == (len(network.inputs), 5, 27e6)
    assert more["line"].value == link
