# SPDX-License-Identifier: BSD-2-Clause
"""A spiking network that decides with its first output spike: golden model, hardware, boards.

The packages are folders of the checkout's top level, to which this one links.
"""

from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it; to import typing would delay the command

if TYPE_CHECKING:
    from typing import Any

    from .golden.encoding import encode
    from .golden.frameworks.estimator import FirstSpikeClassifier
    from .golden.integer import infer
    from .golden.network import Network
    from .golden.networks.shipped import load_network
    from .golden.system.errors import FirstSpikeError
    from .scripts.targets.comparison import compare

__all__ = [
    "FirstSpikeClassifier",
    "FirstSpikeError",
    "Network",
    "compare",
    "encode",
    "infer",
    "load_network",
]

_WHERE = {
    "FirstSpikeClassifier": ".golden.frameworks.estimator",
    "FirstSpikeError": ".golden.system.errors",
    "Network": ".golden.network",
    "compare": ".scripts.targets.comparison",
    "encode": ".golden.encoding",
    "infer": ".golden.integer",
    "load_network": ".golden.networks.shipped",
}
"""All of it is imported when it is asked for: who wants a part need not wait for the rest."""


def __getattr__(name: str) -> "Any":
    """Import what is in `_WHERE`."""
    if name in _WHERE:
        return getattr(import_module(_WHERE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
