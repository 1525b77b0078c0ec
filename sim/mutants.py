"""Faults put into the hardware on purpose, and the quick checks that must find each of them.

A fault replaces a piece of the hardware's source, which must occur exactly once. It is applied in
a process of its own, before anything of the hardware is imported; no file is changed.
"""

import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class MutantError(Exception):
    """A fault that no longer applies, or checks that fail without any; the message says why."""


class Fault(NamedTuple):
    """One fault: `old` in `firstspike.hdl.<module>` becomes `new`."""

    name: str
    module: str
    old: str
    new: str


FAULTS = (
    Fault("tie-in-a-group", "decision", "(high[1] > low[1])", "(high[1] >= low[1])"),
    Fault("tie-between-groups", "decision", "(best_M < M)", "(best_M <= M)"),
    Fault("forced-a-tick-early", "decision", "== shape.deadline", "== shape.deadline - 1"),
    Fault("decided-reset-value", "decision", '"decided": Out(1, init=1)', '"decided": Out(1)'),
    Fault("fires-past-threshold", "lanes", "& (M_next >= 0)", "& (M_next > 0)"),
    Fault("spent-never-cleared", "lanes", "~start & (current.spent", "(current.spent"),
    Fault("threshold-off-by-one", "lanes", "-shape.threshold, S)", "1 - shape.threshold, S)"),
    Fault("slope-a-bit-short", "layer_shape", "signed(self.widths.S)", "signed(self.widths.S - 1)"),
    Fault(
        "potential-a-bit-short", "layer_shape", "signed(self.widths.M)", "signed(self.widths.M - 1)"
    ),
    Fault("deadline-refused", "intake", "(event.tick > self", "(event.tick >= self"),
    Fault("crossing-on-the-line", "crossing", "below = trial < 0", "below = trial <= 0"),
    Fault("window-tick-off-by-one", "emitter", "pop.payload.key + 1", "pop.payload.key"),
    Fault(
        "group-index-off",
        "emitter",
        "(shape.schedule.lanes, beat",
        "(shape.schedule.lanes - 1, beat",
    ),
    Fault("spike-lost-in-the-drain", "drain", "(self.beats.ready & ~many)", "self.beats.ready"),
    Fault("row-list-off-by-one", "sequencer", "read.addr.eq(index)", "read.addr.eq(index + 1)"),
    Fault("stale-image-not-dropped", "sequencer", "& (event.image != self.decided)", ""),
    Fault("counts-the-deadline", "sequencer", ".eq(rows_before),", ".eq(rows),"),
    Fault("waits-for-sent-spikes", "sequencer", "(op.advance & op.first)", "op.advance"),
    Fault("lanes-reversed", "weights", "<< lane * bits", "<< (schedule.lanes - 1 - lane) * bits"),
    Fault("last-pixel-lost", "encoder", "- (count - 1) * width", "- (count - 1) * width - 1"),
)


def finds(fault: Fault | None) -> str | None:
    """The first check that finds a fault, or None if none does; runs in a process of its own.

    Raises MutantError where the fault does not apply.
    """
    command = [sys.executable, "-m", __name__, *([fault.name] if fault else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        name = fault.name if fault else "the unchanged hardware"
        raise MutantError(f"{name}: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return done.stdout.strip() or None


def mutated(fault: Fault) -> str:
    """The source of the fault's module with the fault in it. Raises MutantError."""
    path = Path(__file__).parents[1] / "hdl" / f"{fault.module}.py"
    source = path.read_text()
    if source.count(fault.old) != 1:
        raise MutantError(
            f"fault {fault.name}: {fault.old!r} occurs {source.count(fault.old)} times in {path}, "
            "must be once; adapt the fault."
        )
    return source.replace(fault.old, fault.new)


def _apply(fault: Fault) -> None:
    name = f"firstspike.hdl.{fault.module}"
    module = types.ModuleType(name)
    module.__package__ = "firstspike.hdl"
    sys.modules[name] = module
    exec(compile(mutated(fault), name, "exec"), module.__dict__)


@dataclass(frozen=True)
class Check:
    """Images through a small core, on Amaranth's simulator, against the golden model."""

    name: str
    sizes: tuple[int, ...]
    lanes: int
    window: int
    bitmap: int | None = None
    extreme: bool = False
    """Weights and spikes that drive S and M as far down as they go."""

    def differs(self) -> bool:
        """Whether the core does anything else than the golden model, or nothing more."""
        import numpy as np

        from firstspike.golden import Network, encode, infer
        from firstspike.golden.cycles import cycles
        from firstspike.golden.schedule import Schedule

        from .direct import simulate_directly
        from .runner import SimulationError
        from .scoreboard import differences

        rng = np.random.default_rng(1)
        sizes = list(zip(self.sizes, self.sizes[1:], strict=False))
        weights = [rng.integers(-4, 8, pair) for pair in sizes]
        if self.extreme:
            weights[0] = np.full(sizes[0], -8)
        network = Network(
            weights=tuple(weights),
            weight_bits=(4,) * len(sizes),
            thresholds=tuple(6 + i for i in range(len(sizes))),
            unit=4,
            deadline=27,
            n_inputs=self.sizes[0],
            inputs=np.arange(self.sizes[0]),
        )
        pixels = rng.integers(0, 256, (10, self.sizes[0])).astype(np.uint8)
        pixels[3], pixels[4] = 0, 255
        ticks = encode(network, pixels)
        if self.bitmap is None:
            latest = rng.integers(1, network.deadline + 1, (6, 1))
            ticks[4:] = rng.integers(0, latest + 1, ticks[4:].shape)
            ticks[4], ticks[5] = network.deadline, 1
            # Many rows of one tick, which take longer than sending the spikes before them.
            ticks[6:8] = rng.choice([4, 12], (2, self.sizes[0]), p=[0.2, 0.8])
        schedule = Schedule.of(network, self.lanes, self.window, self.bitmap)
        inference = infer(network, ticks)
        expected = cycles(network, ticks, inference, schedule, pixels)
        try:
            run = simulate_directly(network, ticks, schedule, pixels)
        except SimulationError:
            return True
        return next(differences(inference, expected, run), None) is not None


CHECKS = (
    Check("windows", (24, 9, 7, 6), lanes=4, window=2),
    Check("tick-by-tick", (12, 9, 5), lanes=2, window=0),
    Check("registers", (12, 7, 5), lanes=7, window=0),
    Check("bitmap", (17, 6, 4), lanes=6, window=0, bitmap=8),
    Check("ties", (6, 4, 9), lanes=3, window=1),
    Check("extremes", (16, 5, 4), lanes=5, window=0, extreme=True),
)


def _differing() -> Iterator[str]:
    for check in CHECKS:
        if check.differs():
            yield check.name


if __name__ == "__main__":
    for chosen in FAULTS:
        if chosen.name in sys.argv[1:]:
            _apply(chosen)
    print(next(_differing(), ""))
