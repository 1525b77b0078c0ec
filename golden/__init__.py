"""What is true: the neuron, its training, and the integer model the hardware equals to the bit."""

from typing import TYPE_CHECKING, Any

from .data.sets import DataError, Dataset, bundled_test_set, load_dataset
from .encoding import EncodingError, encode, events
from .integer import Inference, infer, potentials
from .learning.learn import learn
from .learning.rule import Learned, LearningError, Settings
from .learning.state import LearningState
from .network import Network, NetworkError, load_network, shipped
from .neuron import NeuronError, Spike, spike
from .timing.folding import Folding

if TYPE_CHECKING:
    from .training.trainer import Trainer

__all__ = [
    "DataError",
    "Dataset",
    "EncodingError",
    "Folding",
    "Inference",
    "Learned",
    "LearningError",
    "LearningState",
    "Network",
    "NetworkError",
    "NeuronError",
    "Settings",
    "Spike",
    "Trainer",
    "bundled_test_set",
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


def __getattr__(name: str) -> Any:
    """Import `Trainer` when it is asked for: it needs numba, which takes a second to import."""
    if name == "Trainer":
        from .training.trainer import Trainer

        return Trainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
