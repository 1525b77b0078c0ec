# SPDX-License-Identifier: BSD-2-Clause
"""First-spike layers for PyTorch; `firstspike.torch` lists the public names."""
