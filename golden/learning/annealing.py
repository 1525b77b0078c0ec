"""Annealing: how the settings of the rule change in the course of a run."""

from .rule import LearningError, Settings

ANNEALING: dict[int, tuple[tuple[float, int, int, int], ...]] = {
    8: ((0.0, 2, 0, 1), (0.2, 1, 0, 2), (0.45, 1, 1, 3), (0.7, 1, 2, 4)),
    10: ((0.0, 4, 0, 0), (0.2, 2, 0, 1), (0.45, 1, 0, 2), (0.7, 1, 1, 3)),
}
"""By stored bits: (from this fraction of the run on, step, row_draw, output_draw)."""


def settings_at(stored_bits: int, n: int, N: int, every_competitor: bool = False) -> Settings:
    """Settings of image n, counted from 0, in a run of N images."""
    if stored_bits not in ANNEALING:
        raise LearningError(
            f"there is no annealing for {stored_bits} stored bits: "
            f"there is one for {' and for '.join(map(str, ANNEALING))}."
        )
    if not 0 <= n < N:
        raise LearningError(f"image {n} is not in a run of {N} images, counted from 0.")
    phase = [phase for phase in ANNEALING[stored_bits] if n / N >= phase[0]][-1]
    return Settings(*phase[1:], every_competitor=every_competitor)
