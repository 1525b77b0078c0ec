# SPDX-License-Identifier: BSD-2-Clause
"""Specifications: frozen dataclasses whose fields state type, range, default and help text once.

The docstring of the class describes each field. The first paragraph of a description is the help of
an option of the command line; the others are for users of the Python interface. State files and the
checks of the Python interface use the same fields.
"""

import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from functools import cache
from inspect import cleandoc
from itertools import repeat
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from .errors import check_names, quoted

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")


@dataclass(frozen=True)
class Parameter:
    """The values that a field of a specification accepts, besides its annotation and default."""

    option: str = ""
    """Option of the command line, such as "--inputs N"; empty for a field that only Python sets."""
    kind: Any = None
    """Type of the option's value; None for that of the annotation."""
    low: float | None = None
    """Smallest value."""
    high: float | None = None
    """Largest value; of a field with a numeric `kind` it is for values of this type."""
    open: bool = False
    """Whether `high` itself is excluded."""
    help: str = ""
    """Help of the option, if the docstring has another text."""
    usual: str = ""
    """Default of the option in words, if the value is chosen later."""
    stored: int = (1 << 24) - 1
    """Largest integer, if there is no `high`: a state file is read up to it."""


_PLAIN = Parameter()
_NUMBERS: dict[Any, tuple[type, str]] = {int: (Integral, "an integer"), float: (Real, "a number")}
_NOUNS = {bool: "True or False", str: "a text", NoneType: "None"}


def parameter(default: Any, option: str = "", **more: Any) -> Any:
    """Return a field of a specification; `more` are further fields of `Parameter`."""
    return field(default=default, metadata={"parameter": Parameter(option, **more)})


def parameter_of(one: Field) -> Parameter:
    """Return the description of a field."""
    return one.metadata.get("parameter", _PLAIN)


@cache
def types_of(kind: "type[DataclassInstance]") -> dict[str, Any]:
    """Return the type of each field: that of its option, or of its annotation without None."""
    hints = get_type_hints(kind)
    return {one.name: parameter_of(one).kind or _plain(hints[one.name]) for one in fields(kind)}


def _plain(hint: Any) -> type:
    """Return the first type of a union, and the type of a generic."""
    return _plain(get_args(hint)[0]) if isinstance(hint, UnionType) else get_origin(hint) or hint


@cache
def help_of(kind: "type[DataclassInstance]") -> dict[str, str]:
    """Return the first paragraph of each field's description in the docstring of a class."""
    entries = re.findall(r"^(\w+)\n((?:    .+\n?)+)", cleandoc(kind.__doc__ or ""), re.MULTILINE)
    own = {one.name: limits for one in fields(kind) if (limits := parameter_of(one).help)}
    return {name: " ".join(text.split()) for name, text in entries} | own


def check(specification: "DataclassInstance", error: type[Exception]) -> None:
    """Raise `error` for a field whose value does not fit its annotation or is out of its range.

    Integers of numpy become those of Python.
    """
    hints = _hints(type(specification))
    for one in fields(specification):
        value, hint, limits = getattr(specification, one.name), hints[one.name], parameter_of(one)
        if not _fits(value, hint, limits):
            needed = _described(hint, limits)
            raise error(f"{one.name} is {quoted(value)}: it must be {needed}.")
        if isinstance(value, Integral) and not isinstance(value, int):
            object.__setattr__(specification, one.name, int(value))


_hints = cache(get_type_hints)


def _fits(value: Any, hint: Any, limits: Parameter) -> bool:
    if isinstance(hint, UnionType):
        return any(_fits(value, one, limits) for one in get_args(hint))
    if hint is not NoneType and (choices := getattr(limits.kind, "choices", ())):
        return isinstance(value, hint) and value in choices
    if get_origin(hint) in (tuple, Sequence):
        if not isinstance(value, list | tuple):
            return False
        each = get_args(hint)
        if len(each) == 1 or each[-1] is ...:
            each = each[:1] * len(value)
        return len(value) == len(each) and all(map(_fits, value, each, repeat(limits)))
    if hint in _NUMBERS:
        low, high = _range(hint, limits)
        is_number = isinstance(value, _NUMBERS[hint][0]) and not isinstance(value, bool)
        return is_number and low <= value <= high and not (limits.open and value == limits.high)
    return isinstance(value, hint)


def _range(hint: type, limits: Parameter) -> tuple[float, float]:
    """Return the smallest and the largest number of a type."""
    own = limits.kind is None or limits.kind not in _NUMBERS or limits.kind is hint
    most = limits.stored if hint is int else sys.float_info.max
    low = -sys.float_info.max if limits.low is None else limits.low
    return low, limits.high if own and limits.high is not None else most


def _described(hint: Any, limits: Parameter) -> str:
    """Return the values that fit a field, as part of a sentence."""
    if isinstance(hint, UnionType):
        return " or ".join(_described(one, limits) for one in get_args(hint))
    if hint is not NoneType and (choices := getattr(limits.kind, "choices", ())):
        return ", ".join(map(repr, choices))
    if get_origin(hint) in (tuple, Sequence):
        each = dict.fromkeys(_described(one, limits) for one in get_args(hint) if one is not ...)
        return f"a list, each entry {' or '.join(each)}"
    if hint in _NUMBERS:
        low, high = _range(hint, limits)
        if high - low == math.inf and high < math.inf:
            return f"{_NUMBERS[hint][1]} that is finite"
        excluded = " (excluded)" * (limits.open and high == limits.high)
        return f"{_NUMBERS[hint][1]} in {low}..{high}{excluded}"
    return _NOUNS.get(hint, f"of type {hint.__name__}")


def description(kind: "type[DataclassInstance]") -> dict[str, Any]:
    """Return the description of the values in a state file, for `check_json`.

    A value is absent, or None, if it is not chosen.
    """
    described: dict[str, Any] = {}
    for one in fields(kind):
        limits, value = parameter_of(one), types_of(kind)[one.name]
        if not isinstance(value, type):  # of an option, whose values have the field's annotation
            value = _plain(get_type_hints(kind)[one.name])
        if value is int:
            value = range(int(limits.low or 0), int(limits.high or limits.stored) + 1)
        elif value is tuple:
            value = [(range(1, limits.stored + 1), str)]
        elif value not in (bool, float):
            value = str
        described[f"{one.name}?"] = (None, value)
    return described


class Changes(Mapping[str, Any], Generic[S]):
    """Values that replace the defaults of some fields of a specification.

    Raises `TypeError` for a name that is no field; `applied` checks the values.
    """

    def __init__(self, kind: type[S], /, **values: Any) -> None:
        """A value of None is a change, too."""
        self.kind = kind
        known = [one.name for one in fields(kind)]
        check_names(values, known, f"field of {kind.__name__}")
        self._values = values

    @classmethod
    def read(cls, kind: type[S], stored: Mapping[str, Any]) -> "Changes[S]":
        """Return the changes in a state file, whose values fit `description`; None is no change."""
        names = [one.name for one in fields(kind) if one.name in stored]
        return cls(kind, **{name: stored[name] for name in names}).chosen()

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __or__(self, other: Mapping[str, Any]) -> "Changes[S]":
        """Return both changes; `other` has the last word."""
        return Changes(self.kind, **{**self._values, **other})

    def chosen(self) -> "Changes[S]":
        """Return the changes that are not None."""
        return Changes(self.kind, **{k: v for k, v in self._values.items() if v is not None})

    def applied(self, to: S) -> S:
        """Return a specification with these changes."""
        return replace(to, **self._values)
