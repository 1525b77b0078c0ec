# SPDX-License-Identifier: BSD-2-Clause
"""SpikeQueues that are broken on purpose: whatever checks queues must notice."""

from firstspike.hdl.lib.queue import SpikeQueue


def _broken(fault):
    """The class of queues into which `fault(queue, module)` puts a fault, by a last assignment."""

    class Broken(SpikeQueue):
        def elaborate(self, platform):
            m = super().elaborate(platform)
            fault(self, m)
            return m

    Broken.__name__ = fault.__name__
    return Broken


@_broken
def forgetful(queue, m):
    """Notes the tail of a list only where nothing is stored."""
    push = queue.push.valid & queue.push.ready
    m.d.comb += m.submodules.tails.write_ports[0].en.eq(push & ~queue._stored.any())


@_broken
def unsorted(queue, m):
    """Takes the head of the first key's list, whichever list comes next."""
    m.d.comb += m.submodules.heads.read_ports[0].addr.eq(0)


@_broken
def hasty(queue, m):
    """Gives all places away again when all are in use."""
    with m.If(queue._place == queue.capacity):
        m.d.sync += queue._place.eq(0)


@_broken
def interrupted(queue, m):
    """Leaves a list that a smaller key has interrupted without its new head."""
    with m.If(queue._behind & ~queue.push.valid):
        m.d.comb += m.submodules.heads.write_ports[0].en.eq(0)


BROKEN = [forgetful, unsorted, hasty, interrupted]
