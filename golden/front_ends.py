# SPDX-License-Identifier: BSD-2-Clause
"""The front end of a network, for callers that require one."""

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.front import FrontEnd

from .network import Network


def sound_of(network: Network) -> FrontEnd:
    """Return the front end for sound. Raises NetworkError for a network without one."""
    if network.sound is None:
        raise NetworkError(
            "the network does not listen to sound: train one on recordings, for example on "
            "spoken-digits"
        )
    return network.sound


def motion_of(network: Network) -> MotionFrontEnd:
    """Return the front end for motion. Raises NetworkError for a network without one."""
    if network.motion is None:
        raise NetworkError(
            "the network does not watch motion: train one as examples/gestures.py does"
        )
    return network.motion
