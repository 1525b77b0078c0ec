# SPDX-License-Identifier: BSD-2-Clause
"""Facts on families of FPGAs for boards: the PLL, and estimates for builds; one file per family.

`hdl/flow/devices.py` has the synthesis of each family.
"""
