# SPDX-License-Identifier: BSD-2-Clause
"""Damaged files of every kind: refused with their names, or read as if nothing were damaged."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstspike.golden import DataError, LearningError, LearningState, Network, NetworkError
from firstspike.golden.data.readers import read
from firstspike.golden.training.checkpoint import Checkpoint, CheckpointError
from firstspike.golden.training.suited import suited
from firstspike.golden.training.trainer import Continuation, Trainer
from tests.support.command import toy_network

pytestmark = pytest.mark.fast


class Kind(NamedTuple):
    """How files of a kind are written, read as a value that can be compared, and refused."""

    write: Callable[[Path], None]
    read: Callable[[Path], Any]
    error: type[Exception]


def write_samples(path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(12, 2, 3))
    np.savez(path, x_train=x, y_train=np.arange(12) % 3)


def write_checkpoint(path: Path) -> None:
    x, y = np.random.default_rng(1).normal(size=(30, 3)), np.arange(30) % 3
    continuation = Continuation(save=lambda checkpoint: checkpoint.save(path, {"a": 1}))
    Trainer(**suited(30, hidden=(5,), epochs=1)).fit(x, y, continuation=continuation)


def lists(arrays: Any) -> list:
    return [array.tolist() for array in arrays]


def read_state(path: Path) -> tuple:
    state = LearningState.load(path)
    own = state.stored_bits, state.generator, state.done, state.meta
    return lists(state.weights), own, state.network.digest()


def read_checkpoint(path: Path) -> tuple:
    checkpoint, run = Checkpoint.load(path)
    return checkpoint.state, lists(checkpoint.arrays.values()), run


def read_samples(path: Path) -> tuple:
    samples, _ = read(path)
    return samples.x.tolist(), lists([np.array(samples.labels)])


KINDS = {
    "network": Kind(
        lambda path: toy_network().save(path),
        lambda path: Network.load(path).digest(),
        NetworkError,
    ),
    "state": Kind(
        lambda path: LearningState.of(toy_network()).save(path), read_state, LearningError
    ),
    "checkpoint": Kind(write_checkpoint, read_checkpoint, CheckpointError),
    "samples": Kind(write_samples, read_samples, DataError),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged") / "file.npz"


@pytest.fixture(scope="module")
def whole(path):
    """By kind: the content of a whole file, and what is read from it."""

    @cache
    def of(kind: str) -> tuple[bytes, Any]:
        KINDS[kind].write(path)
        return path.read_bytes(), KINDS[kind].read(path)

    return of


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A file that is cut, that has another byte somewhere, or that is something else."""
    at = draw(st.integers(0, len(content) - 1))
    other = content[at] ^ draw(st.integers(1, 255))
    return draw(
        st.sampled_from(
            [
                content[:at],
                content[:at] + bytes([other]) + content[at + 1 :],
                b"text",
                b"\x80\x04\x95N.",  # a pickle
            ]
        )
    )


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_a_damaged_file_is_refused_by_its_name_or_read_as_it_was(name, data, path, whole):
    content, expected = whole(name)
    path.write_bytes(data.draw(damaged(content)))
    try:
        found = KINDS[name].read(path)
    except KINDS[name].error as error:
        sentence = str(error)
    else:
        # Bytes that no reader looks at, such as times of day, do no harm.
        assert found == expected
        return
    assert "file.npz" in sentence
