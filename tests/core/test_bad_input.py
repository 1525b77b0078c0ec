# SPDX-License-Identifier: BSD-2-Clause
"""A core that is given bad events, aborts, resets, long pauses and requests to its weight port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from firstspike.golden import Network, differences, encode, events, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.hdl.lib.layouts import pack
from firstspike.sim.benches.core.items import end_item, event_items, image_items
from firstspike.sim.benches.core.run import Stimulus, run_items
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.bad_events import causes_at
from tests.support.simulators import both_simulators

ADDRESS, TICK, ORDER, ABORT = 1, 2, 4, 8
PORTS = (None, 8)  # events, or a bitmap of 8 bits
SEVERAL_ROWS = (2, 4)


def small_network(outputs: int) -> Network:
    """Both forms of hidden layer at 7 lanes: groups with windows, and registers."""
    rng = np.random.default_rng(3)
    return network_of(
        random_weights(rng, (21, 13, 7, outputs), -4, 8),
        (6, 8, 5),
        bits=(4, 5, 4),
        deadline=51,
        inputs=np.sort(rng.choice(26, 21, replace=False)),
        n_inputs=26,
    )


NETWORK = small_network(5)
LANES, WINDOW = 7, 2


@contextmanager
def apart() -> Iterator[None]:
    """As many groups in each layer as let walks go apart from their operations."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"NETWORK": small_network(7), "LANES": 1, "WINDOW": 0}.items():
            patch.setitem(globals(), name, value)
        assert all(layer.walk_apart for layer in CoreConfig.of(NETWORK, folding()).layers)
        yield


def folding(bitmap=None, rows=1) -> Folding:
    return Folding.of(NETWORK, CoreShape(LANES, WINDOW, bitmap, rows))


def random_images(count: int, seed: int):
    """Pixels and ticks; the ticks are any, but for the bitmap those of the pixels."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, NETWORK.n_inputs)).astype(np.uint8)
    latest = rng.integers(1, NETWORK.deadline + 1, (count, 1))
    ticks = rng.integers(0, latest + 1, (count, len(NETWORK.inputs))).astype(np.int32)
    return pixels, ticks


def run(simulator, items, bitmap=None, rows=1, **stimulus):
    config = CoreConfig.of(NETWORK, folding(bitmap, rows))
    return run_items(NETWORK, config, items, Stimulus(**stimulus), simulator=simulator)[0]


def check(ticks, result, error=None, predicted=None, images=None):
    """No difference to golden; cycles are compared where they are predicted."""
    expected = replace(infer(NETWORK, ticks), cycles=predicted)
    if error is not None:
        expected = replace(expected, error=error)
    found = differences(expected, result)
    assert not [one for one in found if images is None or one.image in images]


def flagged(stream, ticks, final):
    """The causes in the decision of an image, as of `causes_at`."""
    return causes_at(int(infer(NETWORK, ticks[None]).tick[0]), stream, final)


def with_bad_events(ticks, rng):
    """An image's items with bad events, and promises, in between; and its (tick, cause) stream."""
    config = CoreConfig.of(NETWORK, folding())
    layout = input_layout(len(NETWORK.inputs), NETWORK.deadline)
    items, stream, before = [], [], 0

    def spike(tick, row, cause):
        items.extend(event_items(config, [(tick, row)]))
        stream.append((tick, cause))

    for tick, row in [*events(ticks).tolist(), (None, None)]:
        for _ in range(rng.integers(0, 4) if rng.random() < 0.1 else 0):
            which = rng.integers(0, 6)
            good = int(rng.integers(max(before, 1), NETWORK.deadline + 1))
            if which == 0:
                spike(good, len(NETWORK.inputs) + rng.integers(0, 3), ADDRESS)
            elif which == 1:
                spike(0, 0, TICK | (ORDER if before else 0))
            elif which == 2:
                spike(NETWORK.deadline + int(rng.integers(1, 12)), 1, TICK)
            elif which == 3 and before > 1:
                spike(int(rng.integers(1, before)), 2, ORDER)
            elif which == 4 and before > 1:
                spike(int(rng.integers(1, before)), len(NETWORK.inputs), ORDER | ADDRESS)
            elif which == 5:
                latest = NETWORK.deadline if tick is None else tick
                promised = int(rng.integers(max(before, 1), latest + 1))
                items.append(pack(layout, {"kind": Kind.ADVANCE.value, "tick": promised}))
                stream.append((promised, 0))
                before = promised
        if tick is not None:
            spike(tick, row, 0)
            before = tick
    return np.array([*items, end_item(config)], np.int64), stream


@both_simulators
@pytest.mark.parametrize("pauses", [False, True])
def test_bad_events_are_dropped_and_flagged(simulator, pauses):
    check_bad_events(simulator, pauses)


@both_simulators
def test_bad_events_are_flagged_where_walks_go_apart(simulator):
    with apart():
        check_bad_events(simulator, pauses=True)


def check_bad_events(simulator, pauses):
    rng = np.random.default_rng(4)
    _, ticks = random_images(48, seed=2)
    ticks[7] = 0
    ticks[9] = NETWORK.deadline
    config = CoreConfig.of(NETWORK, folding())
    items, error = [], []
    for image, row in enumerate(ticks):
        if image % 3 == 2:  # a clean image in between
            items.append(image_items(config, row, None))
            error.append(0)
        else:
            sent, stream = with_bad_events(row, rng)
            items.append(sent)
            error.append(flagged(stream, row, 0))
    assert {ADDRESS, TICK, ORDER} <= set(error)
    assert max(error) > ORDER, "several at once"
    check(ticks, run(simulator, items, pauses=pauses), np.array(error))


@both_simulators
@pytest.mark.parametrize(("rows", "pauses"), list(product(SEVERAL_ROWS, (False, True))))
def test_of_spikes_that_come_together_the_good_ones_count(simulator, rows, pauses):
    """Good rows count beside bad ones; a bad tick, or only bad rows, drop the event."""
    rng = np.random.default_rng(16)
    _, ticks = random_images(48, seed=17)
    config = CoreConfig.of(NETWORK, folding(rows=rows))
    n_in, deadline = len(NETWORK.inputs), NETWORK.deadline
    items, error, mixed = [], [], 0
    for image in ticks:
        sent, stream = [], []
        for tick in sorted(set(image[image > 0].tolist())):
            if rng.random() < 0.05:
                bad, cause = [(0, TICK | (ORDER if stream else 0)), (deadline + 1, TICK)][
                    rng.integers(2)
                ]
                sent += event_items(config, [(bad, row) for row in range(rows)]).tolist()
                stream.append((bad, cause))
            spikes = [(tick, row) for row in np.flatnonzero(image == tick)]
            good = event_items(config, spikes).tolist()
            stream.append((tick, 0))
            if rng.random() < 0.05:
                # Behind the rows of a bank, beside those of the others.
                bank = int(rng.integers(rows))
                spikes.append((tick, n_in + (bank - n_in) % rows))
                stream[-1:] = [(tick, 0)] * (len(good) - 1) + [(tick, ADDRESS)]
                events_sent = event_items(config, spikes).tolist()
                mixed += len(events_sent) == len(good)
                good = events_sent
            sent += good
        items.append(np.array([*sent, end_item(config)], np.int64))
        error.append(flagged(stream, image, 0))
    result = run(simulator, items, rows=rows, pauses=pauses)
    assert mixed > 3, "good and bad ones in one event"
    assert {ADDRESS, TICK} <= set(error)
    check(ticks, result, np.array(error))


@both_simulators
@pytest.mark.parametrize("rows", [1, 4])
def test_aborted_events_are_decided_as_they_are(simulator, rows):
    check_aborted_events(simulator, rows)


@both_simulators
def test_aborted_events_are_decided_where_walks_go_apart(simulator):
    with apart():
        check_aborted_events(simulator, rows=1)


def check_aborted_events(simulator, rows):
    rng = np.random.default_rng(15)
    _, ticks = random_images(32, seed=6)
    config = CoreConfig.of(NETWORK, folding(rows=rows))
    aborts, items, error = {}, [], []
    for image in range(len(ticks)):
        spikes = events(ticks[image])
        sent = int(rng.integers(1, len(spikes) + 1)) if len(spikes) else 0
        if image % 4 == 3 or not sent:
            items.append(image_items(config, ticks[image], None))
            error.append(0)
            continue
        ticks[image, spikes[sent:, 1]] = 0
        aborts[image] = int(rng.integers(0, 90))
        items.append(event_items(config, spikes[:sent]))
        stream = [(tick, 0) for tick in spikes[:sent, 0].tolist()]
        error.append(flagged(stream, ticks[image], ABORT))
    result = run(simulator, items, rows=rows, aborts=aborts, quiet_aborts=[0, 5, 20, 21])
    assert {0, ABORT} <= {error[image] for image in aborts}
    check(ticks, result, np.array(error))


@both_simulators
def test_aborted_bitmaps_are_decided_as_they_are(simulator):
    rng = np.random.default_rng(7)
    pixels, _ = random_images(24, seed=8)
    ticks = encode(NETWORK, pixels)
    config = CoreConfig.of(NETWORK, folding(8))
    whole = [image_items(config, ticks[image], pixels[image]) for image in range(len(ticks))]
    aborts = {image: image // 3 for image in range(len(ticks)) if image % 3}
    items = [
        words[: rng.integers(1, len(words))] if image in aborts else words
        for image, words in enumerate(whole)
    ]
    result = run(simulator, items, 8, aborts=aborts, quiet_aborts=[0, 3, 20])
    # How many pixels had come through is the encoder's affair: the decision must be theirs.
    for image in aborts:
        ticks[image, np.flatnonzero(ticks[image])[result.spikes_in[image, 0] :]] = 0
    assert len({int(result.spikes_in[image, 0]) for image in aborts}) > 5
    check(ticks, result, np.array([ABORT * (image in aborts) for image in range(len(ticks))]))


@both_simulators
def test_aborts_follow_each_other_before_anything_has_arrived(simulator):
    """The words that came are dark, and the next image is aborted while this one is decided."""
    pixels, _ = random_images(12, seed=8)
    aborts = {image: image % 5 for image in range(12) if image % 4}
    pixels[list(aborts)] = 0
    ticks = encode(NETWORK, pixels)
    config = CoreConfig.of(NETWORK, folding(8))
    items = [image_items(config, *image) for image in zip(ticks, pixels, strict=True)]
    for image in aborts:
        items[image] = items[image][: 1 + image % 3]
    result = run(simulator, items, 8, aborts=aborts)
    check(ticks, result, np.array([ABORT * (image in aborts) for image in range(12)]))


@both_simulators
@pytest.mark.parametrize("rows", SEVERAL_ROWS)
def test_aborted_bitmaps_of_several_rows_are_decided_as_they_are(simulator, rows):
    """Late, with all that has come in; early, with what the banks had found by then."""
    rng = np.random.default_rng(18)
    pixels, _ = random_images(24, seed=19)
    ticks = encode(NETWORK, pixels)
    config = CoreConfig.of(NETWORK, folding(8, rows))
    items = [image_items(config, row, None) for row in ticks]
    late, early = (
        {image: 300 for image in range(0, 24, 3)},
        {image: image for image in range(1, 24, 3)},
    )
    for image in {**late, **early}:
        sent = int(rng.integers(1, len(items[image])))
        items[image] = items[image][:sent]
        ticks[image, sent * 8 :] = 0
    result = run(simulator, items, 8, rows, aborts=late | early, quiet_aborts=[0, 3, 20])
    error = np.array([ABORT * (image in late or image in early) for image in range(len(ticks))])
    assert np.array_equal(result.error, error)
    assert np.all(result.spikes_in[list(early), 0] <= (ticks[list(early)] > 0).sum(axis=1))
    check(ticks, result, error, images=set(range(len(ticks))) - set(early))


@both_simulators
@pytest.mark.parametrize(("bitmap", "rows"), list(product(PORTS, (1, 4))))
def test_a_reset_in_mid_image_leaves_nothing_behind(simulator, bitmap, rows):
    rng = np.random.default_rng(9)
    pixels, ticks = random_images(24, seed=10)
    if bitmap:
        ticks = encode(NETWORK, pixels)
    config = CoreConfig.of(NETWORK, folding(bitmap, rows))
    items = [image_items(config, ticks[image], pixels[image]) for image in range(len(ticks))]
    resets = {image: int(rng.integers(1, 200)) for image in range(0, len(ticks), 2)}
    result = run(simulator, items, bitmap, rows, resets=resets, checked=True)
    predicted = cycles(NETWORK, ticks, infer(NETWORK, ticks), folding(bitmap, rows), pixels)
    check(ticks, result, None, predicted, set(range(len(ticks))) - set(resets))


@both_simulators
@pytest.mark.parametrize("bitmap", PORTS)
def test_decisions_can_wait(simulator, bitmap):
    pixels, ticks = random_images(12, seed=11)
    if bitmap:
        ticks = encode(NETWORK, pixels)
    config = CoreConfig.of(NETWORK, folding(bitmap))
    items = [image_items(config, ticks[image], pixels[image]) for image in range(len(ticks))]
    check(ticks, run(simulator, items, bitmap, decision_wait=900))


@both_simulators
@pytest.mark.parametrize("bitmap", PORTS)
def test_both_sides_pause_at_random(simulator, bitmap):
    pixels, ticks = random_images(24, seed=12)
    if bitmap:
        ticks = encode(NETWORK, pixels)
    config = CoreConfig.of(NETWORK, folding(bitmap))
    items = [image_items(config, ticks[image], pixels[image]) for image in range(len(ticks))]
    check(ticks, run(simulator, items, bitmap, pauses=True))


@both_simulators
def test_weights_are_read_in_mid_image_and_bad_requests_answered(simulator):
    rng = np.random.default_rng(13)
    _, ticks = random_images(16, seed=14)
    config = CoreConfig.of(NETWORK, folding())
    chunks = list(weight_chunks(config, NETWORK))
    words = rng.permutation(sorted({chunk[:2] for chunk in chunks}))[:100].tolist()
    # All chunks of a word are read, in order.
    chosen = [chunk for word in words for chunk in chunks if list(chunk[:2]) == word]
    bad = [(layer, config.layers[layer].words) for layer in range(len(config.layers))]
    bad = [one for one in bad if one[1] <= max(layer.words for layer in config.layers)]
    bad.append((len(config.layers), 0))
    reads = [(0, layer, address, 0) for layer, address, _ in chosen]
    after = [(write, layer, address, 0xFFFFFFFF) for layer, address in bad for write in (1, 0)]
    items = [image_items(config, row, None) for row in ticks]
    during = [*reads, (0, *bad[0], 0)]
    stimulus = Stimulus(during=during, after=after, checked=True)
    result, answers = run_items(NETWORK, config, items, stimulus, simulator=simulator)
    answers = [tuple(one) for one in answers.tolist()]
    assert answers[: len(chosen)] == [(data, 0) for _, _, data in chosen]
    assert [error for _, error in answers[len(chosen) :]] == [1] + [1] * len(bad)
    predicted = cycles(NETWORK, ticks, infer(NETWORK, ticks), folding())
    assert np.all(result.cycles >= predicted)
    check(ticks, result)
