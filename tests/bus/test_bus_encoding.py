# SPDX-License-Identifier: BSD-2-Clause
"""The encoder in C, compiled under sanitizers: it makes golden's spikes of every kind of sample."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import EncodingError, Features, Network, encode, events, load_network
from firstspike.golden.encoding import bitmap_pixels
from firstspike.golden.encodings.registry import encoding_of
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.interface import describe_network
from tests.support.command import toy_network
from tests.support.native import ran, sanitized, write_c_files
from tests.support.strategies import seeds

RUN = Path(__file__).with_name("encoding_run.c").read_text()


class Encoders:
    """The encoders of some networks in one program."""

    def __init__(self, folder, cases):
        self.networks = [network for network, _ in cases]
        self.configs: list[CoreConfig] = []
        parts = ["#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>"]
        for number, (network, folding) in enumerate(cases):
            name = f"n{number}"
            config, _ = write_c_files(folder, network, name, name, lanes=2, **folding)
            self.configs.append(config)
            parts.append(
                f'#include "{name}_encoding.h"\n#define NUMBER {number}\n'
                f"#define HAS_BITMAP {int(config.bitmap is not None)}\n{RUN}"
            )
        runs = ", ".join(f"n{number}_run" for number in range(len(cases)))
        parts.append(f"static int (*const runs[])(void) = {{{runs}}};")
        parts.append("int main(int count, char **words)")
        parts.append("{ return runs[atoi(words[count - 1])](); }\n")
        source = "\n".join(parts)
        self.program = sanitized(folder, source)

    def encode(self, number, samples):
        """Return the program's answer for each sample, and the events or bytes."""
        kind = value_kind(self.networks[number])
        done = ran(self.program, number, sent=np.asarray(samples).astype(kind).tobytes())
        assert (done.returncode, done.stderr) == (0, b"")
        lines = [line.split() for line in done.stdout.decode().splitlines()]
        return [(int(first), rest) for first, *rest in lines]

    def expected(self, number, samples):
        """Return what golden makes of the samples, in the same form."""
        network, config = self.networks[number], self.configs[number]
        ticks = encode(network, samples)
        if config.bitmap is None:
            return [(0, [f"{t}:{r}" for t, r in events(row).tolist()]) for row in ticks]
        if config.layers[0].folding.rows > 1:
            bright = ticks > 0
        else:
            bright = bitmap_pixels(network, samples) > 0
        packed = np.packbits(bright, axis=1, bitorder="little")
        return [(0, [str(byte) for byte in row]) for row in packed]


def value_kind(network):
    """The type of a value in C."""
    if network.takes_pixels:
        return np.uint8
    return np.uint16 if network.features is None else np.float64


def around(edges, rng, shape):
    """Samples at edges, next to them, far away, and of zeros of both signs."""
    values = np.concatenate(
        [
            edges.ravel(),
            np.nextafter(edges.ravel(), -np.inf),
            np.nextafter(edges.ravel(), np.inf),
            [0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308],
        ]
    )
    return rng.choice(values, shape)


def network_of(kind, N, complement, constant, late, rng):
    """A network of this encoding, some of whose inputs are not connected; "gaps" may be missing."""
    count, steps = int(rng.integers(2, 6)), int(rng.integers(2, 12)) if kind == "crossings" else 0
    edges = None if kind == "pixels" else np.sort(rng.normal(size=(count, N - 1)), axis=1)
    medians = rng.choice(edges.ravel(), count) if kind == "gaps" else None
    features = Features(edges, complement, constant, steps, medians=medians)
    encoding = f"crossings-{N - 1}" if steps else f"levels-{N}" if N > 2 else "binary"
    n_inputs = encoding_of(encoding).n_inputs(features, count)
    inputs = np.sort(rng.choice(n_inputs, -(-2 * n_inputs // 3), replace=False))
    return Network(
        weights=(rng.integers(-2, 8, (len(inputs), 3)),),
        weight_bits=(4,),
        thresholds=(5,),
        unit=int(rng.integers(1, 8)),
        deadline=50,
        n_inputs=n_inputs,
        inputs=inputs,
        encoding=encoding,
        late=late,
        features=features,
    )


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Networks of every kind of encoding, with and without a bitmap, and samples for each."""
    rng = np.random.default_rng(1)
    cases, samples = [], []

    def case(network, given, **folding):
        cases.append((network, folding))
        samples.append(given)

    for kind, N, complement, constant, late in itertools.product(
        ("pixels", "levels", "gaps", "crossings"), (2, 17), (False, True), (False, True), (-1, 50)
    ):
        if kind == "crossings" and (complement or late != -1):
            continue
        network = network_of(kind, N, complement, constant, late, rng)
        features = network.features
        if features.edges is None:
            given = rng.integers(0, 256, (20, network.n_features)).astype(np.uint8)
        else:
            series = [features.steps] if features.steps else []
            given = around(features.edges, rng, (20, network.n_features, *series))
        if kind == "gaps":
            given[rng.random(given.shape) < 0.4] = math.nan
        case(network, given)
        if network.takes_bitmap:
            case(network, given, bitmap=8)
            case(network, given, bitmap=8, rows=2)
    ticks = rng.integers(0, 51, (8, 5))
    ticks[0], ticks[1] = 0, 50
    for inputs in (range(5), (1, 4)):
        network = network_of("pixels", 2, False, False, -1, rng)
        case(
            replace(
                network,
                n_inputs=5,
                inputs=np.array(inputs),
                weights=(np.ones((len(inputs), 3), int),),
                features=None,
                encoding="ticks",
            ),
            ticks,
        )
    every_value = np.arange(256, dtype=np.uint8)[:, None]
    for encoding in ("binary", "levels-256", "levels-3"):
        network = toy_network(encoding)
        case(network, np.repeat(every_value, network.n_inputs, axis=1))
    digit = load_network("mnist-4bit")
    pixels = rng.integers(0, 256, (3, digit.n_inputs)).astype(np.uint8)
    case(digit, pixels)
    case(digit, pixels, bitmap=32)
    case(digit, pixels, bitmap=32, rows=4)
    return Encoders(tmp_path_factory.mktemp("encoders"), cases), samples


@pytest.mark.long
def test_every_spike_is_goldens(encoders):
    program, samples = encoders
    for number, given_samples in enumerate(samples):
        expected = program.expected(number, given_samples)
        assert program.encode(number, given_samples) == expected, program.networks[number]


def test_a_missing_value_spikes_as_the_interface_tells(encoders):
    program, _ = encoders
    tried = 0
    for number, (network, config) in enumerate(zip(program.networks, program.configs, strict=True)):
        told = describe_network(config, network)[0]["parameters"].get("missing_ticks")
        if network.features is None or network.features.medians is None:
            assert told is None
        elif config.bitmap is None:
            ((answer, spikes),) = program.encode(number, np.full((1, network.n_features), math.nan))
            expected = [f"{tick}:{row}" for tick, row in events(np.array(told)).tolist()]
            assert (answer, spikes) == (0, expected)
            tried += 1
    assert tried


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_refused_as_golden_does(encoders, wrong):
    program, samples = encoders
    tried = 0
    for number, given_samples in enumerate(samples):
        features = program.networks[number].features
        accepted = math.isnan(wrong) and features is not None and features.medians is not None
        if value_kind(program.networks[number]) is np.float64 and not accepted:
            bad = given_samples[:1].astype(np.float64)
            bad.reshape(-1)[-1] = wrong
            with pytest.raises(EncodingError, match="finite"):
                encode(program.networks[number], bad)
            ((answer, said),) = program.encode(number, bad)
            assert answer != 0
            assert program.configs[number].bitmap or not said
            tried += 1
    assert tried


def test_a_tick_after_the_deadline_is_refused_as_golden_does(encoders):
    program, samples = encoders
    number = next(n for n, one in enumerate(program.networks) if one.encoding == "ticks")
    network = program.networks[number]
    late = samples[number][:1].copy()
    late[0, -1] = network.deadline + 1
    with pytest.raises(EncodingError, match="deadline"):
        encode(network, late)
    assert [answer != 0 for answer, _ in program.encode(number, late)] == [True]


@given(seeds, st.integers(1, 300))
@settings(max_examples=5, deadline=None)
def test_many_events_are_sorted(encoders, seed, count):
    program, _ = encoders
    number = next(n for n, one in enumerate(program.networks) if one.encoding == "levels-256")
    network: Network = program.networks[number]
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, network.n_inputs)).astype(np.uint8)
    assert program.encode(number, pixels) == program.expected(number, pixels)


def test_the_json_of_a_core_says_how_values_become_spikes(encoders):
    """A network of the parameters in it has the same encoding, with or without a bus."""
    program, samples = encoders
    for number, given_samples in enumerate(samples):
        network = program.networks[number]
        about, _ = describe_network(program.configs[number], network)
        told = json.loads(json.dumps(about))["parameters"]
        features = told["features"] and dict(told["features"])
        if features:
            names = tuple(features.pop("features"))
            features = Features(**features, names=names)
        read = replace(
            network,
            **{name: told[name] for name in ("unit", "deadline", "encoding", "late")},
            n_inputs=told["shape"][0],
            inputs=np.array(told["inputs"]),
            features=features or None,
        )
        assert np.array_equal(encode(read, given_samples), encode(network, given_samples))
