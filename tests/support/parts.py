# SPDX-License-Identifier: BSD-2-Clause
"""Results of images that came part by part, as one."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def together(parts: Sequence[Any]) -> Any:
    """The `Results` of all parts; what not all of them tell is None, weights are the last's."""
    joined: dict[str, Any] = {}
    for field in fields(parts[0]):
        values = [getattr(part, field.name) for part in parts]
        if any(value is None for value in values):
            continue
        if field.name == "weights":
            joined["weights"] = values[-1]
        elif is_dataclass(values[0]):
            joined[field.name] = together(values)
        elif isinstance(values[0], tuple):
            joined[field.name] = tuple(map(np.concatenate, zip(*values, strict=True)))
        elif isinstance(values[0], np.ndarray):
            joined[field.name] = np.concatenate(values)
        else:
            joined[field.name] = [image for value in values for image in value]
    return type(parts[0])(**joined)
