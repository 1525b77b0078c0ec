# SPDX-License-Identifier: BSD-2-Clause
"""Specifications of targets: what runs a network, with all its options.

A target is imported when its specification opens it, so that other targets do not wait for numba or
Amaranth.
"""

import os
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from firstspike.golden.timing.shape import ANY_SHAPE, CoreShape

from .errors import OptionError, listed

if TYPE_CHECKING:
    from firstspike.golden import Network

    from .target import Progress, Target


class Specification:
    """A target and its options, a frozen dataclass whose fields are those of its class `Target`."""

    name: ClassVar[str]
    """Name of the target, and of the module of its class `Target`."""
    needs: ClassVar[str] = ""
    """Description of the first option."""
    simulated: ClassVar[bool] = False
    """Whether the target needs a simulator."""

    def check(self) -> None:
        """Raise SimulationError if the target needs a simulator that is missing."""
        if self.simulated:
            from firstspike.sim.harness.runner import check_tools

            check_tools()

    def open(self, net: str, network: "Network", progress: "Progress | None" = None) -> "Target":
        """Return the target for a network that the user calls `net`; use it with `with`.

        Raises FirstSpike errors if the target is not available.
        """
        self.check()
        kind: type[Target] = import_module(f".{self.name}", __package__).Target
        target = kind(net, network, **vars(self))
        target.progress = progress or target.progress
        return target


@dataclass(frozen=True)
class Golden(Specification):
    """The golden model, with the clock cycles of a core of this shape."""

    name = "golden"

    shape: CoreShape = ANY_SHAPE


@dataclass(frozen=True)
class Rtl(Golden):
    """The generated core in simulation."""

    name = "rtl"
    simulated = True


@dataclass(frozen=True)
class Board(Specification):
    """A board on a serial port."""

    name = "board"
    needs = "the board's serial port, such as /dev/ttyUSB1"

    port: str
    baud: int | None = None


@dataclass(frozen=True)
class Netlist(Specification):
    """The simulated netlist of a build for a board."""

    name = "netlist"
    needs = "the board it was built for"
    simulated = True

    board: str
    build: str | os.PathLike[str] | None = None
    """Folder of `firstspike build`, None for the default."""


@dataclass(frozen=True)
class Routed(Netlist):
    """The simulated routed design of a build for an ECP5."""

    name = "routed"


@dataclass(frozen=True)
class Bitstream(Netlist):
    """The simulated bitstream of a build for an iCE40."""

    name = "bitstream"


TARGETS = (Golden.name, Rtl.name, Board.name)
"""Targets that run and learn networks."""

BUILT = (Netlist.name, Routed.name, Bitstream.name)
"""Targets that run a build."""

_KINDS = {kind.name: kind for kind in (Golden, Rtl, Board, Netlist, Routed, Bitstream)}


def _options(kind: type) -> list[str]:
    return [field.name for field in fields(kind) if field.name != "one_tick"]


_SHAPE = _options(CoreShape)
"""Options of generated hardware. `one_tick` is not an option: `Folding.of` decides about it."""

_OWN = {"board": Board, "netlist, routed or bitstream": Netlist}
"""Targets of existing hardware, and the first of their specifications."""

OPTIONS = (*_SHAPE, *_options(Board), *_options(Netlist))
"""The options of all targets."""


def take_target(name: str, options: dict[str, Any]) -> Specification:
    """Return the specification of one of `TARGETS` or `BUILT`, and remove the options of all.

    Options may be absent, or None. Raises OptionError if they do not fit.
    """
    kind: type[Any] = _KINDS[name]
    values = {option: options.pop(option) for option in OPTIONS if option in options}
    chosen = {option for option, value in values.items() if value is not None}
    own = [option for option in _SHAPE if option in values]
    if not issubclass(kind, Golden) and chosen.intersection(own):
        raise OptionError(f"A {name} has its own {listed(own)}: leave {{}} out.", own)
    for other, owner in _OWN.items():
        group = [option for option in _options(owner) if option in chosen]
        if group and not issubclass(kind, owner):
            if "port" in group:  # on the command line, a baud rate is part of --port
                group = ["port"]
            goes = "goes" if len(group) == 1 else "go"
            raise OptionError(f"{{}} {goes} with {{}} {other}.", group, ["target"])
    if issubclass(kind, Golden):
        return kind(CoreShape(**{option: values[option] for option in own}))
    names = _options(kind)
    if names[0] not in chosen:
        raise OptionError(f"{{}} {name} needs {{}}, {kind.needs}.", ["target"], names[:1])
    return kind(**{option: values.get(option) for option in names})
