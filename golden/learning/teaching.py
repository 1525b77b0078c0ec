# SPDX-License-Identifier: BSD-2-Clause
"""Teaching: a network adapts its last layer to words that its owner speaks (DESIGN, section 5)."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from firstspike.golden.encoding import encode
from firstspike.golden.network import Network
from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.golden.system.errors import quoted
from firstspike.golden.system.representation import short_repr

from .learn import labelled_outputs, learn_outputs
from .rule import RESET_STATE, LearningError, Settings
from .state import MAX_STORED_BITS, LearningState

PASSES = 4
"""Passes over the replay memory after each taught word."""

SETTINGS = Settings(output_draw=1, margin_shift=2)
"""The settings of every pass."""


@dataclass(frozen=True, eq=False)
class ReplayContent:
    """The initial content and the capacity of the replay memory of a board.

    Raises `LearningError` for a capacity of 0 or less, and for references without a class each.
    """

    references: np.ndarray
    """Pictures that stay in the memory, uint8 [n, n_pixels]."""
    labels: np.ndarray
    """The class of each reference, int [n]."""
    capacity: int
    """Number of taught words that the memory holds."""

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _check_capacity(self.capacity)
        if len(self.references) != len(self.labels):
            raise LearningError(
                f"there are {len(self.references)} references and {len(self.labels)} classes: "
                "give one class for each reference."
            )

    @property
    def addresses(self) -> int:
        """Number of pictures that the memory holds."""
        return len(self.references) + self.capacity

    def check_classes(self, classes: int) -> None:
        """Raise `LearningError` for a reference of a class that is not in 0 .. `classes` - 1."""
        wrong = [label for label in self.labels.tolist() if not 0 <= label < classes]
        if wrong:
            raise LearningError(f"a reference is of class {wrong[0]}: give 0 to {classes - 1}.")

    def teacher(self, network: Network) -> "Teacher":
        """Return a teacher of `network` with this memory."""
        names = np.array([network.class_name(label) for label in self.labels.tolist()], str)
        return Teacher(network, (encode(network, self.references), names), self.capacity)


class Teacher:
    """A network that learns taught words, and its replay memory.

    Parameters: `network`; `references`, pictures that stay in the memory, as spike ticks int32
    [n, n_rows] and labels [n] as `Network.output_indices` accepts them; `capacity`, the number of
    taught words that the memory holds. Raises `LearningError` for a capacity of 0 or less, for
    wrong labels, and for a network that cannot be learned.
    """

    def __init__(
        self, network: NetworkSource, references: tuple[np.ndarray, np.ndarray], capacity: int
    ) -> None:
        _check_capacity(capacity)
        network = load_network(network)
        self.state = LearningState.of(network, MAX_STORED_BITS, last_layer=True)
        """Stored weights and generator."""
        self.state.generator = RESET_STATE
        self.capacity = capacity
        self.count = 0
        """Words taught so far."""
        self.memory = references[0], labelled_outputs(network, references[1])
        """The replay memory: pictures int32 [n, n_rows] and indices of outputs [n], by address."""
        self._references = len(references[0])

    @property
    def network(self) -> Network:
        """The network after the words taught so far."""
        return self.state.network

    def teach(self, ticks: np.ndarray, label: int | str) -> None:
        """Store a word, spike ticks int32 [n_rows] and its label, and learn all stored pictures.

        Raises `LearningError` or `EncodingError` for a word that does not fit the network, and then
        stores nothing.
        """
        (output,) = labelled_outputs(self.state.template, np.array([label]))
        address = self._references + self.count % self.capacity
        pictures, labels = (
            np.concatenate([stored[:address], [new], stored[address + 1 :]])
            for stored, new in zip(self.memory, (ticks, output), strict=True)
        )
        learn_outputs(self.state, np.tile(pictures, (PASSES, 1)), np.tile(labels, PASSES), SETTINGS)
        self.memory = pictures, labels
        self.count += 1


def _check_capacity(capacity: int) -> None:
    """Raise `LearningError` unless a memory can hold this number of taught words."""
    if not isinstance(capacity, Integral) or capacity < 1:
        raise LearningError(f"the capacity is {quoted(capacity)}: it must be an integer from 1 on.")
