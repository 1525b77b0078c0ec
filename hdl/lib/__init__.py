# SPDX-License-Identifier: BSD-2-Clause
"""General-purpose blocks and expressions, independent of neural networks and reusable elsewhere."""
