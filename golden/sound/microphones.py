# SPDX-License-Identifier: BSD-2-Clause
"""The kinds of microphones by their names in options."""

from .i2s import I2sMicrophone
from .microphone import Microphone
from .pdm import PdmMicrophone

MICROPHONES: dict[str, type[Microphone]] = {"pdm": PdmMicrophone, "i2s": I2sMicrophone}
