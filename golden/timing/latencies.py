# SPDX-License-Identifier: BSD-2-Clause
"""The latency of every block of a core, each under a name, in clock cycles.

One convention: a latency is counted from the cycle in which an input is taken to the cycle in which
the output it causes is offered, where nothing has to wait. A register is 1; a block that answers in
the same cycle is 0. Latencies that depend on a layer's folding are properties of `LayerFolding`,
made of these figures.

The cycle model asks for these figures, and so does the hardware. It has as many registers as
`INTAKE`, `ADDRESS` and `LEVELS_PER_STAGE` say, and its delays and counts are made of the others. A
figure that is fixed by the design of its block is measured against its name (tests/blocks). All ask
for `latencies.NAME`, so that a figure is changed in one place.
"""

INTAKE = 1
"""Intake: from an event of the source to that for the first layer."""

ENCODER_WORD = 1
"""Encoder: from a word to its first bright pixel."""

ENCODER_ROW = 1
"""Encoder: from a pixel to the event of its row."""

EVENT = 1
"""Sequencer: from an event to the operation it asks for, in front of the sequencer's pipeline."""

ROW_LIST = 1
"""Sequencer: the row list, where rows are replayed for further groups."""

LOCATE = 3
"""Locator: from the address of a spike to the positions that it reaches."""

POSITION_WALK = 1
"""PositionWalk: the positions, which are visited one after the other."""

REACHED = 3
"""ReachedPositions: two reads of the set, and the place of the lanes' state."""

ADDRESS = 1
"""Sequencer: the address of the weight word; of several banks it is the WeightStore that has it."""

FREED = 1
"""Sequencer: from a drain's place that is free again to the operation that may take it."""

FINISHED = 1
"""Sequencer: from the operation that ends an image to `finished`."""

WORD = 1
"""WeightStore: the memory."""

PAGE = 1
"""WeightStore: the choice among several pages."""

UPDATE = 1
"""WeightStore: from an update to the read of its word."""

SUM = 1
"""WeightStore: from the word of an update to its sum."""

SATURATED = 1
"""WeightStore: from a sum to what is written."""

LANES = 1
"""Lanes: from an operation with its word to those who fire."""

POTENTIALS = 1
"""Lanes: in the last layer, from there to the potentials."""

DRAIN_PLACE = 1
"""Drain: a mask is looked at, in front of the places in which masks wait, where there are such."""

DRAIN_BLOCKS = 1
"""Drain, with places: the first block with a bit is found, where not all are searched at once."""

DRAIN_BEAT = 1
"""Drain: from a block, or a mask of one block, to its first beat."""

CROSSING = 1
"""Crossing: the register in front of its steps, one for each bit of the window."""

RELEASE = 1
"""WindowEmitter: from a window's last beat behind the crossing unit to the release of the queue."""

QUEUE_STORE = 1
"""SpikeQueue: from a push to an item that can be selected."""

QUEUE_SELECT = 1
"""SpikeQueue: from there to the item that is offered."""

DONE = 1
"""Sequencer: from the promise of a walk to the next that may advance, where one waits for it."""

LEVELS_PER_STAGE = 1
"""Decision: levels of the tree of comparisons between two registers."""

LEVELS_PER_STAGE_OF_BANKS = 4
"""Decision: the same levels in a last layer that adds several rows per cycle."""

DECISION = 1
"""Decision: from the best of a tick to the decision."""

LIMIT = 1
"""RunOn: from the decision to the limit of its margin."""

OUTCOME = 1
"""RunOn: from the cycle in which all is known of an image to its outcome."""

JUDGE = 2
"""Learner: from the outcome of an image to the first cycle of settling."""

SORTING = 3
"""Learner: a spike through the queue of those that may lie behind the margin."""

DELTAS = 3
"""Deltas: from the start to the first group's, that are read, counted and stored."""

WALK_START = 4
"""AddressSet: from the start to the first address: block, word, memory, address."""

WALK_UPDATE = 1
"""OutputWalk, InputWalk: from a row to its update."""

WALK_DONE = 1
"""OutputWalk, InputWalk: from the last row to the end; without rows, from the start."""
