# SPDX-License-Identifier: BSD-2-Clause
"""Specifications: frozen dataclasses whose fields state type, range, default and help text once.

The docstring of the class describes each field. The first paragraph of a description is the help of
an option of the command line; the others are for users of the Python interface. State files and the
checks of the Python interface use the same fields.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from functools import cache
from inspect import cleandoc
from numbers import Integral, Real
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

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
    """Largest value; of a field with a `kind` it is for values of this type."""
    open: bool = False
    """Whether `high` itself is excluded."""
    help: str = ""
    """Help of the option, if the docstring has another text."""
    usual: str = ""
    """Default of the option in words, if the value is chosen later."""
    stored: int = (1 << 24) - 1
    """Largest integer that is read from a state file, if there is no `high`."""


_PLAIN = Parameter()


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
    """Raise `error` for a field out of its range."""
    for one in fields(specification):
        value, limits = getattr(specification, one.name), parameter_of(one)
        if value is None or limits.low is None:
            continue
        is_integer = types_of(type(specification))[one.name] is int
        is_number = isinstance(value, Integral if is_integer else Real)
        bounded = (
            is_number
            and limits.high is not None
            and (limits.kind is None or isinstance(value, limits.kind))
        )
        above = bounded and (value > limits.high or (limits.open and value == limits.high))
        if not is_number or not value >= limits.low or above:
            end = "" if limits.high is None else f"{limits.high}{' (excluded)' * limits.open}"
            noun = "an integer" if is_integer else "a number"
            raise error(f"{one.name} is {value!r}: it must be {noun} in {limits.low}..{end}.")


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
        known = {one.name for one in fields(kind)}
        for name in values:
            if name not in known:
                raise TypeError(f"{name} is no field of {kind.__name__}.")
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
