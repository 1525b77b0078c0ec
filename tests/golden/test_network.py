# SPDX-License-Identifier: BSD-2-Clause
"""The network file: it loads as it was saved, and a sentence names each fault."""

import dataclasses
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstspike.golden import (
    DataError,
    Features,
    LearningError,
    LearningState,
    Network,
    NetworkError,
    load_network,
    shipped,
)
from firstspike.golden.data.readers import read
from firstspike.golden.network import MOST_BYTES
from firstspike.golden.training.checkpoint import Checkpoint, CheckpointError
from firstspike.golden.training.general_recipe import general_training
from firstspike.golden.training.trainer import Continuation, Trainer
from tests.support.command import toy_network
from tests.support.strategies import networks

pytestmark = pytest.mark.fast


def small_network() -> Network:
    return Network(
        weights=(np.array([[3, -4], [7, 0], [-8, 1]]), np.array([[1, -2], [0, 1]])),
        weight_bits=(4, 2),
        thresholds=(4, 1),
        unit=2,
        deadline=13,
        n_inputs=5,
        inputs=np.array([0, 2, 4]),
        encoding="levels-8",
        late=13,
        meta={"seed": 1},
    )


def fields_of(path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@given(network=networks())
def test_what_is_saved_is_loaded(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "net.npz"
    network.save(path)
    loaded = load_network(path)
    for field in dataclasses.fields(Network):
        one, other = getattr(network, field.name), getattr(loaded, field.name)
        if field.name == "weights":
            assert [w.tolist() for w in one] == [w.tolist() for w in other]
        elif field.name == "inputs":
            assert one.tolist() == other.tolist()
        else:
            assert one == other
    assert network.digest() == loaded.digest()


def test_digest_tells_networks_apart():
    network = small_network()
    transposed = tuple(w.T.copy() for w in network.weights[1:])
    changed = [
        {"weights": (network.weights[0], *transposed)},
        {"weight_bits": (5, 2)},
        {"thresholds": (4, 2)},
        {"unit": 1},
        {"deadline": 14},
        {"n_inputs": 6},
        {"inputs": np.array([0, 2, 3])},
        {"encoding": "levels-9"},
        {"late": -1},
        {"max_spikes": 2},
    ]
    digests = {dataclasses.replace(network, **change).digest() for change in changed}
    assert len(digests | {network.digest()}) == len(changed) + 1
    assert dataclasses.replace(network, meta={}).digest() == network.digest()


def test_a_network_cannot_be_changed():
    network = small_network()
    with pytest.raises(ValueError, match="read-only"):
        network.weights[0][0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        network.inputs[0] = 1


STRANGE = [
    0.5,
    "x",
    b"x",
    np.nan,
    10**30,
    object(),
    Network,
    {1: 2},
    np.array(3),
    np.arange(2) - 9,
    [[1, 2], [3]],
    [None],
    [np.zeros((9, 5)), np.zeros((5, 3))],
]
"""Values that fit no field but `meta`: of other types, not finite, out of range, of odd shapes."""


@pytest.mark.parametrize(
    ("make", "of", "field"),
    [
        pytest.param(type(one), one, field.name, id=f"{type(one).__name__}-{field.name}")
        for one in (small_network(), Features(np.ones((4, 1)), medians=np.ones(4)))
        for field in dataclasses.fields(one)
        if field.name != "meta"
    ],
)
def test_a_value_of_another_type_is_refused_in_a_line(make, of, field):
    good = {one.name: getattr(of, one.name) for one in dataclasses.fields(of)}
    for value in STRANGE:
        if (field, str(value)) == ("geometry", "[None]"):
            continue  # no layer convolves
        with pytest.raises(NetworkError) as caught:
            make(**good | {field: value})
        assert re.search(rf"{field.removesuffix('s')}|edges|features", str(caught.value))
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200


BAD = [
    ("weights", (), "weights is empty: give at least one layer."),
    ("weights", (np.zeros((3, 2)), np.zeros((2, 2), int)), "weights_0 is float64 [3, 2]: it must"),
    ("weights", (np.zeros((2, 2), int), np.zeros((2, 2), int)), "weights_0 has 2 rows: it needs"),
    ("weights", (np.zeros((3, 2), int), np.zeros((3, 2), int)), "weights_1 has 3 rows: it needs"),
    ("weights", (np.zeros((3, 0), int), np.zeros((0, 2), int)), "weights_0 has no columns: a"),
    ("weights", (np.full((3, 2), 8), np.zeros((2, 2), int)), "weights_0 holds 8 to 8: 4 bits"),
    ("weights", (np.zeros((3, 2), int), np.full((2, 2), -3)), "weights_1 holds -3 to -3: 2 bits"),
    ("weights", (np.full((3, 2), 2**40), np.zeros((2, 2), int)), "weights_0 holds 1099511627776"),
    ("weight_bits", (4,), "weight_bits has 1 entries for 2 layers: give one per layer."),
    ("weight_bits", (4, 1), "weight_bits is 1: it must be in 2..8."),
    ("weight_bits", (9, 2), "weight_bits is 9: it must be in 2..8."),
    ("thresholds", (4, 0), "threshold is 0: it must be in 1..16777215."),
    ("thresholds", (4, 2**24), "threshold is 16777216: it must be in 1..16777215."),
    ("thresholds", (4, 1.5), "threshold is 1.5: it must be an integer in 1..16777215."),
    ("thresholds", (4, 1, 1), "threshold has 3 entries for 2 layers: give one per layer."),
    ("unit", 0, "unit is 0: it must be in 1..16777215."),
    ("unit", True, "unit is True: it must be an integer in 1..16777215."),
    ("deadline", 11, "deadline is 11 with unit 2: it must be at least 6 units, 12."),
    ("deadline", 2**30, "deadline is 1073741824: it must be in 1..16777215."),
    ("n_inputs", 4, "inputs holds 0 to 4: indices must be below n_inputs, in 0..3."),
    ("inputs", np.array([0, 2, 2]), "inputs must be ascending, each index once."),
    ("inputs", np.array([2, 0, 4]), "inputs must be ascending, each index once."),
    ("inputs", np.array([-1, 2, 4]), "inputs holds -1 to 4: indices must be below n_inputs, in"),
    ("inputs", np.array([0.0, 2.0, 4.0]), "inputs is float64 [3]: give the indices of the"),
    ("inputs", np.array([], int), "inputs is int64 [0]: give the indices of the"),
    ("encoding", "levels-1", "encoding is 'levels-1': it must be binary, levels-N with N in"),
    ("encoding", "levels-257", "encoding is 'levels-257': it must be binary, levels-N with N in"),
    ("encoding", "levels-08", "encoding is 'levels-08': it must be binary, levels-N with N in"),
    ("encoding", "rates", "encoding is 'rates': it must be binary, levels-N with N in 2..256,"),
    ("late", 0, "late is 0: give -1 for never, or a tick from 1 to the deadline."),
    ("late", -2, "late is -2: it must be in -1..13."),
    ("late", 14, "late is 14: it must be in -1..13."),
    ("max_spikes", 0, "max_spikes is 0: it must be in 1..255."),
    ("max_spikes", 256, "max_spikes is 256: it must be in 1..255."),
    ("meta", [], "meta is list: it must be a dictionary."),
    ("meta", {"x": object()}, "meta must be something JSON can hold: Object of type object is not"),
    ("meta", {"x": float("nan")}, "meta must be something JSON can hold: not JSON"),
    ("meta", {"x": "\ud800"}, "meta must be something JSON can hold: not JSON"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_field_is_named(name, value, message):
    with pytest.raises(NetworkError, match=re.escape(message)):
        dataclasses.replace(small_network(), **{name: value})


BAD_FILE = [
    ("format", "firstspike-network-2", "format is 'firstspike-network-2': this version reads"),
    ("format", 1, "net.npz is not a valid network file: format is int64 []: it must be one"),
    ("unit", 2.0, "net.npz is not a valid network file: unit is float64 []: it must be one"),
    ("unit", [2], "unit is int64 [1]: it must be one integer."),
    ("weight_bits", 4, "net.npz is not a valid network file: weight_bits is int64 []: it must be"),
    ("threshold", [4.0, 1.0], "net.npz is not a valid network file: threshold is float64 [2]: it"),
    ("meta", "[]", "net.npz is not a valid network file: meta is list: it must be a dictionary."),
    ("meta", '{"loss": NaN}', "net.npz is not a valid network file: meta is not JSON"),
    ("meta", "[" * 100_000, "net.npz is not a valid network file: meta is not JSON"),
    ("meta", "x" * (1 << 23), "net.npz is not a valid network file: meta has 33554432 bytes: at"),
    ("threshold", np.ones(1 << 13, int), "threshold has 65536 bytes: at most 32768 are read."),
    ("weights_0", np.zeros((3, 2, 1), int), "weights_0 is int64 [3, 2, 1]: it must be integers"),
    ("weights_3", np.zeros((3, 2), int), "weights_3 is unknown, or one before it is missing."),
    ("bias", np.zeros(2), "net.npz is not a valid network file: the field bias is unknown, or one"),
    ("meta", np.array([{"seed": 1}], object), "without pickles"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD_FILE)
def test_a_bad_field_of_a_file_is_named(name, value, message, tmp_path):
    path = tmp_path / "net.npz"
    small_network().save(path)
    np.savez(path, **{**fields_of(path), name: value})
    with pytest.raises(NetworkError, match=re.escape(message)) as caught:
        Network.load(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_too_long_is_named(tmp_path):
    path = tmp_path / "net.npz"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(OSError, match=f"more than {MOST_BYTES} bytes") as caught:
        Network.load(path)
    assert caught.value.filename == str(path)


def test_a_missing_field_is_named(tmp_path):
    """Section 2: all but `edges`, which pixels have not, and without names no text is there."""
    features = Features(np.arange(35.0).reshape(5, 7))
    path = tmp_path / "net.npz"
    dataclasses.replace(small_network(), features=features).save(path)
    fields = fields_of(path)
    assert (fields["steps"], fields["features"].tolist()) == (0, [])
    for name in fields:
        np.savez(path, **{other: value for other, value in fields.items() if other != name})
        if name == "edges":
            assert Network.load(path).takes_pixels
            continue
        # Without a layer's weights the next one is what is seen, or the number of layers.
        expected = "weights_|per layer" if name.startswith("weights") else f"{name} is missing"
        with pytest.raises(NetworkError, match=expected):
            Network.load(path)


def test_bounds_are_those_of_the_design():
    """Section 2: the largest threshold, deadline, unit and number of inputs."""
    largest, unit = 2**24 - 1, 2_796_202
    bounds = {"thresholds": (largest, 1), "n_inputs": largest, "unit": unit, "deadline": largest}
    assert dataclasses.replace(small_network(), **bounds).unit == unit
    for name, value in (("unit", unit + 1), ("deadline", largest + 1), ("n_inputs", largest + 1)):
        with pytest.raises(NetworkError, match=f"{name} is|with unit {value}"):
            dataclasses.replace(small_network(), **bounds | {name: value})


def test_names():
    with pytest.raises(NetworkError, match="no network 'mnist-9bit'"):
        load_network("mnist-9bit")
    for name in shipped():
        assert load_network(name).shape[-1] == 10


# Damaged files of every kind: refused with their names, or read as if nothing were damaged.


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
    Trainer(general_training(30, hidden=(5,), epochs=1)).fit(x, y, continuation=continuation)


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
        actual = KINDS[name].read(path)
    except KINDS[name].error as error:
        sentence = str(error)
    else:
        # Bytes that no reader looks at, such as times of day, do no harm.
        assert actual == expected
        return
    assert "file.npz" in sentence


def test_the_score_takes_numbers_and_names_of_classes():
    network = dataclasses.replace(toy_network(), classes=tuple("abcd"))
    samples = np.zeros((2, network.n_features), np.uint8)
    decision = int(network.predict(samples)[0])
    labels = np.array([decision, (decision + 1) % 4])
    assert network.score(samples, labels) == 0.5
    for names in (np.array(network.classes), np.array(network.classes, object)):
        assert network.score(samples, names[labels]) == 0.5


@pytest.mark.parametrize(
    ("classes", "labels", "message"),
    [
        ((), ["a", "b"], "labels has 'a': give class numbers, integers in 0..3."),
        ((), [0, 4], "labels has 4: give class numbers, integers in 0..3."),
        (
            "abcd",
            ["a", "e"],
            "labels has 'e': give class numbers, integers in 0..3, or their names",
        ),
        ("abcd", [0.5, 1], "0..3, or their names, such as 'a'."),
        ("1234", [0, 1], "labels has '0': give names of classes, such as '1'."),
        (("1", "x", "y", "z"), [1, 2], "labels has '2': give names of classes, such as '1'."),
    ],
)
def test_the_score_refuses_labels_that_are_no_classes(classes, labels, message):
    network = dataclasses.replace(toy_network(), classes=tuple(classes))
    with pytest.raises(NetworkError, match=re.escape(message)):
        network.score(np.zeros((2, network.n_features), np.uint8), labels)
