"""Runs a whole core in simulation: images in; decisions, spikes and clock cycles out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firstspike.golden import Network, events
from firstspike.golden.schedule import Schedule
from firstspike.hdl.core import Core, CoreShape, weight_chunks
from firstspike.hdl.events import Kind, input_layout

from .payloads import pack, unpack
from .runner import Simulation
from .scoreboard import Spike
from .verilog import verilog_of

TOP = "firstspike_core"


@dataclass(frozen=True)
class HardwareRun:
    """What the hardware reported of n images; see `scoreboard.Run` for the fields."""

    decision: np.ndarray
    tick: np.ndarray
    forced: np.ndarray
    rows: np.ndarray
    cycles: np.ndarray
    error: np.ndarray
    logs: Sequence[Sequence[Spike]]


def core_verilog(shape: CoreShape) -> str:
    """Verilog of a core with empty weight memories: one model serves all networks of a shape."""
    return verilog_of(Core(shape), TOP, made_from=repr(shape))


def image_items(shape: CoreShape, ticks: np.ndarray, pixels: np.ndarray | None) -> np.ndarray:
    """What one image puts into the core's input port: event payloads, or bitmap words."""
    if shape.bitmap is None:
        layout = input_layout(shape.layers[0].schedule.n_in, shape.deadline)
        spikes = events(ticks).astype(np.int64)
        listed = pack(
            layout, {"kind": Kind.SPIKE.value, "tick": spikes[:, 0], "address": spikes[:, 1]}
        )
        return np.append(listed, pack(layout, {"kind": Kind.END.value})).astype(np.int64)
    bits = (pixels > 127).astype(np.int64)
    words = -(-len(bits) // shape.bitmap)
    padded = np.zeros(words * shape.bitmap, np.int64)
    padded[: len(bits)] = bits
    return padded.reshape(words, shape.bitmap) @ (1 << np.arange(shape.bitmap, dtype=np.int64))


def run_items(
    network: Network,
    shape: CoreShape,
    items: Sequence[np.ndarray],
    *,
    simulator: str = "verilator",
    waves: str | None = None,
    pauses: float = 0.0,
    seed: int = 0,
    aborts: Sequence[int] = (),
    checked: bool = False,
) -> HardwareRun:
    """Put raw input items through a simulated core, image after image.

    Parameters
    ----------
    items
        Per image what goes into the input port. An image whose number is in `aborts` has no
        end: it is aborted when its items have been taken.
    pauses
        Probability with which the source and the taker pause in each cycle.
    checked
        Read the weights back and compare before the first image.
    """
    host = np.array(
        [
            pack(shape.host_layout, {"write": 1, "layer": layer, "address": address, "data": word})
            for layer, address, word in weight_chunks(shape, network)
        ],
        np.int64,
    )
    results = Simulation(core_verilog(shape), TOP, simulator=simulator, waves=waves).run(
        "firstspike.sim.benches.core",
        {
            "host": host,
            "items": np.concatenate(items),
            "lengths": np.array([len(one) for one in items]),
            "aborts": list(aborts),
            "port": "events" if shape.bitmap is None else "words",
            "hidden": len(shape.layers) - 1,
            "pauses": pauses,
            "write_bit": pack(shape.host_layout, {"write": 1}),
            "checked": checked,
        },
        seed=seed,
    )
    said = unpack(shape.decision_layout, [int(text, 16) for text in results["decisions"].tolist()])
    logs: list[list[Spike]] = [[] for _ in items]
    for layer in range(len(shape.layers) - 1):
        images = results[f"log_images_{layer}"]
        spikes = unpack(shape.log_layout(layer), results[f"log_{layer}"])
        for image, tick, neuron in zip(
            images.tolist(), spikes["tick"].tolist(), spikes["neuron"].tolist(), strict=True
        ):
            logs[image].append((layer, tick, neuron))
    causes = [name for name in said if name.startswith("causes.")]
    return HardwareRun(
        decision=said["class"],
        tick=said["tick"],
        forced=said["forced"].astype(bool),
        rows=np.column_stack([said[f"spikes.{i}"] for i in range(len(shape.layers))]),
        cycles=said["cycles"],
        error=sum(said[name] << bit for bit, name in enumerate(causes)),
        logs=logs,
    )


def simulate(
    network: Network,
    ticks: np.ndarray,
    schedule: Schedule,
    pixels: np.ndarray | None = None,
    *,
    simulator: str = "verilator",
) -> HardwareRun:
    """Classify images on the generated hardware, cycle by cycle.

    `ticks` int32 (n, n_rows) as from `encode`; with a bitmap in front `pixels` uint8
    (n, n_inputs) are what goes in. Raises SimulationError, NetworkError.
    """
    shape = CoreShape.of(network, schedule)
    items = [
        image_items(shape, ticks[image], None if pixels is None else pixels[image])
        for image in range(len(ticks))
    ]
    return run_items(network, shape, items, simulator=simulator)
