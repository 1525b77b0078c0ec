# SPDX-License-Identifier: BSD-2-Clause
"""Options that several verbs share."""

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field, fields
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from firstspike.golden.layers.geometry import Filters
from firstspike.golden.learning.state import MAX_STORED_BITS, STORED_BITS
from firstspike.golden.system.specification import Changes, help_of, parameter_of, types_of
from firstspike.golden.timing.folding import DEFAULT_LANES, DEFAULT_WINDOW
from firstspike.golden.timing.layer import MAX_WINDOW, ROWS

from .output import json_option, picture_option
from .paths import NETWORK, Files, InputPath, Output, Parameters, default
from .targets.specifications import BUILT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Decorator = Callable[[Callable], Callable]

Record = TypeVar("Record", bound="DataclassInstance")


def take_record(kind: type[Record], options: dict[str, Any]) -> Record:
    """Return a record of a dataclass with the fields that the options contain, and remove these."""
    named = (field.name for field in fields(kind) if field.name in options)
    return kind(**{name: options.pop(name) for name in named})


class Number(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse nan, which is in any range, and infinity."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(
                f"{value!r} is not a number in the range {self._describe_range()}.", param, ctx
            )
        return number


class Choice(click.Choice[Any]):
    """A choice by name, which suggests the most similar name for an unknown one."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return the sentence that refuses a value."""
        close = get_close_matches(str(value), map(str, self.choices), n=1)
        if not close:
            return super().get_invalid_choice_message(value, ctx)
        return f"{value!r} is not known: did you mean {close[0]}?"


class Sizes(click.ParamType):
    """Sizes of hidden layers, written 400-400 or 16c5s2-32c5s2-64, or none."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split the value at the hyphens."""
        if value == "none":
            return ()
        layers = value.split("-")
        if not all(re.fullmatch("[1-9][0-9]{0,8}", one) or Filters.parsed(one) for one in layers):
            self.fail(
                f"{value!r} is not hidden layers: give sizes, such as 600 or 400-400, layers that "
                "convolve, such as 16c5s2-32c5s2, or none."
            )
        return tuple(int(one) if one.isdigit() else one for one in layers)


class Lanes(click.ParamType):
    """Lanes of all layers, written 16, or a number per layer, written 13,2."""

    name = "lanes"
    SEPARATOR = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split the value at the commas; a single number remains an integer."""
        if not re.fullmatch("[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*", value):
            self.fail(
                f"{value!r} is not lanes: give one number from 1 to 999999999, such as 16, or one "
                "per layer, such as 13,2."
            )
        first, *rest = map(int, value.split(self.SEPARATOR))
        return (first, *rest) if rest else first


MOST_SEEDS = 10_000


class Seeds(click.ParamType):
    """One seed, or a list of seeds, written 1-5 or 1,3,7: distinct numbers, none below `least`."""

    name = "seeds"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number, or split the value at the commas, and expand ranges with a hyphen."""
        if re.fullmatch("[0-9]{1,39}", value) and int(value) >= self._least:
            return int(value)
        if not re.fullmatch("[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*", value):
            self.fail(f"{value!r} is not seeds, such as 1-5 or 1,3,7.")
        spans = [tuple(map(int, part.split("-"))) for part in value.split(",")]
        if any(span[0] > span[-1] for span in spans):
            self.fail(f"{value!r} counts down: give the smaller seed first.")
        if sum(1 + span[-1] - span[0] for span in spans) > MOST_SEEDS:
            self.fail(f"{value!r} is more than {MOST_SEEDS} seeds, the most that are taken.")
        seeds = dict.fromkeys(seed for span in spans for seed in range(span[0], span[-1] + 1))
        if min(seeds) < self._least:
            self.fail(f"{value!r} has a seed below {self._least}, the least that there is.")
        return list(seeds)


def folder_option(*names: str, files: Sequence[str] = (), **settings: Any) -> Decorator:
    """Return an option for a folder into which a verb writes.

    `files` are the names, or patterns, of the files that it writes there.
    """

    def inside(folder: Path, _: Parameters) -> Iterator[Path]:
        for file in files:
            yield from folder.glob(file) if "*" in file else (folder / file,)

    kind = Output(file_okay=False, path_type=Path, files=inside)
    return click.option(*names, type=kind, metavar="DIR", **settings)


number_option = partial(click.option, type=click.IntRange(min=1), metavar="N")


def several(*options: Decorator) -> Decorator:
    """Return the decorator that adds options; the last one comes first in the help."""

    def decorate(command: Callable) -> Callable:
        for option in options:
            command = option(command)
        return command

    return decorate


class FieldOption(click.Option):
    """An option for a field of a specification, whose name is its section of the help."""

    def __init__(self, *words: Any, section: str, **settings: Any) -> None:
        super().__init__(*words, **settings)
        self.section = section


def options_of(kind: "type[DataclassInstance]", *names: str, **settings: Any) -> Decorator:
    """Add an option for each field of a specification that has one, or for the named fields.

    A value that is not chosen is None, unless the field has a default that holds for all uses.
    `settings` replace those of the options.
    """
    chosen = [one for one in fields(kind) if not names or one.name in names]
    with_option = [one for one in chosen if parameter_of(one).option]
    return several(*(_option(one, kind, settings) for one in reversed(with_option)))


def _option(one: Field, kind: "type[DataclassInstance]", settings: dict[str, Any]) -> Decorator:
    """Return the option of a field."""
    declared, value = parameter_of(one), types_of(kind)[one.name]
    option, _, metavar = declared.option.partition(" ")
    more: dict[str, Any] = {"metavar": metavar or None, "default": None}
    if value is bool:
        more |= {} if "/" in option else {"is_flag": True}
    else:
        more |= {"type": _click_type(value, declared.low, declared.high, declared.open)}
        more |= {} if declared.usual else {"default": one.default}
    usual = f"  [default: {declared.usual}]" if declared.usual else ""
    more |= {"cls": FieldOption, "section": kind.__name__}
    more |= {"help": help_of(kind)[one.name] + usual, **settings}
    return click.option(option, one.name, **more)


def _click_type(kind: Any, low: Any, high: Any, open: bool) -> Any:
    if kind is tuple:
        return Sizes()
    if low is None or kind not in (int, float):
        return kind
    if kind is int:
        return click.IntRange(low, high)
    return Number(low, high, max_open=open)


def changes_of(kind: type[Record], options: dict[str, Any]) -> Changes[Record]:
    """Return what the options change in a specification, and remove these options."""
    values = {one.name: options.pop(one.name) for one in fields(kind) if one.name in options}
    return Changes(kind, **{name: value for name, value in values.items() if value is not None})


def resumable_options(drawn: str, files: Files) -> Decorator:
    """Add --resume/--fresh, --plot, --json and -o; `files` returns NET and further files."""
    resume = "Go on with the interrupted run whose state is beside -o NET, or discard this state."
    plot = f"Draw {drawn}: .png, .svg or .pdf."
    return several(
        json_option,
        click.option(
            "-o",
            "--output",
            metavar="NET",
            required=True,
            type=Output(dir_okay=False, files=files, begins=NETWORK),
            help="Write the network to this file.",
        ),
        picture_option("--plot", "plot_path", help=plot),
        click.option("--resume/--fresh", default=None, help=resume),
    )


def seed_option(of: str) -> Decorator:
    """Return the option --seed; `of` names the random choices."""
    return number_option(
        "--seed", type=click.IntRange(0, (1 << 32) - 1), default=1, help=f"Seed of {of}."
    )


def seeds_option(meaning: str, least: int) -> Decorator:
    """Return the option --seed for one seed or several; `meaning` describes the use of several."""
    return click.option("--seed", type=Seeds(least), metavar="N|A-B", help=meaning)


scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a Dask scheduler whose cluster does the work (docs/cluster.md).  [default: "
    "a cluster over the cores of this machine]",
)


def check_scheduler(seed: int | list[int] | None, scheduler: str | None) -> None:
    """Raise click.UsageError for --scheduler without several seeds."""
    if scheduler is not None and not isinstance(seed, list):
        raise click.UsageError("--scheduler goes with several seeds: give --seed A-B.")


def target_option(targets: Sequence[str], meaning: str) -> Decorator:
    """Return the option --target for one of `targets`; the first is the default."""
    return click.option("--target", type=Choice(targets), default=targets[0], help=meaning)


def lanes_option(
    default: object = DEFAULT_LANES, meaning: str = "Give every layer min(P, its neurons) lanes"
) -> Decorator:
    """Return the option --lanes; `default` is only for the help, and the verb gets None."""
    return click.option(
        "--lanes",
        type=Lanes(),
        metavar="P[,P...]",
        help=f"{meaning}. With commas each layer has its own number.  [default: {default}]",
    )


def window_option(
    default: object = "the fastest for the examples in NET; without examples "
    f"{DEFAULT_WINDOW}, or 0 if NET convolves",
) -> Decorator:
    """Return the option --window; `default` is only for the help, and the verb gets None."""
    return click.option(
        "--window",
        type=click.IntRange(0, MAX_WINDOW),
        metavar="K",
        help=f"Let the core advance by up to 2^K ticks at once.  [default: {default}]",
    )


def rows_option(default: object = 1) -> Decorator:
    """Return the option --rows; `default` is only for the help, and the verb gets None."""
    return click.option(
        "--rows",
        type=Choice(ROWS),
        metavar="R",
        help="Add up to R rows of weights per cycle, one from each of R banks.  "
        f"[default: {default}]",
    )


overlap_option = click.option(
    "--overlap",
    is_flag=True,
    default=None,
    help="Let the next image enter the core while the core decides the previous image.",
)


design_options = several(overlap_option, rows_option(), window_option(), lanes_option())
"""Adds --lanes, --window, --rows and --overlap, fields of `CoreShape`."""

folding_options = several(
    number_option(
        "--bitmap",
        metavar="BITS",
        type=click.IntRange(min=8),
        help="Feed the pixels as words of BITS bits instead of events. With several rows per cycle "
        "only the pixels of connected inputs are fed.",
    ),
    design_options,
)
"""Adds all fields of `CoreShape`: those of `design_options` and --bitmap."""

clock_option = click.option(
    "--clock",
    type=Number(min=1),
    metavar="MHz",
    help="Give microseconds per image, and images per second, at this clock.",
)


def port_option(meaning: str) -> Decorator:
    """Return the option --port, which sets the parameters `port` and `baud`."""

    def split(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        port, _, baud = (value or "").rpartition(",")
        named = re.fullmatch("[1-9][0-9]{0,8}", baud) if port else None
        if port and not named and baud.isdecimal() and not os.path.exists(value or ""):
            raise click.BadParameter(f"{baud} is no baud rate, such as 115200.")
        ctx.params["baud"] = int(baud) if named else None
        return port if named else value

    return click.option("--port", metavar="PORT[,BAUD]", callback=split, help=meaning)


board_port_option = port_option(
    "Serial port of the board, with --target board, and its baud rate if that is not 3000000."
)


def learn_option(*also: str, more: str = "") -> Decorator:
    """Return the option --learn, with further names `also` and further help."""
    return click.option(
        "--learn",
        *also,
        "stored_bits",
        is_flag=False,
        flag_value=STORED_BITS,
        type=click.IntRange(2, MAX_STORED_BITS),
        metavar="[BITS]",
        help=f"Build a core that learns, with stored weights of BITS bits; without BITS they have "
        f"{STORED_BITS}.{more}",
    )


weights_option = click.option(
    "--weights",
    "embedded",
    type=Choice(["embedded", "port"]),
    default="embedded",
    callback=lambda ctx, parameter, where: where == "embedded",
    help="Put the weights into the core, or load them over its weight port.",
)


class BoardName(Choice):
    """The name of a board; boards are imported when a name is converted, or all are shown."""

    def __init__(self, *, senses: bool) -> None:
        self.case_sensitive = True
        self._senses = senses

    def __getattr__(self, name: str) -> Any:
        if name != "choices":
            raise AttributeError(name)
        from firstspike.boards.pins.registry import BOARDS  # slow import, needs the extra `hdl`

        boards = BOARDS.values()
        self.choices = tuple(one.name for one in boards if one.standalone or not self._senses)
        return self.choices


def board_option(meaning: str, *, senses: bool = False, **settings: Any) -> Decorator:
    """Return the option --board; with `senses`, only for boards with the pins of a sensor."""
    return click.option("--board", type=BoardName(senses=senses), help=meaning, **settings)


RELEASED_NAME = "released"
"""Name of the build that comes with the release; a folder of this name needs its absolute path."""


def build_option(of: Callable[[Parameters], Path | None], meaning: str) -> Decorator:
    """Return the option --build of a folder; `of` returns its default."""
    kind = InputPath(file_okay=False, path_type=Path)
    return click.option("--build", type=kind, callback=default(of), metavar="DIR", help=meaning)


def netlist_options(command: Callable) -> Callable:
    """Add the options --board and --build."""
    board = board_option("Board of the build that is simulated.")
    build = build_option(
        _built,
        "Folder of the build; `released` stands for the bitstream of mnist-4bit that comes with "
        "the release.  [default: build/NET-BOARD]",
    )
    return board(build(command))


def _built(parameters: Parameters) -> Path | None:
    if parameters["target"] not in BUILT or parameters["board"] is None:
        return None
    from firstspike.boards.building.bitstream import build_folder  # slow import

    return build_folder(parameters["net"], parameters["board"])
