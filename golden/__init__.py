# SPDX-License-Identifier: BSD-2-Clause
"""The golden model: the neuron, its training, and the integer model that defines the hardware."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .encoding import encode, events
from .encodings.features import Features
from .encodings.samples import EncodingError
from .foreign.fields import NetworkError
from .integer import infer, potentials
from .network import Network
from .results import Difference, Results, differences
from .shipped import load_network, shipped
from .system.errors import FirstSpikeError

if TYPE_CHECKING:
    from .data.dataset import DataError, Dataset
    from .data.sets import bundled_test_set, load_dataset
    from .learning.learn import learn
    from .learning.rule import LearningError, Settings
    from .learning.state import LearningState
    from .learning.teaching import Teacher
    from .neuron import NeuronError, Spike, spike
    from .timing.folding import Folding
    from .timing.shape import CoreShape
    from .training.specification import Training
    from .training.trainer import Trainer

__all__ = [
    "CoreShape",
    "DataError",
    "Dataset",
    "Difference",
    "EncodingError",
    "Features",
    "FirstSpikeError",
    "Folding",
    "LearningError",
    "LearningState",
    "Network",
    "NetworkError",
    "NeuronError",
    "Results",
    "Settings",
    "Spike",
    "Teacher",
    "Trainer",
    "Training",
    "bundled_test_set",
    "differences",
    "encode",
    "events",
    "infer",
    "learn",
    "load_dataset",
    "load_network",
    "potentials",
    "shipped",
    "spike",
]

_LATER = {
    name: module
    for module, names in {
        ".data.dataset": ("DataError", "Dataset"),
        ".data.sets": ("bundled_test_set", "load_dataset"),
        ".learning.learn": ("learn",),
        ".learning.rule": ("LearningError", "Settings"),
        ".learning.state": ("LearningState",),
        ".learning.teaching": ("Teacher",),
        ".neuron": ("NeuronError", "Spike", "spike"),
        ".timing.folding": ("Folding",),
        ".timing.shape": ("CoreShape",),
        ".training.specification": ("Training",),
        ".training.trainer": ("Trainer",),
    }.items()
    for name in names
}
"""Names that are imported on first use, with their modules, so that commands start fast."""


def __getattr__(name: str) -> Any:
    """Import a name of `_LATER` on first use."""
    if name in _LATER:
        return getattr(import_module(_LATER[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
