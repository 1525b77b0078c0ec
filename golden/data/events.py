# SPDX-License-Identifier: BSD-2-Clause
"""Reads recorded events, one JSON object a line: {"events": [[tick, input], ...], "label": 3}.

The label is optional; blank lines are skipped. Inputs count from 0.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from firstspike.golden.foreign.json_text import JsonError, read_json
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.files import reading

from .dataset import MOST_TEXT, DataError, Samples, lines_of, most_bytes

_MOST = 65_535
"""Largest tick and input number if no network limits them."""


def read_events(path: Path) -> Samples:
    """Return samples of ticks, int32 [n, n_inputs], up to the highest input that spikes."""
    with reading(path, MOST_TEXT) as file:
        lines = event_lines(file, str(path), _MOST, _MOST + 1, _any_label)
        numbers, images, labels = zip(*lines, strict=True)

    def where(at: int) -> str:
        return f"{path}, line {numbers[at]}"

    if None in labels and any(label is not None for label in labels):
        raise DataError(
            f"{where(labels.index(None))} has no label, but other lines have one: give one in all, "
            "or in none."
        )
    width = 1 + max((address for events in images for _, address in events), default=-1)
    if not width:
        raise DataError(f"{path} holds no event.")
    if len(images) * width * 4 > most_bytes(path.stat().st_size):
        raise DataError(
            f"{path} has few events in {len(images)} images of {width} inputs, the last of which "
            "spikes: number the inputs from 0 on without gaps."
        )
    x = np.stack([ticks_of(events, width) for events in images])
    return Samples(str(path), where, x, None if None in labels else list(labels), ticks=True)


def ticks_of(events: Iterable[Sequence[int]], n_inputs: int) -> np.ndarray:
    """Return the spike ticks int32 [n_inputs] of events (tick, input), 0 for silent inputs."""
    ticks = np.zeros(n_inputs, np.int32)
    for tick, address in events:
        ticks[address] = tick
    return ticks


def event_lines(
    file: BinaryIO,
    name: str,
    deadline: int,
    n_inputs: int,
    label_of: Callable[[Any], Any],
) -> Iterator[tuple[int, list[list[int]], Any]]:
    """Yield line number, checked events and converted label of every image.

    `label_of` converts a label and raises `DataError` for an invalid one; a missing label becomes
    None. Raises `DataError` with the line number.
    """
    empty = True
    for number, line in enumerate(lines_of(file, name), 1):
        if not line.strip():
            continue
        empty = False
        with convert_errors(DataError, f"{name}, line {number}: ", DataError):
            try:
                image = read_json(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                raise DataError("this is no text in UTF-8: give JSON in UTF-8.") from None
            except JsonError as error:
                raise DataError(f"this is {error}.") from None
            events = _checked(image, deadline, n_inputs)
            label = image.get("label")
            called = None if label is None else label_of(label)
        yield number, events, called
    if empty:
        raise DataError(f"{name} holds no image: give one JSON object a line.")


def _checked(image: Any, deadline: int, n_inputs: int) -> list[list[int]]:
    """Return the events of one image after checking them."""
    if not isinstance(image, dict) or not isinstance(image.get("events"), list):
        raise DataError('this is no object {"events": [[tick, input], ...]}.')
    spiked = set()
    before = 0
    for event in image["events"]:
        if not isinstance(event, list) or len(event) != 2 or not all(map(is_integer, event)):
            raise _wrong(event, "is no pair of integers, [tick, input]")
        tick, address = event
        if not 1 <= tick <= deadline:
            raise _wrong(event, f"has no tick from 1 to the deadline, {deadline}")
        if not 0 <= address < n_inputs:
            raise _wrong(event, f"has no input from 0 to {n_inputs - 1}")
        if tick < before:
            raise _wrong(event, f"follows one at tick {before}: sort the events by tick")
        if address in spiked:
            raise _wrong(event, "repeats an input: each spikes once an image")
        spiked.add(address)
        before = tick
    return image["events"]


def _wrong(event: Any, why: str) -> DataError:
    return DataError(f"the event {json.dumps(event):.40} {why}.")


def is_integer(value: Any) -> bool:
    """Whether a JSON value is an integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def _any_label(label: Any) -> str:
    if not is_integer(label) and not isinstance(label, str):
        raise DataError(f"the label {json.dumps(label):.40} is no class: give a number or a name.")
    return str(label)
