# SPDX-License-Identifier: BSD-2-Clause
"""The weights of a network as the words of an image in flash (DESIGN, section 8)."""

from firstspike.golden.flash import WORD_BYTES, image_of
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.layer.words import chunks_of


def words_of(config: CoreConfig) -> int:
    """Return how many words of weights a core of this configuration reads."""
    return sum(layer.words * chunks_of(layer) for layer in config.layers)


def network_image(config: CoreConfig, network: Network, identity: bytes) -> bytes:
    """Return the image of a network for the design with this identity, whose core has `config`.

    A word is a chunk of the weight port, in the order in which the port takes them. Raises
    NetworkError where the core is not made for the network.
    """
    chunks = (data for _, _, data in weight_chunks(config, network))
    return image_of(identity, b"".join(data.to_bytes(WORD_BYTES, "big") for data in chunks))
