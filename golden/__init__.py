"""What is true: the neuron, its training, and the integer model the hardware equals to the bit."""

from .data import DataError, Dataset, bundled_test_set, load_dataset
from .encoding import EncodingError, encode, events
from .integer import Inference, infer, potentials
from .network import Network, NetworkError, load_network, shipped

__all__ = [
    "DataError",
    "Dataset",
    "EncodingError",
    "Inference",
    "Network",
    "NetworkError",
    "bundled_test_set",
    "encode",
    "events",
    "infer",
    "load_dataset",
    "load_network",
    "potentials",
    "shipped",
]
