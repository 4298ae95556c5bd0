from __future__ import annotations

import pytest

from facepatch.report.verdict import judge


def texts(data, level: str) -> list[str]:
    return [finding.text for finding in judge(data).findings if finding.level == level]


def test_a_take_that_passes_everything_is_good(data):
    verdict = judge(data)
    assert verdict.level == "good"
    assert texts(data, "good")[0] == "Mouth opening and brow height follow the performer."


@pytest.mark.parametrize(("r", "level"), [(0.95, "good"), (0.949, "look"), (0.61, "look"), (0.59, "redo")])
def test_the_worst_measure_decides(data, changed, r, level):
    rows = (changed(data.agreement[0], r_held_out=r), data.agreement[1])
    assert judge(changed(data, agreement=rows)).level == level


def test_the_finding_names_the_measure_and_both_numbers(data, changed):
    rows = (changed(data.agreement[0], r_held_out=0.9), data.agreement[1])
    assert texts(changed(data, agreement=rows), "look") == [
        "Mouth opening follows only partly (r = 0.900 on frames not trained on, 0.95 wanted)."
    ]


def test_training_frames_count_where_nothing_was_held_out(data, changed):
    rows = tuple(changed(row, r_held_out=None, r_train=0.5) for row in data.agreement)
    found = texts(changed(data, agreement=rows), "redo")
    assert found == [
        "Mouth opening does not follow the performer (r = 0.500 on the frames trained on, 0.95 wanted)."
    ]


def test_a_measure_without_a_number_is_to_be_looked_at(data, changed):
    rows = (changed(data.agreement[0], r_held_out=None, r_train=None), data.agreement[1])
    assert texts(changed(data, agreement=rows), "look") == ["Mouth opening could not be measured."]


def test_an_r_that_is_not_a_number_counts_as_not_measured(data, changed):
    rows = (changed(data.agreement[0], r_held_out=float("nan"), r_train=float("nan")), data.agreement[1])
    assert texts(changed(data, agreement=rows), "look") == ["Mouth opening could not be measured."]


@pytest.mark.parametrize(("share", "level"), [(0.9, "good"), (0.8, "look"), (0.3, "redo")])
def test_eyes_that_do_not_shut(data, changed, share, level):
    blinks = (changed(data.blinks[0], shut_share=share), data.blinks[1])
    assert judge(changed(data, blinks=blinks)).level == level


def test_eyes_that_do_not_open(data, changed):
    blinks = (changed(data.blinks[0], open_deviation=0.2), data.blinks[1])
    assert texts(changed(data, blinks=blinks), "look") == ["The open left eye is off its own opening by 20%."]


def test_a_performer_who_never_blinks_proves_nothing(data, changed):
    blinks = (changed(data.blinks[0], shut_frames=0, shut_share=None),)
    verdict = judge(changed(data, blinks=blinks))
    assert verdict.level == "good"
    assert any("never shuts the left eye" in finding.text for finding in verdict.findings)


@pytest.mark.parametrize(("lost", "level"), [(0, "good"), (12, "good"), (13, "look"), (241, "redo")])
def test_frames_without_a_face(data, changed, lost, level):
    assert judge(changed(data, no_face=tuple(range(lost)))).level == level


def test_a_motion_that_does_not_reach_the_performer(data, changed):
    row = changed(data.coverage[0], overlap=0.4, verdict="Add wide smiles.")
    assert texts(changed(data, coverage=(row,)), "look") == ["Mouth width: Add wide smiles."]


def test_trembling_is_said_with_its_place(data, changed):
    found = texts(changed(data, jitter=changed(data.jitter, percent=0.2)), "look")
    assert "trembles by 0.20 % of its face height (most at eye l upper mid)" in found[0]


def test_a_performer_who_is_never_still_says_nothing_of_trembling(data, changed):
    assert judge(changed(data, jitter=None)).level == "good"


def test_warnings_are_to_be_looked_at_and_the_worst_stands_first(data, changed):
    rows = (changed(data.agreement[0], r_held_out=0.1), data.agreement[1])
    verdict = judge(changed(data, agreement=rows, warnings=("The film is grey.",)))
    assert [finding.level for finding in verdict.findings][:2] == ["redo", "look"]
    assert verdict.findings[1].text == "The film is grey."
    assert verdict.headline.startswith("Do it again")
