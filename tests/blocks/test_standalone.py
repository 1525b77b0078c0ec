# SPDX-License-Identifier: BSD-2-Clause
"""A design that needs no computer: its flash, and what it says."""

import random
from dataclasses import replace
from functools import partial

import pytest

from firstspike.golden.flash import Fault, ImageError, crc, header_of, image_of, payload_of
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.flash.image import network_image
from firstspike.hdl.flash.loader import Loader
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.standalone.core import BAUD, StandaloneCore
from firstspike.hdl.standalone.counts import MicrophoneCounts, counted_layout
from firstspike.hdl.standalone.status import OF_MICROPHONE, STATUS_REQUEST, WIDTHS, Status
from firstspike.hdl.standalone.text_reporter import TextReporter
from firstspike.hdl.standalone.texts import decision_line, decision_text
from firstspike.sim.harness.runner import SimulationError
from tests.support.damaged_flash import IDENTITY, damage, small_network
from tests.support.flashed_core import StreamSensor
from tests.support.flashed_run import statuses_of
from tests.support.simulators import refused, run_bench

PAYLOAD = bytes(range(40))


def test_the_checksum_is_that_of_the_catalogue():
    assert crc(b"123456789") == 0xFC891918  # CRC-32/BZIP2


def test_what_was_written_is_read():
    image = image_of(IDENTITY, PAYLOAD)
    assert payload_of(image + b"more", IDENTITY, 10) == PAYLOAD


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.ABSENT),
        (bytes(100), Fault.ABSENT),
        (b"\xff\xff\xff", Fault.ABSENT),
        (b"\xff\xff\xff\xfe", Fault.FOREIGN),
        (image_of(IDENTITY, PAYLOAD)[1:], Fault.FOREIGN),
        (image_of(b"another.", PAYLOAD), Fault.OTHER),
        (image_of(IDENTITY, PAYLOAD[4:]), Fault.OTHER),
        (image_of(IDENTITY, PAYLOAD)[:-1], Fault.DAMAGED),
        (image_of(IDENTITY, PAYLOAD)[:30], Fault.DAMAGED),
        (header_of(IDENTITY, 10), Fault.DAMAGED),
    ],
)
def test_what_is_wrong_is_told(content, fault):
    with pytest.raises(ImageError) as error:
        payload_of(content, IDENTITY, 10)
    assert error.value.fault == fault


def test_every_damaged_byte_is_found():
    image = image_of(IDENTITY, PAYLOAD)
    for address in range(len(image)):
        for change in range(1, 256):
            damaged = bytearray(image)
            damaged[address] ^= change
            with pytest.raises(ImageError):
                payload_of(bytes(damaged), IDENTITY, 10)


def test_impossible_images_are_refused():
    refused(lambda: image_of(IDENTITY, b"123"), "words of 4 bytes, not 3 bytes")
    refused(lambda: header_of(b"short", 1), "an identity has 8 bytes, not 5")
    network = small_network()
    config = CoreConfig.of(network, linked_folding(network, CoreShape(lanes=3)))
    refused(lambda: Loader(config, IDENTITY, 1 << 24, 10**6), "24 bits: 0x1000000 has more")


def test_what_is_said_of_a_class():
    assert decision_line(decision_text("seven", 384), 7) == b"seven 7\r\n"
    assert decision_line(decision_text("a\nb", 384), 100) == b"a?b 100\r\n"
    assert decision_line(decision_text("ü" * 40, 9), 3) == ("ü" * 24).encode() + b" 3\r\n"


@pytest.mark.parametrize(
    "numbers", [(0, 0, 0, 0), (2**32 - 1, 1, 2**15, 65535), (12, 34), (1, 2, 3, 4, 5)]
)
def test_a_status_is_what_its_line_says(numbers):
    status = Status(IDENTITY, *numbers)
    assert Status.of_line(status.line()) == status
    assert Status.of_line(status.line().strip()) == status


def test_what_is_no_status_is_refused():
    line = Status(IDENTITY, 1, 2, 3, 4).line()
    other_lines = [
        b"listening\r\n",
        b"status 7 118\r\n",
        line.upper(),
        line[1:],
        line[:-3],
        b" " + line,
    ]
    for other in (b"", line * 2, line.replace(b"lost", b"last"), *other_lines):
        refused(lambda other=other: Status.of_line(other), "is no status: a status is like")
    refused(lambda: Status(b"short", 1, 2), "an identity has 8 bytes, not 5")
    refused(lambda: Status(IDENTITY, 1, 2, 3), "both of loudest and lost")
    refused(lambda: Status(IDENTITY, 1 << 32, 2), "cycles is 4294967296: give 0 to 4294967295")


def test_the_teller_says_all_whatever_the_line_does():
    network, rng = small_network(), random.Random(4)
    counted = counted_layout(*OF_MICROPHONE)
    reporter = TextReporter(network, ("one", "two"), IDENTITY, counted)
    decisions = [(rng.randrange(5), rng.randrange(network.deadline + 1)) for _ in range(12)]
    decisions += [(0, 0), (4, network.deadline)]
    lines = [
        decision_line(decision_text(network.classes[one], 50), tick) for one, tick in decisions
    ]
    expected = b"one\r\n" + b"".join(lines) + b"two\r\n"
    text, waiting, expected_statuses = bytearray(), list(decisions), []

    last = 60 * len(expected)

    def is_requested(cycle):
        return rng.random() < 0.02 if 0 < cycle < last else cycle in (0, last + 500)

    async def bench(ctx):
        for cycle in range(last + 1000):
            ctx.set(reporter.sent.ready, rng.random() < 0.5)
            ctx.set(reporter.status_requested, is_requested(cycle))
            now = {name: rng.randrange(1 << WIDTHS[name]) for name in counted.members}
            ctx.set(reporter.counted, now)
            if ctx.get(reporter.counters_sampled):
                expected_statuses.append(Status(IDENTITY, cycle, **now))
            ctx.set(reporter.decision.valid, bool(waiting))
            if waiting:
                decision = dict(zip(("class", "tick"), waiting[0], strict=True))
                ctx.set(reporter.decision.payload, decision)
            else:
                ctx.set(reporter.condition, 1)
            if ctx.get(reporter.sent.valid) and ctx.get(reporter.sent.ready):
                text.append(ctx.get(reporter.sent.payload))
            if waiting and ctx.get(reporter.decision.ready):
                waiting.pop(0)
            await ctx.tick()

    run_bench(reporter, bench)
    statuses, other_lines = statuses_of(bytes(text))
    assert other_lines == expected
    assert text.startswith(b"one\r\nstatus ")  # before the decisions, which wait
    assert statuses == expected_statuses
    assert expected_statuses[-1].cycles > last + 500


def test_samples_are_counted_and_the_loudest_is_kept():
    rng, counts = random.Random(6), MicrophoneCounts()
    samples = lost = loudest = 0

    async def bench(ctx):
        nonlocal samples, lost, loudest
        ctx.set(counts.counted.lost, 2**16 - 20)  # so that it comes to its end
        lost = 2**16 - 20
        for _ in range(2000):
            event = rng.choice(("heard", "lost", "none"))
            x = rng.choice((-(2**15), 2**15 - 1, rng.randrange(-300, 300)))
            is_requested = rng.random() < 0.3
            ctx.set(counts.accepted.valid, event == "heard")
            ctx.set(counts.lost, event == "lost")
            ctx.set(counts.accepted.x, x)
            ctx.set(counts.counters_sampled, is_requested)
            counters = ctx.get(counts.counted)
            assert (counters.samples, counters.lost, counters.loudest) == (samples, lost, loudest)
            samples += event != "none"
            lost = min(lost + (event == "lost"), 2**16 - 1)
            loudest = max(loudest * (not is_requested), abs(x) * (event == "heard"))
            await ctx.tick()

    run_bench(counts, bench)
    assert lost == 2**16 - 1


def test_a_question_without_a_stop_bit_is_ignored():
    network = small_network()
    config = CoreConfig.of(network, linked_folding(network, CoreShape(lanes=3)))
    sensor = StreamSensor(config)
    core = StandaloneCore(
        config, network, sensor, clock_hz=4 * BAUD, identity=IDENTITY, flash_address=0
    )

    async def bench(ctx):
        async def answers(stop):
            frame = [0, *(STATUS_REQUEST[0] >> bit & 1 for bit in range(8)), stop]
            count = 0
            for level in frame + [1] * 1000:  # other text comes first
                ctx.set(core.rx, level)
                for _ in range(4):
                    count += ctx.get(sensor.counters_sampled)
                    await ctx.tick()
            return count

        assert await answers(stop=0) == 0
        assert await answers(stop=1) == 1

    run_bench(core, bench)


def test_the_loader_writes_all_chunks_whenever_the_core_takes_them():
    network, rng = small_network(), random.Random(5)
    config = CoreConfig.of(network, linked_folding(network, CoreShape(lanes=(9, 5))))
    flash = {0x1234 + at: byte for at, byte in enumerate(network_image(config, network, IDENTITY))}
    loader = Loader(config, IDENTITY, 0x1234, 100_000)
    written, commands = [], []

    async def bench(ctx):
        bits, count, before = [], 0, (0, 0)
        while not ctx.get(loader.ready | (loader.fault != 0)):
            await ctx.tick()
            now = ctx.get(loader.cs), ctx.get(loader.sck)
            if before[0] and not now[0]:
                commands.append(bits)
            if not now[0]:
                bits = []
            elif now[1] and not before[1]:
                bits = [*bits, ctx.get(loader.mosi)][:33]
                count = 0 if len(bits) < 33 else count + 1
            elif before[1] and not now[1] and len(bits) >= 32:
                address = int("".join(map(str, bits[8:32])), 2) + count // 8
                ctx.set(loader.miso, flash.get(address, 0xFF) >> 7 - count % 8 & 1)
            before = now
            ctx.set(loader.weights.ready, rng.random() < 0.2)
            if ctx.get(loader.weights.valid) and ctx.get(loader.weights.ready):
                chunk = loader.weights.payload
                written.append(tuple(map(ctx.get, (chunk.layer, chunk.address, chunk.data))))

    run_bench(loader, bench)
    assert written == list(weight_chunks(config, network))
    first, second = commands
    assert first == [1, 0, 1, 0, 1, 0, 1, 1]
    assert second[:8] == [0, 0, 0, 0, 0, 0, 1, 1]


example = partial(damage, small_network(), CoreShape(lanes=3), 12)


def test_nothing_is_decided_with_a_damaged_flash():
    damage(small_network(), CoreShape(lanes=(9, 5)), 16)  # words of several chunks


def test_damage_needs_weights_that_decide():
    network = replace(small_network(), thresholds=(5000, 5000))
    refused(lambda: damage(network, CoreShape(lanes=3), 1), "no class is reported", SimulationError)
