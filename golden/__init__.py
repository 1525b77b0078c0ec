"""What is true: the neuron, its training, and the integer model the hardware equals to the bit."""

from .encoding import EncodingError, encode, events
from .network import Network, NetworkError, load_network, shipped

__all__ = [
    "EncodingError",
    "Network",
    "NetworkError",
    "encode",
    "events",
    "load_network",
    "shipped",
]
