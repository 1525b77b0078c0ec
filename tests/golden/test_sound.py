# SPDX-License-Identifier: BSD-2-Clause
"""The front end for sound against DESIGN's section 6, sample by sample, and at its bounds."""

import math
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import Features
from firstspike.golden.reporting import is_reported
from firstspike.golden.results import Results
from firstspike.golden.sound.defaults import default_front_end, resonant
from firstspike.golden.sound.filters import SAMPLE_BITS, STATE_BITS, Filter
from firstspike.golden.sound.front import FrontEnd, Word
from firstspike.golden.sound.levels import log2
from firstspike.golden.sound.word_augmentation import (
    BURSTS,
    COPIES,
    FOREIGN,
    NEAR,
    SHARE,
    _spliced,
    extend_words,
)
from tests.golden.test_front_ends import network_of
from tests.support.strategies import seeds

pytestmark = pytest.mark.fast

LOUDEST = 2 ** (SAMPLE_BITS - 1)
STATES = 2 ** (STATE_BITS - 1)


@st.composite
def front_ends(draw: st.DrawFn) -> FrontEnd:
    """Small front ends with any parameters."""
    frequencies = draw(st.lists(st.integers(100, 3900), min_size=1, max_size=3))
    filters = tuple(resonant(f, draw(st.integers(40, 900)), 8000) for f in frequencies)
    slots, frames = draw(st.sampled_from([1, 2, 4])), draw(st.integers(1, 3))
    return FrontEnd(
        rate=8000,
        slot=draw(st.integers(16, 20)),
        slots=slots,
        frames=frames,
        drop=draw(st.integers(1, 60)),
        least=draw(st.integers(1, 120)),
        before=draw(st.integers(0, 5)),
        after=draw(st.integers(0, slots * frames)),
        contrast=draw(st.integers(0, 5)),
        filters=filters,
    )


def states(one: Filter, x) -> list[tuple[int, int]]:
    """y and z after every sample, as DESIGN has them."""
    x, y, z = [0, 0, *map(int, x)], [0, 0], [0, 0]
    for n in range(2, len(x)):
        fed = (one.a1 * y[n - 1] + one.a2 * y[n - 2] + 2**13) >> 14
        y.append(((x[n] - x[n - 2]) << one.up) + fed)
        fed = (one.a1 * z[n - 1] + one.a2 * z[n - 2] + 2**13) >> 14
        z.append(((y[n] - y[n - 2]) >> one.down) + fed)
    return list(zip(y, z, strict=True))[2:]


def plain_log2(E: int) -> int:
    e = max(E.bit_length() - 1, 0)
    return 8 * e + (((E - 2**e) << 3) >> e) if E else 0


def plain_levels(front: FrontEnd, x) -> list[list[int]]:
    """L[k][b], with the silence behind."""
    slots = -(-len(x) // front.slot) + front.slots * front.frames
    x = [*x, *[0] * (slots * front.slot - len(x))]
    columns = []
    for one in front.filters:
        z = [abs(z) for _, z in states(one, x)]
        sums = [sum(z[k * front.slot : (k + 1) * front.slot]) for k in range(slots)]
        columns.append([min(max(plain_log2(E) + one.gain, 0), 255) for E in sums])
    return [list(row) for row in zip(*columns, strict=True)]


def plain_words(front: FrontEnd, L: list[list[int]]) -> list[Word]:
    P, window, words = [max(row) for row in L], front.slots * front.frames, []
    for k in range(len(P) - window + 1):
        top, before = max(P[k : k + window]), P[k - 1] if k else 0
        free = not words or k >= words[-1].slot + window
        begins = top >= front.least and P[k] + front.drop >= top > before + front.drop
        if free and begins:
            around = {*range(k - front.before, k), *range(k + window - front.after, k + window)}
            loud = any(j >= 0 and P[j] + front.drop >= top for j in around)
            words.append(Word(k, top, not loud))
    return words


def plain_picture(front: FrontEnd, L: list[list[int]], k: int, top: int) -> list[list[int]]:
    rows = []
    for f in range(front.frames):
        frame = L[k + f * front.slots : k + (f + 1) * front.slots]
        v = [sum(row[b] for row in frame) // front.slots for b in range(len(front.filters))]
        rows.append([max(255 - (top - one) * 2**front.contrast, 0) for one in v])
    return rows


def sound_of(rng: np.random.Generator, n: int) -> np.ndarray:
    """Noise that grows and fades, at any loudness."""
    shape = np.abs(np.sin(np.linspace(0, rng.uniform(1, 9), n)))
    x = rng.normal(0, 1, n) * shape * 10 ** rng.uniform(0, 4.6)
    return np.clip(np.rint(x), -LOUDEST, LOUDEST - 1).astype(np.int16)


@settings(max_examples=40)
@given(front_ends(), seeds, st.integers(0, 260))
def test_every_level_word_and_pixel_by_the_definition(front, seed, n):
    x = sound_of(np.random.default_rng(seed), n)
    L = plain_levels(front, x.tolist())
    actual = front.levels(x)
    assert actual.tolist() == L
    words = list(front.words(actual))
    assert words == plain_words(front, L)
    for word in words:
        assert front.picture(actual, word).tolist() == plain_picture(front, L, word.slot, word.top)


def worst(response: np.ndarray) -> np.ndarray:
    """The input that makes the last of len(response) values as large as it can be."""
    return np.where(response[::-1] < 0, -LOUDEST, LOUDEST - 1)


@pytest.mark.parametrize("number", range(0, 16, 5))
def test_no_state_exceeds_its_bound_which_is_near(number):
    one = default_front_end().filters[number]
    length = 1500
    impulse = np.zeros(length)
    impulse[0] = 1
    poles = np.zeros(length)
    for n in range(length):
        fed = one.a1 * poles[n - 1] + one.a2 * poles[n - 2] if n > 1 else one.a1 * poles[n - 1] * n
        poles[n] = impulse[n] + fed / 2**14
    both = np.convolve(poles, [1, 0, -1])[:length]
    responses = both, np.convolve(both, both)[:length]
    for state, (response, bound) in enumerate(zip(responses, one.largest_states(), strict=True)):
        for sign in (1, -1):
            x = worst(sign * response)
            largest = max(abs(values[state]) for values in states(one, x))
            assert 0.98 * bound < largest <= bound < STATES


def test_filters_use_at_least_half_of_their_states():
    for one in default_front_end().filters:
        assert min(one.largest_states()) >= STATES / 2


@pytest.mark.parametrize("value", [0, 1, -1, LOUDEST - 1, -LOUDEST])
def test_a_microphone_that_is_stuck_is_at_most_one_click(value):
    front = default_front_end()
    levels = front.levels(np.full(8000, value, np.int16))
    ended = 8000 // front.slot - 1  # then comes the silence behind, which clicks once more
    assert len([word for word in front.words(levels) if word.slot < ended]) <= 1
    assert levels[10:ended].max() < front.least
    if value == 0:
        assert not list(front.words(levels))


def test_clipped_noise_is_one_word_at_its_beginning():
    front, rng = default_front_end(), np.random.default_rng(1)
    x = rng.choice([-LOUDEST, LOUDEST - 1], 4000).astype(np.int16)
    levels = front.levels(x)
    assert [word.slot for word in front.words(levels)] == [0]
    assert levels.tolist() == plain_levels(front, x.tolist())


@pytest.mark.parametrize("sizes", [{}, {"frames": 3, "before": 64, "after": 4}])
def test_joined_recordings_have_the_words_that_each_of_them_has(sizes):
    """Each recording begins and ends with its word, as a trimmed one does."""
    front, rng = replace(default_front_end(), **sizes), np.random.default_rng(3)
    recordings = [
        np.rint(8000 * np.sin(2 * np.pi * rng.uniform(200, 3000) / front.rate * np.arange(n)))
        for n in rng.integers(300, 900, 9)
    ]
    recordings = [x.astype(np.int16) for x in recordings]
    separate = [[*front.words(front.levels(x))] for x in recordings]
    assert all(words and words[0].isolated for words in separate)
    actual, begin = [*front.words(front.levels(front.joined(recordings)))], 0
    for number, words in enumerate(separate):
        expected = [word._replace(slot=begin + word.slot) for word in words]
        assert actual[: len(words)] == expected, number
        begin += len(front.joined([recordings[number], recordings[0][:0]])) // front.slot
        del actual[: len(words)]
    assert not actual


@given(st.integers(1, 2**31 - 1), st.integers(0, 2**20))
def test_log2_is_near_the_logarithm_and_never_falls(E, more):
    assert log2(E) == plain_log2(E)
    assert 8 * math.log2(E) - 1.7 < log2(E) <= 8 * math.log2(E) + 1e-9
    assert log2(min(E + more, 2**31 - 1)) >= log2(E)


def test_the_usual_filters_let_their_band_through():
    front = default_front_end()
    n = np.arange(8000)
    for b in range(0, len(front.filters), 3):
        f = front.filters[b].resonance(front.rate)
        x = np.rint(8000 * np.sin(2 * np.pi * f * n / front.rate)).astype(np.int16)
        levels_above_gain = front.levels(x)[30].astype(int) - [one.gain for one in front.filters]
        levels_above_gain += 8 * np.array([one.down - one.up for one in front.filters])
        assert abs(int(levels_above_gain.argmax()) - b) <= 1
        far = [
            levels_above_gain[other]
            for other in range(len(levels_above_gain))
            if abs(other - b) > 3
        ]
        assert levels_above_gain.max() - max(far) > 16  # two octaves of amplitude


def test_a_word_is_known_by_its_slot_and_top():
    front = default_front_end()
    levels = np.zeros((front.window + 10, len(front.filters)), np.uint8)
    levels[7:] = front.least
    assert list(front.words(levels)) == [Word(7, front.least, isolated=False)]
    levels[7:] = front.least - 1
    assert list(front.words(levels)) == []
    assert front.seconds(7) == 7 * front.slot / front.rate


@pytest.mark.parametrize(
    ("place", "isolated"),
    [(-37, True), (-36, False), (-13, False), (20, True), (31, True), (32, False), (48, True)],
)
def test_a_word_is_isolated_where_it_is_quiet_around_it(place, isolated):
    front = default_front_end()
    assert (front.before, front.after, front.window) == (36, 16, 48)
    levels = np.zeros((200, len(front.filters)), np.uint8)
    begin, loud = 100, 200
    levels[[begin - 60, begin]] = loud  # the window of the first one ends 12 slots before
    levels[begin + place, 3] = loud - front.drop
    assert [*front.words(levels)][1] == Word(begin, loud, isolated)
    levels[begin + place, 3] -= 1
    assert [*front.words(levels)][1] == Word(begin, loud, isolated=True)


def test_what_is_none_of_the_words_or_not_isolated_or_forced_is_not_said():
    network = network_of("sound", Features(sound=default_front_end()))
    network = replace(network, weights=(np.ones((192, 3), int),))
    results = Results(
        decision=np.array([0, 1, 2, 0, 1]),
        tick=np.array([5, 5, 5, 5, network.deadline]),
        forced=np.array([False, False, False, False, True]),
        spikes_in=np.zeros((5, 1), int),
        error=np.zeros(5, int),
    )
    isolated = np.array([True, True, True, False, True])
    assert is_reported(network, results, isolated).tolist() == [True, True, False, False, False]


def test_a_network_is_taught_words_in_noise_and_what_is_none_of_them():
    front, rng = default_front_end(), np.random.default_rng(4)
    shape = (12, front.frames, len(front.filters))
    words = np.where(np.arange(front.frames)[:, None] < 6, rng.integers(60, 256, shape), 0)
    words[:, 0, 0] = 255
    words = words.astype(np.uint8)
    labels = np.arange(12) % 4
    x, y, origins = extend_words(words, labels, 3, front)
    assert x.dtype == np.uint8
    assert np.array_equal(x[:12], words)
    copies = 12 * (1 + COPIES)
    assert np.array_equal(y[:copies], np.tile(labels, 1 + COPIES))
    assert np.array_equal(origins[:copies], np.tile(np.arange(12), 1 + COPIES))
    none_pictures = x[copies:]
    assert set(y[copies:].tolist()) == {3}
    assert set(labels[origins[copies:]].tolist()) <= {0, 1, 2}
    assert len({one.tobytes() for one in none_pictures}) == len(none_pictures)
    assert (x[12:copies, 6:] > 0).any()  # noise fills what is silent
    assert (x.max(axis=(1, 2)) > 160).all()
    again = extend_words(words, labels, 3, front)
    assert np.array_equal(again.pictures, x)


def test_foreign_words_are_far_from_every_word():
    front, rng = default_front_end(), np.random.default_rng(5)
    shape = 40, front.frames, len(front.filters)
    kinds = rng.integers(60, 90, (4, *shape[1:])).repeat(10, axis=0)
    words = np.where(np.arange(front.frames)[:, None] < 6, kinds + rng.integers(0, 90, shape), 0)
    words[:, 0, 0] = 255
    words = words.astype(np.uint8)
    labels = np.arange(4).repeat(10)
    x, y, origins = extend_words(words, labels, 3, front, strict=True)
    other_kinds = 40 * (1 + COPIES) + (4 + BURSTS) * round(SHARE * 30)
    foreign, spoken = x[other_kinds:], words[labels != 3]
    assert 30 <= len(foreign) < 4 * FOREIGN * 30
    assert set(y[other_kinds:].tolist()) == {3}
    assert set(labels[origins[other_kinds:]].tolist()) == {0, 1, 2}

    def distances(pictures: np.ndarray) -> np.ndarray:
        difference = pictures[:, None].astype(float) - spoken
        return np.sqrt(np.square(difference).sum(axis=(2, 3)))

    nearest_other = np.sort(distances(spoken), axis=1)[:, 1]
    without_noise = foreign[1::2]
    assert distances(without_noise).min() > np.quantile(nearest_other, NEAR)


def test_published_networks_learned_these_pictures():
    """They would be other networks, of another accuracy, with a change of any number."""
    front, rng = default_front_end(), np.random.default_rng(6)
    words = rng.integers(0, 256, (20, front.frames, len(front.filters))).astype(np.uint8)
    words[:, 9:] = 0
    x, y, origins = extend_words(words, np.arange(20) % 4, 3, front, strict=True)
    assert [crc32(one.tobytes()) for one in (x, y, origins)] == [2578598213, 1395775291, 636132557]


def test_a_single_word_has_no_foreign_words():
    front = default_front_end()
    word = np.full((1, front.frames, len(front.filters)), 255, np.uint8)
    x = extend_words(word, np.array([0]), 1, front, strict=True).pictures
    assert len(x) == 1 + COPIES + 4 + BURSTS


def test_a_spliced_word_begins_as_one_word_and_ends_as_another():
    heads, tails = np.zeros((2, 200, 20, 2), int)
    heads[:, :10], tails[:, :16] = 200, 210
    spliced = _spliced(heads, tails, np.random.default_rng(3))[:, :, 1]
    brief = _spliced(heads[:, 9:], tails, np.random.default_rng(3))[:, :, 1]
    assert ((brief == 200).sum(axis=1) == 1).all()  # a word of one frame keeps it
    begin, end = (spliced == 200).sum(axis=1), (spliced == 210).sum(axis=1)
    assert set(begin.tolist()) == {3, 4, 5, 6, 7}
    assert set(end.tolist()) == set(range(5, 17))
    for row, head, tail in zip(spliced.tolist(), begin, end, strict=True):
        assert row == [200] * head + [210] * tail + [0] * (20 - head - tail)
