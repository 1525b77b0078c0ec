# SPDX-License-Identifier: BSD-2-Clause
"""The choice of a front end's window by the lengths of the words."""

import numpy as np
import pytest
from scipy.io import wavfile

from firstspike.golden.data import sounds
from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.sound.choice import MOST_FRAMES, FrontEndChoice, loud_slots
from firstspike.golden.sound.defaults import AFTER, FRAMES, RATE, SLOTS, default_front_end

pytestmark = pytest.mark.fast

SLOT = default_front_end().slot


def chosen(words, **choices):
    """The front end for recordings, and its reason."""
    choice = FrontEndChoice(**choices)
    return choice.front_end(map(choice.longest.levels, words))


def recording(slots: int, rng: np.random.Generator) -> np.ndarray:
    """A word of noise that is loud for so many slots, in silence."""
    return np.pad(rng.normal(0, 4000, slots * SLOT), 10 * SLOT).astype(np.int16)


@pytest.mark.parametrize("slots", [10, 33, 50, 80])
def test_the_window_fits_the_words(slots):
    rng = np.random.default_rng(slots)
    words = [recording(slots, rng) for _ in range(20)]
    sound, reason = chosen(words)
    longest = default_front_end(MOST_FRAMES)
    lengths = [loud_slots(longest.levels(x), longest) for x in words]
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
    assert chosen(words).front_end == default_front_end()


def test_a_word_of_any_length_is_cut():
    words = [recording(200, np.random.default_rng(1))]
    assert chosen(words).front_end.frames == MOST_FRAMES


def test_the_user_decides():
    choices = {"frames": 20, "before": 8, "after": 4, "n_filters": 12}
    assert chosen([], **choices).front_end == default_front_end(20, 8, 4, 12)
    assert chosen([np.zeros(100, np.int16)]).front_end == default_front_end()
    with pytest.raises(NetworkError, match="frames is 65"):
        chosen([], frames=65)


def test_a_recording_is_read_once(tmp_path, monkeypatch):
    """The levels that choose the window become the pictures, too."""
    rng = np.random.default_rng(1)
    for word, slots in (("yes", 40), ("no", 50)):
        (tmp_path / word).mkdir()
        for number in range(3):
            wavfile.write(tmp_path / word / f"{number}.wav", RATE, recording(slots, rng))
    read, read_wav = [], sounds.read_wav
    monkeypatch.setattr(sounds, "read_wav", lambda *of: read.append(of) or read_wav(*of))
    samples = sounds.read_sounds(tmp_path, FrontEndChoice())
    assert len(read) == len(samples.x) == 6
    assert FRAMES < samples.sound.frames < MOST_FRAMES
    again = sounds.read_sounds(tmp_path, samples.sound)
    assert np.array_equal(again.x, samples.x)
