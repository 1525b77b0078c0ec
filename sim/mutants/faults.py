# SPDX-License-Identifier: BSD-2-Clause
"""Faults put into the hardware on purpose, and the quick checks that must find each of them.

A fault replaces a piece of the hardware's source, which must occur exactly once. It is applied in
a process of its own, before anything of the hardware is imported; no file is changed.
"""

import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import PIPE
from typing import Any, NamedTuple

from firstspike.golden.system import programs

from .mutation import MutantError, mutated
from .outer_faults import BENCHES, OUTER_FAULTS


class Fault(NamedTuple):
    """One fault: `old` in `firstspike.hdl.<module>` becomes `new`."""

    name: str
    module: str
    old: str
    new: str


_OF_CORES: dict[str, dict[str, tuple[str, str]]] = {
    "core.decision": {
        "tie-in-a-group": ("(mine > lower)", "(mine >= lower)"),
        "tie-between-groups": ("(best_M < M)", "(best_M <= M)"),
        "forced-a-tick-early": ("== config.deadline", "== config.deadline - 1"),
        "decided-reset-value": ("decided_image=Out(1, init=1)", "decided_image=Out(1)"),
    },
    "layer.lanes": {
        "fires-past-threshold": ("& (M_next >= 0)", "& (M_next > 0)"),
        "fires-again-at-a-limit": ("to.advance & ~fired", "to.advance"),
        "fires-again": ("to.advance if last else to.advance & (M < 0)", "to.advance"),
        "threshold-off-by-one": ('"S": -config.threshold', '"S": 1 - config.threshold'),
        "unused-bits-are-used": ("part >> config.unused_bits for", "part for"),
        "state-not-forwarded": ("if places == 2 or folding.convolves", "if places == 2"),
        "state-not-at-hand": ("begins & ~coming.again if", "begins if"),
        "gathered-before-a-reset": ("init=int(folding.gathers)", "init=0"),
        "gathered-rows-kept": ("Mux(to.starts, fresh, total) for", "total for"),
        "slope-a-bit-short": ("signed(config.widths.S)", "signed(config.widths.S - 1)"),
        "potential-a-bit-short": ("signed(config.widths.M)", "signed(config.widths.M - 1)"),
    },
    "layer.locator": {
        "maps-not-split": ("eq(address - times(places, map_))", "eq(address)"),
        "positions-beyond-the-map": (
            "Mux(position >= self.out, self.out - 1, position)",
            "position",
        ),
    },
    "layer.reached": {
        "positions-not-forwarded": ("known |= one.valid &", "known |= 0 & one.valid &"),
        "positions-of-another-image": ("found.o.payload.inside & (entry", "(entry"),
        "positions-not-cleared": ("m.If(self.clear)", "m.If(self.clear & 0)"),
        "groups-start-apart": ("Mux(asks, ~known, starting)", "~known"),
    },
    "layer.positions": {
        "advances-too-early": ("Mux(tells, reached.settled, adds)", "Mux(tells, 1, adds)"),
        "row-of-positions-cut": ("reach.x.eq(line.x)", "reach.x.eq(reach.x)"),
    },
    "layer.limits": {
        "limit-rounded-down": ("(-(-needed // passed)", "((needed // passed)"),
        "limits-a-tick-late": ("* (config.unit + 1)", "* (config.unit + 2)"),
    },
    "core.ingress_check": {"deadline-refused": ("(event.tick > first", "(event.tick >= first")},
    "layer.emitter": {
        "window-tick-off-by-one": ("pop.payload.key + 1", "pop.payload.key"),
        "group-index-off": ("(config.folding.lanes, beat", "(config.folding.lanes - 1, beat"),
        "crossing-on-the-line": ("below = trial < 0", "below = trial <= 0"),
    },
    "layer.drain": {
        "spike-lost-in-the-drain": ("| (self.beats.ready & ~many)),", "| self.beats.ready),"),
        "bank-dropped": ("one in found))", "one in found[:-1]))"),
        "spike-lost-in-a-bank": ("several(bank)[2] for", "several(bank)[2] & 0 for"),
    },
    "layer.operations": {
        "row-list-off-by-one": ("read.addr.eq(index)", "read.addr.eq(index + 1)"),
        "rows-of-a-bank-too-many": ("eq(found_entry.present)", "eq(~0)"),
        "places-not-counted": ("goes = room | ~makes", "goes = 1"),
    },
    "layer.sequencer": {
        "stale-image-not-dropped": ("(register.dead)", "(register.dead & is_end)"),
        "counts-the-deadline": (".eq(rows_before),", ".eq(rows),"),
        "waits-for-sent-spikes": ("(op.end | op.advance)", "op.end"),
        "last-row-listed-again": ("(present & is_spike)", "(is_spike)"),
        "starts-undecided": ("& decided & self.may_start", "& self.may_start"),
        "count-of-the-next-image": (
            "operation.context.eq(context)",
            "operation.context.eq(Cat(count, context.as_value()[len(count) :]))",
        ),
        "rows-of-two-images": ("starts, 0, count", "0, 0, count"),
    },
    "layer.weights": {
        "pages-mixed": ("Mux(chosen, q, 0)", "q"),
        "banks-not-zeroed": (
            'Mux(duplicated_register(m, asked, f"asked_{name}"), word, 0)',
            "word",
        ),
        "no-saturation-above": ("Mux(total > highest, highest, total)", "total"),
        "no-saturation-below": ("Mux(total < lowest, lowest, ", "("),
    },
    "layer.words": {"lanes-reversed": ("<< lane * bits", "<< (folding.lanes - 1 - lane) * bits")},
    "core.encoder": {
        "last-pixel-lost": ("- (count - 1) * width", "- (count - 1) * width - 1"),
        "banks-do-not-meet": ("done for bank in banks).all", "done for bank in banks).any"),
    },
    "lib.pipeline": {
        "place-lost-when-full": ("self.i.ready & (filled", "~level[-2] & (filled"),
    },
    "learner.margin": {
        "margin-a-tick-short": ("grown, least)", "grown, least) - 1"),
        "limit-of-the-image-before": ("m.If(self.opens)", "m.If(self.opens & 0)"),
        "margin-ends-at-the-deadline": ("config.deadline + 1, end", "config.deadline, end"),
        "spikes-of-the-deadline-lost": ("(at_limit | self.complete)", "1"),
        "latest-rival": ("(rival_before == 0) & any_", "any_"),
    },
    "learner.learner": {
        "spike-at-the-limit-counts": ("(tick < what.limit)", "(tick <= what.limit)"),
        "spikes-taken-early-count": (
            "(tick < what.limit)",
            "((state != State.SETTLE) | (tick < what.limit))",
        ),
        "label-competes": ("(what.fired | decided) & ~label", "what.fired | decided"),
        "right-when-forced-is-enough": ("(what.forced | (minus != 0))", "(minus != 0)"),
        "signs-never-read": ("stale = Signal(init=1)", "stale = Signal()"),
    },
    "learner.row_sweeps": {
        "signs-read-only-once": (
            "self.sign.valid.eq(self.updated.valid)",
            "self.sign.valid.eq(self.updated.valid & scanning)",
        ),
        "last-hidden-group-left-out": (
            "(self.group == groups - 1))\n",
            "(self.group == groups - 2))\n",
        ),
        "drawn-row-lost": ("((following == 0) | (groups", "((count == 0) | (groups"),
    },
    "learner.deltas": {
        "tie-is-always-later": ("(self.tie_later & (", "(("),
        "dead-neurons-learn": ("(self.alive[lane] & ((p << 1) >", "(((p << 1) >"),
    },
    "lib.lfsr": {
        "looks-before-the-leap": ("succeeds(after))", "succeeds(self.state))"),
        "leaps-without-a-draw": ("self.take & (self.draw != 0)", "self.take"),
    },
    "core.core": {"learns-without-a-label": ("learn.eq(request.learn & ~bad)", "learn.eq(1)")},
}
"""By module and name what is replaced, and by what."""

FAULTS = tuple(
    Fault(name, module, *change)
    for module, changes in (*_OF_CORES.items(), *OUTER_FAULTS.items())
    for name, change in changes.items()
)


def bench_of(fault: Fault) -> str | None:
    """The target whose bench has to find a fault, None for a fault that other checks find."""
    return BENCHES.get(fault.module) or BENCHES.get(fault.module.partition(".")[0])


def finds(fault: Fault) -> str | None:
    """The first check that finds a fault, or None if none does; runs in a process of its own.

    Raises MutantError where the fault does not apply.
    """
    return _run(fault.name, [fault.name])


def fails_without(faults: Sequence[Fault]) -> str | None:
    """The first check of these faults that fails on the unchanged hardware, None if all pass."""
    return _run("the unchanged hardware", [_UNCHANGED, *(fault.name for fault in faults)])


_UNCHANGED = "unchanged"


def _run(what: str, words: Sequence[str]) -> str | None:
    command = [sys.executable, "-m", __name__, *words]
    done = programs.run(command, stdout=PIPE, stderr=PIPE, text=True)
    if done.returncode:
        raise MutantError(f"{what}: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return done.stdout.strip() or None


def faulty(fault: Fault) -> str:
    """The source of the fault's module with the fault in it. Raises MutantError."""
    path = Path(__file__).parents[2] / "hdl" / f"{fault.module.replace('.', '/')}.py"
    try:
        return mutated(path.read_text(), fault.old, fault.new)
    except MutantError as error:
        raise MutantError(f"fault {fault.name} in {path}: {error}") from None


def apply(fault: Fault) -> None:
    """Put a fault into the hardware, before anything of the fault's module is imported."""
    name = f"firstspike.hdl.{fault.module}"
    module = types.ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(faulty(fault), name, "exec"), module.__dict__)


def _differing(faults: Sequence[Fault]) -> Iterator[str]:
    """The checks of faults that differ from what they should, in order."""
    # These imports also import the hardware, in which the fault is by now.
    from .checks import CORE_CHECKS, STANDALONE_CHECKS, BenchCheck

    checks: dict[str, Any] = {}
    for fault in faults:
        of_fault: Sequence[Any] = CORE_CHECKS
        if bench := bench_of(fault):
            of_fault = (BenchCheck(bench),)
        elif fault.module.partition(".")[0] in ("standalone", "flash"):  # what no core has
            of_fault = STANDALONE_CHECKS
        checks |= {check.name: check for check in of_fault}
    for check in checks.values():
        if check.differs():
            yield check.name


if __name__ == "__main__":
    chosen = [fault for fault in FAULTS if fault.name in sys.argv[1:]]
    if _UNCHANGED not in sys.argv[1:]:
        apply(chosen[0])
    print(next(_differing(chosen), ""))
