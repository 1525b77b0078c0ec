# SPDX-License-Identifier: BSD-2-Clause
"""A run of `firstspike learn`: its images, its state, its curve, and its continuation."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from firstspike.golden import (
    Dataset,
    LearningError,
    LearningState,
    Network,
    Results,
    differences,
    encode,
    load_network,
)
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.split import mixed
from firstspike.golden.foreign.json_text import JsonError, check_json
from firstspike.golden.learning.course import Course, relabelled
from firstspike.golden.learning.start import INPUTS, at_random, binary_features
from firstspike.golden.learning.state import STORED_BITS
from firstspike.golden.results import UNCOUNTED
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.specification import Changes, description
from firstspike.scripts.datasets import Data, training_data
from firstspike.scripts.errors import VerbError
from firstspike.scripts.output import note
from firstspike.scripts.paths import Named, NetworkName
from firstspike.scripts.resumable import Run, Step
from firstspike.scripts.targets.target import Target

from .specification import Learning

SHOWN = 10
"""Number of last parts for the figures of the progress bar."""

WATCHED = 5000
"""Largest number of last training images that are not learned, but show how a run adapts."""

RULE_COUNTS = ("input_rows", "input_updates", "hidden_rows", "output_updates")
COUNTS = ("updated", "forced", *RULE_COUNTS)
"""Counts in a point of the curve: sums over its images of fields of `Results` and their `rule`."""

CYCLES = ("cycles", "run_on_cycles", "update_cycles", "update_run_on_cycles", "latency_cycles")
"""Clock cycles until the next image can start, and the same without the updates.

The next two are the same sums over images with an update. The last is the part after the decision
over images without one.
"""

DIFFERENCES = ("differences", "weights_differ")
"""Differences between the hardware and the golden model, and those among them that are weights."""

_COUNT = range(1 << 62)
_RUN = {
    **description(Data),
    **description(Learning),
    "command": str,
    "dataset": str,
    **dict.fromkeys(("images", "epochs"), int),
    "relabel?": (None, [[range(10), range(10)]]),
}


def _described(accuracy: Any) -> dict[str, Any]:
    """Return the description of the `meta` of a state; watched accuracies are numbers, or None."""
    counts = dict.fromkeys(("done", "images", "right", *COUNTS), _COUNT)
    more = dict.fromkeys((f"{name}?" for name in (*CYCLES, *DIFFERENCES)), _COUNT)
    curve = [{**counts, **more, "watched": accuracy}]
    return {"run": _RUN, "before": accuracy, "after": accuracy, "curve": curve}


_META = (_described(float), _described(None))
"""Descriptions of a state that can be resumed, with and without a change of the world."""


@dataclass(frozen=True)
class Request:
    """The parameters of a run on the command line."""

    learning: Learning
    data: Data
    command: str = ""
    """The command that began the run."""

    def stored(self) -> dict[str, Any]:
        """Return the request for a state file."""
        return {"command": self.command, **asdict(self.data), **asdict(self.learning)}

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """Return the request of a state file."""
        learning = Changes.read(Learning, stored).applied(Learning())
        return cls(learning, Data.read(stored), stored["command"])


@dataclass
class Session(Run):
    """A run of learning."""

    VERB = "learn"
    STATE = "state"
    WHAT = "run"
    UNIT = "image"
    FIGURE = "firstspike.scripts.learning.figure"
    KEEPS_STATE = True

    state: LearningState
    """State, whose `meta` holds the other data for `resumed`: "run", the request; "before" and
    "after", the accuracies on the watched images around a change, or None; and "curve".

    A point of the curve is a dictionary: `done`, the images learned by its end; `images`, its own;
    `right`, the number decided correctly; the sums `COUNTS` of the learner; and `watched`, the
    accuracy on the watched images at that time.
    """
    request: Request
    course: Course
    images: Dataset
    """The data set, with the labels after the change."""
    learner: Callable[[Network], AbstractContextManager[Target]] | None = None
    """Opens what learns, with the weights of a network."""
    seconds: float = 0.0
    """Time of the parts that `proceed` has learned."""
    learned: int = 0
    """Number of their images."""

    @property
    def sources(self) -> Iterator[Named]:
        """The files and folders of the data set, and the network file that the run began with."""
        yield from self.request.data.files
        if self.request.learning.net is not None:
            yield from NetworkName().read(self.request.learning.net)

    @property
    def curve(self) -> list[dict[str, Any]]:
        """The points of the curve so far."""
        return self.state.meta["curve"]

    @property
    def watches(self) -> bool:
        """Whether there was a change."""
        return self.state.meta["before"] is not None

    def progress(self) -> tuple[int, int]:
        """Return the images that are learned, and those of the complete run."""
        return self.state.done, len(self.course)

    def proceed(self, step: Step) -> bool:
        """Learn the remaining images."""
        assert self.learner is not None
        with self.learner(self.state.network) as learner:
            started = time.perf_counter()
            for point in self.parts(learner):
                self.learned += point["images"]
                self.seconds = time.perf_counter() - started
                step(point["images"], progress(self.curve[-SHOWN:]))
        return False

    def save(self, path: Path, before: Network | None = None) -> None:
        """Write the state file."""
        self.state.save(path, before)

    @classmethod
    def has_ended(cls, path: Path) -> bool:
        """Whether all images of a state file are learned."""
        try:
            state = LearningState.load(path)
            check_json(state.meta, _META, "meta")
        except (LearningError, JsonError):
            return False
        return state.done >= state.meta["run"]["images"] * state.meta["run"]["epochs"]

    def parts(self, learner: Target) -> Iterator[dict[str, Any]]:
        """Learn the remaining images part by part; yield each part's point of the curve."""
        samples = self.images.x_train[: self.course.n_images]
        pixels = samples.reshape(len(samples), -1)
        labels = self.images.y_train[: self.course.n_images]
        while self.state.done < len(self.course):
            part = self.course.part(self.state.done, learner.grid)
            shifted, called = self.course.images(part, pixels, labels)
            ticks = encode(self.state.template, shifted)
            settings = self.course.settings(part.start)
            exact = self.request.learning.exact
            learned, measured = learner.learn(self.state, ticks, called, settings, exact)
            differ: tuple[int, ...] = ()
            if measured is not None:
                what = [difference.what for difference in differences(learned, measured)]
                differ = len(what), what.count("weight")
                if lost := (~measured.arrived).sum():
                    note(
                        f"{lost} decisions were lost on the line; their images are learned, and "
                        "not compared."
                    )
            point = {
                "done": self.state.done,
                "images": len(part),
                "right": int((learned.decision == called).sum()),
                **{name: int(getattr(learned, name).sum()) for name in ("updated", "forced")},
                **{name: int(getattr(learned.rule, name).sum()) for name in RULE_COUNTS},
                **cycle_sums(learned),
                **dict(zip(DIFFERENCES, differ, strict=False)),
                "watched": watched_accuracy(self.state, self.images) if self.watches else None,
            }
            self.curve.append(point)
            yield point


def rates(points: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """Return means over points of the curve: per image, unless the name has another denominator."""
    total = {name: total_of(points, name) for name in ("right", *COUNTS, *CYCLES)}
    images, updated = (sum(point[name] for point in points) for name in ("images", "updated"))
    return {
        "accuracy": _part(total["right"], images),
        "updated": _part(updated, images),
        "forced": _part(total["forced"], images),
        **{f"{name}_per_update": _part(total[name], updated) for name in RULE_COUNTS},
        "cycles": _part(total["cycles"], images),
        "cycles_over_run_on": _part(total["cycles"], total["run_on_cycles"]),
        "update_cycles_over_run_on": _part(total["update_cycles"], total["update_run_on_cycles"]),
        "latency_without_update": _part(total["latency_cycles"], images - updated),
    }


def _part(part: int | None, total: int | None) -> float | None:
    """Return `part` / `total`, None if one is unknown or `total` is 0."""
    return None if part is None or not total else part / total


def total_of(points: Sequence[dict[str, Any]], name: str) -> int | None:
    """Return the sum of a count, None unless all points have it: not every learner counts all."""
    return sum(point[name] for point in points) if all(name in point for point in points) else None


def progress(points: Sequence[dict[str, Any]]) -> str:
    """Return figures of points of the curve for the progress bar."""
    now = rates(points)
    text = f"accuracy {now['accuracy']:.2%}, updates {now['updated']:.2%}"
    if now["updated"]:
        rows = now["input_updates_per_update"], now["output_updates_per_update"]
        text += f" of {rows[0]:.0f} + {rows[1]:.0f} rows"
    return text


def cycle_sums(learned: Results) -> dict[str, int]:
    """Return the sums `CYCLES` of images, if they are counted."""
    updated, cycles = learned.updated, learned.cycles
    turnaround, run_on = learned.turnaround, learned.run_on
    if updated is None or cycles is None or turnaround is None or run_on is None:
        return {}
    if UNCOUNTED in cycles:  # of images sent as events
        return {}
    parts = (
        turnaround,
        run_on,
        turnaround[updated],
        run_on[updated],
        (turnaround - cycles)[~updated],
    )
    return {name: int(part.sum()) for name, part in zip(CYCLES, parts, strict=True)}


def _watched(images: Dataset) -> int:
    """Return the number of watched images: `WATCHED`, or a fifth of fewer than five times that."""
    return max(1, min(WATCHED, len(images.x_train) // 5))


def watched_accuracy(state: LearningState, images: Dataset) -> float:
    """Return the accuracy of the current network on the watched images, without learning."""
    watched = _watched(images)
    decided = state.network.predict(images.x_train[-watched:])
    return float((decided == images.y_train[-watched:]).mean())


def new_session(request: Request) -> Session:
    """Return a new run. Raises FirstSpike errors before anything is learned."""
    learning, data = request.learning, request.data
    network = load_network(learning.net) if learning.net else None
    images = training_data(data, network, "learning")
    state = _start(request, images, network)
    changed = bool(learning.relabel or learning.kill)
    features = state.template.n_features
    is_square = state.template.takes_pixels and math.isqrt(features) ** 2 == features
    if learning.shift and not is_square:
        raise VerbError(f"{data.dataset} holds no square images of pixels: leave --shift out.")
    kept = _watched(images) * changed
    available = len(images.x_train) - kept
    learning = replace(learning, images=(n := learning.images or available))
    if n > available:
        watched = f", of which the last {kept} are kept to watch the change" * changed
        raise VerbError(
            f"{data.dataset} has {len(images.x_train)} training images{watched}: {n} are asked for."
        )
    request = replace(request, learning=learning)
    images = _ordered(images, request)
    state.meta = {"run": request.stored(), "before": None, "after": None, "curve": []}
    session = _session(state, request, images)
    if changed:
        state.meta["before"] = watched_accuracy(state, images)
        if learning.kill:
            state.kill(learning.kill, np.random.default_rng(learning.seed))
        state.meta["after"] = watched_accuracy(state, session.images)
    return session


def resumed(output: str) -> Session:
    """Return the run whose state belongs to the network file `output`, existing or not."""
    path = Session.state_path(output)
    if not path.exists():
        raise LearningError(f"there is no state {path} to resume: begin a run without --resume.")
    state = LearningState.load(path, Network.load(output) if Path(output).exists() else None)
    wrong = f"{path} does not say what was being learned: "
    with convert_errors(LearningError, wrong, JsonError, after="."):
        check_json(state.meta, _META, "meta")
    request = Request.read(state.meta["run"])
    images = training_data(request.data, state.template, "learning")
    session = _session(state, request, _ordered(images, request))
    if state.done != (session.curve[-1]["done"] if session.curve else 0):
        raise LearningError(f"{wrong}its curve ends elsewhere.")
    if session.course.n_images > len(session.images.x_train) - _watched(images) * session.watches:
        raise LearningError(f"{path} is of more images than {request.data.dataset} has.")
    if state.done >= len(session.course):
        raise LearningError(
            f"the run of {path} has come to its end after {state.done} images: "
            "begin another one with its network as NET."
        )
    return session


def _start(request: Request, images: Dataset, network: Network | None) -> LearningState:
    """Return the initial weights: random ones, or those of a network or of its state."""
    learning, bits = request.learning, request.learning.stored_bits
    if network is None:
        if images.ticks:
            raise VerbError("spikes at many ticks are not learned from random weights: use train.")
        if images.sound is not None:
            raise VerbError("sound is not learned from random weights: use train.")
        return at_random(
            images.x_train,
            (*map(int, learning.random or ()), images.n_classes),
            binary_features(
                images.x_train,
                INPUTS._replace(names=images.features, medians=request.data.fills),
            ),
            stored_bits=bits or STORED_BITS,
            seed=learning.seed,
            n_connected=learning.inputs,
            classes=images.classes,
        )
    path = Session.state_path(learning.net or "")
    if path.exists():
        state = LearningState.load(path, network)
        if bits in (None, state.stored_bits) and state.last_layer == learning.last_layer:
            return replace(state, done=0, template=network)
    return LearningState.of(network, bits or STORED_BITS, learning.seed, learning.last_layer)


def _ordered(images: Dataset, request: Request) -> Dataset:
    """Return the images in order: the first are learned and the last are watched.

    A file may be sorted by class, so images are mixed if only a part of them is learned.
    """
    n = len(images.x_train)
    if request.data.dataset in DATASETS or request.learning.images == n:
        return images
    order = mixed(n)
    return replace(images, x_train=images.x_train[order], y_train=images.y_train[order])


def _session(state: LearningState, request: Request, images: Dataset) -> Session:
    learning = request.learning
    changes = dict(learning.relabel or ())
    course = Course(
        n_images=learning.images or 0,
        epochs=learning.epochs,
        stored_bits=state.stored_bits,
        seed=learning.seed,
        shift=learning.shift,
        every_competitor=learning.competitors == "all",
    )
    images = replace(
        images,
        y_train=relabelled(images.y_train, changes),
        y_test=relabelled(images.y_test, changes),
    )
    return Session(state, request, course, images)
