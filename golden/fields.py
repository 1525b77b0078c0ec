"""What a network file is read from: the arrays of an .npz, each checked for what it should be."""

import io
import json
from typing import Any, NoReturn

import numpy as np

_KINDS = {str: "string", int: "integer", list: "array"}


class NetworkError(ValueError):
    """A network, or a network file, that is not as it must be; the message says what would be."""


class Fields(dict[str, np.ndarray]):
    """The arrays of an .npz without pickles. Raises `NetworkError` for what should be another."""

    @classmethod
    def of(cls, content: bytes) -> "Fields":
        """Those of a file's content."""
        if not content.startswith(b"PK"):
            raise NetworkError("it is no .npz archive.")
        # A damaged archive raises almost anything (zip, zlib, header syntax): all mean the same.
        try:
            return cls(np.load(io.BytesIO(content), allow_pickle=False))
        except Exception as error:
            said = str(error).split("\n")[0].rstrip(".") or type(error).__name__
            raise NetworkError(f"it cannot be read as an .npz without pickles ({said}).") from None

    def __missing__(self, name: str) -> NoReturn:
        raise NetworkError(f"the field {name} is missing.")

    def take(self, name: str, kind: type) -> Any:
        """A field as a string, an integer or a list of values."""
        value = self[name].tolist()
        if not isinstance(value, kind) or isinstance(value, bool):
            raise NetworkError(f"{name} is {value!r:.40}: it must be one {_KINDS[kind]}.")
        return value

    def meta(self) -> dict[str, Any]:
        """The field of that name, which holds JSON."""
        try:
            meta = json.loads(self.take("meta", str))
        except (ValueError, RecursionError) as error:
            raise NetworkError(f"meta is not JSON ({error}).") from None
        if not isinstance(meta, dict):
            raise NetworkError(f"meta is {type(meta).__name__}: it must be a dictionary.")
        return meta


def integer(name: str, value: Any, low: int, high: int) -> int:
    """`value` as an int, which must be in low..high."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise NetworkError(f"{name} is {value!r}: it must be an integer.")
    if not low <= value <= high:
        raise NetworkError(f"{name} is {value}: it must be in {low}..{high}.")
    return int(value)


def texts(name: str, values: Any) -> tuple[str, ...]:
    """Names, each of printable characters and once."""
    names = tuple(values)
    for text in names:
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise NetworkError(f"{name} holds {text!r:.40}: each must be a printable text.")
    if len(set(names)) < len(names):
        raise NetworkError(f"{name} must be different from one another.")
    return names
