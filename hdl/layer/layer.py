# SPDX-License-Identifier: BSD-2-Clause
"""Layers, which turn the events of the previous layer into events or into potentials."""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.memories import Memory, inside

from .config import LayerConfig
from .emitter import emitter_class
from .events import input_event_layout, output_event_layout
from .lanes import Lanes, lanes_class, potentials_layout, probe_ports
from .mask_serialiser import Serialiser, serialiser_class
from .operations import sweep_layout
from .sequencer import DoubleBufferedSequencer, Sequencer, sequencer_class
from .weight_store import WeightStore, host_request, store_class, update_ports
from .words import CHUNK_BITS


class Layer(Block):
    """One layer of neurons: sequencer, weight store, lanes and, in a HiddenLayer, outputs.

        events -> sequencer -> weight store -> lanes -> serialiser -> emitter -> events
                                  ^ |            |
                               host answers      +--> potentials (LastLayer)

    Latency from an event to the fired neurons: `config.folding.fetch_cycles`. Throughput: a row
    takes `groups` cycles, and so does a tick without rows. Under back-pressure at `sent` the layer
    stalls. After the decision on an image the layer accepts and discards the image's events.
    """

    def __init__(
        self, config: LayerConfig, weights: np.ndarray | None, **outputs: wiring.Member
    ) -> None:
        self._config, self._weights = config, weights
        super().__init__(
            events=In(stream.Signature(input_event_layout(config))),
            #: Chunks of weights to write, and read requests; see WeightStore.
            host=In(stream.Signature(host_request(config))),
            #: Answers to the read requests.
            answers=Out(stream.Signature(CHUNK_BITS)),
            #: The image bit of the latest decided image (after a reset, of no image).
            decided_image=In(1),
            #: The latest decision has left, so the next image may start (only used by a
            #: double-buffered layer).
            may_start=In(1),
            #: The image bit of the latest image that the sequencer has finished.
            finished_image=Out(1),
            **outputs,
            **update_ports(config),
            **probe_ports(config),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of the blocks that all layers have."""
        yield from inside("store", WeightStore.memories(config))
        yield from inside("lanes", Lanes.memories(config))
        yield from inside("sequencer", Sequencer.memories(config))

    @abstractmethod
    def _connect_output(
        self, m: Module, sequencer: Sequencer | DoubleBufferedSequencer, lanes: Lanes
    ) -> None:
        """Connect the lanes to the outputs of the layer."""

    def build(self, m: Module) -> None:
        config = self._config
        m.submodules.sequencer = sequencer = sequencer_class(config)(config)
        m.submodules.store = store = store_class(config)(config, self._weights)
        m.submodules.lanes = lanes = lanes_class(config)(config)
        outside = wiring.flipped(self)
        join(m, outside, sequencer, "events", "decided_image", "finished_image", "may_start")
        wiring.connect(m, sequencer.operations, store.reads)
        join(m, store, lanes, "words", "ahead")
        join(m, sequencer, lanes, "sweep")
        join(m, outside, store, "host", "answers", *update_ports(config))
        join(m, outside, lanes, *probe_ports(config))
        self._connect_output(m, sequencer, lanes)


class LastLayer(Layer):
    """The last layer of a core, which sends M at every tick to the Decision.

    With several rows per cycle, the receiver of `potentials` must always be ready.
    """

    def __init__(self, config: LayerConfig, weights: np.ndarray | None = None) -> None:
        super().__init__(
            config,
            weights,
            #: M of each group.
            potentials=Out(stream.Signature(potentials_layout(config))),
            #: The fields that all operations of the sequencer's sweep share.
            sweep=Out(sweep_layout(config)),
        )

    def _connect_output(
        self, m: Module, sequencer: Sequencer | DoubleBufferedSequencer, lanes: Lanes
    ) -> None:
        join(m, wiring.flipped(self), lanes, "potentials")
        join(m, wiring.flipped(self), sequencer, "sweep")


class HiddenLayer(Layer):
    """A layer that sends events to the next layer.

    A serialiser sends the fired neurons of a mask one after the other. In a layer without window a
    TickEmitter follows, in a layer with windows a WindowEmitter.
    """

    def __init__(self, config: LayerConfig, weights: np.ndarray | None = None) -> None:
        #: The events for the next layer.
        sent = Out(stream.Signature(output_event_layout(config)))
        super().__init__(config, weights, sent=sent)

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories of a hidden layer."""
        yield from Layer.memories(config)
        yield from inside("serialiser", Serialiser.memories(config))
        yield from inside("emitter", emitter_class(config).memories(config))

    def _connect_output(
        self, m: Module, sequencer: Sequencer | DoubleBufferedSequencer, lanes: Lanes
    ) -> None:
        m.submodules.serialiser = serialiser = serialiser_class(self._config)(self._config)
        m.submodules.emitter = emitter = emitter_class(self._config)(self._config)
        # A register for the long route.
        decided_image = Signal(init=1)
        m.d.sync += decided_image.eq(self.decided_image)
        m.d.comb += [
            serialiser.decided_image.eq(decided_image),
            emitter.decided_image.eq(decided_image),
        ]
        join(m, lanes, serialiser, "fired")
        join(m, serialiser, emitter, "beats")
        join(m, serialiser, sequencer, "freed")
        join(m, sequencer, serialiser, "sweep")
        join(m, sequencer, emitter, "stale", "done")
        wiring.connect(m, emitter.events, wiring.flipped(self.sent))


def layer_class(config: LayerConfig) -> type[LastLayer | HiddenLayer]:
    """Return the class of a layer."""
    return LastLayer if config.folding.last else HiddenLayer
