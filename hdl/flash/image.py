# SPDX-License-Identifier: BSD-2-Clause
"""Conversion of a network's weights to a flash image (DESIGN, section 8)."""

from firstspike.golden.flash import WORD_BYTES, image_of
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.layer.words import chunks_of


def words_of(config: CoreConfig, first_layer: int = 0) -> int:
    """Return the number of weight words in the flash image for a core of this configuration.

    The image has the weights from `first_layer` on.
    """
    return sum(layer.words * chunks_of(layer) for layer in config.layers[first_layer:])


def network_image(config: CoreConfig, network: Network, identity: bytes) -> bytes:
    """Return the flash image of `network` for the design with this identity and core `config`.

    Each word of the image is a chunk of the weight port, in the order of the port. Raises
    NetworkError if the core does not fit the network.
    """
    chunks = (data for _, _, data in weight_chunks(config, network))
    return image_of(identity, b"".join(data.to_bytes(WORD_BYTES, "big") for data in chunks))
