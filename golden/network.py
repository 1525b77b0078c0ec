# SPDX-License-Identifier: BSD-2-Clause
"""The network file: integer weights, thresholds, times and encoding, checked field by field.

Golden model and hardware share a `Network`. Its constructor rejects invalid fields, so no other
code needs to check them. The file is an `.npz` without pickles; `Network.save` lists its fields.
"""

import hashlib
import io
import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from .encodings.encoding import Encoding
from .encodings.features import Features
from .encodings.registry import encoding_of
from .encodings.samples import SampleKind
from .encodings.ticks import TICKS
from .foreign.fields import (
    EACH,
    INTEGER,
    LIST,
    MATRIX,
    MOST_BYTES,
    NAMES,
    TEXT,
    Fields,
    Kind,
    NetworkError,
    array,
    check,
    entries,
    integer,
    json_object,
    of_type,
    texts,
)
from .layers import geometry as geometries
from .layers.geometry import Geometry
from .layers.kind import LayerKind, weight_range
from .layers.registry import layer_of
from .motion.front import MotionFrontEnd
from .sound.front import FrontEnd
from .system.errors import convert_errors
from .system.files import read_file, replace_file
from .system.representation import short_repr

FORMAT = "firstspike-network-1"
LARGEST = 2**24 - 1
"""Largest threshold, deadline and size: keeps every S and M far inside 64 bits."""

MOST_EXAMPLES = 64
"""Largest number of examples in a network."""

_INTEGERS = ("unit", "deadline", "n_inputs", "late", "max_spikes")
_PER_NETWORK: dict[str, Kind] = {
    **dict.fromkeys(("format", "encoding", "meta"), TEXT),
    **dict.fromkeys(("weight_bits", "threshold"), EACH),
    **dict.fromkeys(_INTEGERS, INTEGER),
    "inputs": LIST,
    "classes": replace(NAMES, needed=False),
    "examples": Kind("integers [n, n_rows]", "iu", 2, needed=False),
    "geometry": replace(TEXT, needed=False, most=1 << 16),
    **Features.KINDS,
}


def _integer_model() -> ModuleType:
    """Return the module that runs networks; it imports this module, so it is imported on use."""
    return import_module(".integer", __package__)


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network of integer spiking neurons.

    Raises `NetworkError` for an invalid field. Arrays are copied and read-only.
    """

    weights: tuple[np.ndarray, ...]
    """Weights of each layer, int32 [n_in, n_out]; the first has one row per *connected* input. A
    convolving layer has [maps * taps, filters]."""
    weight_bits: tuple[int, ...]
    """Bits of the weights of each layer, 2..8; weights are in the `weight_range` of these bits."""
    thresholds: tuple[int, ...]
    """Threshold of each layer, the integer (>= 1) that represents 1.0."""
    unit: int
    """Ticks of z = 1."""
    deadline: int
    """The last tick, at least 6 units."""
    n_inputs: int
    """Inputs of the network, unconnected ones included."""
    inputs: np.ndarray
    """The connected inputs, int32, ascending; weight row r of the first layer is `inputs[r]`."""
    encoding: str = "binary"
    """"binary", "levels-N", "crossings-L" or "ticks"; see `firstspike.golden.encode`."""
    late: int = -1
    """Tick of the dark pixels, 1 .. deadline, or -1 if they are silent."""
    max_spikes: int = 1
    """Largest number of spikes of a hidden neuron per image; hardware supports only 1."""
    features: Features | None = None
    """Features that convert samples to inputs; None if samples are pixels 0..255, or ticks."""
    classes: tuple[str, ...] = ()
    """Names of the outputs; empty without names."""
    geometry: tuple[Geometry | None, ...] = ()
    """Geometry of each convolving layer, None for a dense layer; empty if all layers are dense."""
    examples: np.ndarray | None = None
    """Spike ticks int32 [n, n_rows] of some training samples, 0 for silent: the fastest core is
    chosen for them. None without examples."""
    meta: dict[str, Any] = field(default_factory=dict)
    """Origin of the network (anything JSON can hold)."""

    SHOWN: ClassVar = ("shape", "encoding", "weight_bits", "unit", "features", "classes")
    """Attributes in the representation."""

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Check every field, and convert it to the documented type."""

        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        for name in ("unit", "deadline", "n_inputs"):
            put(name, integer(name, getattr(self, name), 1, LARGEST))
        put("max_spikes", integer("max_spikes", self.max_spikes, 1, 255))
        weights = entries("weights", self.weights)
        put("weights", tuple(array(f"weights_{i}", w) for i, w in enumerate(weights)))
        if not self.weights:
            raise NetworkError("weights is empty: give at least one layer.")
        put("geometry", self._checked_geometry())
        put("weight_bits", self._per_layer("weight_bits", self.weight_bits, 2, 8))
        put("thresholds", self._per_layer("threshold", self.thresholds, 1, LARGEST))
        if 6 * self.unit > self.deadline:
            raise NetworkError(
                f"deadline is {self.deadline} with unit {self.unit}: "
                f"it must be at least 6 units, {6 * self.unit}."
            )
        put("late", integer("late", self.late, -1, self.deadline))
        if self.late == 0:
            raise NetworkError("late is 0: give -1 for never, or a tick from 1 to the deadline.")
        coding = self.coding  # checks the name, too
        json_object("meta", self.meta)
        of_type("features", self.features, Features)
        put("inputs", self._checked_inputs())
        put("weights", tuple(self._checked_weights()))
        put("examples", self._checked_examples())
        coding.check(self.features, self.n_inputs)
        put("classes", texts("classes", self.classes))
        if self.classes and len(self.classes) != self.shape[-1]:
            raise NetworkError(
                f"there are {len(self.classes)} names of classes for {self.shape[-1]} outputs: "
                "give one for each, or none."
            )

    def _per_layer(self, name: str, values: Any, low: int, high: int) -> tuple[int, ...]:
        values = tuple(integer(name, value, low, high) for value in entries(name, values))
        if len(values) != len(self.weights):
            raise NetworkError(
                f"{name} has {len(values)} entries for {len(self.weights)} layers: "
                "give one per layer."
            )
        return values

    def _checked_geometry(self) -> tuple[Geometry | None, ...]:
        geometry = tuple(
            of_type("geometry", one, Geometry) for one in entries("geometry", self.geometry)
        )
        if not any(geometry):
            return ()
        if len(geometry) != len(self.weights):
            raise NetworkError(
                f"geometry has {len(geometry)} entries for {len(self.weights)} layers: "
                "give one per layer."
            )
        if geometry[-1] is not None:
            raise NetworkError("the last layer convolves: it must be dense, an output per class.")
        if self.max_spikes != 1:
            raise NetworkError(
                f"max_spikes is {self.max_spikes}: in a network that convolves it must be 1."
            )
        return geometry

    def _checked_inputs(self) -> np.ndarray:
        inputs = array("inputs", self.inputs)
        if inputs.ndim != 1 or inputs.dtype.kind not in "iu" or not inputs.size:
            raise NetworkError(
                f"inputs is {inputs.dtype} {list(inputs.shape)}: "
                "give the indices of the connected inputs, a list of at least one integer."
            )
        inputs = _int32(
            "inputs", inputs, 0, self.n_inputs - 1, "indices must be below n_inputs, in"
        )
        if np.any(np.diff(inputs) <= 0):
            raise NetworkError("inputs must be ascending, each index once.")
        return inputs

    def _checked_weights(self) -> Iterable[np.ndarray]:
        n_in, meaning = len(self.inputs), "one per connected input"
        for layer, (w, bits) in enumerate(zip(self.weights, self.weight_bits, strict=True)):
            name = f"weights_{layer}"
            form = self._form(layer)
            if form.n_in != n_in:
                what = "rows" if form.rows == form.n_in else "inputs"
                raise NetworkError(f"{name} has {form.n_in} {what}: it needs {n_in}, {meaning}.")
            if form.n_out == 0:
                raise NetworkError(f"{name} has no columns: a layer needs at least one neuron.")
            yield _int32(name, w, *weight_range(bits), f"{bits} bits allow")
            n_in, meaning = form.n_out, f"one per neuron of layer {layer}"

    def _checked_examples(self) -> np.ndarray | None:
        if self.examples is None:
            return None
        ticks, width = array("examples", self.examples), len(self.inputs)
        is_table = ticks.ndim == 2 and ticks.shape[1] == width
        if ticks.dtype.kind not in "iu" or not is_table or not 0 < len(ticks) <= MOST_EXAMPLES:
            raise NetworkError(
                f"examples is {ticks.dtype} {list(ticks.shape)}: give spike ticks, integers "
                f"[n, {width}] with n in 1..{MOST_EXAMPLES}, or none."
            )
        return _int32("examples", ticks, 0, self.deadline, "ticks must be in")

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes from the inputs (including unconnected ones) to the outputs, as (784, 600, 10)."""
        return (self.n_inputs, *(layer.n_out for layer in self.layers))

    @cached_property
    def layers(self) -> tuple[LayerKind, ...]:
        """The kind of each layer, which defines its connections."""
        return tuple(self._form(layer) for layer in range(len(self.weights)))

    def _form(self, layer: int) -> LayerKind:
        geometry = self.geometry[layer] if self.geometry else None
        return layer_of(f"weights_{layer}", self.weights[layer], geometry)

    def check_dense(self, what: str) -> None:
        """Raise `NetworkError` if a layer convolves; `what` names the feature that forbids it."""
        if self.geometry:
            raise NetworkError(
                f"this network convolves, and {what} takes dense layers alone, such as those of "
                "--hidden 600"
            )

    def connected(self) -> "Network":
        """Return the same network without its unconnected inputs.

        Its samples are pixels, or spike ticks if the encoding has no levels. Repeated calls return
        the same object.
        """
        return self._connected

    @cached_property
    def _connected(self) -> "Network":
        count = len(self.inputs)
        encoding = self.encoding if self.levels else TICKS
        return replace(
            self, n_inputs=count, inputs=np.arange(count), encoding=encoding, features=None
        )

    @property
    def n_layers(self) -> int:
        """Number of layers of neurons."""
        return len(self.weights)

    @cached_property
    def coding(self) -> Encoding:
        """The encoding that `encoding` names."""
        return encoding_of(self.encoding)

    @property
    def levels(self) -> int:
        """Number of levels of an input: 2 for binary, 0 for an encoding without levels."""
        return self.coding.levels

    @property
    def takes(self) -> SampleKind:
        """The kind of the samples."""
        return self.coding.takes(self.features)

    def class_name(self, output: int) -> str:
        """Return the name of the class of an output."""
        return self.classes[output] if self.classes else str(output)

    @property
    def n_features(self) -> int:
        """Number of pixels or features of a sample, or of channels of a time series."""
        return self.n_inputs if self.features is None else self.features.count(self.n_inputs)

    @property
    def sound(self) -> FrontEnd | None:
        """The front end that makes the samples from sound, None for other samples."""
        return self.features.sound if self.features else None

    @property
    def motion(self) -> MotionFrontEnd | None:
        """The front end that makes the samples from motion, None for other samples."""
        return self.features.motion if self.features else None

    @property
    def takes_pixels(self) -> bool:
        """Whether samples are pixels 0..255."""
        return self.takes is SampleKind.PIXELS

    @property
    def takes_bitmap(self) -> bool:
        """Whether its core can have an Encoder in front, which requires silent dark pixels."""
        return self.coding.takes_bitmap(self.late)

    def output_indices(self, labels: Any) -> np.ndarray:
        """Return the index of the output of each label, int64 [n].

        Labels [n] are names of classes, or integers: the indices of outputs, but of a network whose
        classes are named by numbers, such as 1, 2 and 3, these names. Raises `NetworkError` for
        labels that are no classes of the network.
        """
        labels = array("labels", labels)
        most = self.shape[-1] - 1
        numbered = any(name.removeprefix("-").isdecimal() for name in self.classes)
        if numbered and labels.dtype.kind in "iuf" and np.array_equal(labels, np.rint(labels)):
            labels = labels.astype(np.int64).astype(str)
        if labels.dtype.kind in "OSU":
            index = {self.class_name(output): output for output in range(most + 1)}
            numbers = np.array([index.get(name, -1) for name in labels.astype(str).tolist()], int)
            unknown = labels[numbers < 0].tolist()
        else:
            unknown = labels[~np.isin(labels, np.arange(most + 1))].tolist()
            numbers = labels
        if unknown:
            such = f", such as {self.classes[0]!r:.40}" if self.classes else ""
            known = f"class numbers, integers in 0..{most}{', or their names' if such else ''}"
            if numbered:
                known = "names of classes"
            raise NetworkError(f"labels has {unknown[0]!r:.40}: give {known}{such}.")
        return numbers.astype(np.int64)

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """Return the decisions of samples [n, ...], as `encode` accepts them: int32 [n].

        A decision is the index of an output; `class_name` returns its name. Raises `EncodingError`
        for samples that do not fit the network.
        """
        decisions: np.ndarray = _integer_model().decisions(self, samples)
        return decisions

    def predict_ticks(self, samples: np.ndarray) -> np.ndarray:
        """Return the tick of each decision of samples [n, ...], int32 [n]; z = 1 is at `unit`.

        Raises `EncodingError` for samples that do not fit the network.
        """
        results = (results for _, results in _integer_model().infer_samples(self, samples))
        return np.concatenate([one.tick for one in results])

    def score(self, samples: np.ndarray, labels: np.ndarray) -> float:
        """Return the accuracy on samples [n, ...]; labels [n] are as `output_indices` accepts them.

        Raises `EncodingError` for samples that do not fit the network, and `NetworkError` for
        another number of labels, or labels that are no classes of the network.
        """
        decisions, shape = self.predict(samples), np.shape(labels)
        if shape != decisions.shape:
            raise NetworkError(
                f"labels has shape {shape} for {len(decisions)} samples: give one per sample."
            )
        return float((decisions == self.output_indices(labels)).mean())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network file; an existing file is replaced completely or not at all."""
        replace_file(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of the network file."""
        file = io.BytesIO()
        np.savez_compressed(file, **self.fields())
        return file.getvalue()

    def fields(self) -> dict[str, Any]:
        """Return the fields of the network file: arrays, integers and strings."""
        weights: dict[str, Any] = {
            f"weights_{layer}": w.astype(np.int8) for layer, w in enumerate(self.weights)
        }
        optional: dict[str, Any] = self.features.fields() if self.features else {}
        if self.classes:
            optional |= {"classes": np.array(self.classes, str)}
        if self.examples is not None:
            kind = np.min_scalar_type(self.deadline)
            optional |= {"examples": self.examples.astype(kind)}
        if self.geometry:
            optional |= {"geometry": geometries.to_json(self.geometry)}
        return {
            "format": FORMAT,
            **weights,
            "weight_bits": np.array(self.weight_bits, np.int32),
            "threshold": np.array(self.thresholds, np.int32),
            "inputs": self.inputs,
            "encoding": self.encoding,
            "meta": json.dumps(self.meta),
            **{name: getattr(self, name) for name in _INTEGERS},
            **optional,
        }

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Network":
        """Read and check a network file.

        Raises `NetworkError` for invalid content, `OSError` if the file cannot be read.
        """
        with convert_errors(NetworkError, f"{path} is not a valid network file: ", NetworkError):
            return cls.from_bytes(read_file(path, MOST_BYTES))

    @classmethod
    def from_bytes(cls, content: bytes) -> "Network":
        """Return the network of a file's content after checking it. Raises `NetworkError`."""
        return cls.of(Fields.of(content, _described))

    @classmethod
    def of(cls, fields: Fields) -> "Network":
        """Return the network of a file's fields after checking them. Raises `NetworkError`."""
        check(_described, fields)
        fields.check_format(FORMAT)
        layers = range(len(fields.keys() - _PER_NETWORK.keys()))
        convolves = "geometry" in fields
        return cls(
            weights=tuple(fields[f"weights_{layer}"] for layer in layers),
            weight_bits=fields.take("weight_bits", list),
            thresholds=fields.take("threshold", list),
            inputs=fields["inputs"],
            encoding=fields.take("encoding", str),
            features=Features.of(fields),
            classes=fields.take("classes", list) if "classes" in fields else (),
            geometry=geometries.from_json(fields.take("geometry", str)) if convolves else (),
            examples=fields.get("examples"),
            meta=fields.meta(),
            **{name: fields.take(name, int) for name in _INTEGERS},
        )

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the network's function, which `meta`, names and examples do
        not change.
        """
        sha = hashlib.sha256()
        names = ("shape", "weight_bits", "thresholds", "encoding", *_INTEGERS)
        sha.update(json.dumps([getattr(self, name) for name in names]).encode())
        sha.update(self.inputs.astype("<i4").tobytes())
        if self.geometry:
            sha.update(geometries.to_json(self.geometry).encode())
        for w in self.weights:
            sha.update(w.astype(np.int8).tobytes())
        if self.features is not None:
            for name, field in self.features.fields().items():
                if name != "features":  # names of the features
                    sha.update(name.encode() + np.asarray(field).tobytes())
        return sha.hexdigest()


def _int32(name: str, values: np.ndarray, low: int, high: int, rule: str) -> np.ndarray:
    """Return integers as read-only int32. Raises `NetworkError` if they are not in low..high."""
    least, most = values.min(), values.max()
    if least < low or most > high:
        raise NetworkError(f"{name} holds {least} to {most}: {rule} {low}..{high}.")
    values = np.array(values, np.int32, order="C")
    values.flags.writeable = False
    return values


def _described(names: Collection[str]) -> Mapping[str, Kind]:
    """Return the kinds of the fields of a network file with these field names."""
    layers = len(set(names) - _PER_NETWORK.keys())
    return _PER_NETWORK | {f"weights_{layer}": MATRIX for layer in range(layers)}
