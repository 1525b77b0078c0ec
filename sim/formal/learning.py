# SPDX-License-Identifier: BSD-2-Clause
"""A core that learns, for an image, beside section 5 of docs/design.md.

All stored weights, inputs, settings, labels and states of the random generator are constants of any
value. The weights that the memories hold after the image are compared with those of the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.learner.update_control import settings_layout

from .checks import Checks, payload_checks
from .core import connect_host, host_ports, shape_of
from .definition import Definition, Expected
from .scenario import Scenario
from .source import EventSource, register

SEED_AFTER_RESET = 0xACE1


class LearningHarness(wiring.Component):
    """Sends the settings, a label and an image, and says what the weights should become.

    Parameters
    ----------
    unit : the tick at which all inputs spike.
    mistake : is added to the step of the rule: tests give one to see that proofs notice it.
    """

    def __init__(self, config: CoreConfig, unit: int, mistake: int = 0) -> None:
        self.config, self.unit, self.mistake = config, unit, mistake
        self.layers = [shape_of(layer) for layer in config.layers]
        self.bits = config.layers[0].stored_bits
        self._tick_bits = bits_for(config.deadline)
        n_in, n_out = self.layers[0].n_in, self.layers[-1].n_out
        after = {
            f"weights_after_{number}": Out(layer.weights * self.bits)
            for number, layer in enumerate(self.layers)
        }
        super().__init__(
            {
                **host_ports(config),
                **after,
                "bright": In(n_in),
                "settings": In(settings_layout()),
                "learn": In(1),
                "label": In(bits_for(n_out)),
                "pick": In(n_in),
                "end_event": In(input_layout(n_in, config.deadline)),
                "offer": In(1),
                "take": In(1),
                #: The image is decided and learned.
                "done": Out(1),
            }
        )

    @property
    def constants(self) -> tuple[str, ...]:
        """The inputs that keep a value in a run."""
        weights = (f"weights_{number}" for number in range(len(self.layers)))
        written = "write_layer", "write_address", "write_data"
        return (*weights, *written, "bright", "settings", "learn", "label")

    @property
    def held(self) -> Mapping[str, int]:
        """The inputs that have one value in all runs."""
        paced = {"offer": 1, "take": 1, "pick": (1 << self.layers[0].n_in) - 1}
        return {"rst": 0, "host": 0, **paced}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, unit = self.config, self.unit
        m.submodules.core = core = Core(config)
        m.submodules.source = source = EventSource(config, 1)
        wiring.connect(m, source.events, core.events)
        ticks = [Mux(bright, unit, 0) for bright in self.bright]
        sent, labelled = register(1, "settings_sent"), register(1, "labelled")
        is_learned = register(1, "is_learned")
        accepted = core.settings.valid & core.settings.ready
        connect_host(m, core, self)
        m.d.comb += [
            core.settings.valid.eq(~sent),
            Value.cast(core.settings.payload).eq(Value.cast(self.settings)),
            core.labels.valid.eq(~labelled),
            core.labels.payload.learn.eq(self.learn),
            core.labels.payload.label.eq(self.label),
            core.decision.ready.eq(self.take),
            source.ticks.eq(Cat(tick[: self._tick_bits] for tick in map(_wide, ticks))),
            source.offer.eq(self.offer & (sent | accepted)),
            source.pick.eq(self.pick),
            source.end_event.eq(self.end_event),
        ]
        m.d.sync += [
            sent.eq(sent | accepted),
            labelled.eq(labelled | (core.labels.valid & core.labels.ready)),
            is_learned.eq(is_learned | core.learned.valid),
        ]
        stored = [self._stored(number) for number in range(2)]
        unused = config.layers[0].unused_bits
        used = [[[weight >> unused for weight in row] for row in matrix] for matrix in stored]
        definition = Definition(m, self.layers, config.deadline)
        expected = definition.expect(used, ticks)
        rule = _Rule(self, definition, expected, stored, used)
        checks = Checks(m, core, source, [expected], Scenario(paced=True), Const(0))
        checks.check_stream()
        checks.bound_pauses(sent)
        self._check(m, core, expected, rule, is_learned)
        m.d.comb += [
            *(
                getattr(self, f"weights_after_{number}").eq(flat)
                for number, flat in enumerate(rule.after)
            ),
            self.done.eq(is_learned & (checks.decided == 1)),
            Assert(core.busy | is_learned | core.learned.valid | ~source.begun, "a busy Learner"),
        ]
        return m

    def _check(
        self, m: Module, core: Core, expected: Expected, rule: "_Rule", is_learned: Value
    ) -> None:
        """Compare the decision, and whether the image is learned."""
        payload, appears = core.decision.payload, Signal()
        waits = register(1, "decision_seen")
        m.d.sync += waits.eq(waits | core.decision.valid)
        m.d.comb += appears.eq(core.decision.valid & ~waits)
        bad_label = self.learn & (self.label >= self.layers[-1].n_out)
        checks = {
            **payload_checks(payload, expected),
            "only a label without a class is bad": payload.error == bad_label,
            "a label without a class": payload.causes.label == bad_label,
        }
        learned = core.learned
        m.d.comb += [
            *(Assert(~appears | right, what) for what, right in checks.items()),
            Assert(~learned.valid | ~is_learned, "an image is learned once"),
            Assert(~learned.valid | waits | core.decision.valid, "and decided before"),
            Assert(~learned.valid | (learned.updated == rule.updates), "whether it is learned"),
            *(Cover(learned.valid & (learned.updated == one), f"updated {one}") for one in (0, 1)),
        ]

    def _stored(self, number: int) -> list[list[Value]]:
        """The stored weights as a matrix of signed numbers; no pair of these layers is without."""
        layer = replace(self.layers[number], weight_bits=self.bits)
        matrix = layer.matrix(getattr(self, f"weights_{number}"))
        return [[weight for weight in row if weight is not None] for row in matrix]


def _wide(value: Value) -> Value:
    return Cat(value, Const(0, 8))


class _Rule:
    """Section 5, for an image: `updates`, and the weights `after` it, flat."""

    def __init__(
        self,
        harness: LearningHarness,
        definition: Definition,
        expected: Expected,
        stored: list[list[list[Value]]],
        used: list[list[list[Value]]],
    ) -> None:
        self._bits, self._stored, self._used = harness.bits, stored, used
        self._signal = definition.signal
        inputs, hidden = expected.spikes
        outputs = definition.fires(harness.layers[-1], used[-1], hidden)
        settings, deadline = harness.settings, harness.config.deadline
        zk, k, forced = expected.tick, expected.winner, expected.forced
        y, n_out = harness.label, harness.layers[-1].n_out

        # The margin, and who takes part.
        minimum = Mux(settings.margin_minimum < 2, 2, settings.margin_minimum)
        late = (zk - harness.unit) >> settings.margin_shift
        margin = self._signal(Mux(late > minimum, late, minimum), unsigned(9))
        end = self._signal(zk + margin, unsigned(10))  # the last tick of the margin
        within = Mux(end > deadline, deadline + 1, end)
        zc = self._signal(Mux(forced, deadline + 1, within), unsigned(10))
        plus = [self._signal(y == o, unsigned(1)) for o in range(n_out)]
        fired = [(outputs[o] != 0) & (outputs[o] <= end) & (y != o) for o in range(n_out)]
        minus = []
        for o in range(n_out):
            first = fired[o]
            for other in range(n_out):
                if other != o:
                    before = (
                        outputs[other] <= outputs[o] if other < o else (outputs[other] < outputs[o])
                    )
                    first &= ~(fired[other] & before)
            single = Mux(k == y, first, k == o)
            chosen = Mux(settings.every_competitor, fired[o], single)
            minus.append(self._signal(Mux(forced, (k == o) & (k != y), chosen), unsigned(1)))
        self.updates = self._signal(
            harness.learn & (y < n_out) & (forced | Cat(minus).any()), unsigned(1)
        )

        # The weights: rows in order, each if it is drawn.
        self._s = self._signal(
            Mux(settings.seed == 0, SEED_AFTER_RESET, settings.seed), unsigned(16)
        )
        took_part = [[(z != 0) & (z < zc) for z in layer] for layer in (inputs, hidden)]
        deltas = self._deltas(plus, minus, took_part[0], (zk << 1) < 5 * harness.unit, forced)
        last = self._change(
            1,
            took_part[1],
            settings.output_draw,
            1,
            [self._signal(plus[o] - minus[o], signed(2)) for o in range(n_out)],
        )
        first = self._change(
            0, took_part[0], settings.row_draw, settings.step + harness.mistake, deltas
        )
        self.after = [first, last]

    def _deltas(
        self,
        plus: Sequence[Value],
        minus: Sequence[Value],
        took_part: Sequence[Value],
        early: Value,
        forced: Value,
    ) -> list[Value]:
        """The correction of each hidden neuron: -1, 0 or 1."""
        signal_bits = []
        for h, row in enumerate(self._stored[1]):
            positive = [weight >= 0 for weight in row]
            p = sum((a & s) + (b & ~s) for a, b, s in zip(plus, minus, positive, strict=True))
            q = sum((a & ~s) + (b & s) for a, b, s in zip(plus, minus, positive, strict=True))
            B = sum(
                Mux(part, weights[h], 0)
                for part, weights in zip(took_part, self._used[0], strict=True)
            )
            equal = Mux(~forced & early, -1, 0)
            delta = Mux(p > q, 1, Mux(p < q, -1, equal))
            signal_bits.append(self._signal(Mux(B > 0, delta, 0), signed(2)))
        return signal_bits

    def _change(
        self,
        number: int,
        took_part: Sequence[Value],
        draw: Value,
        step: Value | int,
        change: Sequence[Value],
    ) -> Value:
        """Add `step` times `change` to the rows that took part and are drawn; saturating."""
        bits, after = self._bits, []
        low, high = -(1 << bits - 1), (1 << bits - 1) - 1
        for part, row in zip(took_part, self._stored[number], strict=True):
            goes = self._signal(part & self.updates, unsigned(1))
            drawn = self._draw(goes, draw)
            for weight, delta in zip(row, change, strict=True):
                total = self._signal(weight + step * delta, signed(bits + 6))
                limited = Mux(total > high, high, Mux(total < low, low, total))
                after.append(self._signal(Mux(goes & drawn, limited, weight), signed(bits)))
        return Cat(after)

    def _draw(self, goes: Value, j: Value) -> Value:
        """draw(2^-j), if `goes`: 16 steps of the generator, unless j is 0."""
        s = self._s
        for _ in range(16):
            s = self._signal((s >> 1) ^ Mux(s[0], 0xB400, 0), unsigned(16))
        low = self._signal(((1 << j) - 1), unsigned(16))
        self._s = self._signal(Mux(goes & (j != 0), s, self._s), unsigned(16))
        return (j == 0) | ((s & low) == 0)
