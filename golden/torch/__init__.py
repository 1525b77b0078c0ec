# SPDX-License-Identifier: BSD-2-Clause
"""The room `torch`: first-spike layers for PyTorch; `firstspike.torch` lists the public names."""

NEEDS = ()
EXTRAS = {"torch": ("torch",)}
