# SPDX-License-Identifier: BSD-2-Clause
"""The layout of one layer in time: its groups, its banks of weights, and its latencies.

Each latency of a layer is a property here, computed from the figures in `latencies` by the
convention stated there. The hardware builds its pipelines from them, and the cycle models use them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.kind import LayerKind

from . import latencies

MAX_WINDOW = 4
"""Largest k: a window of 2^k ticks needs k stages in the crossing-time divider and 2^k queue
buckets."""

SERIALISER_BLOCK = 16
"""Lanes whose fired bits are searched in one cycle; more lanes are searched block by block."""

MASK_FIFO_DEPTH = 8
"""Masks that can wait for the serialiser: twice the number in the pipeline at one mask per cycle.

The number is a power of two.
"""

PAGE_WORDS = 1024
"""Words in a page of a large weight store: the depth of one block RAM of the ECP5."""

LONG_SWEEP = 16
"""A sweep is long if it can take this many times the latency of its first operation."""

ROWS = (1, 2, 4)
"""Allowed values of R, the rows per cycle."""


@dataclass(frozen=True, kw_only=True)
class LayerFolding:
    """The hardware parameters of one layer that determine its clock cycles.

    `window` is k: time advances by at most 2^k ticks in one sweep over the groups. `rows` is R: per
    cycle R rows of weights are added, one from each bank of the weight store. Row r is in bank r
    mod R. `sends` spikes leave per cycle, equal to R of the next layer. A layer that is
    `double_buffered` accepts the next image's rows while time advances in the image before. A
    layer with `one_tick` accepts rows only at tick `unit`, so its lanes need no M. In a convolving
    layer lanes are filters, and a sweep visits positions.
    """

    kind: LayerKind
    lanes: int
    window: int
    last: bool
    rows: int = 1
    sends: int = 1
    double_buffered: bool = False
    one_tick: bool = False

    def __post_init__(self):
        if not 1 <= self.lanes <= self.columns:
            what = "filters" if self.convolves else "neurons"
            raise NetworkError(
                f"a layer of {self.columns} {what} takes 1 to {self.columns} lanes, "
                f"not {self.lanes}"
            )
        if not 0 <= self.window <= MAX_WINDOW:
            raise NetworkError(f"the window is 0 to {MAX_WINDOW}, not {self.window}")
        if self.window and (self.state_words == 1 or self.last):
            raise NetworkError("a layer of one group, and the last layer, advance tick by tick")
        if self.convolves and (self.last or self.rows > 1 or self.one_tick or self.double_buffered):
            raise NetworkError(
                "a layer that convolves is not the last one, takes rows at every tick and adds one "
                "row per cycle"
            )
        if self.one_tick and (self.groups == 1 or self.last or self.window or self.rows > 1):
            raise NetworkError(
                "only a layer of several groups that is not the last one, advances tick by tick "
                "and adds one row per cycle takes rows at one tick alone"
            )
        check_rows(self.rows)
        check_rows(self.sends)
        if self.sends > 1 and (self.state_words > 1 or self.last or self.n_out < self.sends):
            raise NetworkError(
                "only a layer of one group, and not the last one, sends several spikes per "
                "cycle, up to one per neuron"
            )

    @property
    def n_in(self) -> int:
        """Number of inputs of the layer."""
        return self.kind.n_in

    @property
    def n_out(self) -> int:
        """Number of neurons of the layer."""
        return self.kind.n_out

    @property
    def convolves(self) -> bool:
        """Whether a spike reaches the neurons only at some positions."""
        return isinstance(self.kind, Convolution)

    @property
    def columns(self) -> int:
        """Columns of the weights: the neurons, or the filters of a convolving layer."""
        return self.kind.columns

    @property
    def groups(self) -> int:
        """G, the number of groups: column = group * lanes + lane.

        A column is a neuron or a filter.
        """
        return -(-self.columns // self.lanes)

    @property
    def state_words(self) -> int:
        """Words of lane state: one per position and group."""
        return self.groups * self.kind.positions

    @property
    def located_cycles(self) -> int:
        """Latency from a convolving layer's operation to its first position; 0 if dense."""
        return latencies.LOCATE + latencies.POSITION_SCAN if self.convolves else 0

    @property
    def operation_cycles(self) -> int:
        """Latency of the Sequencer from an event to its operation, with the row list if any."""
        if self.convolves:
            return latencies.EVENT + self.located_cycles + latencies.REACHED_POSITIONS
        row_list = latencies.ROW_LIST if self.groups > 1 else 0
        return latencies.EVENT + row_list + (latencies.ADDRESS if self.rows == 1 else 0)

    @property
    def word_cycles(self) -> int:
        """Latency of the WeightStore from an operation to the operation with its word.

        Addresses for several banks travel far, so each bank has its own address registers.
        """
        address = latencies.ADDRESS if self.rows > 1 else 0
        return address + latencies.WORD + (latencies.PAGE if self.pages > 1 else 0)

    @property
    def fetch_cycles(self) -> int:
        """Latency from an event that a layer accepts to the fired bits of its lanes."""
        return self.operation_cycles + self.word_cycles + latencies.LANES

    @property
    def stages(self) -> int:
        """Number of registers of the layer's pipeline after that of the event, up to the lanes.

        Registers before a scan of positions are not included.
        """
        return self.fetch_cycles - latencies.EVENT - self.located_cycles

    @property
    def fetching(self) -> int:
        """Index of the memory's own register in the layer's pipeline, counted from 1."""
        return self.operation_cycles - latencies.EVENT - self.located_cycles + 1

    @property
    def bank_rows(self) -> int:
        """Rows of a bank; the last banks may have one row less, which reads as 0."""
        return -(-self.kind.rows // self.rows)

    @property
    def bank_words(self) -> int:
        """Words of a bank: group by group, one word per row."""
        return self.groups * self.bank_rows

    @property
    def words(self) -> int:
        """Words of the weight store: word i is in bank i mod R."""
        return self.bank_words * self.rows

    @property
    def page_words(self) -> tuple[int, ...]:
        """Words of each page of a bank; one of several pages is selected a cycle after the read.

        Block RAMs of many lanes are far from one another and from the lanes. A store with pages
        cannot wait, so its lanes never wait.
        """
        if not self.mask_fifo_depth:
            return (self.bank_words,)
        starts = range(0, self.bank_words, PAGE_WORDS)
        return tuple(min(PAGE_WORDS, self.bank_words - start) for start in starts)

    @property
    def pages(self) -> int:
        """Number of pages of a bank."""
        return len(self.page_words)

    @property
    def update_cycles(self) -> int:
        """Latency of the WeightStore from an update to the cycle in which its word is written."""
        return latencies.UPDATE + self.word_cycles + latencies.SUM + latencies.SATURATED

    @property
    def deltas_cycles(self) -> int:
        """Latency of the Deltas from the start to the cycle in which the last group's are ready."""
        return latencies.DELTAS + self.groups - 1

    def causal_cycles(self, rows: np.ndarray | int) -> np.ndarray | int:
        """Return the latency of the CausalInputs from the start to the end for `rows` inputs."""
        last_word = latencies.SWEEP_UPDATE + self.update_cycles
        return self.groups * (rows + latencies.CAUSAL_GROUP) + last_word

    @property
    def serialiser_blocks(self) -> int:
        """Number of blocks in which fired lanes are searched."""
        return -(-self.lanes // SERIALISER_BLOCK)

    @property
    def serialiser_cycles(self) -> int:
        """Latency of the mask serialiser from a mask to its first beat."""
        cycles = latencies.FIRST_BEAT
        if self.mask_fifo_depth:
            cycles += latencies.MASK_CHECK + (latencies.BLOCK_SEARCH if self.sends == 1 else 0)
        return cycles

    @property
    def divider_cycles(self) -> int:
        """Latency of the CrossingTimeDivider: one input register, and one register per step."""
        return latencies.DIVIDER_INPUT + self.window

    @property
    def release_cycles(self) -> int:
        """Latency of the WindowEmitter from a window's last beat to the release of its queue."""
        return self.divider_cycles + latencies.RELEASE

    @property
    def queued_cycles(self) -> int:
        """Latency of the WindowEmitter from a window's last beat to the first spike it offers."""
        stored = self.divider_cycles + latencies.QUEUE_STORE
        return max(self.release_cycles, stored) + latencies.QUEUE_SELECT

    @property
    def mask_fifo_depth(self) -> int:
        """Masks of fired lanes that can wait for the serialiser; 0 if the lanes wait instead.

        Many lanes are far from one another, and from any signal that would stop them. Banks of
        weights never wait.
        """
        several = self.serialiser_blocks > 1 or self.rows > 1 or self.sends > 1
        return MASK_FIFO_DEPTH if several and not self.last else 0

    @property
    def serial_sweeps(self) -> bool:
        """Whether a sweep that advances time waits until the spikes of the last one have been sent.

        Windows require the wait. Long scans of positions wait, too: the wait costs little time, and
        then the data that an advance shares need not accompany each visit.
        """
        latency = self.fetch_cycles + self.serialiser_cycles
        return self.window > 0 or (self.convolves and self.state_words >= LONG_SWEEP * latency)

    @property
    def levels_per_stage(self) -> int:
        """Levels of comparisons between two registers of the Decision."""
        if self.rows > 1:
            return latencies.LEVELS_PER_STAGE_OF_BANKS
        return latencies.LEVELS_PER_STAGE

    @property
    def decision_cycles(self) -> int:
        """Latency of the Decision from a tick's last potentials to the decision."""
        levels = (self.lanes - 1).bit_length()
        return -(-levels // self.levels_per_stage) + latencies.DECISION

    @property
    def spikes_in_flight(self) -> int:
        """Most spikes that the last layer accepts before the limit of the margin is known.

        The layer accepts one per cycle, and one more waits before it.
        """
        decision = latencies.POTENTIALS + self.decision_cycles + latencies.LIMIT
        return self.fetch_cycles + decision + 1


def check_rows(rows: int) -> None:
    """Raise NetworkError unless `rows` rows can be added, or spikes sent, per cycle."""
    if rows not in ROWS:
        permitted = ", ".join(map(str, ROWS))
        raise NetworkError(f"the rows added in a cycle are one of {permitted}, not {rows}")


def settle_cycles(layers: Sequence[LayerFolding], late_inputs: bool = False) -> int:
    """Return the cycles that a learner waits until nothing of an image is in the pipeline.

    The END of the image passes the ingress check, and all registers of all layers. Crossing-time
    divider and queue count even in a layer without them. Masks that wait for the mask serialiser
    are dropped one per cycle, and the END of the image waits behind them. Meanwhile the spikes in
    the pipeline are sorted, one per cycle. With `late_inputs` the source sends the END in the cycle
    after the last spike that the ingress check drops, and later by a cycle if the first layer has
    to stop a replay of rows for further groups before it accepts the event that END waits behind.
    """
    *hidden, last = layers
    passed = sum(
        layer.fetch_cycles + layer.mask_fifo_depth + layer.serialiser_cycles + layer.release_cycles
        for layer in hidden
    )
    end = latencies.INGRESS_CHECK + passed + latencies.EVENT + latencies.FINISHED
    sent = latencies.REPLAY_STOPPED * (layers[0].groups > 1) + 1 if late_inputs else 0
    return max(end + sent, last.spikes_in_flight + latencies.SORTING)
