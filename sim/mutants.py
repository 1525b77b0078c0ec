"""Faults put into the hardware on purpose, and the quick checks that must find each of them.

A fault replaces a piece of the hardware's source, which must occur exactly once. It is applied in
a process of its own, before anything of the hardware is imported; no file is changed.
"""

import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .quick_checks import CHECKS


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
    Fault("fires-again", "lanes", "advance if last else advance & (M < 0)", "advance"),
    Fault("threshold-off-by-one", "lanes", '"S": -shape.threshold', '"S": 1 - shape.threshold'),
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
    Fault("stale-image-not-dropped", "sequencer", "m.Elif(dead)", "m.Elif(dead & is_end)"),
    Fault("counts-the-deadline", "sequencer", ".eq(rows_before),", ".eq(rows),"),
    Fault("waits-for-sent-spikes", "sequencer", "(op.end | op.advance)", "op.end"),
    Fault("places-not-counted", "sequencer", "goes = room | ~makes", "goes = 1"),
    Fault("banks-mixed", "weights", "Mux(asked, q, 0)", "q"),
    Fault("lanes-reversed", "weights", "<< lane * bits", "<< (schedule.lanes - 1 - lane) * bits"),
    Fault("last-pixel-lost", "encoder", "- (count - 1) * width", "- (count - 1) * width - 1"),
    Fault("margin-a-tick-short", "run_on", "grown, least)", "grown, least) - 1"),
    Fault("limit-of-the-image-before", "run_on", "m.If(self.opens)", "m.If(self.opens & 0)"),
    Fault(
        "margin-ends-at-the-deadline", "run_on", "shape.deadline + 1, end", "shape.deadline, end"
    ),
    Fault("spikes-of-the-deadline-lost", "run_on", "(at_limit | self.complete)", "1"),
    Fault("latest-rival", "run_on", "(rival_before == 0) & any_", "any_"),
    Fault("spike-at-the-limit-counts", "learner", "(tick < what.limit)", "(tick <= what.limit)"),
    Fault(
        "spikes-taken-early-count",
        "learner",
        "(tick < what.limit)",
        "((state != State.SETTLE) | (tick < what.limit))",
    ),
    Fault("label-competes", "learner", "(what.fired | decided) & ~label", "what.fired | decided"),
    Fault("right-when-forced-is-enough", "learner", "(what.forced | (minus != 0))", "(minus != 0)"),
    Fault("signs-never-read", "learner", "stale = Signal(init=1)", "stale = Signal()"),
    Fault(
        "signs-read-only-once",
        "row_walks",
        "self.sign.valid.eq(self.updated.valid)",
        "self.sign.valid.eq(self.updated.valid & scanning)",
    ),
    Fault(
        "last-hidden-group-left-out",
        "row_walks",
        "(self.group == groups - 1))\n",
        "(self.group == groups - 2))\n",
    ),
    Fault("drawn-row-lost", "row_walks", "((following == 0) | (groups", "((count == 0) | (groups"),
    Fault("tie-is-always-later", "deltas", "(self.tie_later & (", "(("),
    Fault("dead-neurons-learn", "deltas", "(self.alive[lane] & ((p << 1) >", "(((p << 1) >"),
    Fault("looks-before-the-leap", "lfsr", "(~after[:j].any()", "(~self.state[:j].any()"),
    Fault("leaps-without-a-draw", "lfsr", "self.take & (self.draw != 0)", "self.take"),
    Fault("no-saturation-above", "weights", "Mux(total > highest, highest, total)", "total"),
    Fault("no-saturation-below", "weights", "Mux(total < lowest, lowest, ", "("),
    Fault("unused-bits-are-used", "lanes", "word[lane] >> shape.unused_bits", "word[lane]"),
    Fault("learns-without-a-label", "core", "learn.eq(given.learn & ~bad)", "learn.eq(1)"),
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


def _differing() -> Iterator[str]:
    for check in CHECKS:
        if check.differs():
            yield check.name


if __name__ == "__main__":
    for chosen in FAULTS:
        if chosen.name in sys.argv[1:]:
            _apply(chosen)
    print(next(_differing(), ""))
