# SPDX-License-Identifier: BSD-2-Clause
"""The network in scikit-learn, NIR and PyTorch. Nothing else in golden imports these."""
