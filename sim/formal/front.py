# SPDX-License-Identifier: BSD-2-Clause
"""The content of the front of a core with overlapped images: images that have not started.

The front is everything from the encoder's buffers to the sums that the first layer gathers. An
image in it is at most one row of each bank, and behind the rows its end.
"""

from collections.abc import Iterator

from firstspike.hdl.core.config import CoreConfig

from .circuit import Circuit
from .stream import IMAGES
from .unroll import FALSE, TRUE, Formula, Frame

_ENCODER, _SEQUENCER, _LANES, _STORE = (
    f"core.{name}" for name in ("encoder", "layer_0.sequencer", "layer_0.lanes", "layer_0.store")
)


class Front:
    """Relates the words and times that a `StreamHarness` keeps to the front in one cycle.

    Raises ValueError for a core with several rows in a bank.
    """

    def __init__(
        self, config: CoreConfig, circuit: Circuit, formula: Formula, frame: Frame
    ) -> None:
        first = config.layers[0]
        if first.folding.rows != first.folding.n_in:
            raise ValueError(f"an image of {first.folding.n_in} rows needs as many banks.")
        self._first, self._circuit = first, circuit
        self._formula, self._frame = formula, frame
        self._rows = range(first.folding.rows)
        #: The number of images in flight is k, for each k.
        in_flight = self._literals("in_flight")
        self._in_flight = [self._formula.equals(in_flight, k) for k in range(IMAGES + 1)]
        #: A decision waits; and the oldest image has started.
        self._waits = self._literal("core.decision__valid")
        operation = f"{_SEQUENCER}.operation"
        differs = formula.differ(
            self._literal(f"{operation}.image"), self._literal("core.decided_image")
        )
        self._undecided = formula.both(differs, self._literal(f"{operation}.start") ^ 1)
        self._has_started = formula.either(self._undecided, self._waits)

    def broken(self) -> dict[str, int]:
        """Return the literals that say what is wrong, by name; the relation holds if none is."""
        formula = self._formula
        kept = [self._literals(f"harness_word_{k}") for k in range(IMAGES)]
        first, *others = self._without_oldest(kept, self._has_started)
        counts = self._counts(self._has_started)
        (first_left, *left), broken = self._left(counts)
        for k, (word, rows) in enumerate(zip(others, left, strict=True), 1):
            exists = formula.any_of(counts[k + 1 :])
            differ = formula.any_of(map(formula.differ, word, rows))
            broken.append(formula.both(exists, differ))
        mine = [formula.both(word, counts[0] ^ 1) for word in first]
        broken += [formula.both(row, one ^ 1) for row, one in zip(first_left, mine, strict=True)]
        gathered = [formula.both(one, row ^ 1) for row, one in zip(first_left, mine, strict=True)]
        parts = {
            "images": broken,
            "count of rows": self._count(gathered),
            "sums": self._sums(gathered),
            "slopes": self._slopes(kept[0]),
            "causes": self._causes(),
            "times": self._times(),
        }
        return {name: formula.any_of(literals) for name, literals in parts.items()}

    def _without_oldest(self, numbers: list[list[int]], condition: int) -> list[list[int]]:
        """Return the numbers of the images in flight, with `condition` without the oldest one."""
        none = [[FALSE] * len(numbers[0])]
        return [
            [self._formula.choose(condition, a, b) for a, b in zip(younger, one, strict=True)]
            for younger, one in zip([*numbers[1:], *none], numbers, strict=True)
        ]

    def _counts(self, condition: int) -> list[int]:
        """Return whether k images are in flight for each k, with `condition` beside the oldest."""
        literals = [[one] for one in self._in_flight]
        return [one for (one,) in self._without_oldest(literals, condition)]

    def _literals(self, name: str) -> list[int]:
        return [self._frame(literal) for literal in self._circuit.signals[name]]

    def _literal(self, name: str) -> int:
        (literal,) = self._literals(name)
        return literal

    def _left(self, counts: list[int]) -> tuple[list[list[int]], list[int]]:
        """Return the rows of each image that have not reached the lanes, and what is wrong."""
        formula, broken = self._formula, []
        left = [[FALSE for _ in self._rows] for _ in range(IMAGES)]
        at = [TRUE, *(FALSE for _ in range(IMAGES))]  # the image that comes next is number k
        for rows, end in self._entries():
            for k, of_image in enumerate(left):
                for row in self._rows:
                    here = formula.both(at[k], rows[row])
                    broken.append(formula.both(here, of_image[row]))
                    of_image[row] = formula.either(here, of_image[row])
            broken.append(formula.both(at[-1], end))
            at = [
                formula.choose(end, before, one)
                for before, one in zip([FALSE, *at], at, strict=False)
            ]
        broken += [formula.differ(one, count) for one, count in zip(at, counts, strict=True)]
        return left, broken

    def _entries(self) -> Iterator[tuple[list[int], int]]:
        """Yield the rows in each place of the front and whether an image ends there.

        The oldest place comes first.
        """
        both = self._formula.both
        for stage in (f"{_SEQUENCER}.o", "core.ingress.o", f"{_ENCODER}.events"):
            valid = self._literal(f"{stage}__valid")
            _, is_end = self._literals(f"{stage}__payload.kind")
            spikes = both(valid, is_end ^ 1)
            rows = [
                both(spikes, self._literal(f"{stage}__payload.banks.{bank}.present"))
                for bank in self._rows
            ]
            yield rows, both(valid, is_end)
        held = [self._literal(f"{_ENCODER}.held_{bank}") for bank in self._rows]
        bits = [self._literals(f"{_ENCODER}.bits_{bank}")[0] for bank in self._rows]
        yield list(map(both, held, bits)), held[0]
        buffers = [f"{_ENCODER}.waiting_{bank}" for bank in self._rows]
        addresses = [self._literal(f"{one}.read__addr") for one in buffers]
        for level, flip in (((1, 2), 0), ((2,), 1)):
            waits = self._formula.any_of(
                self._formula.equals(self._literals(f"{buffers[0]}.level"), one) for one in level
            )
            entries = [[self._literals(f"{one}.memory[{k}]")[0] for k in (0, 1)] for one in buffers]
            rows = [
                both(waits, self._formula.choose(address ^ flip, *reversed(entry)))
                for address, entry in zip(addresses, entries, strict=True)
            ]
            yield rows, waits

    def _count(self, gathered: list[int]) -> Iterator[int]:
        """Compare the count of rows with those that have reached the lanes."""
        total = self._sum([[row, FALSE] for row in gathered])
        yield from map(self._formula.differ, self._literals(f"{_SEQUENCER}.count"), total)

    def _sums(self, gathered: list[int]) -> Iterator[int]:
        """Compare what is gathered with the weights of the rows that have reached the lanes."""
        formula = self._formula
        valid = self._literal(f"{_STORE}.loaded_0")
        # A start separates the rows of two images.
        starts = formula.both(valid, self._literal(f"{_LANES}.ahead__operation.start"))
        fresh = formula.either(starts, self._literal(f"{_LANES}.starts_0"))
        adds, asks = formula.both(self._literal(f"{_LANES}.adds_0"), starts ^ 1), []
        row_of = self._literals(f"{_LANES}.ahead__operation.row")
        for bank in self._rows:
            asks.append(formula.both(valid, row_of[bank]))
            copied = formula.differ(self._literal(f"{_STORE}.asked_{bank}_0"), row_of[bank])
            yield formula.both(valid, copied)
        bits = self._first.stored_bits
        for lane, stored in enumerate(self._weights()):
            word = slice(lane * bits, (lane + 1) * bits)
            found = [self._literals(f"{_STORE}.q_{bank}_0")[word] for bank in self._rows]
            sums = [
                self._literals(f"{_LANES}.gathered[{lane}]"),
                self._literals(f"{_LANES}.added[{lane}]"),
            ]
            parts = [
                *self._chosen([fresh ^ 1] * 2, sums),
                *self._chosen([fresh], [self._threshold]),
                *self._chosen([adds] * len(found), found),
                *self._chosen(asks, stored),
            ]
            yield from map(formula.differ, self._sum(parts), self._slope(gathered, stored))

    def _slopes(self, word: list[int]) -> Iterator[int]:
        """Compare S of each lane with the weights of the image that has started."""
        formula = self._formula
        for lane, stored in enumerate(self._weights()):
            S = self._literals(f"{_LANES}.S_{lane}")
            ahead = self._literal(f"{_LANES}.ahead__operation.start")
            ahead = formula.both(ahead, self._literal(f"{_STORE}.loaded_0"))
            starts = formula.either(ahead, self._literal(f"{_LANES}.starts_0"))
            differ = formula.any_of(map(formula.differ, S, self._slope(word, stored)))
            yield formula.both(formula.both(self._undecided, starts ^ 1), differ)

    def _weights(self) -> list[list[list[int]]]:
        """Return lane by lane the weights of the rows."""
        bits, lanes = self._first.stored_bits, range(self._first.folding.lanes)
        weights = self._literals("weights_0")
        return [
            [weights[(row * len(lanes) + lane) * bits :][:bits] for row in self._rows]
            for lane in lanes
        ]

    @property
    def _threshold(self) -> list[int]:
        """The literals of -threshold."""
        return [-self._first.threshold >> bit & 1 for bit in range(self._first.widths.S)]

    def _slope(self, rows: list[int], weights: list[list[int]]) -> list[int]:
        """Return S of a lane once these rows have been added."""
        return self._sum([self._threshold, *self._chosen(rows, weights)])

    def _chosen(self, conditions: list[int], numbers: list[list[int]]) -> list[list[int]]:
        return [
            [self._formula.both(condition, bit) for bit in number]
            for condition, number in zip(conditions, numbers, strict=True)
        ]

    def _sum(self, numbers: list[list[int]]) -> list[int]:
        """Return the sum of signed numbers, as wide as S."""
        formula, total = self._formula, [FALSE] * self._first.widths.S
        for number in numbers:
            carry, before = FALSE, total
            total = []
            for a, b in zip(before, [*number, *[number[-1]] * len(before)], strict=False):
                differ = formula.differ(a, b)
                total.append(formula.differ(differ, carry))
                carry = formula.either(formula.both(a, b), formula.both(differ, carry))
        return total

    def _causes(self) -> Iterator[int]:
        """No event of the front is bad."""
        both, any_of = self._formula.both, self._formula.any_of
        yield both(
            self._literal("core.ingress.inside"), any_of(self._literals("core.ingress.causes"))
        )
        for stage in (f"{_SEQUENCER}.o", "core.ingress.o"):
            causes = self._literals(f"{stage}__payload.context.causes")
            yield both(self._literal(f"{stage}__valid"), any_of(causes))
        for bank in self._rows:
            banks = f"{_ENCODER}.events__payload.banks.{bank}"
            yield both(self._literal(f"{banks}.present"), any_of(self._literals(f"{banks}.index")))

    def _times(self) -> Iterator[int]:
        """Compare the times of the images that are not decided with those that the core keeps."""
        formula = self._formula
        yield from map(
            formula.differ, self._literals("core.cycle_counter.now"), self._literals("harness_time")
        )
        starts = [self._literals(f"harness_start_{k}") for k in range(IMAGES)]
        *starts, _ = self._without_oldest(starts, self._waits)
        counts = self._counts(self._waits)
        kept = [
            self._literals(f"core.cycle_counter.start_cycle_{number}")
            for number in range(len(starts))
        ]
        first = self._literals("core.cycle_counter.first")
        for k, start in enumerate(starts):
            exists = formula.any_of(counts[k + 1 :])
            for number, begun in enumerate(kept):
                selected = formula.both(
                    exists, self._formula.equals(first, (number - k) % len(kept))
                )
                differ = formula.any_of(map(formula.differ, start, begun))
                yield formula.both(selected, differ)
        yield counts[IMAGES]
