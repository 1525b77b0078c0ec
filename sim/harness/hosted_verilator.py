# SPDX-License-Identifier: BSD-2-Clause
"""Runs Verilator models inside Python's own executable, because there may be no libpython.

cocotb puts Python into the simulation, for which it needs Python as a shared library. Debian's
python3 comes without one. But the executable holds all of Python and exports its symbols, so it
can be the host: the model is built as a shared library and preloaded into `python`, and the
simulation's main runs in the place of Python's. cocotb then finds Python already loaded, and
starts it as it always does.

        process `python`                     instead of   process `Vtop`
          libmodel: main, Verilator model                   main, Verilator model
          cocotb's VPI library                              cocotb's VPI library
          Python (the executable's own)                     libpython, loaded

Works with the C library of GNU, on Linux.
"""

import sys
from pathlib import Path

import cocotb_tools.config
from cocotb_tools.runner import Verilator

_HOST = Path(__file__).with_name("hosted_main.cpp")
_RENAMED_MAIN = "simulation_main"


class HostedVerilator(Verilator):
    """cocotb's runner for Verilator, with Python as the host of the model.

    `build` and `test` are those of `cocotb_tools.runner.Runner`.
    """

    def _set_env_common(self) -> None:
        self.env["GPI_USERS"] = cocotb_tools.config.pygpi_entry_point()  # and no libpython
        super()._set_env_common()

    def _build_command(self) -> list[list[str]]:
        verilate, *rest = super()._build_command()
        flags = ["-CFLAGS", f"-fPIC -Dmain={_RENAMED_MAIN}", "-LDFLAGS", "-shared"]
        return [[*verilate, *flags, str(_HOST)], *rest]

    def _test_command(self) -> list[list[str]]:
        (command,) = super()._test_command()
        model = self.build_dir / self.sim_hdl_toplevel
        # By a path without blanks and colons, which would part the list.
        (self.test_dir / "model").symlink_to(model)
        self.env["LD_PRELOAD"] = "./model"
        return [[sys.executable if word == str(model) else word for word in command]]
