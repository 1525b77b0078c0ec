"""A layer: from the events of the one before to its own, or to the potentials of the decision."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

from .drain import Drain
from .emitter import TickEmitter, WindowEmitter
from .lanes import Lanes, potentials_layout, probe_signature
from .layouts import sent_layout, taken_layout
from .sequencer import Sequencer
from .weights import WeightStore, host_request, update_layout, updated_signature
from .words import CHUNK_BITS


class Layer(Block):
    """Sequencer, weight store, lanes, and (all layers but the last) drain and emitter.

        events -> Sequencer -> WeightStore -> Lanes -> Drain -> [Crossing -> SpikeQueue] -> events
                                  ^ |           |
                               host answers     +--> potentials (last layer)

    Latency from an event to those who fire: `config.folding.fetch_cycles`. Throughput: a row
    takes `groups` cycles, a walk without rows as many.
    """

    def __init__(self, config, weights=None):
        self._config = config
        self._weights = weights
        members = {
            "events": In(stream.Signature(taken_layout(config))),
            #: Of the WeightStore.
            "host": In(stream.Signature(host_request(config))),
            "answers": Out(stream.Signature(CHUNK_BITS)),
            #: The image bit of the latest decided image (that of no image after a reset).
            "decided_image": In(1),
            #: The image bit of the latest image of which nothing is left to do.
            "finished_image": Out(1),
        }
        if config.folding.last:
            members["potentials"] = Out(stream.Signature(potentials_layout(config)))
        else:
            members["sent"] = Out(stream.Signature(sent_layout(config)))
        if config.learns:
            #: Of the WeightStore.
            members["updates"] = In(stream.Signature(update_layout(config)))
            members["updated"] = Out(updated_signature(config))
            if not config.folding.last:
                #: Of the Lanes.
                members["probe"] = In(probe_signature(config))
                members["alive"] = Out(config.folding.lanes)
        super().__init__(**members)

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.sequencer = sequencer = Sequencer(config)
        m.submodules.store = store = WeightStore(config, self._weights)
        m.submodules.lanes = lanes = Lanes(config)
        wiring.connect(m, wiring.flipped(self.events), sequencer.events)
        wiring.connect(m, sequencer.operations, store.reads)
        wiring.connect(m, store.words, lanes.words)
        wiring.connect(m, store.ahead, lanes.ahead)
        wiring.connect(m, wiring.flipped(self.host), store.host)
        wiring.connect(m, store.answers, wiring.flipped(self.answers))
        # It has far to go; all blocks of a layer hear of it a cycle later.
        decided_image = Signal(init=1)
        m.d.sync += decided_image.eq(self.decided_image)
        m.d.comb += [
            sequencer.decided_image.eq(self.decided_image),
            self.finished_image.eq(sequencer.finished_image),
        ]
        if config.learns:
            wiring.connect(m, wiring.flipped(self.updates), store.updates)
            wiring.connect(m, store.updated, wiring.flipped(self.updated))
            if not config.folding.last:
                wiring.connect(m, wiring.flipped(self.probe), lanes.probe)
                m.d.comb += self.alive.eq(lanes.alive)
        if config.folding.last:
            wiring.connect(m, lanes.potentials, wiring.flipped(self.potentials))
            return m

        m.submodules.drain = drain = Drain(config)
        if config.folding.window:
            m.submodules.emitter = emitter = WindowEmitter(config)
            m.d.comb += [
                emitter.decided_image.eq(decided_image),
                emitter.stale.eq(sequencer.stale),
                sequencer.done.eq(emitter.done),
            ]
        else:
            m.submodules.emitter = emitter = TickEmitter(config)
        wiring.connect(m, lanes.fired, drain.fired)
        wiring.connect(m, drain.beats, emitter.beats)
        wiring.connect(m, emitter.events, wiring.flipped(self.sent))
        m.d.comb += drain.decided_image.eq(decided_image)
        if config.folding.mask_places:
            m.d.comb += sequencer.freed.eq(drain.freed)
        return m
