import random

import pytest

from facepatch.training.verdict import LEAST, PATIENCE, best_of, noise, verdict, without_improvement


def rising(count, step=0.02, start=0.3):
    return [start + step * place for place in range(count)]


def test_of_equal_checks_the_later_is_the_best():
    assert best_of([0.1, 0.7, 0.7, 0.2]) == 2


def test_a_straight_course_has_no_noise_and_a_trembling_one_has_its_own():
    assert noise(rising(12)) == LEAST
    rng = random.Random(0)
    trembling = [value + rng.gauss(0, 0.05) for value in rising(40)]
    assert noise(trembling) == pytest.approx(0.05, rel=0.6)
    assert noise([0.1, 0.9, 0.1]) == LEAST  # too few to tell


def test_checks_without_improvement_are_counted_from_the_end():
    assert without_improvement([]) == 0
    assert without_improvement([0.5]) == 0
    assert without_improvement(rising(9)) == 0
    assert without_improvement([*rising(5), 0.38, 0.38, 0.37]) == 3


def test_many_small_steps_are_an_improvement():
    slow = rising(30, step=0.001)
    assert without_improvement(slow) < PATIENCE
    assert without_improvement([0.5] * 30) == 29


def test_a_rise_within_the_noise_is_none():
    rng = random.Random(1)
    settled = [*rising(6, 0.1), *(0.85 + rng.gauss(0, 0.03) for _ in range(14))]
    assert without_improvement(settled) >= PATIENCE


@pytest.mark.parametrize(
    ("qualities", "planned", "said"),
    [
        ([], 500, ""),
        (
            [0.5, 0.93, 0.9, 0.91],
            400,
            "Best after 200 of 400 iterations (quality .93); more training did not help",
        ),
        (
            [0.5, 0.93, 0.9],
            300,
            "Best after 200 of 300 iterations (quality .93); more training did not help after",
        ),
        (
            [0.5, 0.93, 0.929],
            300,
            "Best after 200 of 300 iterations (quality .93); it hardly changed after that.",
        ),
        ([0.5, 0.93, 0.9], 900, "quality .93); stopped after 300, since more training did not help."),
        (
            [0.5, 0.7, 0.8],
            300,
            "Best at the end, after 300 iterations (quality .80); more training may help.",
        ),
        (
            [0.5, *[0.8] * 7],
            800,
            "Best at the end, after 800 of 800 iterations (quality .80); since 200 it has hardly",
        ),
        (
            [0.5, 0.6, *[0.8] * 9],
            1200,
            "after 1,100 of 1,200 iterations (quality .80); since 300 it has hardly changed",
        ),
        ([0.999], 100, "(quality 1.00)"),
    ],
)
def test_what_came_of_it_is_said_in_a_sentence(qualities, planned, said):
    iterations = [100 * (place + 1) for place in range(len(qualities))]
    assert said in verdict(iterations, qualities, planned=planned)
