# SPDX-License-Identifier: BSD-2-Clause
"""The choice of a front end's window by the lengths of the words."""

import numpy as np
import pytest

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.sound.choice import MOST_FRAMES, FrontEndChoice, loud_slots
from firstspike.golden.sound.defaults import AFTER, FRAMES, SLOTS, default_front_end

pytestmark = pytest.mark.fast

SLOT = default_front_end().slot


def recording(slots: int, rng: np.random.Generator) -> np.ndarray:
    """A word of noise that is loud for so many slots, in silence."""
    return np.pad(rng.normal(0, 4000, slots * SLOT), 10 * SLOT).astype(np.int16)


@pytest.mark.parametrize("slots", [10, 33, 50, 80])
def test_the_window_fits_the_words(slots):
    rng = np.random.default_rng(slots)
    words = [recording(slots, rng) for _ in range(20)]
    sound, reason = FrontEndChoice().front_end(words)
    longest = default_front_end(MOST_FRAMES)
    lengths = [loud_slots(x, longest) for x in words]
    assert all(slots <= length <= slots + 3 for length in lengths)  # filters ring
    needed = -(-(max(lengths) + AFTER) // SLOTS)
    assert sound == default_front_end(max(needed, FRAMES))
    assert f"{sound.frames} frames" in reason
    for x in words:
        word = max(sound.words(sound.levels(x)), key=lambda one: one.top)
        assert word.isolated


def test_a_few_long_words_do_not_count():
    rng = np.random.default_rng(1)
    words = [recording(10, rng) for _ in range(199)] + [recording(80, rng)]
    assert FrontEndChoice().front_end(words).front_end == default_front_end()


def test_a_word_of_any_length_is_cut():
    words = [recording(200, np.random.default_rng(1))]
    assert FrontEndChoice().front_end(words).front_end.frames == MOST_FRAMES


def test_the_user_decides():
    choice = FrontEndChoice(frames=20, before=8, after=4, n_filters=12)
    assert choice.front_end([]).front_end == default_front_end(20, 8, 4, 12)
    assert FrontEndChoice().front_end([np.zeros(100, np.int16)]).front_end == default_front_end()
    with pytest.raises(NetworkError, match="frames is 65"):
        FrontEndChoice(frames=65).front_end([])
