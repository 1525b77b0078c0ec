# SPDX-License-Identifier: BSD-2-Clause
"""A spiking network that decides with its first output spike: golden model, hardware, boards.

The packages are folders of the checkout's top level, to which this one links.
"""

from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it; to import typing would delay the command

if TYPE_CHECKING:
    from typing import Any

    from .golden.data.dataset import DataError
    from .golden.data.sets import load_dataset
    from .golden.encoding import encode
    from .golden.encodings.samples import EncodingError
    from .golden.foreign.fields import NetworkError
    from .golden.integer import infer
    from .golden.network import Network
    from .golden.shipped import load_network
    from .golden.system.errors import FirstSpikeError
    from .golden.system.extras import MissingPackageError
    from .golden.training.estimator import FirstSpikeClassifier
    from .golden.training.specification import Training, TrainingError
    from .golden.training.trainer import Trainer
    from .scripts.library import build, verilog
    from .scripts.targets.comparison import compare

__all__ = [
    "DataError",
    "EncodingError",
    "FirstSpikeClassifier",
    "FirstSpikeError",
    "MissingPackageError",
    "Network",
    "NetworkError",
    "Trainer",
    "Training",
    "TrainingError",
    "build",
    "compare",
    "encode",
    "infer",
    "load_dataset",
    "load_network",
    "verilog",
]

_MODULES = {
    "DataError": ".golden.data.dataset",
    "EncodingError": ".golden.encodings.samples",
    "FirstSpikeClassifier": ".golden.training.estimator",
    "FirstSpikeError": ".golden.system.errors",
    "MissingPackageError": ".golden.system.extras",
    "Network": ".golden.network",
    "NetworkError": ".golden.foreign.fields",
    "Trainer": ".golden.training.trainer",
    "Training": ".golden.training.specification",
    "TrainingError": ".golden.training.specification",
    "build": ".scripts.library",
    "compare": ".scripts.targets.comparison",
    "encode": ".golden.encoding",
    "infer": ".golden.integer",
    "load_dataset": ".golden.data.sets",
    "load_network": ".golden.shipped",
    "verilog": ".scripts.library",
}
"""The module of each name, imported when the name is first used: `import firstspike` is fast."""


def __getattr__(name: str) -> "Any":
    """Import what is in `_MODULES`."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, also those that are not imported yet."""
    return sorted({*globals(), *__all__})
