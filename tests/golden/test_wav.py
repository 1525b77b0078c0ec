# SPDX-License-Identifier: BSD-2-Clause
"""WAV and FLAC files of every kind: the right samples, or a sentence."""

import gzip
import hashlib
import io
import re
import struct
import tarfile
import wave
from collections.abc import Iterable

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from firstspike.golden import DataError, load_dataset
from firstspike.golden.data import wake_words, wav
from firstspike.golden.data.archives import content_of
from firstspike.golden.data.sets import SHA256, SOUNDS, SPOKEN_DIGITS, WAKE_WORDS, fetch
from firstspike.golden.data.sources import SOURCES
from firstspike.golden.data.spoken import TESTED, recording_name
from firstspike.golden.data.wav import read_wav, samples_of
from firstspike.golden.sound.defaults import default_front_end

pytestmark = pytest.mark.fast

RATE = 8000
ARCHIVE = SOUNDS[SPOKEN_DIGITS].archive
X = np.array([0, 1, -1, 300, -300, 32767, -32768, 5], np.int16)


def content(data, rate=RATE) -> bytes:
    file = io.BytesIO()
    wavfile.write(file, rate, data)
    return file.getvalue()


def plain(samples: bytes, width: int, channels: int = 1, rate: int = RATE) -> bytes:
    """A file by another writer: Python's own."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(samples)
    return file.getvalue()


def read(raw: bytes) -> list[int]:
    return samples_of(raw, "x.wav", RATE).tolist()


def test_samples_of_16_bits_are_what_they_are(tmp_path):
    (tmp_path / "x.wav").write_bytes(plain(X.tobytes(), 2))
    assert read_wav(tmp_path / "x.wav", RATE).tolist() == X.tolist()


def flac(data: np.ndarray, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, data, RATE, subtype, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_flac_files_have_the_samples_of_wav_files(subtype):
    x = np.stack([X, X], axis=1)
    data = x if subtype == "PCM_16" else x.astype(np.int32) << 16
    assert read(flac(data, subtype)) == read(content(x))


def test_damaged_flac_files_are_refused():
    raw = flac(np.random.default_rng(1).integers(-9999, 9999, 20_000).astype(np.int16), "PCM_16")
    with pytest.raises(DataError, match="no readable FLAC"):
        read(raw[:5000] + bytes(3000) + raw[8000:])
    with pytest.raises(DataError, match="no readable FLAC"):
        read(b"fLaC" + bytes(100))


def test_other_widths_are_scaled():
    eight = bytes([128, 129, 127, 255, 0])
    assert read(plain(eight, 1)) == [0, 256, -256, 127 * 256, -128 * 256]
    packed = b"".join(struct.pack("<i", int(x) << 8)[:3] for x in X)
    assert read(plain(packed, 3)) == X.tolist()
    assert read(content(X.astype(np.int32) << 16)) == X.tolist()
    assert read(content(X.astype(np.float32) / 32768)) == X.tolist()
    assert read(content(np.array([2.0, -2.0, wav.MOST_FLOAT]))) == [32767, -32768, 32767]


def test_channels_are_averaged():
    both = np.stack([X, np.zeros_like(X)], axis=1)
    halves = np.clip(np.rint(X / 2.0), -32768, 32767).astype(int).tolist()
    assert read(plain(both.tobytes(), 2, channels=2)) == halves


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100, 48000, 96000])
def test_higher_rates_are_brought_down(rate):
    seconds = np.arange(rate) / rate
    tone = np.rint(9000 * np.sin(2 * np.pi * 440 * seconds)).astype(np.int16)
    actual = samples_of(content(tone, rate), "x.wav", RATE)
    expected = 9000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    assert len(actual) == RATE
    assert np.abs(actual - expected)[100:-100].max() < 100
    if rate >= 2 * 5000:
        high = np.rint(9000 * np.sin(2 * np.pi * 5000 * seconds)).astype(np.int16)
        folded = samples_of(content(high, rate), "x.wav", RATE)
        assert np.abs(folded[100:-100]).max() < 100


GOOD = plain(X.tobytes(), 2)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no readable WAV file"),
        (b"RIFF", "no readable WAV file"),
        (b"ID3" + GOOD, "no readable WAV file"),
        (GOOD[:-4], "ends before its head says"),
        (GOOD[:-3], "no readable WAV file|ends before"),
        (GOOD[:30], "no readable WAV file"),
        (plain(b"", 2), "holds no samples"),
        (content(X, 4000), "has 4000 samples per second: give 8000 to 384000"),
        (content(X, 2**28), "samples per second"),
        (content(X.astype(np.int64)), "int64"),
        *(
            (
                content(np.array([[0.5, bad], [0, 0], [bad, -bad]], kind)),
                "256, 2 of 3, the first at 0.000 s",
            )
            for bad, kind in [(np.nan, "f4"), (np.inf, "f4"), (1e308, "f8"), (-257, "f8")]
        ),
        (
            content(np.array([0, 0x7F800001], "u4").view("f4")),
            "256, 1 of 2, the first at",
        ),  # signals
        (GOOD[:20] + b"\x55\0" + GOOD[22:], "no readable WAV file"),  # MP3 inside
        (GOOD[:22] + b"\0\0" + GOOD[24:], "no readable WAV file"),  # no channels
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_read_is_said(raw, message):
    with pytest.raises(DataError, match=message) as raised:
        read(raw)
    assert str(raised.value).startswith("x.wav ")


def test_every_damage_is_a_sentence_or_samples():
    rng, refused = np.random.default_rng(1), 0
    for _ in range(300):
        raw = bytearray(GOOD)
        for at in rng.integers(0, 46, rng.integers(1, 4)):
            raw[at] = rng.integers(256)
        try:
            assert len(read(bytes(raw))) <= len(raw)
        except DataError:
            refused += 1
    assert 0 < refused < 300


def test_long_files_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(wav, "MOST_SAMPLES", 7)
    with pytest.raises(DataError, match="8 samples per channel: at most 7 are read; cut it"):
        read(GOOD)
    many = plain(bytes(2 * 33), 2, channels=33)
    with pytest.raises(DataError, match="33 channels"):
        read(many)
    monkeypatch.setattr(wav, "MOST_FILE", 50)
    (tmp_path / "x.wav").write_bytes(GOOD)
    with pytest.raises(OSError, match="more than 50 bytes"):
        read_wav(tmp_path / "x.wav", RATE)


# The spoken digits: an archive is known by its recordings, however it was packed.


NUMBERS = (TESTED + 7, TESTED, TESTED - 1)
"""Recordings of each speaker and digit here; the last is of the test part."""


def recordings() -> dict[str, bytes]:
    """Small recordings with the names of the real ones."""
    rng, files = np.random.default_rng(1), {}
    for digit in range(10):
        for speaker in ("ann", "bob"):
            for number in NUMBERS:
                x = np.concatenate([np.zeros(200), rng.normal(0, 3000, 700)]).astype(np.int16)
                files[f"{digit}_{speaker}_{number}.wav"] = content(x)
    return files


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return an archive of files, by name."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, raw in files:
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return archive.getvalue()


def archive(files: dict[str, bytes], folder: str = "set-1.0", order: int = 1) -> bytes:
    """Pack files into the folder `recordings`, beside another file."""
    recorded = [(f"{folder}/recordings/{name}", raw) for name, raw in sorted(files.items())]
    return packed([(f"{folder}/README.md", b"x"), *recorded][::order])


@pytest.fixture
def files(monkeypatch):
    """Small recordings that pass for the data set, and no source to fetch them from."""
    files = recordings()
    digest = hashlib.sha256(content_of(archive(files), recording_name)).hexdigest()
    monkeypatch.setitem(SHA256, SPOKEN_DIGITS, {ARCHIVE: digest})
    monkeypatch.setitem(SOURCES, SPOKEN_DIGITS, ())
    return files


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_recordings_become_pictures_of_both_parts(files, tmp_path, suffix):
    content = archive(files, "other", -1)
    path = tmp_path / f"{ARCHIVE}{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    data = load_dataset(SPOKEN_DIGITS, tmp_path)
    sound = default_front_end()
    assert data.sound == sound
    assert data.x_test.shape == (20, sound.frames, len(sound.filters))
    assert data.x_train.shape == (40, sound.frames, len(sound.filters))
    assert data.y_test.tolist() == [*range(10)] * 2
    assert data.y_train.tolist() == [*range(10)] * 4
    assert fetch(SPOKEN_DIGITS, tmp_path) == [path]
    raw = wavfile.read(io.BytesIO(files[f"3_bob_{TESTED - 1}.wav"]))[1]
    levels = sound.levels(raw)
    word = max(sound.words(levels), key=lambda one: one.top)
    assert np.array_equal(data.x_test[13], sound.picture(levels, word))


def changed(files):
    name = f"7_ann_{TESTED}.wav"
    return files | {name: files[name][:-1] + b"!"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: archive(changed(files)), "v1.0.10.tar is not the v1.0.10.tar of"),
        (lambda files: archive(dict([*files.items()][1:])), "v1.0.10.tar is not the v1.0.10.tar"),
        (lambda files: archive(files | {"7_eve_0.wav": b""}), "v1.0.10.tar is not the v1.0.10.tar"),
        (lambda files: b"", "v1.0.10.tar is broken (empty file). Give a folder with the original"),
        (lambda files: b"no archive" * 100, "v1.0.10.tar is broken (invalid header). Give a"),
        (lambda files: archive(files)[:5000], "v1.0.10.tar is broken (unexpected end of data)."),
    ],
)
def test_another_archive_is_refused(files, tmp_path, change, message):
    (tmp_path / ARCHIVE).write_bytes(change(files))
    with pytest.raises(DataError, match=re.escape(message)):
        load_dataset(SPOKEN_DIGITS, tmp_path)


def test_an_archive_that_promises_more_than_it_has_is_refused(files, tmp_path):
    content = bytearray(archive(files))
    header = tarfile.TarInfo("set-1.0/recordings/0_ann_0.wav")
    header.size = 1 << 40
    (tmp_path / ARCHIVE).write_bytes(header.tobuf() + content)
    with pytest.raises(DataError, match="longer than the archive"):
        load_dataset(SPOKEN_DIGITS, tmp_path)


def test_wake_words_have_names_and_a_window_of_their_length(monkeypatch, tmp_path):
    rng, files = np.random.default_rng(3), {}
    for word, n in (("alexa", 3000), ("view glass", 7000)):
        for at in range(2 * wake_words.TESTED):
            x = np.concatenate([np.zeros(200), rng.normal(0, 3000, n)]).astype(np.int16)
            files[f"audio/{word}/{at}.wav"] = content(x)
    damaged = f"audio/alexa/{wake_words.DAMAGED[0]}.flac"
    files |= {damaged: b"fLaC", "audio/all.wav": b""}
    raw = packed((f"set-1/{name}", content) for name, content in files.items())
    (tmp_path / SOUNDS[WAKE_WORDS].archive).write_bytes(raw)
    digest = hashlib.sha256(content_of(raw, wake_words.recording_name)).hexdigest()
    monkeypatch.setitem(SHA256, WAKE_WORDS, {SOUNDS[WAKE_WORDS].archive: digest})
    data = load_dataset(WAKE_WORDS, tmp_path)
    assert data.classes == ("alexa", "view glass")
    assert data.y_test.tolist() == [0, 0, 1, 1]
    assert data.sound.frames > default_front_end().frames
