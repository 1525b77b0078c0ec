# SPDX-License-Identifier: BSD-2-Clause
"""The order in which images are learned: complete, new in each epoch, the same from anywhere."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstspike.golden import LearningError
from firstspike.golden.learning.course import Course, relabelled

pytestmark = pytest.mark.fast


def parts_of(course: Course, grid: int) -> list[range]:
    parts, done = [], 0
    while done < len(course):
        parts.append(course.part(done, grid))
        done = parts[-1].stop
    return parts


@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 30), st.sampled_from([8, 10]))
def test_parts_follow_one_another_with_one_setting_each(n_images, epochs, grid, stored_bits):
    course = Course(n_images, epochs, stored_bits)
    parts = parts_of(course, grid)
    assert [n for part in parts for n in part] == list(range(n_images * epochs))
    for part in parts:
        assert part.start // grid == (part.stop - 1) // grid
        assert part.start // n_images == (part.stop - 1) // n_images
        assert len({course.settings(n) for n in part}) == 1
    for one, other in itertools.pairwise(parts):
        new_settings = course.settings(one.start) != course.settings(other.start)
        assert new_settings or other.start % grid == 0 or other.start % n_images == 0


@given(st.integers(1, 30), st.integers(1, 30))
def test_every_epoch_has_every_image_and_no_grid_changes_the_order(n_images, grid):
    course = Course(n_images, 2, 8, seed=3, shift=1)
    pixels = np.arange(n_images * 9, dtype=np.uint16).reshape(n_images, 9)
    labels = np.arange(n_images)
    chosen = [course.images(part, pixels, labels) for part in parts_of(course, grid)]
    order = np.concatenate([called for _, called in chosen])
    for epoch in order.reshape(2, n_images):
        assert sorted(epoch) == labels.tolist()
    whole = [course.images(part, pixels, labels) for part in parts_of(course, n_images)]
    for which in (0, 1):
        one, other = (np.concatenate([part[which] for part in parts]) for parts in (chosen, whole))
        np.testing.assert_array_equal(one, other)


def test_an_epoch_is_drawn_as_the_design_says():
    """Section 5: the order of the images, and then how far each of them is moved."""
    labels = np.arange(11)
    pixels = np.random.default_rng(1).integers(0, 256, (11, 25), np.uint8)
    course = Course(11, 3, 8, seed=4, shift=2)
    for epoch in range(3):
        actual, called = course.images(range(11 * epoch, 11 * epoch + 11), pixels, labels)
        rng = np.random.default_rng([4, epoch])
        order = rng.permutation(11)
        assert called.tolist() == order.tolist()
        moves = rng.integers(-2, 2, (11, 2), endpoint=True)
        for image, label, (down, right) in zip(actual, order, moves.tolist(), strict=True):
            padded = np.pad(pixels[label].reshape(5, 5), 2)
            chosen = padded[2 - down : 7 - down, 2 - right : 7 - right]
            np.testing.assert_array_equal(image.reshape(5, 5), chosen)


def test_relabelled_classes_change_places():
    labels = np.array([3, 8, 1, 3])
    assert relabelled(labels, {3: 8, 8: 3}).tolist() == [8, 3, 1, 8]
    assert relabelled(labels, {}).tolist() == labels.tolist()


@pytest.mark.parametrize(
    "wrong", [{"n_images": 0}, {"epochs": 0}, {"seed": -1}, {"shift": -1}, {"epochs": 1.5}]
)
def test_a_course_is_checked(wrong):
    with pytest.raises(LearningError, match=next(iter(wrong))):
        Course(**{"n_images": 5, "epochs": 1, "stored_bits": 8} | wrong)
    with pytest.raises(LearningError, match="9 stored bits"):
        Course(5, 1, 9)
