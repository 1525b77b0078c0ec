"""What can learn: the golden model, or the hardware in simulation."""

from collections.abc import Callable

import numpy as np

from firstspike.golden import Learned, LearningState, Settings, learn

Learner = Callable[[LearningState, np.ndarray, np.ndarray, Settings, bool], Learned]
"""(state, ticks int32 [n, n_rows], labels int [n], settings, exact) -> what became of each image.

The state is brought up to date."""


class LearnerError(ValueError):
    """Something that a target cannot do; the message says what can."""


def rtl(
    state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings, exact: bool
) -> Learned:
    """Learn on the generated hardware, cycle by cycle, on Verilator."""
    raise LearnerError("the simulated hardware does not learn yet: use --target golden.")


LEARNERS: dict[str, Learner] = {"golden": learn, "rtl": rtl}

GRIDS = {"golden": 500, "rtl": 5000}
"""How many images are learned at once; between them there are progress and points of the curve."""
