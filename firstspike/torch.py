# SPDX-License-Identifier: BSD-2-Clause
"""First-spike networks in PyTorch: layers, losses, and the way to the integer network and back.

It needs PyTorch, which `pip install ".[torch]"` brings; nothing else of the package does.
"""

from .golden.torch.conversion import (
    ConversionError,
    Encoder,
    decide,
    from_network,
    quantise,
    to_network,
)
from .golden.torch.convolution import FirstSpikeConv1d, FirstSpikeConv2d
from .golden.torch.layer import FirstSpikeLinear
from .golden.torch.losses import first_spike_loss, margin_loss

__all__ = [
    "ConversionError",
    "Encoder",
    "FirstSpikeConv1d",
    "FirstSpikeConv2d",
    "FirstSpikeLinear",
    "decide",
    "first_spike_loss",
    "from_network",
    "margin_loss",
    "quantise",
    "to_network",
]
