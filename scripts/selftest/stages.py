# SPDX-License-Identifier: BSD-2-Clause
"""The stages of a self-test: each compares a function of a board with the golden model."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from firstspike.boards.client import BoardClient
from firstspike.boards.client.channel import SerialPort
from firstspike.golden import (
    LearningState,
    Network,
    Settings,
    bundled_test_set,
    differences,
    encode,
    load_network,
)
from firstspike.golden.data.typical_digits import takes_digits
from firstspike.golden.results import UNCOUNTED, Difference
from firstspike.golden.shipped import shipped
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.hdl.link.protocol.formats import Identity
from firstspike.hdl.link.protocol.messages import goes_as_bitmap
from firstspike.scripts.targets.board import Target
from firstspike.scripts.targets.target import Progress, Work

from .hostile_frames import send_hostile_frames

DIGITS, LESSONS = 1000, 500
"""Number of images that are classified, and that are learned."""

ROUNDS = 10
"""Number of times that each image is played from the board's memory."""

RULE = Settings(step=2, row_draw=1)
"""Settings of the learning: rows are drawn at random, and a step is more than one."""

HOSTILE_SECONDS = 10.0


class DifferenceError(FirstSpikeError):
    """The board differs from the golden model; the message has the first difference."""


@dataclass(frozen=True)
class Stage:
    """The result of a stage: `figures` if it has passed, `failure` if it has failed.

    Without either, the stage was skipped: the design lacks the tested function, or an earlier stage
    has failed.
    """

    name: str
    figures: dict[str, Any] | None = None
    failure: str | None = None


def network_of(identity: Identity) -> Network | None:
    """Return the network of the package that a board was built for, None for another one."""
    networks = map(load_network, shipped())
    return next((one for one in networks if one.digest() == identity.network.hex()), None)


def in_order(runs: Mapping[str, Callable[[], dict[str, Any] | None]], port: str) -> list[Stage]:
    """Run the stages of these names in their order, up to one that fails."""
    stages = {name: Stage(name) for name in runs}
    for name, run in runs.items():
        try:
            stages[name] = Stage(name, run())
        except FirstSpikeError as error:
            # A report contains nothing about the computer, and a port's name may contain a user's.
            stages[name] = Stage(name, failure=str(error).replace(port, "the port"))
            break
    return list(stages.values())


class Selftest:
    """The stages for a board on a port, which was built for `network`.

    `seed` determines images, frames and the learning; `progress` receives the progress of a work.
    """

    def __init__(
        self, network: Network, port: str, baud: int, seed: int, progress: Progress
    ) -> None:
        self._network, self._port, self._baud = network, port, baud
        self._seed, self._progress = seed, progress
        self._ticks, self._labels = _images(network, seed)

    def stages(self) -> list[Stage]:
        """Run the stages in their order, up to one that fails."""
        stages: dict[str, Callable[[], dict[str, Any] | None]] = {
            "weights": self._weights,
            "digits": self._digits,
            "memory": self._memory,
            "hostile frames": self._hostile_frames,
            "learning": self._learning,
        }
        return in_order(stages, self._port)

    def _weights(self) -> dict[str, Any]:
        """Write other weights and those of the network, and read both back."""
        with self._target() as target:
            start, held = time.monotonic(), self._held(target.client)
            mirrored = [weights[::-1, ::-1] for weights in held]
            count = 0
            for weights in (mirrored, held):
                self._load(target.client, weights)
                read = target.client.read_weights(partial(self._progress, Work.READING))
                for layer, (wrote, back) in enumerate(zip(weights, read, strict=True)):
                    wrong = np.argwhere(wrote != back)
                    if len(wrong):
                        row, neuron = wrong[0].tolist()
                        raise DifferenceError(
                            f"{len(wrong)} of {wrote.size} weights of layer {layer} are not those "
                            f"that were written, the first in row {row}, neuron {neuron}"
                        )
                    count += wrote.size
            return {"weights": count, "seconds": since(start)}

    def _digits(self) -> dict[str, Any]:
        """Classify images over the link; compare class, tick, spikes and cycles with golden."""
        with self._target() as target:
            start = time.monotonic()
            results = target.client.classify(
                self._ticks, progress=target.progress_of(Work.IMAGES, len(self._ticks))
            )
            seconds = since(start)
            dropped = target.client.status().dropped
        expected = target.expected(self._ticks, None)
        _compare(differences(expected, results), f"{len(results)} images")
        cycles = np.asarray(results.cycles)
        counted = cycles[cycles != UNCOUNTED]
        right = int((results.decision == self._labels).sum())
        return {
            "images": len(results),
            "right": right if takes_digits(self._network) else None,
            "cycles": round(float(counted.mean()), 2) if len(counted) else None,
            "seconds": seconds,
            "per_second": round(len(results) / max(seconds, 0.01), 1),
            "dropped": dropped,
        }

    def _memory(self) -> dict[str, Any] | None:
        """Play images from the board's memory; the hardware counts cycles and differences."""
        with self._target() as target:
            ticks = self._ticks[: target.bench_images]
            if not len(ticks) or not goes_as_bitmap(target.config, ticks).all():
                return None
            _, counts = target.play(ticks, ROUNDS)
            if counts.differences or counts.decisions != ROUNDS * len(ticks):
                raise DifferenceError(
                    f"{counts.differences} differences in class and tick of {counts.decisions} "
                    f"decisions, of which there should be {ROUNDS * len(ticks)}"
                )
            return {
                "images": len(ticks),
                "rounds": ROUNDS,
                "cycles": counts.cycles,
                "per_second": round(
                    target.client.identity.clock * counts.decisions / counts.cycles
                ),
            }

    def _hostile_frames(self) -> dict[str, Any]:
        """Send hostile frames; afterwards weights and decisions must be unchanged."""
        with self._target() as target:
            client = target.client
            self._load(client, self._held(client))
            identity, checksum = client.identity, client.checksum()
        with closing(SerialPort(self._port, self._baud)) as channel:
            progress = partial(self._progress, Work.BESIEGING)
            frames = send_hostile_frames(
                channel, self._network, identity, checksum, self._seed, HOSTILE_SECONDS, progress
            )
        with self._target() as target:
            if target.client.checksum() != checksum:
                raise DifferenceError("the weights are others after the hostile frames")
            ticks = self._ticks[:10]
            after = differences(target.expected(ticks, None), target.client.classify(ticks))
            _compare(after, f"{len(ticks)} images after the hostile frames")
        return {"frames": frames, "seconds": HOSTILE_SECONDS}

    def _learning(self) -> dict[str, Any] | None:
        """Learn images; compare decisions, cycles and all weights with the golden model."""
        with self._target() as target:
            state = self._state(target.client)
            if state is None:
                return None
            ticks, labels = self._ticks[:LESSONS], self._labels[:LESSONS]
            expected, results = target.learn(state, ticks, labels, RULE)
            assert results is not None
            assert results.updated is not None
            assert expected.turnaround is not None
            assert results.turnaround is not None
            # The first image's wait for the line is not part of the core's time.
            expected.turnaround[0] = results.turnaround[0]
            _compare(differences(expected, results), f"{len(results)} images that are learned")
            self._load(target.client, self._held(target.client))
            return {
                "images": len(results),
                "updated": int(results.updated.sum()),
                "weights": sum(weights.size for weights in results.weights or ()),
                "lost": int((~results.arrived).sum()),
            }

    def _target(self) -> Target:
        target = Target("network", self._network, self._port, self._baud)
        target.progress = self._progress
        return target

    def _state(self, client: BoardClient) -> LearningState | None:
        """Return the initial state of a board that learns, None for other boards."""
        bits = client.config.stored_bits
        return None if bits is None else LearningState.of(self._network, bits, self._seed)

    def _held(self, client: BoardClient) -> Sequence[np.ndarray]:
        """Return the weights that the board should have, [n_in, n_out] per layer."""
        state = self._state(client)
        return self._network.weights if state is None else state.weights

    def _load(self, client: BoardClient, weights: Sequence[np.ndarray]) -> None:
        progress = partial(self._progress, Work.WRITING)
        if client.config.learns:
            client.load(self._network, weights, progress)
        else:
            client.load(replace(self._network, weights=tuple(weights)), None, progress)


def _images(network: Network, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return bundled digits as ticks int32 [n, n_rows], and their labels [n], or -1 without label.

    A network that takes no digits gets random spikes and random labels.
    """
    rng = np.random.default_rng(seed)
    if takes_digits(network):
        pixels, labels = bundled_test_set()
        drawn = rng.permutation(len(pixels))[:DIGITS]
        return encode(network, pixels[drawn]), labels[drawn]
    shape = DIGITS, len(network.inputs)
    if network.takes_bitmap:
        ticks = (rng.random(shape) < rng.random((DIGITS, 1))) * network.unit
    else:
        ticks = rng.integers(0, network.deadline + 1, shape)
    return ticks.astype(np.int32), rng.integers(-1, network.shape[-1], DIGITS)


def _compare(deviations: Iterable[Difference], what: str) -> None:
    """Raise DifferenceError if there is any difference."""
    listed = list(deviations)
    if listed:
        raise DifferenceError(f"{len(listed)} differences in {what}, the first: {listed[0]}")


def since(start: float) -> float:
    """Return the seconds since a time of `time.monotonic`."""
    return round(time.monotonic() - start, 2)
