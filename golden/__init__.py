"""What is true: the neuron, its training, and the integer model the hardware equals to the bit."""

from .encoding import EncodingError, encode, events
from .integer import Inference, infer, potentials
from .network import Network, NetworkError, load_network, shipped

__all__ = [
    "EncodingError",
    "Inference",
    "Network",
    "NetworkError",
    "encode",
    "events",
    "infer",
    "load_network",
    "potentials",
    "shipped",
]
