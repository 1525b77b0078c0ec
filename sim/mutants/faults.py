# SPDX-License-Identifier: BSD-2-Clause
"""Faults put into the hardware on purpose, and the quick checks that must find each of them.

A fault replaces a piece of the hardware's source, which must occur exactly once, in a function. It
is applied in a child process, where the function gets other code; no file is changed.
"""

import gc
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

from firstspike.sim.formal.catalogue import PROOFS

from .checks import failure_of
from .child import within
from .mutation import MutantError, mutated
from .outer_faults import OUTER_CHECKS, OUTER_FAULTS
from .targets import digest_of_benches

LIMIT = 60
"""Seconds of processor time after which a check with a fault counts as hung."""


class Fault(NamedTuple):
    """One fault: `old` in `firstspike.hdl.<module>` becomes `new`."""

    name: str
    module: str
    old: str
    new: str

    @property
    def check(self) -> str:
        """The name of the check that has to find the fault."""
        keys = self.name, self.module, self.module.partition(".")[0]
        return next(CHECKS[key] for key in keys if key in CHECKS)


_OF_CORES: dict[str, dict[str, tuple[str, str]]] = {
    "core.decision": {
        "tie-in-a-group": ("(mine > lower)", "(mine >= lower)"),
        "tie-between-groups": ("(best_M < M)", "(best_M <= M)"),
        "forced-a-tick-early": ("== config.deadline", "== config.deadline - 1"),
        "decided-reset-value": ("decided_image=Out(1, init=1)", "decided_image=Out(1)"),
        "forced-teaches-as-if-fired": ("margin.forced.eq(~best.fires)", "margin.forced.eq(0)"),
    },
    "layer.lanes": {
        "fires-past-threshold": ("& (M_next >= 0)", "& (M_next > 0)"),
        "fires-again-at-a-limit": ("control.advance & ~state.fired", "control.advance"),
        "fires-again": ("folding.last else M < 0", "folding.last else 1"),
        "threshold-off-by-one": ('"S": -self._config.threshold', '"S": 1 - self._config.threshold'),
        "unused-bits-are-used": ("part >> self._config.unused_bits for", "part for"),
        "state-not-forwarded": ("== 2 or folding.convolves", "== 2"),
        "state-not-at-hand": (" & ~operation.again", ""),
        "gathered-before-a-reset": (", init=1)", ")"),
        "gathered-rows-kept": ("Mux(control.starts, fresh, total)", "total"),
        "every-row-starts": (
            "Mux(first & operation.start, -product, 0)",
            "Mux(operation.start, -product, 0)",
        ),
        "carry-of-the-start-lost": ("plus(M, step, self._starting)", "plus(M, step, 0)"),
        "first-of-each-pair-twice": (
            "zip(words[::2], words[1::2], strict=True)",
            "zip(words[::2], words[::2], strict=True)",
        ),
    },
    "layer.lane_state": {
        "slope-a-bit-short": ("signed(config.widths.S)", "signed(config.widths.S - 1)"),
        "potential-a-bit-short": ("signed(config.widths.M)", "signed(config.widths.M - 1)"),
        "written-state-not-returned": (
            "(store.address == fetch.address) & self._forwards",
            "(store.address == fetch.address) & 0",
        ),
    },
    "layer.locator": {
        "maps-not-split": ("eq(address - times(map_size, map_))", "eq(address)"),
        "positions-beyond-the-map": (
            "Mux(position >= self.out, self.out - 1, position)",
            "position",
        ),
    },
    "layer.reached_positions": {
        "positions-not-forwarded": ("known |= earlier.valid &", "known |= 0 & earlier.valid &"),
        "positions-of-another-image": ("compare.o.payload.inside & (entry", "(entry"),
        "positions-not-cleared": ("m.If(self.clear)", "m.If(self.clear & 0)"),
        "groups-start-apart": ("Mux(looks_up, ~known, starting)", "~known"),
    },
    "layer.position_scan": {
        "advances-too-early": (
            "Mux(in_list, reached.settled, adds)",
            "Mux(in_list, 1, adds)",
        ),
        "row-of-positions-cut": ("reach.x.eq(line.x)", "reach.x.eq(reach.x)"),
    },
    "layer.limits": {
        "limit-rounded-down": ("(-(-needed // passed_ticks)", "((needed // passed_ticks)"),
        "limits-a-tick-late": ("* (config.unit + 1)", "* (config.unit + 2)"),
    },
    "core.ingress_check": {
        "deadline-refused": ("(event.tick > first", "(event.tick >= first"),
        "abort-with-the-end": (" & ~(accepted & is_end)", ""),
        "tick-of-end-checked": ("(~is_end & ((event.tick == 0)", "((~is_end & (event.tick == 0)"),
        "late-spikes-not-reported": ("self.drops.eq(self.source.valid)", "self.drops.eq(0)"),
    },
    "layer.emitter": {
        "window-tick-off-by-one": ("pop.payload.key + 1", "pop.payload.key"),
        "group-index-off": ("(config.folding.lanes, beat", "(config.folding.lanes - 1, beat"),
        "crossing-on-the-line": ("below = trial < 0", "below = trial <= 0"),
    },
    "layer.mask_serialiser": {
        "spike-lost-in-the-drain": ("| (self.beats.ready & ~many)),", "| self.beats.ready),"),
        "bank-dropped": ("result in results))", "result in results[:-1]))"),
        "spike-lost-in-a-bank": ("several(bank)[2] for", "several(bank)[2] & 0 for"),
        "end-of-a-dead-image-dropped": (
            "(operation.image == self.decided_image) & ~operation.end",
            "operation.image == self.decided_image",
        ),
    },
    "layer.row_list": {
        "row-list-off-by-one": ("read.addr.eq(index)", "read.addr.eq(index + 1)"),
        "rows-of-a-bank-too-many": ("eq(entry.present)", "eq(~0)"),
    },
    "layer.mask_credits": {"places-not-counted": ("passes = room | ~has_mask", "passes = 1")},
    "layer.sequencer": {
        "stale-image-not-dropped": ("(register.dead)", "(register.dead & is_end)"),
        "counts-the-deadline": (
            "count.eq(state.rows_before),\n                issue",
            "count.eq(state.rows),\n                issue",
        ),
        "waits-for-sent-spikes": ("(transfer & (op.end | op.advance))", "(transfer & op.end)"),
        "last-row-listed-again": (
            "eq(register.present & (register.event.kind",
            "eq((register.event.kind",
        ),
        "starts-undecided": ("& decided & self.may_start", "& self.may_start"),
        "count-of-the-next-image": (
            "operation.context.eq(context)",
            "operation.context.eq(Cat(count, context.as_value()[len(count) :]))",
        ),
        "rows-of-two-images": ("starts, 0, count", "0, 0, count"),
        "steps-without-the-store": ("selection.step.eq(reads.ready)", "selection.step.eq(1)"),
        "scan-not-awaited": ("selection.step.eq(scan.i.ready)", "selection.step.eq(1)"),
    },
    "layer.weight_store": {
        "answer-withdrawn": ("m.If(self.answers.ready)", "m.If(1)"),
        "pages-mixed": ("Mux(chosen, q, 0)", "q"),
        "banks-not-zeroed": (
            'Mux(duplicated_register(m, asked, f"asked_{name}"), word, 0)',
            "word",
        ),
        "update-without-a-read": ("take.eq(1)]", "take.eq(0)]"),
        "words-not-held": ("return ~self.words.valid | self.words.ready", "return Const(1)"),
        "page-never-read": ("address, Const(1), write)", "address, Const(0), write)"),
        "bank-a-cycle-late": ('delayed(m, asked, 1, f"', 'delayed(m, asked, 2, f"'),
    },
    "layer.update_pipeline": {
        "no-saturation-above": ("Mux(total > highest, highest, total)", "total"),
        "no-saturation-below": ("Mux(total < lowest, lowest, ", "("),
    },
    "layer.event_register": {
        "distance-from-the-time": (
            "remaining.eq(target - start_from)",
            "remaining.eq(target - self.now)",
        ),
    },
    "layer.layer": {
        "decision-known-at-once": (
            "decided_image.eq(self.decided_image)",
            "decided_image.eq(decided_image)",
        ),
        "sweep-without-its-tick": ('join(m, wiring.flipped(self), sequencer, "sweep")', "None"),
    },
    "layer.words": {"lanes-reversed": ("<< lane * bits", "<< (folding.lanes - 1 - lane) * bits")},
    "core.encoder": {
        "image-256-refused": (
            "may_begin = self.start & ready & (older != MAX_IMAGES)",
            "begun = Signal(8); m.d.sync += begun.eq(begun + self.begins); "
            "may_begin = self.start & ready & (older != MAX_IMAGES) & ~begun.all()",
        ),
        "last-pixel-lost": ("- (count - 1) * width", "- (count - 1) * width - 1"),
        "banks-do-not-meet": ("done for bank in banks).all", "done for bank in banks).any"),
        "word-of-a-bank-not-counted": ("times(share, bank.number) + bank", "bank"),
    },
    "lib.pipeline": {
        "place-lost-when-full": ("self.i.ready & (filled", "~level[-2] & (filled"),
    },
    "learner.margin": {
        "margin-a-tick-short": ("grown, least)", "grown, least) - 1"),
        "limit-of-the-image-before": ("m.If(self.opens)", "m.If(self.opens & 0)"),
        "margin-ends-at-the-deadline": (", deadline + 1, end", ", deadline, end"),
        "spikes-of-the-deadline-lost": ("(at_limit | self.complete)", "1"),
        "latest-rival": ("(rival_before == 0) & any_", "any_"),
    },
    "learner.update_control": {
        "spike-at-the-limit-counts": ("(tick < what.limit)", "(tick <= what.limit)"),
        "spikes-taken-early-count": (
            "(tick < what.limit)",
            "((self._state != State.SETTLE) | (tick < what.limit))",
        ),
        "label-competes": ("(what.fired | decided) & ~self.plus", "what.fired | decided"),
        "right-when-forced-is-enough": ("(what.forced | (rivals != 0))", "(rivals != 0)"),
        "settles-for-one-hidden-layer": (
            "for layer in self._layers]",
            "for layer in self._layers[1:]]",
        ),
    },
    "learner.learner": {
        "draws-as-for-input-rows": (
            "draw.eq(control.registers.output_draw)",
            "draw.eq(control.registers.row_draw)",
        ),
        "signs-never-read": ("stale = Signal(init=1", "stale = Signal(init=0"),
        "spikes-of-the-image-before": ("causal.clear.eq(self.opens)", "causal.clear.eq(0)"),
    },
    "learner.row_sweeps": {
        "signs-read-only-once": (
            "self.sign.valid.eq(self.updated.valid)",
            "self.sign.valid.eq(self.updated.valid & (self.minus == 0))",
        ),
        "last-hidden-group-left-out": (
            "(replay_done & (self.group == groups - 1))",
            "(replay_done & (self.group == groups - 2))",
        ),
        "drawn-row-lost": ("((following == 0) | (groups", "((count == 0) | (groups"),
        "second-group-into-the-first": ("offset.eq(offset + n_hidden)]", "offset.eq(offset)]"),
    },
    "learner.address_set": {
        "last-bit-of-each": ("word.last & ~many", "word.last"),
    },
    "learner.deltas": {
        "tie-is-always-later": ("(self.tie_later & (", "(("),
        "dead-neurons-learn": ("(self.alive[lane] & ((p << 1) >", "(((p << 1) >"),
    },
    "learner.causal_inputs": {
        "input-at-the-limit-counts": ("entry.tick < self.limit", "entry.tick <= self.limit"),
        "sums-of-the-group-before": ("m.If(self.start | closes)", "m.If(self.start)"),
    },
    "lib.lfsr": {
        "looks-before-the-leap": ("succeeds(after))", "succeeds(self.state))"),
        "leaps-without-a-draw": ("self.take & (self.draw != 0)", "self.take"),
    },
    "core.core": {
        "learns-without-a-label": ("learn.eq(request.learn & ~bad)", "learn.eq(1)"),
        "busy-falls-early": ("has_images |= counter.pending | (", "has_images |= ("),
        "busy-falls-before-learning": ("return learner.busy", "return Const(0)"),
    },
    "core.cycle_counter": {
        "a-cycle-too-many": ("self.total.eq(self.age)", "self.total.eq(self.age + 1)"),
        "decision-not-counted": (
            "m.d.sync += self.total.eq(self.age + 1)",
            "m.d.sync += self.total.eq(self.age)",
        ),
        "images-not-apart": ("first.eq(after(first))", "first.eq(first)"),
    },
}
"""By module and name what is replaced, and by what."""

CHECKS = {
    "core": "several-layers",
    "layer": "several-layers",
    "learner": "stored-bits",
    "core.core": "late-decisions",
    "core.encoder": "bitmap",
    "layer.limits": "one-tick",
    "layer.locator": "positions",
    "core.weight_address": "link",
    "layer.position_scan": "positions",
    "layer.reached_positions": "positions",
    "lib.lfsr": "stored-bits",
    "lib.pipeline": "many-lanes",
    "abort-with-the-end": "core-aborts",
    "tick-of-end-checked": "core-2-lanes",
    "answer-withdrawn": "core-reads",
    "image-256-refused": "images-overlap",
    "busy-falls-early": "core-overlap-images",
    "busy-falls-before-learning": "core-learning",
    "layer-number-cut": "weight_address",
    "no-saturation-above": "stored-bits",
    "no-saturation-below": "stored-bits",
    "unused-bits-are-used": "stored-bits",
    "state-not-forwarded": "positions",
    "state-not-at-hand": "close-positions",
    "positions-not-forwarded": "close-positions",
    "fires-again-at-a-limit": "one-tick",
    "potential-a-bit-short": "ties",
    "last-row-listed-again": "full-list",
    "pages-mixed": "many-lanes",
    "places-not-counted": "many-lanes",
    "banks-not-zeroed": "banks",
    "rows-of-a-bank-too-many": "banks",
    "word-of-a-bank-not-counted": "several-spikes-sent",
    "images-not-apart": "overlap",
    "first-of-each-pair-twice": "banks",
    "written-state-not-returned": "close-positions",
    "scan-not-awaited": "positions",
    "page-never-read": "many-lanes",
    "bank-a-cycle-late": "paged-banks",
    "words-not-held": "registers",
    "steps-without-the-store": "registers",
    "carry-of-the-start-lost": "tick-by-tick",
    "sweep-without-its-tick": "tick-by-tick",
    "update-without-a-read": "stored-bits",
    "bank-dropped": "several-spikes-sent",
    "banks-do-not-meet": "several-spikes-sent",
    "spike-lost-in-a-bank": "several-spikes-sent",
    "count-of-the-next-image": "overlap",
    "gathered-before-a-reset": "overlap",
    "gathered-rows-kept": "overlap",
    "rows-of-two-images": "overlap",
    "starts-undecided": "overlap",
    "drawn-row-lost": "late-decisions",
    "label-competes": "late-decisions",
    "draws-as-for-input-rows": "last-layer",
    "settles-for-one-hidden-layer": "last-layer",
    "late-spikes-not-reported": "several-ticks",
    "learner.causal_inputs": "several-ticks",
    "spikes-of-the-image-before": "several-ticks",
    "forced-teaches-as-if-fired": "late-decisions",
    "decision-not-counted": "late-decisions",
    "margin-ends-at-the-deadline": "late-decisions",
    "signs-read-only-once": "late-decisions",
    "spikes-of-the-deadline-lost": "late-decisions",
    "limit-of-the-image-before": "many-spikes-at-once",
    "spikes-taken-early-count": "many-spikes-at-once",
    **OUTER_CHECKS,
}
"""The name of the check that has to find a fault, by the fault's name, its module or its folder of
`hdl`; the first of the three counts."""

FAULTS = tuple(
    Fault(name, module, *change)
    for module, changes in (*_OF_CORES.items(), *OUTER_FAULTS.items())
    for name, change in changes.items()
)


@dataclass(frozen=True)
class FaultTask:
    """Faults that the same check has to find, by name."""

    check: str
    faults: tuple[str, ...]
    benches: str = ""
    """The digest of the benches: results are kept as long as it and the sources stay."""


def fault_tasks(faults: Sequence[Fault] = FAULTS, share: int = 20) -> list[FaultTask]:
    """Group faults by their checks, in shares."""
    of_checks: dict[str, list[str]] = {}
    for fault in faults:
        of_checks.setdefault(fault.check, []).append(fault.name)
    benches = digest_of_benches()
    return [
        FaultTask(check, tuple(names[first : first + share]), benches)
        for check, names in of_checks.items()
        for first in range(0, len(names), share)
    ]


def findings(task: FaultTask) -> tuple[tuple[str, str], ...]:
    """Return how the check fails with each fault, by the fault's name; "" where it passes.

    Raises MutantError if a fault does not apply, or the check fails without a fault.
    """
    if why := failure_of(task.check):
        raise MutantError(f"the check {task.check} fails on the hardware as it is: {why}")
    known = {fault.name: fault for fault in FAULTS}
    return tuple((name, _finding(known[name])) for name in task.faults)


def _finding(fault: Fault) -> str:
    def fail() -> str:
        apply(fault)
        return failure_of(fault.check)

    why = within(LIMIT, fail)
    if why is None:  # a proof that takes long refutes nothing
        return "" if fault.check in PROOFS else "it does not end"
    return why


def apply(fault: Fault) -> None:
    """Put a fault into the hardware of this process. Raises MutantError if it does not apply."""
    codes = faulty(fault)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__ in codes:
            one.__code__ = codes[one.__code__]


def faulty(fault: Fault) -> dict[CodeType, CodeType]:
    """Return the code of each function of the module with a fault, by its code without it.

    Raises MutantError if the fault does not apply, or is outside of every function.
    """
    path = str(import_module(f"firstspike.hdl.{fault.module}").__file__)
    source = Path(path).read_text()
    try:
        wrong = mutated(source, fault.old, fault.new)
    except MutantError as error:
        raise MutantError(f"fault {fault.name} in {path}: {error}") from None
    codes = dict(_functions(compile(source, path, "exec"), compile(wrong, path, "exec")))
    if not any(map(_differ, codes, codes.values())):
        raise MutantError(f"fault {fault.name} in {path}: no function differs.")
    return codes


def _functions(right: CodeType, wrong: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Pairs of the code of each function and method, in a module without and with a fault."""
    scopes = ([one for one in of.co_consts if isinstance(one, CodeType)] for of in (right, wrong))
    for before, after in zip(*scopes, strict=True):
        if before.co_flags & inspect.CO_NEWLOCALS:
            yield before, after
        else:  # the body of a class
            yield from _functions(before, after)


def _differ(right: CodeType, wrong: CodeType) -> bool:
    """Whether two functions differ in more than line numbers."""
    parts = ("co_code", "co_names", "co_consts")
    return any(getattr(right, part) != getattr(wrong, part) for part in parts)
