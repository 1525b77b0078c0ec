# SPDX-License-Identifier: BSD-2-Clause
"""A core with its Link: byte streams from and to a host."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flash.first_weights import FirstWeights
from firstspike.hdl.flash.loader import WIRES
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import SkidBuffer, Stage

from .link import Link, outer_members
from .protocol.identity import Facts


class LinkedCore(Block):
    """A Core and its Link, with pipeline registers between them.

    Ports: `outer_members`, and the Core's taps log_0, log_1, ... With weights in a flash also
    `flash`, the wires to the flash, and `waiting`, high while the core has no weights.

    Parameters: `weights` as for Core, or None if the host writes them after power-up; `place`, the
    address of the weights in the flash, or None without flash; `digit` and `gapless` as for Link.
    All other parameters are fields of Facts.

    Latency: those of Link and Core, and one cycle for a register in front of events and words.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        *,
        weights: Sequence[np.ndarray] | None = None,
        place: int | None = None,
        digit: np.ndarray | None = None,
        gapless: bool = False,
        **facts: Any,
    ) -> None:
        self._core = Core(config, weights)
        flashed = place is not None
        known = Facts(loaded=weights is None and not flashed, **facts)
        self._link = Link(config, network, known, digit=digit, gapless=gapless, flashed=flashed)
        self._first, more = None, {}
        if place is not None:
            self._first = FirstWeights(config, known.build, place, known.clock_hz)
            more = {"flash": Out(wiring.Signature(WIRES)), "waiting": Out(1)}
        members = self._core.signature.members
        self._logs = {name: members[name] for name in members if name.startswith("log_")}
        super().__init__(**outer_members(config), **more, **self._logs)

    def build(self, m: Module) -> None:
        m.submodules.link = link = self._link
        core, config = self._core, self._core.config
        m.submodules.core = ResetInserter(link.reset_core)(core)
        events = self._cut(m, "events", link.core.events)
        wiring.connect(m, events, core.events)
        if self._first is None:
            join(m, core, link.core, "decision", "weights", "weights_read")
        else:
            join(m, core, link.core, "decision", "weights_read")
            self._connect_flash(m, self._first)
        if config.bitmap is not None:
            # `ready` of the words would have a combinational path to the memory of the Ring.
            m.submodules.words_skid = skid = ResetInserter(link.reset_core)(
                SkidBuffer(config.bitmap)
            )
            wiring.connect(m, link.core.words, skid.i)
            wiring.connect(m, self._cut(m, "words", skid.o), core.words)
        if config.learns:
            join(m, core, link.core, "labels", "settings", "learned")
        busy = core.busy if self._first is None else core.busy | self._first.loading
        # A register, because much logic depends on `busy`; the delay of a cycle has no effect.
        m.d.sync += link.core.busy.eq(busy)
        join(m, core, link.core, "abort_image")
        join(m, wiring.flipped(self), core, *self._logs)
        join(m, wiring.flipped(self), link, *outer_members(config))

    def _connect_flash(self, m: Module, first: FirstWeights) -> None:
        """Connect FirstWeights between the Link and the weight port of the Core."""
        m.submodules.first_weights = first
        wiring.connect(m, self._link.core.weights, first.linked)
        wiring.connect(m, first.weights, self._core.weights)
        wiring.connect(m, first.lack, self._link.lack)
        wiring.connect(m, first.flash, wiring.flipped(self.flash))
        m.d.comb += self.waiting.eq(first.lack.missing)

    def _cut(self, m: Module, name: str, source: Any) -> Any:
        """Return `source` behind a register, so that no path spans Ring, Engine and core.

        The register does not change the cycle count of an image, because the core counts from the
        first word or event that it accepts.
        """
        stage = ResetInserter(self._link.reset_core)(Stage(source.payload.shape()))
        m.submodules[f"{name}_stage"] = stage
        wiring.connect(m, source, stage.i)
        return stage.o
