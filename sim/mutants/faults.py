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

from .checks import CHECKS
from .mutation import MutantError, mutated


class Fault(NamedTuple):
    """One fault: `old` in `firstspike.hdl.<module>` becomes `new`."""

    name: str
    module: str
    old: str
    new: str


FAULTS = (
    Fault("tie-in-a-group", "core.decision", "(high[1] > low[1])", "(high[1] >= low[1])"),
    Fault("tie-between-groups", "core.decision", "(best_M < M)", "(best_M <= M)"),
    Fault("forced-a-tick-early", "core.decision", "== config.deadline", "== config.deadline - 1"),
    Fault(
        "decided-reset-value",
        "core.decision",
        "decided_image=Out(1, init=1)",
        "decided_image=Out(1)",
    ),
    Fault("fires-past-threshold", "core.lanes", "& (M_next >= 0)", "& (M_next > 0)"),
    Fault("fires-again", "core.lanes", "advance if last else advance & (M < 0)", "advance"),
    Fault(
        "threshold-off-by-one", "core.lanes", '"S": -config.threshold', '"S": 1 - config.threshold'
    ),
    Fault(
        "slope-a-bit-short",
        "core.layouts",
        "signed(config.widths.S)",
        "signed(config.widths.S - 1)",
    ),
    Fault(
        "potential-a-bit-short",
        "core.layouts",
        "signed(config.widths.M)",
        "signed(config.widths.M - 1)",
    ),
    Fault("deadline-refused", "core.intake", "(event.tick > self", "(event.tick >= self"),
    Fault("crossing-on-the-line", "core.crossing", "below = trial < 0", "below = trial <= 0"),
    Fault("window-tick-off-by-one", "core.emitter", "pop.payload.key + 1", "pop.payload.key"),
    Fault(
        "group-index-off",
        "core.emitter",
        "(config.folding.lanes, beat",
        "(config.folding.lanes - 1, beat",
    ),
    Fault(
        "spike-lost-in-the-drain", "core.drain", "(self.beats.ready & ~many)", "self.beats.ready"
    ),
    Fault("row-list-off-by-one", "core.row_list", "read.addr.eq(index)", "read.addr.eq(index + 1)"),
    Fault(
        "stale-image-not-dropped", "core.sequencer", "(register.dead)", "(register.dead & is_end)"
    ),
    Fault("counts-the-deadline", "core.sequencer", ".eq(rows_before),", ".eq(rows),"),
    Fault("waits-for-sent-spikes", "core.sequencer", "(op.end | op.advance)", "op.end"),
    Fault("places-not-counted", "core.mask_places", "goes = room | ~makes", "goes = 1"),
    Fault("banks-mixed", "core.weights", "Mux(asked, q, 0)", "q"),
    Fault("lanes-reversed", "core.words", "<< lane * bits", "<< (folding.lanes - 1 - lane) * bits"),
    Fault("last-pixel-lost", "core.encoder", "- (count - 1) * width", "- (count - 1) * width - 1"),
    Fault("margin-a-tick-short", "learner.run_on", "grown, least)", "grown, least) - 1"),
    Fault(
        "limit-of-the-image-before", "learner.run_on", "m.If(self.opens)", "m.If(self.opens & 0)"
    ),
    Fault(
        "margin-ends-at-the-deadline",
        "learner.run_on",
        "config.deadline + 1, end",
        "config.deadline, end",
    ),
    Fault("spikes-of-the-deadline-lost", "learner.run_on", "(at_limit | self.complete)", "1"),
    Fault("latest-rival", "learner.run_on", "(rival_before == 0) & any_", "any_"),
    Fault(
        "spike-at-the-limit-counts",
        "learner.learner",
        "(tick < what.limit)",
        "(tick <= what.limit)",
    ),
    Fault(
        "spikes-taken-early-count",
        "learner.learner",
        "(tick < what.limit)",
        "((state != State.SETTLE) | (tick < what.limit))",
    ),
    Fault(
        "label-competes",
        "learner.learner",
        "(what.fired | decided) & ~label",
        "what.fired | decided",
    ),
    Fault(
        "right-when-forced-is-enough",
        "learner.learner",
        "(what.forced | (minus != 0))",
        "(minus != 0)",
    ),
    Fault("signs-never-read", "learner.learner", "stale = Signal(init=1)", "stale = Signal()"),
    Fault(
        "signs-read-only-once",
        "learner.row_walks",
        "self.sign.valid.eq(self.updated.valid)",
        "self.sign.valid.eq(self.updated.valid & scanning)",
    ),
    Fault(
        "last-hidden-group-left-out",
        "learner.row_walks",
        "(self.group == groups - 1))\n",
        "(self.group == groups - 2))\n",
    ),
    Fault(
        "drawn-row-lost",
        "learner.row_walks",
        "((following == 0) | (groups",
        "((count == 0) | (groups",
    ),
    Fault("tie-is-always-later", "learner.deltas", "(self.tie_later & (", "(("),
    Fault(
        "dead-neurons-learn", "learner.deltas", "(self.alive[lane] & ((p << 1) >", "(((p << 1) >"
    ),
    Fault("looks-before-the-leap", "lib.lfsr", "(~after[:j].any()", "(~self.state[:j].any()"),
    Fault("leaps-without-a-draw", "lib.lfsr", "self.take & (self.draw != 0)", "self.take"),
    Fault("no-saturation-above", "core.weights", "Mux(total > highest, highest, total)", "total"),
    Fault("no-saturation-below", "core.weights", "Mux(total < lowest, lowest, ", "("),
    Fault("unused-bits-are-used", "core.lanes", "word[lane] >> config.unused_bits", "word[lane]"),
    Fault("learns-without-a-label", "core.core", "learn.eq(given.learn & ~bad)", "learn.eq(1)"),
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


def faulty(fault: Fault) -> str:
    """The source of the fault's module with the fault in it. Raises MutantError."""
    path = Path(__file__).parents[2] / "hdl" / f"{fault.module.replace('.', '/')}.py"
    try:
        return mutated(path.read_text(), fault.old, fault.new)
    except MutantError as error:
        raise MutantError(f"fault {fault.name} in {path}: {error}") from None


def _apply(fault: Fault) -> None:
    name = f"firstspike.hdl.{fault.module}"
    module = types.ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(faulty(fault), name, "exec"), module.__dict__)


def _differing() -> Iterator[str]:
    for check in CHECKS:
        if check.differs():
            yield check.name


if __name__ == "__main__":
    for chosen in FAULTS:
        if chosen.name in sys.argv[1:]:
            _apply(chosen)
    print(next(_differing(), ""))
