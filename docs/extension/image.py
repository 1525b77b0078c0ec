# SPDX-License-Identifier: BSD-2-Clause
"""The directive `image_at_ports`: one image at the ports of a core.

    ```{image_at_ports} NAME
    ```

The core of `EXAMPLE`, with a lane per neuron, is simulated while the page is built. A row of the
picture is a port: what an event carries in the cycle in which it is accepted, and what the core
sends.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from walk import Cycle, drawing, run

from firstspike.golden import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.layer.events import Kind
from firstspike.sim.harness.networks import EXAMPLE

EVENTS = ((Kind.SPIKE, 4, 0), (Kind.SPIKE, 4, 1), (Kind.SPIKE, 4, 3), (Kind.END, 0, 0))
LANES, BEFORE, AFTER = 3, 1, 2
"""Lanes of a layer; cycles before the first event, and after the decision."""

ROWS = {"events": "3", "log_0": "5", "decision": "4", "busy": "1"}


def simulate() -> list[Cycle]:
    """Return what happens at the ports, cycle by cycle."""
    config = CoreConfig.of(EXAMPLE, Folding.of(EXAMPLE, CoreShape(LANES, window=0)))
    core = Core(config, EXAMPLE.weights)
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

    run(core, testbench)
    return cycles


class ImageAtPorts(SphinxDirective):
    """Stands for the picture."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Simulate the core."""
        return [drawing(self, simulate(), ROWS)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("image_at_ports", ImageAtPorts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
