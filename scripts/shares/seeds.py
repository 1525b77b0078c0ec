# SPDX-License-Identifier: BSD-2-Clause
"""Distributed placement with several seeds: the choice of the seeds, and their results."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firstspike.boards.building.seeds import Placed, Placer, PlaceSeeds, best_of
from firstspike.golden.system.progress import bar
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.devices import Family
from firstspike.hdl.flow.synthesis import Placement
from firstspike.hdl.flow.toolchain import ToolError, tool_version

from .work import Shares


@dataclass(frozen=True)
class SeedTask:
    """A design to place with one seed, possibly on another computer."""

    family: Family
    words: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    """File names in the folder, and compressed contents: a netlist is long."""
    seed: int
    native: bool
    tool: str
    """Name and version of the nextpnr."""


def place_seed(task: SeedTask) -> tuple[Placement, dict[str, bytes]]:
    """Place and route; return the placement and the files of nextpnr. Raises ToolError."""
    tool = tool_version(task.family.router, native=task.native)
    if tool != task.tool:
        raise ToolError(f"a worker has {tool}, and not {task.tool}: install the same there.")
    with temporary_folder() as folder:
        for name, content in task.files:
            (folder / name).write_bytes(zlib.decompress(content))
        placement = Placer(task.family, task.words, folder, task.native).place_and_route(task.seed)
        inputs = {name for name, _ in task.files}
        outputs = {path.name: path for path in folder.iterdir() if path.name not in inputs}
        return placement, {name: path.read_bytes() for name, path in outputs.items()}


def in_shares(work: Shares) -> PlaceSeeds:
    """Return a function that places with several seeds at once.

    The result is that of the sequential order: all seeds up to the first that is fast enough count.
    """

    def place_seeds(placer: Placer, seeds: Sequence[int], placed: Placed) -> dict[int, Placement]:
        results: dict[int, tuple[Placement, dict[str, bytes]]] = {}

        def last() -> int | None:
            """Return the index of the last seed that counts, None if it is not known yet."""
            for at, seed in enumerate(seeds):
                if seed not in results:
                    return None
                if results[seed][0].met:
                    return at
            return len(seeds) - 1

        def tasks() -> Iterator[SeedTask]:
            for task in _tasks_of(placer, seeds):
                if not any(placement.met for placement, _ in results.values()):
                    yield task

        with bar(total=len(seeds), desc="seeds", unit="seed", leave=None) as shown:
            for task, one in work.results(place_seed, tasks(), "seeds", shown=shown):
                results[task.seed] = one
                shown.update()
                if last() is not None:
                    break
        at = last()
        assert at is not None
        counted = {seed: results[seed][0] for seed in seeds[: at + 1]}
        for name, content in results[best_of(counted)][1].items():
            (placer.folder / name).write_bytes(content)
        for seed, placement in counted.items():
            placed(seed, placement)
        return counted

    return place_seeds


def _tasks_of(placer: Placer, seeds: Sequence[int]) -> Iterator[SeedTask]:
    named = {word: placer.folder / word for word in placer.words}
    files = tuple(
        (word, zlib.compress(path.read_bytes(), 1))
        for word, path in named.items()
        if path.is_file()
    )
    tool = tool_version(placer.family.router, native=placer.native)
    for seed in seeds:
        yield SeedTask(placer.family, placer.words, files, seed, placer.native, tool)
