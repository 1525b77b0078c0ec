"""`firstspike simulate`: the test benches of the hardware."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from firstspike.scripts.output import say
from firstspike.sim.harness.runner import SIMULATORS


def _queue(**options: Any) -> str:
    from firstspike.hdl.lib.queue import SpikeQueue
    from firstspike.sim.benches.run_blocks import simulate_queue

    simulate_queue(SpikeQueue(8, 6, 20), **options)
    return "8 keys, 20 places: every cycle against the model"


def _layer(**options: Any) -> str:
    from firstspike.sim.benches.run_layer import simulate

    simulate(9, 13, 4, 2, **options)
    return "9-13, 4 lanes, windows of 4 ticks: 60 images against the integer model"


def _encoder(**options: Any) -> str:
    from firstspike.sim.benches.run_encoder import simulate

    simulate(40, 13, 26, **options)
    return "40 pixels, 26 of them connected, in words of 13 bits: 60 images against the encoding"


def _weights(**options: Any) -> str:
    from firstspike.sim.benches.run_weights import simulate

    simulate(7, 11, 6, stored_bits=10, **options)
    return "7-11, 6 lanes: 400 accesses of either side, and 400 updates, against a list"


def _addresses(**options: Any) -> str:
    from firstspike.hdl.learner.address_set import AddressSet
    from firstspike.sim.benches.run_blocks import simulate_address_set

    simulate_address_set(AddressSet(300), **options)
    return "300 addresses: 100 walks against sorted sets"


def _lfsr(**options: Any) -> str:
    from firstspike.hdl.lib.lfsr import Lfsr
    from firstspike.sim.benches.run_blocks import simulate_lfsr

    simulate_lfsr(Lfsr(), **options)
    return "5000 cycles of draws and seeds against the golden generator"


def _popcount(**options: Any) -> str:
    from firstspike.hdl.lib.popcount import PopCount
    from firstspike.sim.benches.run_blocks import simulate_popcount

    simulate_popcount(PopCount(100, 6), **options)
    return "100 bits: 500 words with pauses and 500 without"


def _core(**options: Any) -> str:
    import numpy as np

    from firstspike.golden import Network, encode, infer
    from firstspike.golden.timing.cycles import cycles
    from firstspike.golden.timing.folding import Folding
    from firstspike.sim.benches.core.run import Stimulus, simulate
    from firstspike.sim.harness.runner import SimulationError
    from firstspike.sim.scoreboard import differences

    rng = np.random.default_rng(1)
    network = Network(
        weights=(rng.integers(-4, 8, (20, 13)), rng.integers(-4, 8, (13, 5))),
        weight_bits=(4, 4),
        thresholds=(7, 5),
        unit=8,
        deadline=50,
        n_inputs=20,
        inputs=np.arange(20),
        encoding="levels-4",
    )
    ticks = encode(network, rng.integers(0, 256, (40, 20)).astype(np.uint8))
    folding = Folding.of(network, lanes=4, window=2)
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, folding)
    run = simulate(network, ticks, folding, stimulus=Stimulus(checked=True), **options)
    for difference in differences(inference, expected, run):
        raise SimulationError(str(difference))
    return "20-13-5, 4 lanes, windows of 4 ticks: 40 images, every spike and cycle"


BENCHES: dict[str, Callable[..., str]] = {
    "queue": _queue,
    "layer": _layer,
    "encoder": _encoder,
    "weights": _weights,
    "addresses": _addresses,
    "lfsr": _lfsr,
    "popcount": _popcount,
    "core": _core,
}


@click.command()
@click.argument(
    "benches", nargs=-1, type=click.Choice(list(BENCHES)), metavar=f"[{' | '.join(BENCHES)}] ..."
)
@click.option("--simulator", type=click.Choice(SIMULATORS), default="verilator", show_default=True)
@click.option(
    "--waves",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Leave the signals over time (FST) and a view of the named ones (GTKWave) in DIR/BENCH.",
)
def command(benches: tuple[str, ...], simulator: str, waves: Path | None) -> None:
    """Run test benches of the hardware: by default all, each with a small design.

    Compiled simulations are cached, so the second call is quick.

    Example: firstspike simulate queue layer --simulator icarus --waves waves
    """
    for name in benches or BENCHES:
        begun = perf_counter()
        run = partial(BENCHES[name], simulator=simulator)
        what = run(waves=None if waves is None else waves / name)
        say(f"{name:9} {what}: right ({perf_counter() - begun:.1f} s)")
