# SPDX-License-Identifier: BSD-2-Clause
"""A layer, which turns the events of the previous layer into events or into potentials."""

from collections.abc import Iterator

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.memories import Memory, inside

from .config import LayerConfig
from .drain import MaskBuffer, drain_for
from .emitter import TickEmitter, WindowEmitter
from .events import sent_layout, taken_layout
from .lanes import Lanes, potentials_layout, probe_signature
from .operations import RowList, walk_layout
from .positions import PositionWalk
from .sequencer import GatherSequencer, Sequencer
from .weights import WeightStore, host_request, update_layout, updated_signature
from .words import CHUNK_BITS


class Layer(Block):
    """One layer of neurons: Sequencer, weight store, lanes and, except in the last layer, outputs.

        events -> Sequencer -> WeightStore -> Lanes -> Drain -> [Crossing -> SpikeQueue] -> events
                                  ^ |           |
                               host answers     +--> potentials (last layer)

    The Drain serialises the mask of fired neurons. A TickEmitter follows in a layer without window,
    and Crossing and SpikeQueue (in a WindowEmitter) in a layer with a window.

    Latency from an event to the fired neurons: `config.folding.fetch_cycles`. Throughput: a row
    takes `groups` cycles, and so does a tick without rows. Under back-pressure at `sent` the layer
    stalls. After the decision on an image the layer accepts and discards the image's events.
    """

    def __init__(self, config: LayerConfig, weights: np.ndarray | None = None) -> None:
        self._weights = weights
        learns, last = config.learns, config.folding.last
        self._config = config
        super().__init__(
            events=In(stream.Signature(taken_layout(config))),
            #: Chunks of weights to write, and read requests; see WeightStore.
            host=In(stream.Signature(host_request(config))),
            #: Answers to the read requests.
            answers=Out(stream.Signature(CHUNK_BITS)),
            #: Weight updates of the Learner, and the signs of the updated weights.
            updates=In(stream.Signature(update_layout(config))) if learns else None,
            updated=Out(updated_signature(config)) if learns else None,
            #: The image bit of the latest decided image (after a reset, of no image).
            decided_image=In(1),
            #: The latest decision has left, so the next image may start.
            may_start=In(1) if config.folding.gathers else None,
            #: The image bit of the latest image that the Sequencer has finished.
            finished_image=Out(1),
            #: M of each group. With several rows per cycle, the receiver must always be ready.
            potentials=Out(stream.Signature(potentials_layout(config))) if last else None,
            #: The fields that all operations of the Sequencer's sweep share, for the Decision.
            walk=Out(walk_layout(config)) if last and config.walk_apart else None,
            #: The events for the next layer.
            sent=None if last else Out(stream.Signature(sent_layout(config))),
            #: The group for which `alive` shows the lanes with S + threshold > 0; see Lanes.
            probe=In(probe_signature(config)) if learns and not last else None,
            alive=Out(config.folding.lanes) if learns and not last else None,
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of a layer."""
        folding = config.folding
        yield from inside("store", WeightStore.memories(config))
        yield from inside("lanes", Lanes.memories(config))
        if folding.convolves:
            yield from inside("sequencer.walk.reached", PositionWalk.memories(config))
        elif folding.groups > 1:
            yield from inside("sequencer.row_list", RowList.memories(config))
        if folding.mask_slots:
            yield from inside("drain.places", MaskBuffer.memories(config))
        if folding.window:
            yield from inside("emitter.queue", WindowEmitter.memories(config))

    def build(self, m: Module) -> None:
        # From events to the lanes.
        config = self._config
        gathers = config.folding.gathers
        m.submodules.sequencer = sequencer = (GatherSequencer if gathers else Sequencer)(config)
        m.submodules.store = store = WeightStore(config, self._weights)
        m.submodules.lanes = lanes = Lanes(config)
        outside = wiring.flipped(self)
        join(m, outside, sequencer, "events")
        wiring.connect(m, sequencer.operations, store.reads)
        join(m, store, lanes, "words", "ahead")
        join(m, outside, store, "host", "answers")
        # A register for the long route; all blocks except the Sequencer use its output.
        decided_image = Signal(init=1)
        m.d.sync += decided_image.eq(self.decided_image)
        join(m, outside, sequencer, "decided_image", "finished_image")
        if gathers:
            join(m, outside, sequencer, "may_start")
        if config.learns:
            join(m, outside, store, "updates", "updated")
            if not config.folding.last:
                join(m, outside, lanes, "probe", "alive")
        if config.tick_apart:
            m.d.comb += lanes.walk.eq(sequencer.walk)
        if config.folding.last:
            join(m, outside, lanes, "potentials")
            if config.walk_apart:
                m.d.comb += self.walk.eq(sequencer.walk)
            return

        # From the lanes to events.
        m.submodules.drain = drain = drain_for(config)
        if config.folding.window:
            m.submodules.emitter = emitter = WindowEmitter(config)
            m.d.comb += emitter.decided_image.eq(decided_image)
            join(m, sequencer, emitter, "stale")
        else:
            m.submodules.emitter = emitter = TickEmitter(config)
        if config.folding.one_sweep:
            join(m, sequencer, emitter, "done")
        join(m, lanes, drain, "fired")
        join(m, drain, emitter, "beats")
        wiring.connect(m, emitter.events, wiring.flipped(self.sent))
        m.d.comb += drain.decided_image.eq(decided_image)
        if config.walk_apart:
            m.d.comb += drain.walk.eq(sequencer.walk)
        if config.folding.mask_slots:
            join(m, drain, sequencer, "freed")
