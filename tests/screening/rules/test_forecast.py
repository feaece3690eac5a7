"""What lapses before a planned day and what to repeat for it."""

from dataclasses import replace
from datetime import date, timedelta

from screening.rules.evidence import EvidenceRecord
from screening.rules.forecast import forecast
from tests.factories.evidence import eligible_anchors, eligible_record, entry, lab
from tests.screening.rules.desk import ON, VERSION
from trialsite.protocol.criteria import VerdictStatus
from trialsite.protocol.partial_dates import whole
from trialsite.protocol.types import Arm

ANCHORS = eligible_anchors(ON)
LEUKAPHERESIS, LYMPHODEPLETION, INFUSION = ON + timedelta(10), date(2026, 9, 20), date(2026, 9, 25)


def foreseen(planned, anchors=ANCHORS, **changes):
    return forecast(VERSION, eligible_record(ON, **changes), anchors, Arm.INTRAVENOUS, planned)


def test_the_forecasts_come_in_the_order_of_their_days():
    planned = {"infusion": INFUSION, "leukapheresis": LEUKAPHERESIS, "lymphodepletion": LYMPHODEPLETION}
    assert [(one.key, one.on) for one in foreseen(planned)] == [
        ("leukapheresis", LEUKAPHERESIS),
        ("lymphodepletion", LYMPHODEPLETION),
        ("infusion", INFUSION),
    ]


def test_of_the_same_day_they_come_by_name():
    assert [one.key for one in foreseen({"b": ON, "a": ON})] == ["a", "b"]


def test_by_leukapheresis_laboratory_results_have_lapsed():
    (found,) = foreseen({"leukapheresis": LEUKAPHERESIS})
    assert found.verdict.status is VerdictStatus.INCOMPLETE
    assert found.lapsing == ("I7", "I10.1", "I10.3", "I10.4", "I10.5", "I10.6", "E11")
    assert [one.item for one in found.repeats] == [
        "pregnancy_test", "wbc", "neut", "lym", "plat", "hgb", "creat", "alt", "ast", "bili", "spo2", "ecog",
    ]  # fmt: skip


def test_a_repeat_is_useful_from_so_many_days_before_the_planned_one():
    (found,) = foreseen({"leukapheresis": LEUKAPHERESIS})
    repeat = found.repeats[1]
    assert (repeat.item, repeat.criteria, repeat.last_on) == ("wbc", ("I10.1",), whole(ON))
    assert (repeat.earliest_on, repeat.by_on) == (LEUKAPHERESIS - timedelta(7), LEUKAPHERESIS)


def test_a_repeat_on_the_earliest_day_lasts_and_one_a_day_before_does_not():
    (found,) = foreseen({"leukapheresis": LEUKAPHERESIS})
    earliest = next(one.earliest_on for one in found.repeats if one.item == "ecog")
    for on, is_open in ((earliest, False), (earliest - timedelta(1), True)):
        both = (entry("ecog", 1, ON), entry("ecog", 1, on))
        (again,) = foreseen({"leukapheresis": LEUKAPHERESIS}, ecog=both)
        assert ("I7" in again.verdict.missing) is is_open


def test_before_lymphodepletion_only_what_is_looked_at_again_counts():
    (found,) = foreseen({"lymphodepletion": LYMPHODEPLETION})
    assert "I5" in found.lapsing
    assert "E10.HIV" not in found.lapsing
    assert found.repeats[1].item == "cea"


def test_before_infusion_blood_counts_are_not_repeated():
    (found,) = foreseen({"infusion": INFUSION})
    assert "plat" not in {one.item for one in found.repeats}
    assert "I10.1" not in found.lapsing


def test_what_was_never_answered_is_owed_but_does_not_lapse():
    (found,) = foreseen({"leukapheresis": ON}, ecog=None, unsuitable=None)
    assert found.lapsing == ()
    assert [(one.item, one.last_on, one.earliest_on) for one in found.repeats] == [
        ("ecog", None, ON - timedelta(7)),
        ("unsuitable", None, None),
    ]


def test_what_fails_now_does_not_lapse_either():
    (found,) = foreseen({"leukapheresis": ON}, ecog=3)
    assert (found.lapsing, found.repeats, found.verdict.failed) == ((), (), ("I7",))


def test_what_will_no_longer_hold_lapses_too():
    planned_vaccine = {"name": "yellow fever", "is_live": True, "given_on": whole(ON + timedelta(3))}
    (found,) = foreseen({"leukapheresis": ON + timedelta(5)}, vaccines=(planned_vaccine,))
    assert (found.lapsing, found.verdict.failed) == (("E3",), ("E3",))


def test_the_arm_counts_now_and_then():
    record = eligible_record(ON, effusion_cytology="negative")
    planned = {"leukapheresis": ON}
    (other_arm,) = forecast(VERSION, record, ANCHORS, Arm.INTRAVENOUS, planned)
    assert other_arm.verdict.status is VerdictStatus.ELIGIBLE
    (this_arm,) = forecast(VERSION, record, ANCHORS, Arm.INTRAPLEURAL, planned)
    assert (this_arm.verdict.failed, this_arm.lapsing) == (("I4",), ())
    in_days = {"leukapheresis": ON + timedelta(30)}
    (lapsed,) = forecast(VERSION, eligible_record(ON), ANCHORS, Arm.INTRAPLEURAL, in_days)
    assert "I4" in lapsed.lapsing


def test_a_recheck_is_foreseen_for_the_arm_and_with_the_date_of_consent():
    version = replace(
        VERSION, rechecks=tuple(replace(one, criteria=("I4", "I13")) for one in VERSION.rechecks)
    )
    record = eligible_record(ON, effusion_cytology="negative")
    (found,) = forecast(version, record, ANCHORS, Arm.INTRAPLEURAL, {"infusion": INFUSION})
    assert (found.verdict.failed, found.verdict.missing) == (("I4",), ())


def test_one_item_may_serve_several_criteria_and_is_named_once():
    record = EvidenceRecord()
    (found,) = forecast(VERSION, record, ANCHORS, None, {"leukapheresis": ON})
    items = [one.item for one in found.repeats]
    assert len(items) == len(set(items))


def test_from_enrolment_on_only_the_rechecks_need_anything():
    enrolled = eligible_anchors(ON, enrolment_on=ON + timedelta(2))
    before, after = foreseen({"leukapheresis": LEUKAPHERESIS, "infusion": INFUSION}, anchors=enrolled)
    assert before.verdict.status is VerdictStatus.ELIGIBLE
    assert after.verdict.status is VerdictStatus.INCOMPLETE


def test_a_result_of_the_planned_days_is_seen():
    late = entry("creat", lab("71", "µmol/L", upper="104"), ON + timedelta(9))
    (found,) = foreseen({"leukapheresis": LEUKAPHERESIS}, creat=late)
    assert "I10.3" not in found.verdict.missing
