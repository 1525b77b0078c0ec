# SPDX-License-Identifier: BSD-2-Clause
"""What every bench needs: compiled simulations, streams with back-pressure, checked sinks."""
