# SPDX-License-Identifier: BSD-2-Clause
"""The LevelsEncoder, which converts the pixels of an image to input spikes in order of time."""

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.encodings.levels import Levels
from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.network import Network
from firstspike.hdl.layer.events import Kind, input_layout, tell_row, tick_shape
from firstspike.hdl.lib.arithmetic import times
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Stage

PIXEL_BITS = 8


class LevelsEncoder(Block):
    """Store the pixels of an image, and scan all inputs once per level, in order of the ticks.

    Each scan sends a spike at the tick of its level for every input of this level. The inputs are
    the pixels, their complements and the constant input, if the network has them.

    Parameters: `network`, with the encoding `levels-N` or `binary` of pixels; `rows`, the number of
    banks of the events. Raises NetworkError for another network.

    Latency: at most `cycles(network)` from the last pixel to END, without back-pressure.
    Throughput: one pixel per cycle, then one input per cycle and scan. `pixels` stalls until the
    END of the image is in the output register; a stall of `events` stalls the scan.
    """

    def __init__(self, network: Network, rows: int = 1) -> None:
        check_pixels(network)
        self._network, self._rows = network, rows
        features = network.features
        self._has_constant = features is not None and features.constant
        layout = input_layout(len(network.inputs), network.deadline, rows)
        super().__init__(
            #: The pixels of an image: one per feature of the network.
            pixels=In(stream.Signature(PIXEL_BITS)),
            #: Discard the pixels of an incomplete image.
            clear=In(1),
            events=Out(stream.Signature(layout)),
        )

    @staticmethod
    def cycles(network: Network) -> int:
        """Return the clock cycles of all scans, including the pipeline latency and END."""
        return len(_scans(network)) * network.n_inputs + 3

    def build(self, m: Module) -> None:
        network, count = self._network, self._network.n_features
        scans, layout = _scans(network), _scan_layout(network)
        ticks = [{"level": level, "tick": tick} for level, tick in scans]
        m.submodules.image = image = memory.Memory(shape=PIXEL_BITS, depth=count, init=())
        m.submodules.scans = table = memory.Memory(shape=layout, depth=len(scans), init=ticks)
        pixel, write, scan = image.read_port(), image.write_port(), table.read_port()
        read = [pixel, scan]

        # Read addresses: the input, its pixel, and the scan.
        index, at, number = (
            Signal(range(network.n_inputs)),
            Signal(range(count)),
            Signal(range(len(scans))),
        )
        half = Signal()  # the scan has passed all pixels once, and reads their complements
        last, last_pixel = index == network.n_inputs - 1, at == count - 1

        # The input at the read ports of the memories, and whether it spikes in this scan.
        is_read, ends, complement, constant = (Signal() for _ in range(4))
        row = Signal(range(len(network.inputs) + 1))
        connected: Value = Const(1)
        if len(network.inputs) < network.n_inputs:
            bits = np.isin(np.arange(network.n_inputs), network.inputs).tolist()
            m.submodules.connected = flags = memory.Memory(shape=1, depth=len(bits), init=bits)
            read.append(flags.read_port())
            m.d.comb += read[-1].addr.eq(index)
            connected = read[-1].data
        highest, level = network.levels - 1, scan.data.level
        q = times(network.levels, pixel.data) >> PIXEL_BITS
        target = Mux(complement, highest - level, level)
        spikes = is_read & connected & Mux(constant, level == highest, q == target)

        m.submodules.stage = stage = Stage(self.events.payload.shape())
        wiring.connect(m, stage.o, wiring.flipped(self.events))
        event, steps = stage.i.payload, Signal()
        m.d.comb += [
            write.addr.eq(at),
            write.data.eq(self.pixels.payload),
            pixel.addr.eq(at),
            scan.addr.eq(number),
            steps.eq(~spikes | stage.i.ready),
            *(port.en.eq(steps) for port in read),
            stage.i.valid.eq(spikes),
            event.kind.eq(Kind.SPIKE),
            event.tick.eq(scan.data.tick),
            *tell_row(event, len(network.inputs), self._rows, row),
        ]
        with m.If(is_read & steps):
            m.d.sync += [is_read.eq(0), row.eq(Mux(ends, 0, row + connected))]

        with m.FSM():
            with m.State("pixels"):
                m.d.comb += [self.pixels.ready.eq(1), write.en.eq(self.pixels.valid)]
                with m.If(self.pixels.valid):
                    m.d.sync += at.eq(Mux(last_pixel, 0, at + 1))
                    with m.If(last_pixel):
                        m.next = "scan"
                with m.If(self.clear):
                    m.d.sync += at.eq(0)
            with m.State("scan"), m.If(steps):
                m.d.sync += [
                    is_read.eq(1),
                    ends.eq(last),
                    complement.eq(half),
                    constant.eq(last & self._has_constant),
                    index.eq(index + 1),
                    at.eq(at + 1),
                ]
                with m.If(last_pixel):
                    m.d.sync += [at.eq(0), half.eq(1)]
                with m.If(last):
                    m.d.sync += [index.eq(0), at.eq(0), half.eq(0), number.eq(number + 1)]
                    with m.If(number == len(scans) - 1):
                        m.d.sync += number.eq(0)
                        m.next = "last input"
            with m.State("last input"), m.If(steps):
                m.next = "end"
            with m.State("end"):
                m.d.comb += [stage.i.valid.eq(1), event.kind.eq(Kind.END)]
                with m.If(stage.i.ready):
                    m.next = "pixels"


def check_pixels(network: Network) -> None:
    """Raise NetworkError for a network whose encoding a LevelsEncoder does not support."""
    if not isinstance(network.coding, Levels) or not network.takes_pixels:
        raise NetworkError(
            f"a LevelsEncoder takes networks of pixels with levels, not of {network.encoding} "
            "with other samples: encode these on the host"
        )


def _scans(network: Network) -> list[tuple[int, int]]:
    """Return level and tick of each scan, in order of the ticks; silent levels have no scan."""
    ticks = network.coding.table(network).tolist()
    scans = [(level, tick) for level, tick in enumerate(ticks) if tick]
    return sorted(scans, key=lambda scan: scan[1])


def _scan_layout(network: Network) -> data.StructLayout:
    return struct(level=range(network.levels), tick=tick_shape(network.deadline))
