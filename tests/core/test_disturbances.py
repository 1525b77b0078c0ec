# SPDX-License-Identifier: BSD-2-Clause
"""Cores of every kind with bad events, aborts, resets, pauses, and requests to their weight port.

A stimulus changes images, and says what of each of them counts; golden says what comes out then.
A core that learns must learn exactly what golden learns, and no image that it flags.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pytest

from firstspike.golden import LearningState, Network, differences, encode, events, infer, learn
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.results import Results, joined
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.hdl.lib.layouts import pack
from firstspike.sim.benches.core.items import end_item, event_items, items_of, read_requests
from firstspike.sim.benches.core.learning import learn_items
from firstspike.sim.benches.core.run import Stimulus, run_items
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support import learning_images
from tests.support.bad_events import causes_at
from tests.support.shapes import convolving_network
from tests.support.simulators import needs_icarus, sampled

ADDRESS, TICK, ORDER, ABORT = 1, 2, 4, 8
COUNT = 32
"""Images of a run."""
LATE = 600
"""Cycles after which all earlier images are decided, and all that was sent is in."""


def small_network(sizes: tuple[int, ...]) -> Network:
    """A network of 26 inputs, of which not all are connected; its layers have different bits."""
    rng = np.random.default_rng(3)
    return network_of(
        random_weights(rng, sizes, -4, 8),
        (6, 8, 5)[: len(sizes) - 1],
        bits=(4, 5, 4)[: len(sizes) - 1],
        deadline=51,
        inputs=np.sort(rng.choice(26, 21, replace=False)),
        n_inputs=26,
    )


@dataclass(frozen=True)
class DisturbedCore:
    """A core, and the state that it learns from, if it learns."""

    network: Network
    shape: CoreShape
    state: LearningState | None = None

    @cached_property
    def config(self) -> CoreConfig:
        """The core's configuration."""
        bits = self.state.stored_bits if self.state else None
        return CoreConfig.of(self.network, Folding.of(self.network, self.shape), stored_bits=bits)

    @property
    def rows(self) -> int:
        """Rows that the core adds per cycle."""
        return self.config.layers[0].folding.rows


def learning_core(**shape: int) -> DisturbedCore:
    state = learning_images.make_state()
    return DisturbedCore(state.network, CoreShape(4, 2, **shape), state)


BOTH_FORMS = small_network((21, 13, 7, 5))
"""At 7 lanes it has both forms of hidden layer: groups with windows, and registers."""
CORES = {
    "windows": DisturbedCore(BOTH_FORMS, CoreShape(7, 2)),
    "walks apart": DisturbedCore(small_network((21, 13, 7, 7)), CoreShape(1, 0)),
    "2 rows": DisturbedCore(BOTH_FORMS, CoreShape(7, 2, rows=2)),
    "4 rows": DisturbedCore(BOTH_FORMS, CoreShape(7, 2, rows=4)),
    "convolution": DisturbedCore(convolving_network(), CoreShape(2, 2)),
    "learning": learning_core(),
    "bitmap": DisturbedCore(BOTH_FORMS, CoreShape(7, 2, 8)),
    "bitmap, 2 rows": DisturbedCore(BOTH_FORMS, CoreShape(7, 2, 8, 2)),
    "bitmap, 4 rows": DisturbedCore(BOTH_FORMS, CoreShape(7, 2, 8, 4)),
    "overlap": DisturbedCore(small_network((21, 13, 5)), CoreShape(13, 0, 8, 2, overlap=True)),
    "bitmap, learning": learning_core(bitmap=8),
}


@dataclass
class Image:
    """The items of an image, and the ticks, label and causes that count."""

    items: list[int]
    ticks: np.ndarray
    label: int = UNLABELLED
    stream: list[tuple[int, int]] = field(default_factory=list)
    """(tick, causes) of its events, where one is bad or the end is missing."""
    final: int = 0
    """The causes that come with its end."""
    compared: bool = True
    cut_by_spikes: bool = False
    """How many spikes had arrived is the encoder's affair: the decision must be theirs."""


def make_images(core: DisturbedCore, rng: np.random.Generator) -> tuple[np.ndarray, list[Image]]:
    """Pixels and whole images; their ticks are any, but for a bitmap those of the pixels."""
    network, labels = core.network, np.full(COUNT, UNLABELLED)
    if core.state:
        pixels, ticks, labels = learning_images.images(COUNT, seed=2)
    else:
        pixels = rng.integers(0, 256, (COUNT, network.n_inputs)).astype(np.uint8)
        latest = rng.integers(1, network.deadline + 1, (COUNT, 1))
        ticks = rng.integers(0, latest + 1, (COUNT, len(network.inputs))).astype(np.int32)
    ticks[7] = 0
    ticks[9] = network.deadline
    if core.shape.bitmap:
        pixels[-COUNT // 4 :] = 0
        ticks = encode(network, pixels)
    items = [one.tolist() for one in items_of(core.config, ticks, pixels)]
    images = zip(items, ticks, labels.tolist(), strict=True)
    return pixels, [Image(*image) for image in images]


def advance_item(core: DisturbedCore, tick: int) -> int:
    layout = input_layout(len(core.network.inputs), core.network.deadline, core.rows)
    return int(pack(layout, {"kind": Kind.ADVANCE.value, "tick": tick}))


def bad_events(core: DisturbedCore, images: list[Image], rng: np.random.Generator) -> dict:
    """Bad events and promises between the good ones, also as rows of an event with good rows."""
    for image in images[::3] + images[1::3]:  # the others are clean
        _put_bad_events(core, image, rng)
    return {}


def _put_bad_events(core: DisturbedCore, image: Image, rng: np.random.Generator) -> None:
    rows, n_in, deadline = core.rows, len(image.ticks), core.network.deadline
    spikes, before, items = events(image.ticks).tolist(), 0, []
    beyond = rows << (-(-n_in // rows) - 1).bit_length()  # rows that the port has bits for
    groups = [[spike] for spike in spikes]
    if rows > 1:
        groups = [list(group) for _, group in groupby(spikes, lambda spike: spike[0])]

    def send(tick: int, addresses: list[int], cause: int = 0) -> None:
        items.extend(event_items(core.config, [(tick, row) for row in addresses]).tolist())
        image.stream.append((tick, cause))

    for group in [*groups, []]:
        tick = group[0][0] if group else deadline
        good = [row for _, row in group]
        for _ in range(rng.integers(0, 4) if rng.random() < 0.1 else 0):
            no_row = int(rng.integers(n_in, beyond))
            match rng.integers(0, 6):
                case 0:
                    send(int(rng.integers(max(before, 1), deadline + 1)), [no_row], ADDRESS)
                case 1:
                    send(0, [*range(rows)], TICK | (ORDER if before else 0))
                case 2:
                    send(deadline + int(rng.integers(1, 12)), [1], TICK)
                case 3 if before > 1:
                    send(int(rng.integers(1, before)), [2], ORDER)
                case 4 if before > 1:
                    send(int(rng.integers(1, before)), [n_in], ORDER | ADDRESS)
                case 5:
                    before = int(rng.integers(max(before, 1), tick + 1))
                    items.append(advance_item(core, before))
                    image.stream.append((before, 0))
        if group:
            beside_bad = rows > 1 and rng.random() < 0.05
            send(tick, [*good, n_in] if beside_bad else good)
            if beside_bad:  # its good rows advance time first
                image.stream.append((tick, ADDRESS))
        before = tick
    image.items = [*items, end_item(core.config)]


def aborted_events(core: DisturbedCore, images: list[Image], rng: np.random.Generator) -> dict:
    """Aborts of images without an end: with a promise the decision may have been made by then."""
    aborts = {}
    for number, image in enumerate(images):
        spikes = events(image.ticks)
        if number % 4 == 3 or not len(spikes):
            continue
        sent = int(rng.integers(1, len(spikes) + 1))
        image.ticks[spikes[sent:, 1]] = 0
        image.items = event_items(core.config, spikes[:sent]).tolist()
        image.stream = [(tick, 0) for tick in spikes[:sent, 0].tolist()]
        if number % 4:
            promised = int(rng.integers(image.stream[-1][0], core.network.deadline + 1))
            image.items.append(advance_item(core, promised))
            image.stream.append((promised, 0))
        image.final = ABORT
        aborts[number] = int(rng.integers(0, 400 if core.state else 90))
    return {"aborts": aborts, "quiet_aborts": [0, 5, 20, 21]}


def aborted_bitmaps(core: DisturbedCore, images: list[Image], rng: np.random.Generator) -> dict:
    """Late, with all that was sent; early, also before any spike has arrived, one by one."""
    aborts = {}
    position = core.network.inputs if core.rows == 1 else np.arange(len(core.network.inputs))
    for number, image in enumerate(images):
        if number % 3 == 2:
            continue
        sent = int(rng.integers(1, len(image.items)))
        image.items = image.items[:sent]
        image.ticks[position >= sent * core.shape.bitmap] = 0
        image.final = ABORT
        if number % 3:
            aborts[number] = LATE
        else:
            aborts[number] = number // 3
            image.cut_by_spikes = core.rows == 1
            image.compared = image.cut_by_spikes or not image.ticks.any()
    return {"aborts": aborts, "quiet_aborts": [0, 3, 20]}


def resets(core: DisturbedCore, images: list[Image], rng: np.random.Generator) -> dict:
    for image in images[::2]:
        image.compared = False
    moments = {number: int(rng.integers(1, 200)) for number in range(0, COUNT, 2)}
    return {"resets": moments, "checked": True}


def weight_requests(core: DisturbedCore, images: list[Image], rng: np.random.Generator) -> dict:
    """Reads of half of the words while images are under way, and requests to no word."""
    chunks = list(weight_chunks(core.config, core.network))
    words = sorted({chunk[:2] for chunk in chunks})
    words = rng.permutation(words)[: min(len(words) // 2, 100)].tolist()
    # The host reads all chunks of a word, in order.
    reads = [chunk for word in words for chunk in chunks if list(chunk[:2]) == word]
    sizes = [*enumerate(layer.words for layer in core.config.layers)]
    highest = (1 << (max(words for _, words in sizes) - 1).bit_length()) - 1  # the port has no more
    bad = [
        *sizes,
        (len(sizes), 0),
        *((layer, highest) for layer, words in sizes if words <= highest),
    ]
    after = [(write, *word, 0xFFFFFFFF) for word in bad for write in (1, 0)]
    return {"during": [*read_requests(reads), after[1]], "after": after}


def check_answers(core: DisturbedCore, stimulus: Stimulus, answers: np.ndarray) -> None:
    """Good requests are answered with data, which a core that learns may change; bad ones not."""
    *reads, _ = stimulus.during
    assert answers[:, 1].tolist() == [0] * len(reads) + [1] * (1 + len(stimulus.after) // 2)
    if core.state:
        return
    stored: dict[tuple, list[int]] = {}
    for layer, address, data in weight_chunks(core.config, core.network):
        stored.setdefault((layer, address), []).append(data)
    expected = [
        data for word in dict.fromkeys(read[1:3] for read in reads) for data in stored[word]
    ]
    assert answers[: len(reads), 0].tolist() == expected


def nothing(core: DisturbedCore, images: list[Image], rng: np.random.Generator) -> dict:
    """Only what the table adds."""
    return {}


@dataclass(frozen=True)
class Disturbance:
    """A change of images, the cores whose images change so, and all causes of their decisions."""

    change: Callable[[DisturbedCore, list[Image], np.random.Generator], dict]
    cores: list[str]
    stimulus: dict[str, Any] = field(default_factory=dict)
    causes: int = 0


EVENTS = [name for name, core in CORES.items() if not core.shape.bitmap]
BITMAPS = [name for name, core in CORES.items() if core.shape.bitmap]
BAD = ADDRESS | TICK | ORDER
DISTURBANCES = {
    "bad events": Disturbance(bad_events, EVENTS, causes=BAD),
    "bad events with pauses": Disturbance(
        bad_events, ["windows", "2 rows", "learning"], {"pauses": True}, BAD
    ),
    "aborted events": Disturbance(aborted_events, EVENTS, causes=ABORT),
    "aborted bitmaps": Disturbance(aborted_bitmaps, BITMAPS, causes=ABORT),
    # tests/learning/test_disturbed.py resets cores that learn: their weights may be torn.
    "resets": Disturbance(resets, [name for name, core in CORES.items() if not core.state]),
    "decisions that wait": Disturbance(nothing, [*CORES], {"decision_wait": 300}),
    "pauses": Disturbance(nothing, [*CORES], {"pauses": True}),
    "weight requests": Disturbance(weight_requests, [*CORES]),
}


def expected_results(core: DisturbedCore, images: list[Image]) -> Results:
    """Results of golden, which decides or learns, with the causes of each decision."""
    state, parts, error = core.state and core.state.copy(), [], []
    for image in images:
        row, network = image.ticks[None], state.network if state else core.network
        part = infer(network, row)
        error.append(causes_at(int(part.tick[0]), image.stream, image.final))
        if state:
            label = UNLABELLED if error[-1] else image.label
            part = learn(state, row, np.array([label]), learning_images.DRAWING, trace=True)
        parts.append(part)
    return replace(joined(parts), error=np.array(error))


CASES = [(name, core) for name, one in DISTURBANCES.items() for core in one.cores]
ON_ICARUS = "windows", "learning", "overlap"
"""Cores that a second simulator runs, too, which knows undefined values."""


@pytest.mark.parametrize(
    ("disturbance", "core", "simulator"),
    [
        *sampled([(name, core, "verilator") for name, core in CASES], 11),
        *(
            pytest.param(name, core, "icarus", marks=[needs_icarus, pytest.mark.long])
            for name, core in CASES
            if core in ON_ICARUS and not DISTURBANCES[name].stimulus.get("decision_wait")
        ),
    ],
)
def test_a_disturbed_core_equals_golden(disturbance, core, simulator):
    assert_equals_golden(DISTURBANCES[disturbance], CORES[core], simulator)


def assert_equals_golden(disturbed: Disturbance, core: DisturbedCore, simulator: str) -> None:
    rng = np.random.default_rng(4)
    pixels, images = make_images(core, rng)
    stimulus = Stimulus(**disturbed.stimulus, **disturbed.change(core, images, rng))
    items = [np.array(image.items, object) for image in images]
    if core.state:
        labels, settings = np.array([one.label for one in images]), learning_images.DRAWING
        run, answers = learn_items(
            core.state, core.config, items, labels, settings, stimulus, simulator=simulator
        )
    else:
        run, answers = run_items(core.network, core.config, items, stimulus, simulator=simulator)
    for image, spikes in zip(images, run.spikes_in[:, 0], strict=True):
        assert spikes <= np.count_nonzero(image.ticks)
        if image.cut_by_spikes:
            image.ticks[np.flatnonzero(image.ticks)[spikes:]] = 0
    expected = expected_results(core, images)
    if stimulus.resets and not core.shape.overlap:
        ticks = np.array([image.ticks for image in images])
        counted = cycles(core.network, ticks, expected, core.config.folding, pixels)
        expected = replace(expected, cycles=counted)
    differing = differences(expected, run)
    assert not [one for one in differing if one.image is None or images[one.image].compared]
    assert np.bitwise_or.reduce(expected.error) == disturbed.causes
    aborted = [*stimulus.aborts]
    assert np.array_equal(run.error[aborted], expected.error[aborted])
    if stimulus.after:
        check_answers(core, stimulus, answers)


def test_the_walks_of_one_core_go_apart_from_their_operations():
    assert all(layer.shared_fields for layer in CORES["walks apart"].config.layers)
