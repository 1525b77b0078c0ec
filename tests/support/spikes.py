# SPDX-License-Identifier: BSD-2-Clause
"""The spikes in the events of an encoder or of a front end."""

from collections.abc import Iterable

from amaranth.lib import data

from firstspike.hdl.layer.events import Kind
from firstspike.hdl.lib.layouts import unpack

Spike = tuple[int, int]
"""(tick, row)"""


def images_of(layout: data.Layout, payloads: Iterable[int], rows: int = 1) -> list[list[Spike]]:
    """Return the spikes of each image whose END has come, those of a tick in order of the rows.

    Spikes that are not in order of time fail the test.
    """
    images: list[list[Spike]] = [[]]
    for payload in payloads:
        event = {name: int(values[0]) for name, values in unpack(layout, [payload]).items()}
        if event["kind"] == Kind.END.value:
            ticks = [tick for tick, _ in images[-1]]
            assert ticks == sorted(ticks), "spikes are not in order of time"
            images[-1].sort()
            images.append([])
        else:
            assert event["kind"] == Kind.SPIKE.value
            images[-1].append((event["tick"], _row(event, rows)))
    return images[:-1]


def _row(event: dict[str, int], rows: int) -> int:
    if rows == 1:
        return event["address"]
    (bank,) = (bank for bank in range(rows) if event[f"banks.{bank}.present"])
    return event[f"banks.{bank}.index"] * rows + bank
