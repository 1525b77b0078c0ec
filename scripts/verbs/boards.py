# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike boards`: lists the boards on which a network fits, and its speed there."""

from typing import Any

import click
import numpy as np

from firstspike.boards.building.design import takes_digits
from firstspike.boards.building.plan import Plan, fitting, plan_for
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.proofs import PROOFS, proven
from firstspike.golden import Network, encode, load_network
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.foreign.printable import printable
from firstspike.golden.timing.shape import lanes_text
from firstspike.scripts.datasets import dataset_option
from firstspike.scripts.output import json_option, json_result, off_by, say, table
from firstspike.scripts.paths import NetworkName, Verb
from firstspike.scripts.selection import loaded_images


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@dataset_option(None, "Time the test images of this data set, or all samples of a file")
@json_option
def command(net: str, dataset: str | None, json_path: str | None) -> None:
    """Print for each board whether NET fits, and the time that an image takes there.

    The first table has all boards, and the second the fastest core for each board on which NET
    fits. If a build of this core is known, for the board or for a board with the same die, the rows
    have the figures of that build, and the column `reached` has its clock. Otherwise cells and
    clock are estimates, +- one standard deviation, and block RAM and clock cycles are counted.
    Cells are logic cells of an iCE40, and look-up tables of other families. Only `firstspike build`
    determines whether the design meets its clock. The time is that of the core, if events arrive
    without a pause: the mean of some 2,000 images (200 for a network that convolves), spread over
    the test images. The minutes are an estimate of a build with one seed on an idle machine. The
    column `verified` names the last stage at which this network was compared with the golden model:
    the synthesised netlist or the bitstream of this build, or the board, by a report of `firstspike
    selftest`; - stands for none.

    Example: firstspike boards mnist-4bit
    """
    network = load_network(net)
    ticks = None
    if dataset:
        named = (dataset,) if dataset in DATASETS else (None, (dataset,))
        ticks = encode(network, loaded_images(network, *named).samples)
    with json_result(json_path) as write:
        plans = [facts_of(plan_for(network, board), network, ticks) for board in BOARDS.values()]
        shape = "-".join(map(str, network.shape))
        of_digits = ticks is None and takes_digits(network)
        text = report(plans, "per digit" if of_digits else "per image")
        say(f"{printable(net)} ({shape})\n\n{text}")
        write({"network": network.digest(), "boards": plans})


def facts_of(plan: Plan, network: Network, ticks: np.ndarray | None) -> dict[str, Any]:
    """Return the facts of a board and of the network on it, with JSON values.

    `ticks`: [n, n_rows], the images that are timed, None for bundled digits.
    """
    board = plan.board
    return {
        "board": board.name,
        "device": board.device.name,
        "speed": board.speed,
        "holds": board.device.holds,
        "fits": plan.design is not None,
        "reason": plan.reason,
        "lanes": plan.lanes,
        "rows": plan.rows,
        "window": plan.window,
        "needs": plan.needs,
        "clock": plan.design and plan.design.hz,
        "us": plan.latency(ticks),
        "seconds": plan.seconds,
        "placed": plan.build
        and {name: getattr(plan.build, name) for name in ("board", "fmax", "seed", "commit")},
        "estimated": plan.estimated and plan.estimated._asdict(),
        "verified": _verified(plan, network),
    }


def _verified(plan: Plan, network: Network) -> str | None:
    """Return the last stage at which the plan was compared with golden; None if it was not."""
    proofs = [one for one in PROOFS if load_network(one.network).digest() == network.digest()]
    if any(one.board == plan.board.name for one in proofs):
        return f"board, {proven([plan.board.name], proofs)}"
    build = plan.build
    return build.verified if build and build.board == plan.board.name else None


def report(plans: list[dict[str, Any]], image: str) -> str:
    """Return a table of all boards, one of the cores that fit, and why NET does not fit others."""
    rows = [("board", "device", *_RESOURCES.values(), "minutes", f"us {image}")]
    lines = [table([*rows, *map(_use_of, plans)])]
    cores = [_core_of(plan) for plan in plans if plan["fits"]]
    if cores:
        lines += ["", table([("board", *_SETTINGS, "MHz", "reached", "verified"), *cores])]
    if any(plan["fits"] and plan["us"] is None for plan in plans):
        lines.append("There are no times, because no samples were named: give them by --dataset.")
    if not any(plan["needs"] for plan in plans):  # no hardware can run the network
        return "\n".join([*lines, *dict.fromkeys(plan["reason"] for plan in plans)])
    for plan in plans:
        if not plan["fits"]:
            name = fitting(BOARDS[plan["board"]])
            advice = f"; {name} fits" if name else ""
            lines.append(f"{plan['board']}: {plan['reason']}{advice}")
    return "\n".join(lines)


def _use_of(plan: dict[str, Any]) -> tuple[object, ...]:
    """Return a row: what the network takes of a board, the minutes of its build, and its time."""
    holds, needs, about = plan["holds"], plan["needs"], plan["estimated"]
    needed = [
        f"{needs.get(name, 0)} of {holds[name]}" if name in holds else "-" for name in _RESOURCES
    ]
    if about:
        needed[0] = f"{needs['LUTs']} {off_by(about['luts_error'])} of {holds['LUTs']}"
    minutes = max(1, round(plan["seconds"] / 60)) if plan["fits"] else "-"
    us = "-" if plan["us"] is None else f"{plan['us']:.1f}"
    return (plan["board"], plan["device"], *needed, minutes, us)


def _core_of(plan: dict[str, Any]) -> tuple[object, ...]:
    """Return a row: the core for a board on which the network fits, and its clock."""
    about, settings = plan["estimated"], [plan[name] for name in _SETTINGS[1:]]
    reached = _expected(**about) if about else _placed_clock(plan["board"], plan["placed"])
    core = (lanes_text(plan["lanes"]), *settings, f"{plan['clock'] / MHZ:g}")
    return (plan["board"], *core, reached, plan["verified"] or "-")


def _placed_clock(board: str, placed: dict[str, Any]) -> str:
    placed_on = placed["board"]
    return f"{placed['fmax']:.2f} MHz{'' if placed_on == board else f' on {placed_on}'}"


def _expected(luts_error: float, fmax: float, fmax_error: float) -> str:
    return f"not placed before: {fmax:.0f} MHz {off_by(fmax_error)}"


_RESOURCES = {"LUTs": "cells", "block RAM": "block RAM", "SPRAM": "SPRAM"}
"""Resources in the table, with the titles of their columns."""
_SETTINGS = ("lanes", "rows", "window")
