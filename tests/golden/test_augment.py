# SPDX-License-Identifier: BSD-2-Clause
"""Variations of training images: each bound is that of the movement that it names."""

from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import bundled_test_set
from firstspike.golden.training.augment import Augmentation

pytestmark = pytest.mark.fast

STILL = Augmentation(rotation=0, scale=0, shear=0, shift=0, elastic=0, brightness=0)
DIGITS = bundled_test_set()[0][2500:3000]
PLACE = np.mgrid[:28, :28].reshape(2, -1)
"""Row and column of each pixel, [2, 784]."""
CENTRE = 13.5


def sources(augmentation: Augmentation, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column [n, 784, 2] that each pixel of n variations shows, and the valid ones.

    Two images whose brightness rises evenly along the rows, and along the columns, tell both.
    """
    found = []
    for place in PLACE:
        images = np.repeat((30 + 7 * place).astype(np.uint8)[None], n, axis=0)
        rng = np.random.default_rng(1)
        varied = augmentation.apply(images, augmentation.fields(28, rng), rng)
        found.append(np.where(varied >= 30, (varied - 30.0) / 7, np.nan))
    where = np.stack(found, axis=-1)
    return where, np.isfinite(where).all(axis=-1)


def affine(augmentation: Augmentation) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix [n, 2, 2] and the movement of the centre [n, 2] of variations."""
    matrices = []
    ones = np.vstack([PLACE - CENTRE, np.ones(784)]).T
    for where, valid in zip(*sources(augmentation), strict=True):
        matrices.append(np.linalg.lstsq(ones[valid], where[valid] - CENTRE)[0].T)
    return np.array(matrices)[..., :2], np.array(matrices)[..., 2]


def check_fills(values: np.ndarray, bound: float) -> None:
    """Check that values [n] are evenly spread over -bound .. bound."""
    assert np.abs(values).max() == pytest.approx(bound, rel=0.03)
    assert np.abs(np.quantile(values, [0.25, 0.5, 0.75]) / bound - [-0.5, 0, 0.5]).max() < 0.15


def test_images_are_rotated_by_radians():
    matrices, moved = affine(replace(STILL, rotation=0.2))
    angle = np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2)
    np.testing.assert_allclose(matrices, turned, atol=5e-3)
    np.testing.assert_allclose(moved, 0, atol=0.05)
    check_fills(angle, 0.2)


def test_height_and_width_are_scaled_each_by_its_own_draw():
    matrices, moved = affine(replace(STILL, scale=0.2))
    np.testing.assert_allclose(matrices[:, [0, 1], [1, 0]], 0, atol=5e-3)
    np.testing.assert_allclose(moved, 0, atol=0.05)
    scales = matrices[:, [0, 1], [0, 1]].T - 1
    for one in scales:
        check_fills(one, 0.2)
    assert abs(np.corrcoef(scales)[0, 1]) < 0.15


def test_a_shear_moves_pixels_by_their_distance_from_the_centre():
    matrices, moved = affine(replace(STILL, shear=0.2))
    np.testing.assert_allclose(matrices[:, [0, 1, 1], [0, 0, 1]], [[1, 0, 1]] * 400, atol=5e-3)
    np.testing.assert_allclose(moved, 0, atol=0.05)
    check_fills(matrices[:, 0, 1], 0.2)


def test_shifts_are_pixels_down_and_across_each_by_its_own_draw():
    matrices, moved = affine(replace(STILL, shift=3.0))
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=5e-3)
    for one in moved.T:
        check_fills(one, 3.0)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.15


@pytest.mark.parametrize("smoothness", [2.0, 4.0])
def test_an_elastic_displacement_has_its_size_and_smoothness(smoothness):
    augmentation = replace(STILL, elastic=1.0, smoothness=smoothness)
    where, _ = sources(augmentation)
    moved = (where - PLACE.T).reshape(-1, 28, 28, 2)
    strength = np.sqrt(np.nanmean(np.square(moved))) * np.sqrt(3)  # of draws in 0..1
    assert strength == pytest.approx(1.4, rel=0.1)
    moved = moved[:, 8:20, 8:20]
    lag = int(smoothness)
    along = np.nanmean(moved[:, lag:] * moved[:, :-lag]) / np.nanmean(np.square(moved))
    assert along == pytest.approx(np.exp(-1 / 4), abs=0.07)  # of a Gaussian twice


def test_brightness_moves_the_threshold_of_a_pixel():
    """A pixel that was as bright as 1 + draw times 100 has 100."""
    images = np.full((400, 784), 100, np.uint8)
    bright, rng = replace(STILL, brightness=0.3), np.random.default_rng(1)
    varied = bright.apply(images, bright.fields(28, rng), rng)
    assert (varied == varied[:, :1]).all()
    check_fills(100 / varied[:, 0].astype(float) - 1, 0.3)


def test_augmentation_of_nothing_changes_nothing():
    rng = np.random.default_rng(0)
    assert STILL.apply(DIGITS, None, rng) is DIGITS
    images = rng.integers(0, 256, (400, 784)).astype(np.uint8)  # up to the edges, as clothes
    still = replace(STILL, brightness=1e-6)
    assert (still.apply(images, still.fields(28, rng), rng) == images).all()


def test_flips_invert_their_share_of_pixels():
    changed = replace(STILL, flip=0.03).apply(DIGITS, None, np.random.default_rng(0))
    inverted = changed != DIGITS
    assert (changed[inverted] == 255 - DIGITS[inverted]).all()
    assert inverted.mean() == pytest.approx(0.03, rel=0.05)


def test_a_share_of_the_images_is_varied():
    """The others stay whole."""
    augmentation = Augmentation(share=0.3)
    rng = np.random.default_rng(0)
    varied = augmentation.apply(DIGITS, augmentation.fields(28, rng), rng)
    changed = (varied != DIGITS).any(axis=1)
    assert changed.mean() == pytest.approx(0.3, abs=0.07)
