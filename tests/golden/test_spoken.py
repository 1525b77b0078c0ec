# SPDX-License-Identifier: BSD-2-Clause
"""The spoken digits: an archive is known by its recordings, however it was packed."""

import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest
from scipy.io import wavfile

from firstspike.golden import DataError, load_dataset
from firstspike.golden.data.sets import SHA256, fetch
from firstspike.golden.data.sources import SOURCES
from firstspike.golden.data.spoken import ARCHIVE, SPOKEN_DIGITS, TESTED, content_of
from firstspike.golden.sound.usual import usual_front_end

pytestmark = pytest.mark.fast

NUMBERS = (TESTED + 7, TESTED, TESTED - 1)
"""Recordings of each speaker and digit here; the last is of the test part."""


def recordings() -> dict[str, bytes]:
    """Small recordings with the names of the real ones."""
    rng, files = np.random.default_rng(1), {}
    for digit in range(10):
        for speaker in ("ann", "bob"):
            for number in NUMBERS:
                x = np.concatenate([np.zeros(200), rng.normal(0, 3000, 700)]).astype(np.int16)
                file = io.BytesIO()
                wavfile.write(file, 8000, x)
                files[f"{digit}_{speaker}_{number}.wav"] = file.getvalue()
    return files


def archive(files: dict[str, bytes], folder: str = "set-1.0", order: int = 1) -> bytes:
    """Pack files into the folder `recordings`, beside another file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in [("README.md", b"x"), *sorted(files.items())][::order]:
            place = "" if name == "README.md" else "recordings/"
            member = tarfile.TarInfo(f"{folder}/{place}{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def files(monkeypatch):
    """Small recordings that pass for the data set, and no source to fetch them from."""
    files = recordings()
    digest = hashlib.sha256(content_of(archive(files))).hexdigest()
    monkeypatch.setitem(SHA256, SPOKEN_DIGITS, {ARCHIVE: digest})
    monkeypatch.setitem(SOURCES, SPOKEN_DIGITS, ())
    return files


@pytest.mark.parametrize("packed", [False, True])
def test_recordings_become_pictures_of_both_parts(files, tmp_path, packed):
    content = archive(files, "other", -1)
    path = tmp_path / (f"{ARCHIVE}.gz" if packed else ARCHIVE)
    path.write_bytes(gzip.compress(content) if packed else content)
    data = load_dataset(SPOKEN_DIGITS, tmp_path)
    sound = usual_front_end()
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
        (lambda files: archive(changed(files)), "is not the"),
        (lambda files: archive(dict([*files.items()][1:])), "is not the"),
        (lambda files: archive(files | {"7_eve_0.wav": b""}), "is not the"),
        (lambda files: b"", "is broken"),
        (lambda files: b"no archive" * 100, "is broken"),
        (lambda files: archive(files)[:5000], "is broken"),
    ],
)
def test_another_archive_is_refused(files, tmp_path, change, message):
    (tmp_path / ARCHIVE).write_bytes(change(files))
    with pytest.raises(DataError, match=message):
        load_dataset(SPOKEN_DIGITS, tmp_path)


def test_an_archive_that_promises_more_than_it_has_is_refused(files, tmp_path):
    content = bytearray(archive(files))
    header = tarfile.TarInfo("set-1.0/recordings/0_ann_0.wav")
    header.size = 1 << 40
    (tmp_path / ARCHIVE).write_bytes(header.tobuf() + content)
    with pytest.raises(DataError, match="longer than the archive"):
        load_dataset(SPOKEN_DIGITS, tmp_path)
