# SPDX-License-Identifier: BSD-2-Clause
"""First-spike layers for PyTorch; `firstspike.torch` gives their names. Nothing else imports it."""
