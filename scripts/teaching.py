# SPDX-License-Identifier: BSD-2-Clause
"""Designs of boards that their owner teaches words."""

from firstspike.boards.building.teaching import TeachableDesign
from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.golden.data.replay import CAPACITY, REFERENCES, replay_content
from firstspike.golden.front_ends import sound_of
from firstspike.golden.timing.shape import CoreShape

from .datasets import Data, training_data
from .errors import VerbError
from .output import note


def teachable_design(
    network: Network, board: Board, shape: CoreShape, hz: int | None, sensor: str
) -> TeachableDesign:
    """Return the design of a board that is taught words, with references from NET's training data.

    Raises VerbError for a network file that names no data set.
    """
    sound_of(network)  # refuses networks for other samples first
    dataset = network.meta.get("dataset")
    if not isinstance(dataset, str):
        raise VerbError(
            "the network file does not name the data set of its training, from which the board "
            "gets references: train a network by `firstspike train`."
        )
    data = training_data(Data(dataset=dataset), network)
    content = replay_content(data, network, REFERENCES, CAPACITY)
    design = TeachableDesign.of_teaching(network, board, shape, content, hz, sensor)
    if not design.has_flash:
        note(f"The {board.title} forgets taught words without power: it cannot save them.")
    return design
