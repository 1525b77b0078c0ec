# SPDX-License-Identifier: BSD-2-Clause
"""The network in scikit-learn, NIR and PyTorch. No other module of golden imports this package."""
