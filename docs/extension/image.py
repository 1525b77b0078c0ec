# SPDX-License-Identifier: BSD-2-Clause
"""The directive `image`: one image at the ports of a core, simulated while the page is built.

    ```{image_at_ports} NAME
    ```

The core has 4 inputs, 3 hidden neurons and 2 outputs in a lane each. A row of the picture is a
port: what an event carries in the cycle in which it is accepted, and what the core sends.
"""

import numpy as np
from amaranth.sim import Simulator
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.yowasp_wavedrom import wavedrom_diagram
from walk import Cycle, picture

from firstspike.golden import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.layer.events import Kind
from firstspike.sim.harness.networks import network_of

NETWORK = network_of(
    (
        np.array([[3, -1, 2], [2, 4, -3], [-2, 3, 1], [1, 1, 6]]),
        np.array([[7, -4], [-3, 6], [2, 5]]),
    ),
    (2, 3),
    unit=4,
    deadline=24,
)
EVENTS = ((Kind.SPIKE, 4, 0), (Kind.SPIKE, 4, 1), (Kind.SPIKE, 4, 3), (Kind.END, 0, 0))
LANES, BEFORE, AFTER = 3, 1, 2
"""Lanes of a layer; cycles before the first event, and after the decision."""

ROWS = {"events": "3", "log_0": "5", "decision": "4", "busy": "1"}


def simulate() -> list[Cycle]:
    """Return what happens at the ports, cycle by cycle."""
    config = CoreConfig.of(NETWORK, Folding.of(NETWORK, CoreShape(LANES, window=0)))
    core = Core(config, NETWORK.weights)
    cycles: list[Cycle] = []

    async def testbench(context):
        events = list(EVENTS)
        context.set(core.decision.ready, 1)
        after = None
        while after != AFTER:
            cycle: Cycle = {}
            offered = bool(events) and len(cycles) >= BEFORE
            context.set(core.events.valid, offered)
            if offered:
                kind, tick, address = events[0]
                context.set(core.events.payload, {"kind": kind, "tick": tick, "address": address})
                if context.get(core.events.ready):
                    cycle["events"] = "END" if kind == Kind.END else f"{address}@{tick}"
                    events.pop(0)
            log = core.log_0
            if context.get(log.valid):
                spike = context.get(log.spike)
                cycle["log_0"] = f"{spike.neuron}@{spike.tick}"
            if context.get(core.busy):
                cycle["busy"] = "1"
            after = None if after is None else after + 1
            if context.get(core.decision.valid):
                decision = context.get(core.decision.payload)
                cycle["decision"] = f"{decision['class']}@{decision.tick}"
                after = 0
            cycles.append(cycle)
            await context.tick()

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return cycles


class ImageAtPorts(SphinxDirective):
    """Stands for the picture."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Simulate the core."""
        (name,) = self.arguments
        source = picture(simulate(), ROWS)
        drawing = wavedrom_diagram("", name=name, src=source, loc=self.get_location())
        return [nodes.paragraph("", "", drawing)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("image_at_ports", ImageAtPorts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
