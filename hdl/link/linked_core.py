"""A core behind its link: bytes in, bytes out."""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.lib.pipeline import Skid, Stage

from .link import CORE_SIDE, Link


class LinkedCore(wiring.Component):
    """A Core and the Link to it.

    Ports: those of the Link that are not for the core (`received`, `sent`, `show`, `shown`,
    `shown_valid`), and the Core's taps log_0, log_1, ...

    Parameters: `weights` as for Core; None for those that are to be written after power-up. All
    others are those of Link.
    """

    def __init__(self, config: CoreConfig, network: Network, *, weights=None, **link):
        self._core = Core(config, weights)
        self._link = Link(config, network, loaded=weights is None, **link)
        ours, cores = self._link.signature.members.items(), self._core.signature.members.items()
        super().__init__(
            {name: member for name, member in ours if name not in CORE_SIDE}
            | {name: member for name, member in cores if name.startswith("log_")}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.link = link = self._link
        core = self._core
        m.submodules.core = ResetInserter(link.reset_core)(core)
        # A cycle late, for much depends on it: no request waits for it so soon after an image.
        m.d.sync += link.busy.eq(core.busy)
        for name, member in link.signature.members.items():
            if name in CORE_SIDE and member.is_signature:
                source, taker = getattr(link, name), getattr(core, name)
                if name in ("words", "events"):
                    source = self._cut(m, link.reset_core, name, source)
                wiring.connect(m, source, taker)
        m.d.comb += [
            link.show.eq(self.show),
            self.shown.eq(link.shown),
            self.shown_valid.eq(link.shown_valid),
        ]
        for name, member in self.signature.members.items():
            if member.is_signature:
                inner = getattr(core if name.startswith("log_") else link, name)
                wiring.connect(m, wiring.flipped(getattr(self, name)), inner)
        return m

    def _cut(self, m, reset, name, source):
        """Registers in the way of `source`, so that no path goes through ring, engine and core.

        They change no cycle of an image: the core counts from the word or event that it takes.
        """
        config = source.payload.shape()
        m.submodules[f"{name}_stage"] = stage = ResetInserter(reset)(Stage(config))
        if name == "words":  # their `ready` goes back as far as the ring's memory
            m.submodules[f"{name}_skid"] = skid = ResetInserter(reset)(Skid(config))
            wiring.connect(m, source, skid.i)
            source = skid.o
        wiring.connect(m, source, stage.i)
        return stage.o
