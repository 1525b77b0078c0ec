# SPDX-License-Identifier: BSD-2-Clause
"""The latency of every block of a core, each under a name, in clock cycles.

A latency counts from the cycle in which an input is accepted to the cycle in which its output is
offered, without waits. A register is 1; a block that responds in the same cycle is 0. Latencies
that depend on a layer's folding are properties of `LayerFolding`, computed from these figures.

Both the cycle model and the hardware use these figures. `INGRESS_CHECK`, `ADDRESS` and
`LEVELS_PER_STAGE` set numbers of registers in the hardware, and its delays and counters use the
others. Tests compare a figure that follows from the design of its block with a measurement
(tests/blocks). All code refers to `latencies.NAME`, so that a figure is changed in one place.
"""

INGRESS_CHECK = 1
"""IngressCheck: from an event of the source to that for the first layer."""

ENCODER_WORD = 1
"""Encoder: from a word to its first bright pixel."""

ENCODER_ROW = 1
"""Encoder: from a pixel to the event of its row."""

EVENT = 1
"""Sequencer: from an event to its operation, before the sequencer's pipeline."""

ROW_LIST = 1
"""Sequencer: the row list, which replays rows for further groups."""

LOCATE = 3
"""Locator: from the address of a spike to the positions that it reaches."""

POSITION_SCAN = 1
"""PositionScan: the scan of the positions, one after the other."""

REACHED_POSITIONS = 3
"""ReachedPositions: two reads of the set, and the state address of the lanes."""

REPLAY_STOPPED = 1
"""Sequencer: from the first cycle in which an image is known as decided to the end of a replay."""

ADDRESS = 1
"""Sequencer: the address of the weight word; with several banks, the WeightStore holds it."""

FREED = 1
"""Sequencer: from the release of a mask's slot to the operation that can use it."""

FINISHED = 1
"""Sequencer: from the operation that ends an image to `finished_image`."""

WORD = 1
"""WeightStore: the memory."""

PAGE = 1
"""WeightStore: the choice among several pages."""

UPDATE = 1
"""WeightStore: from an update to the read of its word."""

SUM = 1
"""WeightStore: from the word of an update to its sum."""

SATURATED = 1
"""WeightStore: from a sum to the written value."""

LANES = 1
"""Lanes: from an operation with its word to the fired bits."""

POTENTIALS = 1
"""Lanes: in the last layer, from the fired bits to the potentials."""

MASK_CHECK = 1
"""Mask serialiser: the check of a mask, before the slots in which masks wait, if any."""

BLOCK_SEARCH = 1
"""Mask serialiser, with slots: the search of the first block with a bit, if one spike is sent per
cycle."""

FIRST_BEAT = 1
"""Mask serialiser: from a block of lanes, or a mask of one, to its first beat."""

DIVIDER_INPUT = 1
"""CrossingTimeDivider: the input register; one step per bit of the window follows."""

RELEASE = 1
"""WindowEmitter: from a window's last beat after the divider to the release of the queue."""

QUEUE_STORE = 1
"""SpikeQueue: from a push to the cycle in which the item can be selected."""

QUEUE_SELECT = 1
"""SpikeQueue: from the selection to the cycle in which the item is offered."""

DONE = 1
"""Sequencer: from the watermark of a sweep to the advance of the next sweep, if it waits."""

LEVELS_PER_STAGE = 1
"""Decision: levels of the comparison tree between two registers."""

LEVELS_PER_STAGE_OF_BANKS = 4
"""Decision: levels between two registers in a last layer that adds several rows per cycle."""

DECISION = 1
"""Decision: from the best potential of a tick to the decision."""

LIMIT = 1
"""Margin: from the decision to the limit of its margin."""

OUTCOME = 1
"""Margin: from the cycle in which all results of an image are known to its outcome."""

JUDGE = 2
"""Learner: from the outcome of an image to the first cycle of settling."""

SORTING = 3
"""Learner: a spike through the FIFO in which it waits for the margin's end."""

DELTAS = 3
"""Deltas: from the start to the first group's corrections: read, count, store."""

CAUSAL_GROUP = 2
"""CausalInputs: per group, in addition to its rows: the first read, and the entry that ends the
rows."""

SWEEP_START = 4
"""AddressSet: from the start to the first address: block, word, memory, address."""

SWEEP_UPDATE = 1
"""OutputSweep, InputSweep: from a row to its update."""

SWEEP_DONE = 1
"""OutputSweep, InputSweep: from the last row to the end; without rows, from the start."""
