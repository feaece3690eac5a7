"""Tests that a later stage keeps, as a re-check of eligibility takes them into account; registered at start-up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from participants.models.participant import Sex
from participants.queries.course import Course
from screening.queries.evidence import Answer, EvidenceFile
from screening.rules.later_tests import POTENTIAL, TEST, LaterTest, answer_of, counts_beside, newest_test

# The course → the tests of that participant in the order they were recorded.
Source = Callable[[Course], Sequence[LaterTest]]
_sources: list[Source] = []


def register_later_tests(source: Source) -> None:
    """Ask `source` at every re-check; a stage registers in its apps.py."""
    if source not in _sources:
        _sources.append(source)


def with_later_tests(course: Course, file: EvidenceFile, day: date) -> EvidenceFile:
    """Return the file as it stands on `day` with the newest test of a later stage. One query; none for a man.

    The test takes the place of every answer up to its date. One that is not negative leaves the question open, whatever
    was documented about childbearing potential.
    """
    if course.participant.sex == Sex.MALE:
        return file
    test = newest_test([one for source in _sources for one in source(course)], day)
    if test is None:
        return file
    later = tuple(one for one in file.answers.get(TEST, ()) if counts_beside(one.entry, test))
    answer = answer_of(test)
    answers = {**file.answers, TEST: later}
    if answer is not None:
        answers[TEST] = (Answer(entry=answer, is_derived=True), *later)
    elif not later:
        answers.pop(POTENTIAL, None)
    return replace(file, answers={key: found for key, found in answers.items() if found})
