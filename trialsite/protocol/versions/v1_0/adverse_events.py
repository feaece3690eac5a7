"""What is asked about adverse events, which are of special interest, how long they are collected, and which
medication is prohibited. The record states none of it: all assumed.
"""

from decimal import Decimal

from trialsite.protocol.types import (
    CollectionPeriod,
    Concerns,
    DltExemption,
    EventKind,
    Offset,
    ProhibitedMedication,
    SafetyTask,
    Source,
    SpecialInterest,
)


def _task(
    task_id: str, titles: tuple[str, str], days: int, note: str, *, is_repeated: bool = False
) -> SafetyTask:
    return SafetyTask(
        id=task_id,
        title=titles[0],
        title_zh=titles[1],
        days=days,
        is_repeated=is_repeated,
        source=Source.ASSUMED,
        note=note,
    )


SAFETY_TASKS = (
    _task(
        "T-SERIOUS",
        ("Judge whether the event is serious", "判断该事件是否严重"),
        1,
        "Asked when CRS or ICANS reaches a grade of special interest. Grade and seriousness are independent.",
    ),
    _task(
        "T-DLT",
        ("Judge whether the toxicity limits the dose", "判断该毒性是否为剂量限制性"),
        3,
        "For each related event of grade 3 and more that began within the window.",
    ),
    _task(
        "T-SAE-FU",
        ("Follow-up report on a serious adverse event", "严重不良事件随访报告"),
        7,
        "Asked every seven days until the event is resolved.",
        is_repeated=True,
    ),
    _task(
        "T-CONF-OUT",
        ("Confidential case: record the outcome", "保密病例：记录结局"),
        300,
        "Due 28 days after the expected date where one is given.",
    ),
    _task(
        "T-CONF-CHILD",
        ("Confidential case: follow-up at 12 months", "保密病例：12个月随访"),
        366,
        "Twelve calendar months after the outcome.",
    ),
)


def _interest(interest_id: str, syndrome: str, lowest_grade: int, title: str) -> SpecialInterest:
    return SpecialInterest(
        id=interest_id,
        syndrome=syndrome,
        lowest_grade=lowest_grade,
        title=title,
        source=Source.ASSUMED,
    )


SPECIAL_INTERESTS = (
    _interest("AESI-CRS", "crs", 3, "Cytokine release syndrome of grade 3 and more"),
    _interest("AESI-ICANS", "icans", 3, "ICANS of grade 3 and more"),
    _interest("AESI-IEC-HS", "iec_hs", 1, "IEC-HS of any grade"),
    _interest("AESI-2ND", "second_malignancy", 1, "Second malignancy of any grade"),
)


DLT_EXEMPTIONS = (
    DltExemption(
        id="DLT-EXEMPT-LYMPH",
        terms=(
            "lymphopenia",
            "lymphocytopenia",
            "lymphocyte count decreased",
            "cd4 lymphocytes decreased",
        ),
        title="Lymphopenia after lymphodepletion is the expected state",
        source=Source.ASSUMED,
    ),
)


def _collected(
    period_id: str, concerns: Concerns, begins_with: EventKind, until: Offset | None, title: str
) -> CollectionPeriod:
    return CollectionPeriod(
        id=period_id,
        concerns=concerns,
        begins_with=begins_with,
        until=until,
        title=title,
        source=Source.ASSUMED,
    )


_FROM_CONDITIONING = EventKind.LYMPHODEPLETION_DOSE_GIVEN
COLLECTION_PERIODS = (
    _collected(
        "AE-ANY",
        Concerns.ANY,
        _FROM_CONDITIONING,
        Offset(months=3),
        "All adverse events, from lymphodepletion to month 3",
    ),
    _collected(
        "AE-PROC",
        Concerns.PROCEDURE,
        EventKind.CONSENTED,
        Offset(months=3),
        "Events related to a procedure of the trial, from consent",
    ),
    _collected(
        "AE-SERIOUS", Concerns.SERIOUS, EventKind.CONSENTED, Offset(months=12), "Serious events, to month 12"
    ),
    _collected(
        "AE-RELATED",
        Concerns.RELATED_SERIOUS,
        EventKind.CONSENTED,
        None,
        "Serious events related to the treatment, without end",
    ),
    _collected(
        "AE-2ND",
        Concerns.SECOND_MALIGNANCY,
        EventKind.CONSENTED,
        None,
        "Second malignancies, without end",
    ),
)


def _prohibited(
    drug_id: str,
    medication_class: str,
    title: str,
    *,
    until: Offset | None,
    begins_with: EventKind = EventKind.ENROLLED,
    above_prednisone_mg: Decimal | None = None,
    is_free_as_rescue: bool = False,
    note: str = "",
) -> ProhibitedMedication:
    return ProhibitedMedication(
        id=drug_id,
        medication_class=medication_class,
        begins_with=begins_with,
        until=until,
        title=title,
        source=Source.ASSUMED,
        above_prednisone_mg=above_prednisone_mg,
        is_free_as_rescue=is_free_as_rescue,
        note=note,
    )


PROHIBITED_MEDICATIONS = (
    _prohibited(
        "M-LIVE-VACCINE",
        "live_vaccine",
        "Live attenuated vaccine",
        until=Offset(months=12),
        begins_with=EventKind.SCREENING_STARTED,
        note="Inactivated and mRNA vaccines do not count.",
    ),
    _prohibited(
        "M-ANTICANCER",
        "anticancer",
        "Other systemic anticancer drug",
        until=Offset(months=12),
        begins_with=EventKind.LEUKAPHERESIS_PERFORMED,
        note="Lymphodepletion of the trial is no concomitant medication; bridging before it is recorded there.",
    ),
    _prohibited(
        "M-STEROID",
        "corticosteroid",
        "Systemic corticosteroid above 10 mg prednisone-equivalent a day",
        until=Offset(days=28),
        begins_with=EventKind.LEUKAPHERESIS_PERFORMED,
        above_prednisone_mg=Decimal(10),
        is_free_as_rescue=True,
        note="Free as rescue of an open CRS or ICANS.",
    ),
    _prohibited(
        "M-IMMUNOSUPPRESSANT",
        "immunosuppressant",
        "Other systemic immunosuppressant",
        until=Offset(days=28),
        begins_with=EventKind.LEUKAPHERESIS_PERFORMED,
        is_free_as_rescue=True,
    ),
    _prohibited(
        "M-INVESTIGATIONAL",
        "investigational",
        "Investigational drug of another trial",
        until=Offset(months=12),
        begins_with=EventKind.CONSENTED,
    ),
)
