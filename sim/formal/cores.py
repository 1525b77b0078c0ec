# SPDX-License-Identifier: BSD-2-Clause
"""Proofs of whole cores: which shapes, in which scenarios, and how they are checked."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.network import Network
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.harness.networks import network_of

from . import sat
from .circuit import Circuit, compile_circuit
from .core import CoreHarness, setting_of, stored_bits
from .images import ImageInduction
from .invariant import Invariant
from .learning import LearningHarness
from .proofs import Progress, Proof, ProofError
from .scenario import Scenario
from .stream import StreamHarness
from .windows import WindowInduction

ENGINES = {sat.CADICAL: "CaDiCaL 1.9.5", sat.GLUCOSE: "Glucose 4.2.1"}

UNIT, DEADLINE = 1, 6
"""The smallest that a network may have."""

_DECIDED = (
    "Every image is decided. Class, tick, forced, error, counts of spikes, cycles and the logged "
    "spikes are those of the definition, for all weights and spike ticks. A decision is neither "
    "withdrawn nor changed. A core with an image that is open or not decided is busy. A core that "
    "is not busy, and offers no decision, accepts an image at once."
)
_PACE = (
    "An image comes without pauses: as a bitmap if images overlap, else as at most one spike per "
    "input, in the order of ticks and rows. END has any tick and row. Decisions are accepted at "
    "once."
)


@dataclass(frozen=True)
class Case:
    """A core and a scenario.

    `shape` holds the arguments of `CoreShape`, and `fields` further ones of the network.
    """

    name: str
    what: str = "two lanes"
    sizes: tuple[int, ...] = (2, 2, 2)
    bits: int = 2
    threshold: int = 1
    matrices: tuple[tuple[int, int], ...] = ()
    """Rows and columns of the weights, where they are not those of dense layers of these sizes."""
    shape: dict[str, Any] = field(default_factory=lambda: {"lanes": 2, "window": 0})
    fields: dict[str, Any] = field(default_factory=dict)
    deadline: int = DEADLINE
    scenario: Scenario = field(default_factory=Scenario)
    depth: int = 90
    is_fast: bool = False
    after_reset: bool = False
    """The core was reset at any moment, so registers that a reset keeps have any value."""
    engine: str = sat.CADICAL

    @cached_property
    def network(self) -> Network:
        """A network of this shape, with weights of 0."""
        encoding: dict[str, Any] = {"encoding": "ticks"}
        if self.shape.get("bitmap"):
            encoding = {"encoding": "binary", "late": -1}
        shapes = self.matrices or tuple(pairwise(self.sizes))
        return network_of(
            [np.zeros(shape, int) for shape in shapes],
            [self.threshold] * (len(self.sizes) - 1),
            bits=self.bits,
            unit=UNIT,
            deadline=self.deadline,
            **(encoding | self.fields),
        )

    @cached_property
    def config(self) -> CoreConfig:
        """The core's, for any weights."""
        folding = Folding.of(self.network, CoreShape(**self.shape))
        return CoreConfig.of(self.network, folding, any_weights=True)

    def harness(self, fires_at: int = 0) -> CoreHarness:
        """The core beside the definition."""
        return CoreHarness(self.network, self.config, self.scenario, fires_at)

    def check(
        self,
        progress: Progress = sat.no_progress,
        circuit: Circuit | None = None,
        faults: sat.Faults | None = None,
    ) -> str:
        """Carry the bounded proof out; returns what was done.

        The proof drops the `faults` of the circuit that it refutes. Raises RefutedError, and
        ProofError if no run reaches a cover: the proof would be of less than it says.
        """
        harness = self.harness()
        circuit, setting = circuit or compile_circuit(harness), setting_of(harness)
        if faults is None:
            sat.check_covers(circuit, self.depth, engine=self.engine, **setting)
        if self.scenario.writes:
            written = stored_bits(self.config, "weights_after_")
            shared = {"equal": written, "once": "written"}
        else:
            shared = {}
        return sat.check_bounded(
            circuit,
            self.depth,
            after_reset=self.after_reset,
            faults=faults,
            **shared,  # type: ignore[arg-type]
            complete="done",
            engine=self.engine,
            progress=progress,
            **setting,
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The assumptions on the inputs, a sentence each."""
        scenario = self.scenario
        cycles = f"{scenario.pauses} cycle{'s' * (scenario.pauses != 1)}"
        sentences = [
            "An input spikes at most once an image, at ticks 1 to the deadline. Spikes come in the "
            "order of their ticks, and END follows, with any tick and row. Spikes of one tick come "
            "in any order."
        ]
        if self.config.bitmap is not None:
            sentences = ["All images come as words of a bitmap, none as events."]
        if scenario.paced:
            sentences = [_PACE]
        elif scenario.idles:
            sentences.append(
                f"While an image is open, the source pauses or its decision waits for at most "
                f"{cycles} in all; between images pauses have any length."
            )
        elif scenario.pauses:
            sentences.append(
                f"The source's pauses and the waits of decisions are at most {cycles} in all."
            )
        else:
            sentences.append("The source never pauses, and no decision waits.")
        if scenario.extras:
            sentences.append(
                f"Besides spikes and END, the source sends at most {scenario.extras} other event: "
                "a bad one, or an ADVANCE whose promise holds. If a bad event comes after time has "
                "advanced to the decision's tick, the claim does not say whether `error` is set."
            )
        if scenario.aborts:
            sentences.append(
                "With an abort the source withdraws the event that it offers, unless the core "
                "accepts that event in the same cycle."
            )
        if scenario.requests:
            sentences.append(
                "The host's only request comes right after the reset, and a word of weights is "
                "one chunk. An answer waits for at most 1 cycle."
            )
        else:
            sentences.append("The host requests nothing.")
        return tuple(sentences)

    @property
    def claim(self) -> str:
        """The claim, in sentences; `_DECIDED` comes first."""
        model = " The cycles are also those of golden's cycle model." * self.scenario.paced
        answer = (
            " A read returns the stored word, or reports that the address does not exist. The "
            "answer is neither withdrawn nor changed."
        )
        reset = " The claim holds after a reset at any moment." * self.after_reset
        return _DECIDED + model + answer * self.scenario.reads + reset

    @property
    def shapes(self) -> str:
        """The sizes for which it holds."""
        scenario, sizes = self.scenario, "-".join(map(str, self.sizes))
        images = "1 image" if scenario.images == 1 else f"{scenario.images} images"
        events = {
            "after the write of a weight word": scenario.writes,
            "after the read of a weight word": scenario.reads,
            "with an ADVANCE or a bad event": scenario.extras,
            "with an abort at any time": scenario.aborts,
            "after a reset at any moment": self.after_reset,
        }
        what = ", ".join([self.what, *(event for event, occurs in events.items() if occurs)])
        return (
            f"{sizes}, {what}, {self.bits}-bit weights, thresholds {self.threshold}, unit "
            f"{UNIT}, deadline {self.deadline}; {images}"
        )

    @property
    def proof(self) -> Proof:
        """The record for the catalogue."""
        start = "from reset" if not self.after_reset else "from a reset at any moment"
        return Proof(
            name=self.name,
            claim=self.claim,
            shapes=self.shapes,
            assumptions=self.assumptions,
            method=f"bounded, complete, {start}",
            engine=ENGINES[self.engine],
            is_fast=self.is_fast,
            prove=partial(_check_case, self.name),
        )


def _check_case(name: str, progress: Progress) -> str:
    return CASES[name].check(progress)


def _named(*cases: Case) -> dict[str, Case]:
    return {case.name: case for case in cases}


_LANE: dict[str, Any] = {"what": "one lane", "shape": {"lanes": 1, "window": 0}}
_WINDOW: dict[str, Any] = {
    "what": "one lane and windows of two ticks",
    "shape": {"lanes": 1, "window": 1},
}
_TWO_ROWS = {"lanes": 2, "window": 0, "rows": 2}
_ROWS: dict[str, Any] = {"what": "two rows per cycle", "shape": _TWO_ROWS}
_OVERLAP: dict[str, Any] = {
    "what": "overlapped images",
    "shape": {**_TWO_ROWS, "bitmap": 8, "overlap": True},
}
_PAUSES, _PACED, _IMAGES = Scenario(pauses=2), Scenario(paced=True), Scenario(images=2)
_WRITES, _READS = Scenario(writes=True), Scenario(reads=True)

CASES = _named(
    Case("core-2-lanes", is_fast=True),
    Case("core-2-lanes-glucose", engine=sat.GLUCOSE),
    Case("core-2-lanes-pauses", scenario=_PAUSES),
    Case("core-2-lanes-paced", scenario=_PACED, is_fast=True),
    Case("core-2-lanes-images", scenario=_IMAGES),
    Case("core-1-lane", **_LANE),
    Case("core-1-lane-paced", **_LANE, scenario=_PACED),
    Case("core-window", **_WINDOW),
    Case("core-window-pauses", **_WINDOW, scenario=_PAUSES),
    Case("core-window-paced", **_WINDOW, scenario=_PACED),
    Case("core-window-writes", **_WINDOW, scenario=_WRITES),
    Case("core-window-reads", **_WINDOW, scenario=_READS),
    Case("core-window-reset", **_WINDOW, after_reset=True),
    Case("core-3-bits", bits=3, threshold=2),
    Case("core-3-inputs", sizes=(3, 2, 2)),
    Case("core-3-inputs-paced", sizes=(3, 2, 2), scenario=_PACED),
    Case("core-rows", **_ROWS),
    Case("core-rows-images", **_ROWS, scenario=_IMAGES),
    Case("core-overlap", **_OVERLAP, is_fast=True),
    Case("core-overlap-paced", **_OVERLAP, scenario=_PACED, is_fast=True),
    Case("core-overlap-writes", **_OVERLAP, scenario=_WRITES),
    Case("core-overlap-reads", **_OVERLAP, scenario=_READS),
    Case("core-overlap-images", **_OVERLAP, scenario=_IMAGES),
    Case(
        "core-one-tick",
        "bitmaps, whose pixels spike at one tick; the first layer stores no M",
        shape={"lanes": 1, "window": 0, "bitmap": 8, "one_tick": True},
        fields={"inputs": np.array([0, 2]), "n_inputs": 3},
    ),
    # No output of this core can fire before tick 8.
    Case("core-deep", "two hidden layers", sizes=(2, 2, 2, 2), deadline=8),
    Case(
        "core-convolving",
        "a layer that convolves over a map of 1 x 3 with a kernel of 1 x 2",
        sizes=(3, 2, 2),
        matrices=((2, 1), (2, 2)),
        shape={"lanes": (1, 2), "window": 0},
        fields={
            "inputs": np.arange(3),
            "geometry": (Geometry(size=(1, 3), kernel=(1, 2)), None),
        },
    ),
    Case("core-writes", scenario=_WRITES, is_fast=True),
    Case("core-reads", scenario=_READS, is_fast=True),
    Case("core-extras", scenario=Scenario(extras=1)),
    Case("core-aborts", scenario=Scenario(images=2, aborts=True, pauses=1)),
    Case("core-reset", after_reset=True, is_fast=True),
    Case("core-overlap-reset", **_OVERLAP, scenario=_IMAGES, after_reset=True),
)

STORED_BITS = 3


def learning_harness(mistake: int = 0) -> LearningHarness:
    """A core of two lanes that learns, beside section 5 of the page."""
    case = Case("", fields={"encoding": "binary", "late": -1})
    folding = Folding.of(case.network, CoreShape(**case.shape))
    config = CoreConfig.of(case.network, folding, stored_bits=STORED_BITS)
    return LearningHarness(config, UNIT, mistake)


def prove_learning(progress: Progress, mistake: int = 0) -> str:
    """Prove that an image changes the weights as the rule says. Raises RefutedError."""
    harness = learning_harness(mistake)
    circuit, depth, setting = compile_circuit(harness), 160, setting_of(harness)
    sat.check_covers(circuit, depth, **setting)
    return sat.check_bounded(
        circuit,
        depth,
        finally_equal=stored_bits(harness.config, "weights_after_"),
        complete="done",
        progress=progress,
        **setting,
    )


_LEARNING_PROOF = Proof(
    name="core-learning",
    claim="An image that is learned changes the stored weights of a core as the rule of the design "
    "says, for all stored weights, inputs, labels, settings and states of the random generator. An "
    "image without an update changes none. Class, tick, forced and counts of spikes are those of "
    "the definition. The core is busy from the first event until it has learned.",
    shapes=f"2-2-2, two lanes, weights of 2 bits, the upper 2 of {STORED_BITS} stored bits, "
    f"thresholds 1, unit {UNIT}, deadline {DEADLINE}; 1 image",
    assumptions=(
        _PACE,
        "Settings and label arrive before the image.",
        "The host requests nothing.",
    ),
    method="bounded, complete, from reset",
    engine=ENGINES[sat.CADICAL],
    is_fast=False,
    prove=prove_learning,
)

_ENDLESS = Scenario(images=2, pauses=2, idles=True)  # the second one only begins

_GLUCOSE: dict[str, Any] = {"scenario": _ENDLESS, "engine": sat.GLUCOSE}

INDUCTIONS = _named(
    Case("images-2-lanes", scenario=_ENDLESS, is_fast=True),
    Case("images-2-lanes-glucose", **_GLUCOSE),
    Case("images-window", **_WINDOW, scenario=_ENDLESS),
    Case("images-window-glucose", **_WINDOW, **_GLUCOSE),
    Case("images-overlap", **_OVERLAP, scenario=_ENDLESS, depth=200),
    Case("images-overlap-glucose", **_OVERLAP, **_GLUCOSE, depth=200),
)
"""Cases that are proven for all images of every sequence."""

_INVARIANTS = Path(__file__).parent / "invariants"


def _file_of(name: str) -> Path:
    """The file with the invariant of a case; a case with another engine shares it."""
    return _INVARIANTS / f"{name.removesuffix('-glucose')}.txt"


def endless_harness(case: Case, fires_at: int = 0) -> CoreHarness | StreamHarness:
    """The harness of a case of `INDUCTIONS`; see `Definition` for `fires_at`."""
    if case.config.folding.overlaps:
        return StreamHarness(case.config, case.scenario.pauses, fires_at)
    return case.harness(fires_at)


def induction_of(
    case: Case, circuit: Circuit | None = None, faults: Collection[int] = ()
) -> ImageInduction:
    """The induction for a case of `INDUCTIONS`; see `ImageInduction` for `faults`."""
    harness = endless_harness(case)
    induction = WindowInduction if case.config.folding.overlaps else ImageInduction
    circuit = circuit or compile_circuit(harness)
    return induction(harness, circuit, case.depth, case.engine, faults)


def prove_images(
    name: str,
    progress: Progress = sat.no_progress,
    circuit: Circuit | None = None,
    weakens: bool = False,
) -> str:
    """Prove a case of `INDUCTIONS` with the invariant that is kept beside this file.

    With `weakens` what does not hold of the invariant is dropped, as for a circuit with a fault.
    """
    induction = induction_of(INDUCTIONS[name], circuit)
    try:
        kept = _file_of(name).read_text()
        invariant = Invariant.read(kept, induction.circuit, every=not weakens)
    except KeyError as error:
        raise ProofError(
            f"{_file_of(name).name} names the register {error}, which the core lacks: use Python "
            "3.11 or 3.12, because Amaranth infers fewer names on 3.13, or find another one with "
            f'firstspike.sim.formal.cores.search_invariant("{name}").'
        ) from None
    prove = induction.weaken if weakens else induction.prove
    return prove(invariant, progress)


def search_invariant(name: str, progress: Progress = sat.no_progress) -> str:
    """Find the invariant of a case of `INDUCTIONS` anew, and keep it beside this file."""
    induction = induction_of(INDUCTIONS[name])
    text = induction.search(progress).write(induction.circuit)
    _file_of(name).write_text(text)
    return text


_STREAMED = (
    "Every image is one word of a bitmap; words arrive at any time, also while earlier ones wait.",
    f"A decision waits for at most {_ENDLESS.pauses} cycles.",
    "The host requests nothing, and no image is aborted.",
)


def _induction_proof(case: Case) -> Proof:
    return Proof(
        name=case.name,
        claim=f"{case.claim} The claim holds for sequences of images without end, after a reset at "
        "any moment. A core in which images overlap accepts one whenever none is in flight.",
        shapes=case.shapes.partition(";")[0] + "; images without end",
        assumptions=_STREAMED if case.config.folding.overlaps else case.assumptions,
        method="induction over images",
        engine=ENGINES[case.engine],
        is_fast=case.is_fast,
        prove=partial(prove_images, case.name),
    )


CORES: tuple[Proof, ...] = (
    *(case.proof for case in CASES.values()),
    _LEARNING_PROOF,
    *(_induction_proof(case) for case in INDUCTIONS.values()),
)
