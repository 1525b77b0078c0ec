# SPDX-License-Identifier: BSD-2-Clause
"""The Watcher, which converts samples of motion to the spikes of windows (DESIGN, section 9)."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.front_ends import motion_of
from firstspike.golden.network import Network
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.lib.block import Block, join

from .frames import Frames, sample_layout
from .windows import Windows


class Watcher(Block):
    """Convert samples of motion to pictures, and send the spikes of each picture to a core.

        samples -> Frames -> Windows -> LevelsEncoder -> events

    Parameters: `network`, a network of motion. Raises NetworkError for another one.

    Latency: at most `latency(network)` cycles from the last sample of a window to its END, without
    back-pressure. Throughput: one sample in 4 cycles per axis; `samples` stalls during a picture.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._front = motion_of(network)
        layout = input_layout(len(network.inputs), network.deadline)
        super().__init__(
            #: The value of each axis in order, for every sample.
            samples=In(stream.Signature(sample_layout())),
            #: The spikes of each window, in order of tick, and END.
            events=Out(stream.Signature(layout)),
        )

    @staticmethod
    def latency(network: Network) -> int:
        """Return the maximum latency from a window's last sample to END, without back-pressure."""
        return 4 + Windows.cycles(motion_of(network)) + LevelsEncoder.cycles(network)

    def build(self, m: Module) -> None:
        m.submodules.frames = frames = Frames(self._front)
        m.submodules.windows = windows = Windows(self._front)
        m.submodules.encoder = encoder = LevelsEncoder(self._network)
        wiring.connect(m, wiring.flipped(self.samples), frames.samples)
        wiring.connect(m, frames.frames, windows.frames)
        wiring.connect(m, windows.pixels, encoder.pixels)
        join(m, wiring.flipped(self), encoder, "events")
