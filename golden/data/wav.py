# SPDX-License-Identifier: BSD-2-Clause
"""Reads WAV and FLAC files of unknown origin with any common width, rate and channels."""

import math
import warnings
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firstspike.golden.sound.microphone import saturated
from firstspike.golden.system.extras import needed
from firstspike.golden.system.files import read_file

from .dataset import DataError

SUFFIXES = (".wav", ".flac")

MOST_FILE = 1 << 26
"""Largest size of a WAV file in bytes."""

MOST_SAMPLES = 1 << 24
"""Largest number of samples per channel, in the file and at the rate of the front end."""

MOST_CHANNELS = 32

MOST_RATE = 384_000
"""Largest number of samples per second of a WAV file."""

MOST_FLOAT = 256
"""Largest magnitude of a float sample, 48 dB above full scale; a larger one is refused."""

_FLAC = b"fLaC"
"""The first bytes of a FLAC file."""


class _Scale(NamedTuple):
    """Zero and factor that convert samples of a type to 16 bits."""

    zero: int
    factor: float


_SCALES = {
    "u1": _Scale(128, 2.0**8),
    "i2": _Scale(0, 1.0),
    "i4": _Scale(0, 2.0**-16),  # 24-bit samples too: they are in the upper bits
    "f4": _Scale(0, 2.0**15),
    "f8": _Scale(0, 2.0**15),
}


def read_wav(path: str | Path, rate: int) -> np.ndarray:
    """Return the samples of a WAV file as `samples_of` does.

    Raises `DataError`, and `OSError` as `read_file` does.
    """
    return samples_of(read_file(path, MOST_FILE), path, rate)


def samples_of(content: bytes, path: str | Path, rate: int) -> np.ndarray:
    """Return the samples of a WAV file's content at `rate` samples per second, int16 [n].

    The file has samples of 8, 16, 24 or 32 bits, or floats from -1 to 1. Floats beyond that range
    are clipped, and refused beyond `MOST_FLOAT`. Channels are averaged. A polyphase filter converts
    other rates. A file with one channel, 16 bits and this rate is returned unchanged. `path` is for
    messages. Raises `DataError`.
    """
    file_rate, data = _read(content, path)
    name = f"{data.dtype.kind}{data.dtype.itemsize}"
    if name not in _SCALES:
        raise DataError(f"{path} has samples of {data.dtype}: save it with 16 bits.")
    if not data.size:
        raise DataError(f"{path} holds no samples: leave it out.")
    if not rate <= file_rate <= MOST_RATE:
        raise DataError(
            f"{path} has {file_rate} samples per second: give {rate} to {MOST_RATE} of them."
        )
    scale, channels = _SCALES[name], data.reshape(len(data), -1)
    if channels.shape[1] > MOST_CHANNELS:
        raise DataError(f"{path} has {channels.shape[1]} channels: give at most {MOST_CHANNELS}.")
    if len(channels) > MOST_SAMPLES:
        raise DataError(
            f"{path} lasts {len(channels) / file_rate:.0f} seconds, which are {len(channels)} "
            f"samples per channel: at most {MOST_SAMPLES} are read; cut it into several files."
        )
    if data.dtype.kind == "f":
        _check_floats(channels, file_rate, path)
    x = np.zeros(len(channels))
    for channel in channels.T:
        x += channel
    x = (x / channels.shape[1] - scale.zero) * scale.factor
    if file_rate != rate:
        from scipy.signal import resample_poly  # slow import

        divisor = math.gcd(file_rate, rate)
        x = resample_poly(x, rate // divisor, file_rate // divisor)
    return saturated(np.rint(x)).astype(np.int16)


def _check_floats(channels: np.ndarray, rate: int, path: str | Path) -> None:
    """Raise `DataError` if samples [n, channels] are NaN, infinite or too large."""
    with np.errstate(invalid="ignore"):  # for signalling NaN
        wrong = np.flatnonzero(~(np.abs(channels) <= MOST_FLOAT).all(axis=1))
    if wrong.size:
        raise DataError(
            f"{path} has samples that are not finite or beyond {MOST_FLOAT}, {len(wrong)} of "
            f"{len(channels)}, the first at {wrong[0] / rate:.3f} s: floats must be from -1 to 1; "
            "save it with 16 bits."
        )


def _read(content: bytes, path: str | Path) -> tuple[int, np.ndarray]:
    """Return samples per second, and samples [n] or [n, channels] in the type of the file."""
    if content.startswith(_FLAC):
        return _read_flac(content, path)
    from scipy.io import wavfile  # slow import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about chunks that are skipped
            warnings.filterwarnings("error", message="Reached EOF")
            return wavfile.read(BytesIO(content))
    except wavfile.WavFileWarning:
        raise DataError(
            f"{path} ends before its head says: it was cut short, or was written to a pipe; save "
            "it again."
        ) from None
    except MemoryError:
        raise
    except Exception:  # a damaged file raises almost anything
        raise DataError(
            f"{path} is no readable WAV file of plain samples: save it as one of 16 bits."
        ) from None


def _read_flac(content: bytes, path: str | Path) -> tuple[int, np.ndarray]:
    with needed():
        import soundfile
    try:
        with soundfile.SoundFile(BytesIO(content)) as file:
            if file.frames > MOST_SAMPLES or file.channels > MOST_CHANNELS:
                raise DataError(
                    f"{path} has {file.frames} samples of {file.channels} channels: at most "
                    f"{MOST_SAMPLES} of {MOST_CHANNELS} are read; cut it into several files."
                )
            dtype = "int16" if file.subtype == "PCM_16" else "int32"
            return file.samplerate, file.read(dtype=dtype)
    except soundfile.SoundFileError:
        raise DataError(f"{path} is no readable FLAC file: save it as WAV of 16 bits.") from None
