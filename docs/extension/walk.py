# SPDX-License-Identifier: BSD-2-Clause
"""The directive `walk`: a timing picture of a layer at work, simulated while the page is built.

    ```{walk} NAME
    :window: 2
    ```

The layer has 4 inputs and 4 neurons in 2 groups. Inputs 0 and 2 spike at tick 3, input 1 at tick 5.
"""

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np
from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.yowasp_wavedrom import wavedrom_diagram

from firstspike.golden.layers.dense import Dense
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import layer_widths
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import Kind
from firstspike.hdl.layer.layer import HiddenLayer

EVENTS = ((Kind.SPIKE, 3, 0), (Kind.SPIKE, 3, 2), (Kind.SPIKE, 5, 1), (Kind.END, 0, 0))
WEIGHTS = np.array([[4, 4, 0, 0], [0, 0, 0, 0], [4, 3, 0, 0], [0, 0, 0, 0]])
THRESHOLD, DEADLINE = 4, 24
"""These make neuron 0 fire at tick 6, and neuron 1 at tick 7."""

LAST = ("A@7", "A@9")
"""The picture ends with the first promise behind both spikes."""

ROWS = {"event": "3", "tick": "=", "group": "=", "start": "4", "advance": "4", "row": "4"}
ROWS |= {"sent": "5"}
"""The picture has these rows, by name, with WaveDrom's letters for their colours."""

Cycle = dict[str, str]
"""The values in a cycle, by the names of the rows."""


def simulate(window: int) -> list[Cycle]:
    """Events taken, operations as they leave the sequencer, and events as the layer sends them."""
    config = LayerConfig(
        folding=LayerFolding(kind=Dense(4, 4), lanes=2, window=window, last=False),
        weight_bits=4,
        threshold=THRESHOLD,
        deadline=DEADLINE,
        widths=layer_widths(WEIGHTS, THRESHOLD, DEADLINE),
        counted=(4,),
    )
    layer = HiddenLayer(config, WEIGHTS)
    layer._MustUse__silence = True  # its module is simulated, where the sequencer can be seen
    module = layer.elaborate(None)
    operations = module.submodules.sequencer.operations
    cycles: list[Cycle] = []

    async def testbench(context):
        events = list(EVENTS)
        context.set(layer.decided_image, 1)  # of no image yet
        context.set(layer.sent.ready, 1)
        while not cycles or cycles[-1].get("sent") not in LAST:
            cycle: Cycle = {}
            context.set(layer.events.valid, bool(events))
            if events:
                kind, tick, address = events[0]
                context.set(layer.events.payload, {"kind": kind, "tick": tick, "address": address})
                if context.get(layer.events.ready):
                    cycle["event"] = "END" if kind == Kind.END else f"{address}@{tick}"
                    events.pop(0)
            if context.get(operations.valid) and context.get(operations.ready):
                one = context.get(operations.payload)
                cycle |= shown(one.operation, one.addresses[0] % config.folding.n_in)
            if context.get(layer.sent.valid):
                sent = context.get(layer.sent.payload)
                cycle["sent"] = f"{sent.address if sent.kind == Kind.SPIKE else 'A'}@{sent.tick}"
            cycles.append(cycle)
            await context.tick()

    run(module, testbench)
    return cycles


def run(design: Elaboratable, testbench: Callable) -> None:
    """Simulate a design until the testbench ends."""
    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def shown(operation, row: int) -> Cycle:
    """An operation in words."""
    cycle = {"tick": str(operation.tick), "group": str(operation.group)}
    if operation.start:
        cycle["start"] = "*"
    if operation.advance:
        cycle["advance"] = str(1 << operation.shift)
    if operation.row:
        cycle["row"] = str(row)
    return cycle


def shortened(cycles: list[Cycle]) -> Iterator[tuple[str, Cycle]]:
    """The cycles with their numbers; of several in which nothing is seen only dots."""
    for idle, group in groupby(enumerate(cycles), lambda numbered: not numbered[1]):
        several = list(group)
        if idle and len(several) > 2:
            yield "...", {}
        else:
            yield from ((str(number), cycle) for number, cycle in several)


def drawing(
    directive: SphinxDirective, cycles: list[Cycle], rows_of: dict[str, str]
) -> nodes.paragraph:
    """Return the timing picture of a directive, whose argument is the name of the picture.

    `rows_of` has WaveDrom's letter for the colour of each row, by the name of the row.
    """
    (name,) = directive.arguments
    numbers, columns = zip(*shortened(cycles), strict=True)
    rows = [{"name": "cycle", "wave": "2" * len(numbers), "data": numbers}]
    for name, colour in rows_of.items():
        wave = "".join(colour if name in column else "z" for column in columns)
        data = [column[name] for column in columns if name in column]
        rows.append({"name": name, "wave": wave, "data": data})
    location = directive.get_location()
    diagram = wavedrom_diagram("", name=name, src={"signal": rows}, loc=location)
    return nodes.paragraph("", "", diagram)


class Walk(SphinxDirective):
    """Stands for the picture of a layer whose window is 2^k ticks, k being the option `window`."""

    required_arguments = 1
    option_spec = {"window": directives.nonnegative_int}  # noqa: RUF012 (docutils' way)

    def run(self) -> list[nodes.Node]:
        """Simulate it."""
        return [drawing(self, simulate(self.options["window"]), ROWS)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("walk", Walk)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
