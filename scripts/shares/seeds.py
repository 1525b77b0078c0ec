# SPDX-License-Identifier: BSD-2-Clause
"""Placement with several seeds in shares: which are tried, and what comes back of each."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firstspike.boards.building.seeds import Placer, PlaceSeeds, best_of
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.devices import Family
from firstspike.hdl.flow.synthesis import Placement
from firstspike.hdl.flow.toolchain import ToolError, tool_version

from . import Shares


@dataclass(frozen=True)
class Share:
    """A design that is to be placed with a seed, without the folder that it is in."""

    family: Family
    words: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    """Names in the folder, and their contents, deflated: a netlist is long."""
    seed: int
    native: bool
    tool: str
    """Name and version of the nextpnr."""


@dataclass(frozen=True)
class Placed:
    """What came of it."""

    placement: Placement
    files: dict[str, bytes]
    """That nextpnr has written."""


def placed(share: Share) -> Placed:
    """Place and route. Raises ToolError."""
    tool = tool_version(share.family.router, native=share.native)
    if tool != share.tool:
        raise ToolError(f"a worker has {tool}, and not {share.tool}: install the same there.")
    with temporary_folder() as folder:
        for name, content in share.files:
            (folder / name).write_bytes(zlib.decompress(content))
        placement = Placer(share.family, share.words, folder, share.native).place(share.seed)
        given = {name for name, _ in share.files}
        made = {path.name: path for path in folder.iterdir() if path.name not in given}
        return Placed(placement, {name: path.read_bytes() for name, path in made.items()})


def in_shares(work: Shares, best: bool) -> PlaceSeeds:
    """The way to place with several seeds at once.

    What counts is the same as one after another: the first seed in their order that is fast enough,
    and those before it; with `best` all.
    """

    def place_seeds(placer: Placer, seeds: Sequence[int]) -> dict[int, Placement]:
        came: dict[int, Placed] = {}

        def last() -> int | None:
            """Where in `seeds` the last one is that counts, None where that is still open."""
            for at, seed in enumerate(seeds):
                if seed not in came:
                    return None
                if came[seed].placement.met and not best:
                    return at
            return len(seeds) - 1

        def asked() -> Iterator[Share]:
            for share in _shares_of(placer, seeds):
                if best or not any(one.placement.met for one in came.values()):
                    yield share

        for share, one in work.results(placed, asked(), what="seeds"):
            came[share.seed] = one
            if last() is not None:
                break
        at = last()
        assert at is not None
        counted = {seed: came[seed].placement for seed in seeds[: at + 1]}
        for name, content in came[best_of(counted)].files.items():
            (placer.folder / name).write_bytes(content)
        return counted

    return place_seeds


def _shares_of(placer: Placer, seeds: Sequence[int]) -> Iterator[Share]:
    named = {word: placer.folder / word for word in placer.words}
    files = tuple(
        (word, zlib.compress(path.read_bytes(), 1))
        for word, path in named.items()
        if path.is_file()
    )
    tool = tool_version(placer.family.router, native=placer.native)
    for seed in seeds:
        yield Share(placer.family, placer.words, files, seed, placer.native, tool)
