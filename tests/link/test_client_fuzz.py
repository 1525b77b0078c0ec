# SPDX-License-Identifier: BSD-2-Clause
"""The host on a line that loses, changes, inserts and delays bytes, both ways.

It must never hang, never report what is not so, never let an image be learned twice, and do the
next thing right when the line is good again. For more than a test run has time for:

    FIRSTSPIKE_DAMAGED_FRAMES=100000 pytest tests/link/test_client_fuzz.py
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from firstspike.boards.client.client import BoardClient
from firstspike.boards.client.errors import NoAnswerError
from firstspike.golden import LearningState, Results, Settings, differences, infer, learn
from firstspike.hdl.link.protocol.formats import DELIMITER
from tests.support.board_model import BoardModel, ModelLine
from tests.support.command import toy_network

NETWORK = toy_network()
OTHER = replace(NETWORK, weights=(NETWORK.weights[0], NETWORK.weights[1][:, ::-1]))
TICKS = (np.random.default_rng(5).random((60, 35)) < 0.5).astype(np.int32) * NETWORK.unit
LABELS = np.random.default_rng(6).integers(-1, 4, len(TICKS))
LESSONS = [(t.tobytes(), k) for t, k in zip(TICKS, LABELS.tolist(), strict=True) if k >= 0]
RULE = Settings(step=3, row_draw=1)
LATER = np.arange(35) % 3
"""Ticks that the inputs of a graded image spike later."""

FRAMES = int(os.environ.get("FIRSTSPIKE_DAMAGED_FRAMES", "1000"))
"""So many frames are damaged on lines that go on being bad."""


@dataclass(frozen=True)
class Harm:
    """Something that happens to a line."""

    gap: int
    """Bytes that pass unharmed before."""
    kind: str
    value: int

    def __call__(self, content: bytearray, at: int, now: float) -> float:
        """Harm the content at that place; returns the time at which it arrives."""
        if self.kind == "drop":
            del content[at]
        elif self.kind == "cut":
            del content[at : at + self.value]
        elif self.kind == "flip":
            content[at] ^= self.value
        elif self.kind == "insert":
            content.insert(at, self.value)
        elif self.kind == "split":
            content.insert(at, 0)
        else:
            now += self.value / 50  # up to 5 seconds
        return now


class Harmful:
    """A line's damage, from a supply of harms; counts the frames that it damages."""

    def __init__(self, harms: Iterator[Harm]) -> None:
        self._harms = harms
        self.damaged = 0
        self._next()

    def _next(self) -> None:
        self._harm = next(self._harms, None)
        self._left = self._harm.gap if self._harm else 0

    def __call__(self, content: bytes, now: float) -> tuple[bytes, float]:
        """Return what arrives of the content, and when."""
        content, begin, damaged = bytearray(content), 0, set()
        while self._harm and begin + self._left < len(content):
            at = begin + self._left
            if self._harm.kind != "delay":
                damaged.add(content.count(DELIMITER, 0, at))
            now = self._harm(content, at, now)
            begin = at
            self._next()
        self._left -= len(content) - begin
        self.damaged += len(damaged)
        return bytes(content), now


kinds = st.sampled_from(["drop", "cut", "flip", "insert", "split", "delay"])
harms = st.lists(
    st.builds(Harm, st.integers(50, 400), kinds, st.integers(1, 255)), min_size=4, max_size=9
)
"""Fewer than there are tries for a HELLO, and far enough from each other."""


def at_random(seed: int, gap: int) -> Iterator[Harm]:
    """Harms without end, every `gap` bytes."""
    choice = np.random.default_rng(seed)
    while True:
        kind = choice.choice(["drop", "cut", "flip", "insert", "split", "delay"])
        yield Harm(int(choice.exponential(gap)), str(kind), int(choice.integers(1, 256)))


def agree(results: Results, golden: Results) -> None:
    """The results that have arrived are golden's."""
    assert not list(differences(golden, results))


class Host(RuleBasedStateMachine):
    """A host on a line of which some frames are harmed: weights and results are golden's."""

    @initialize(
        loaded=st.booleans(),
        learns=st.booleans(),
        capacity=st.sampled_from([200, 1024]),
        eager=st.booleans(),
    )
    def connect(self, loaded, learns, capacity, eager):
        """Start a board, whose weights are 0 if they are to be loaded."""
        self.stored_bits = 10 if learns else None
        self.model = BoardModel(
            NETWORK, loaded=loaded, stored_bits=self.stored_bits, capacity=capacity, eager=eager
        )
        self.line = ModelLine(self.model)
        self.board = BoardClient(self.line)
        self.weights = [layer * (not loaded) for layer in self.weights_of(NETWORK)]

    def weights_of(self, network):
        """Return the weights that a board has of a network."""
        return LearningState.of(network, 10).weights if self.stored_bits else network.weights

    def golden(self):
        """Return golden's state of learning, and a network of its weights."""
        if not self.stored_bits:
            return None, replace(NETWORK, weights=tuple(self.weights))
        state = replace(LearningState.of(NETWORK, 10), weights=tuple(map(np.copy, self.weights)))
        return state, state.network

    @invariant()
    def goes_on(self):
        """Let the next rule take as long as this one."""
        self.line.patience()

    @rule(out=harms, back=harms)
    def harm(self, out, back):
        """Harm some of the next bytes, both ways."""
        self.line.damage_out, self.line.damage_in = Harmful(iter(out)), Harmful(iter(back))

    @rule(count=st.integers(1, 300))
    def make_noise(self, count):
        """Send frames that are none."""
        self.line.write(b"\1\2\3\0" * count)

    @rule(network=st.sampled_from([NETWORK, OTHER]))
    def load(self, network):
        """Weights are written only where they differ."""
        weights = self.weights_of(network)
        differ = not all(map(np.array_equal, self.weights, weights))
        assert self.board.load(network) == differ
        self.weights = weights

    @rule()
    def read(self):
        """All weights are read."""
        assert all(map(np.array_equal, self.board.read_weights(), self.weights))

    @rule(count=st.integers(0, 30), graded=st.booleans())
    def classify(self, count, graded):
        """Each image is decided, and its end reported; graded ones go as events."""
        ticks, finished = TICKS[:count] + graded * (TICKS[:count] > 0) * LATER, []
        results = self.board.classify(ticks, progress=finished.append)
        assert finished == list(range(1, count + 1))
        assert not results.lost.any()
        agree(results, infer(self.golden()[1], ticks))

    @precondition(lambda self: self.stored_bits)
    @rule(count=st.integers(1, 30))
    def learn(self, count):
        """Each image is learned once, also where its answer is lost."""
        self.model.learned.clear()
        state, _ = self.golden()
        results = self.board.learn(TICKS[:count], LABELS[:count], RULE, seed=state.generator)
        assert learned_so_far(self.model) == np.count_nonzero(LABELS[:count] >= 0)
        golden = learn(state, TICKS[:count], LABELS[:count], RULE)
        agree(replace(results, weights=self.board.read_weights()), golden)
        self.weights = state.weights

    @rule()
    def leave_early(self):
        """Leave images after the first one, as Ctrl-C does."""

        def leave(done):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.board.classify(TICKS, progress=leave)

    @rule()
    def reset(self):
        """A reset of the core leaves the weights."""
        self.board.reset()

    @rule()
    def mend(self):
        """On a good line the board reports all frames that it has dropped, and nothing is lost."""
        good_again(self.line)
        status = self.board.status()
        assert (status.dropped, status.cause or 0) == (self.model.dropped, self.model.cause)
        self.load(OTHER)
        self.read()
        self.classify(20, False)


def test_whatever_happens_to_a_few_frames_is_repaired():
    """The cases are short, and shrinking takes minutes."""
    phases = (Phase.explicit, Phase.generate)
    how = settings(max_examples=30, stateful_step_count=12, derandomize=True, phases=phases)
    run_state_machine_as_test(Host, settings=settings(how, suppress_health_check=HealthCheck))


def learned_so_far(model: BoardModel) -> int:
    """How many images were learned: the first ones, each once, in order."""
    assert model.learned == LESSONS[: len(model.learned)]
    return len(model.learned)


def bad_lines(line: ModelLine, first: int) -> Iterator[int]:
    """Make a line bad, better and worse by turns, until `FRAMES` frames have been damaged.

    `first` seeds the damage. Gives the mean number of bytes between two harms.
    """
    damaged = 0
    for seed in itertools.count(first):
        gap = (30, 100, 400, 2000)[seed % 4]
        line.patience()
        out, back = (Harmful(at_random(2 * seed + way, gap)) for way in range(2))
        line.damage_out, line.damage_in = out, back
        yield gap
        damaged += out.damaged + back.damaged
        if damaged >= FRAMES:
            return


def good_again(line: ModelLine) -> None:
    """End the damage."""
    line.damage_out = line.damage_in = Harmful(iter(()))


def check_bad_line(first: int) -> None:
    """On lines as of `bad_lines` no result is wrong, and no image is learned twice."""
    host = Host()
    host.connect(loaded=True, learns=True, capacity=1024, eager=False)
    for gap in bad_lines(host.line, first):
        try:
            host.load(NETWORK)
            host.classify(len(TICKS), False)
            host.learn(len(TICKS))
        except NoAnswerError:
            if gap >= 400:
                raise
        good_again(host.line)
        host.board.status()  # all that was taken is done
        learned_so_far(host.model)
        host.weights = host.weights_of(OTHER)
        host.board.load(OTHER, host.weights)
        host.read()
        host.classify(20, False)
        host.learn(20)


def test_a_line_that_goes_on_being_bad_gives_no_wrong_result():
    check_bad_line(0)
