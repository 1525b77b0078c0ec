# SPDX-License-Identifier: BSD-2-Clause
"""The room `nir` converts networks to NIR graphs and back (docs/nir/nir.md).

There are three forms of a graph of ours, and graphs of other tools. The package nir is optional;
it is imported only when a graph is written.
"""

NEEDS = ()
EXTRAS = {"nir": ("h5py", "nir")}
