"""Random variations of grey-level training images: geometry, elastic warps, brightness, flips."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be varied; every draw is uniform within its bound."""

    #: largest rotation either way, radians
    rotation: float = 0.17
    #: largest relative change of width and of height
    scale: float = 0.12
    #: largest shear, pixels a pixel
    shear: float = 0.12
    #: largest shift in each direction, pixels
    shift: float = 1.0
    #: root mean square of the elastic displacement at its strongest is 1.4 times this, pixels
    elastic: float = 0.7
    #: smoothness of the elastic displacement (sigma of its Gaussian), pixels
    smoothness: float = 4.0
    #: largest relative change of brightness; it moves the threshold of a binary encoding
    brightness: float = 0.25
    #: whether half of the images are mirrored left to right
    mirror: bool = False
    #: probability that a pixel is inverted, independently of all others
    flip: float = 0.0

    @property
    def geometric(self) -> bool:
        """Whether anything but `flip` is in use, which needs square images."""
        affine = (self.rotation, self.scale, self.shear, self.shift)
        return any((*affine, self.elastic, self.brightness, self.mirror))

    def fields(self, side: int, rng: np.random.Generator, count: int = 400) -> np.ndarray:
        """Elastic displacement fields float32[count, side, side, 2] of unit root mean square."""
        noise = rng.uniform(-1, 1, (count, side, side, 2))
        smooth = gaussian_filter(noise, (0, self.smoothness, self.smoothness, 0), mode="constant")
        return (smooth / np.sqrt((smooth**2).mean())).astype(np.float32)

    def apply(
        self, images: np.ndarray, fields: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Vary images uint8[n, n_inputs]; `fields` may be None if nothing geometric is in use."""
        n = len(images)
        if self.geometric:
            side = math.isqrt(images.shape[1])
            square = images.reshape(n, side, side)
            if self.mirror:
                square = np.where(rng.random((n, 1, 1)) < 0.5, square[:, :, ::-1], square)
            affine = [self.rotation, self.scale, self.scale, self.shear, self.shift, self.shift]
            bounds = [*affine, self.brightness, 1.4 * self.elastic]
            draws = rng.uniform(-1, 1, (n, 8)).astype(np.float32) * np.float32(bounds)
            which = rng.integers(len(fields), size=n)
            varied = np.empty_like(images)
            _warp(square, draws, fields, which, varied)
            images = varied
        if self.flip:
            flipped = rng.random(images.shape, np.float32) < self.flip
            images = np.where(flipped, 255 - images, images)
        return images


@njit(cache=True, fastmath=True)
def _warp(images, draws, fields, which, out):
    """Affine map plus elastic field, bilinear, dark outside; fills out uint8[n, side * side]."""
    side = images.shape[1]
    centre = np.float32((side - 1) / 2)
    one = np.float32(1)
    for k in range(images.shape[0]):
        image = images[k]
        angle, scale_x, scale_y, shear, shift_x, shift_y, brightness, elastic = draws[k]
        field = fields[which[k]]
        cos, sin = np.cos(angle), np.sin(angle)
        m00, m01 = cos * (one + scale_y), -sin * (one + scale_x) + shear * cos * (one + scale_y)
        m10, m11 = sin * (one + scale_y), cos * (one + scale_x) + shear * sin * (one + scale_y)
        gain = one / (one + brightness)
        for row in range(side):
            for column in range(side):
                dy, dx = row - centre, column - centre
                y = m00 * dy + m01 * dx + centre + shift_y + elastic * field[row, column, 0]
                x = m10 * dy + m11 * dx + centre + shift_x + elastic * field[row, column, 1]
                value = np.float32(0)
                if y >= 0 and x >= 0 and y <= side - 1 and x <= side - 1:
                    i, j = int(y), int(x)
                    fy, fx = y - np.float32(i), x - np.float32(j)
                    down, right = min(i + 1, side - 1), min(j + 1, side - 1)
                    above = image[i, j] * (one - fx) + image[i, right] * fx
                    below = image[down, j] * (one - fx) + image[down, right] * fx
                    value = (above * (one - fy) + below * fy) * gain
                out[k, row * side + column] = np.uint8(min(value + np.float32(0.5), 255))
