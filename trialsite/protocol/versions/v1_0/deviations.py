"""What version 1.0 calls a protocol deviation: every rule, with its default importance. Source: clinical rules 5.3.

The record states no such list: all rules are assumed and the sponsor confirms them. A rule is found by its id, which
says where it looks: `WINDOW-`, `ROUND-`, `TEST-`, `SAFETY-`, `RECONSENT-` at what was due; `ORDER-`, `CONSENT-` at the
journey; `GATE-<act>-<check>` at an act whose gate did not pass; `PROHIBITED-` at medication; the rest at other records.
"""

from trialsite.protocol.types import (
    Act,
    Category,
    DeviationRule,
    EventKind,
    LooksAt,
    ObligationKind,
    Source,
)
from trialsite.protocol.versions.v1_0.adverse_events import PROHIBITED_MEDICATIONS

# What is done to a participant's body on the way to the cells.
_TREATMENT = frozenset({Act.LEUKAPHERESIS, Act.LYMPHODEPLETION, Act.INFUSE})

_KEEPS_SCHEDULE = "Visits and procedures are done within the windows of the schedule."
_IN_ORDER = "The steps of the trial are taken in the order of the protocol."
_CONSENT_FIRST = "No procedure of the trial is done before informed consent is signed."
_CURRENT_CONSENT = (
    "Participants sign the approved version of the consent form that is in force at their site."
)
_RECONSENT = "A new version that affects participants is signed before the next procedure of the trial."
_ELIGIBLE = "Only participants who meet every inclusion and no exclusion criterion are enrolled; there are no waivers."
_STILL_ELIGIBLE = "The criteria that protect the participant are checked again shortly before treatment."
_PRODUCT = "Only a released product that is in specification, in date and kept as required is used."
_DOSE_LEVEL = "Participants receive the product by the route of their arm and in the dose of their level."
_COHORT = "Participants are dosed within an open cohort, with the distance in time that the cohort requires."
_CONDITIONING = "Lymphodepletion is given in the doses and at the distances the protocol states."
_READY = (
    "Before an infusion two persons compare the identity, and nothing on the list of stop checks is present."
)
_MEDICATION = "Medication on the list of the protocol is not given during the period stated there."
_SAFETY = "Serious and special events are reported within the limits of the protocol, counted from awareness."
_ENDING = "Participation is ended as the protocol describes, and not before its conditions are met."


def _rule(
    rule_id: str,
    category: Category,
    looks_at: LooksAt,
    about: str,
    title: str,
    basis: str,
    *,
    is_important: bool = False,
    holds: frozenset[Act] = frozenset(),
) -> DeviationRule:
    return DeviationRule(
        id=rule_id,
        revision=1,
        category=category,
        is_important=is_important,
        looks_at=looks_at,
        about=about,
        title=title,
        basis=basis,
        source=Source.ASSUMED,
        holds=holds,
    )


def _due(
    rule_id: str,
    category: Category,
    kind: ObligationKind,
    title: str,
    basis: str,
    *,
    is_important: bool = False,
) -> DeviationRule:
    return _rule(rule_id, category, LooksAt.OBLIGATION, kind.value, title, basis, is_important=is_important)


def _gate(
    act: Act, code: str, category: Category, title: str, basis: str, holds: frozenset[Act] = frozenset()
) -> DeviationRule:
    """An act that took place although its gate did not pass: always important."""
    rule_id = f"GATE-{act.value}-{code}"
    return _rule(rule_id, category, LooksAt.ACT, act.value, title, basis, is_important=True, holds=holds)


_DUE = (
    _due(
        "WINDOW-EARLY",
        Category.VISIT_WINDOW,
        ObligationKind.VISIT,
        "A visit or procedure was done before its window",
        _KEEPS_SCHEDULE,
    ),
    _due(
        "WINDOW-LATE",
        Category.VISIT_WINDOW,
        ObligationKind.VISIT,
        "A visit or procedure was done after its window",
        _KEEPS_SCHEDULE,
    ),
    _due(
        "WINDOW-MISSED",
        Category.PROCEDURE,
        ObligationKind.VISIT,
        "A visit or procedure was not done",
        _KEEPS_SCHEDULE,
    ),
    _due(
        "WINDOW-MISSED-KEY",
        Category.PROCEDURE,
        ObligationKind.VISIT,
        "A visit or procedure that safety or efficacy is judged by was not done",
        _KEEPS_SCHEDULE,
        is_important=True,
    ),
    _due(
        "TEST-MISSED",
        Category.PROCEDURE,
        ObligationKind.TEST,
        "A confidential test of the schedule was not done",
        "Confidential tests are done on the days of the schedule.",
    ),
    _due(
        "TEST-MISSED-AGAIN",
        Category.PROCEDURE,
        ObligationKind.TEST,
        "Two confidential tests in a row were not done",
        "Confidential tests are done on the days of the schedule.",
        is_important=True,
    ),
    _due(
        "ROUND-MISSED",
        Category.PROCEDURE,
        ObligationKind.ROUND,
        "A round at the bedside was not done",
        "Vital signs and toxicity are assessed at the bedside at the stated intervals.",
    ),
    _due(
        "ROUND-MISSED-KEY",
        Category.PROCEDURE,
        ObligationKind.ROUND,
        "Vital signs of the day of infusion were not taken",
        "Vital signs and toxicity are assessed at the bedside at the stated intervals.",
        is_important=True,
    ),
    _due(
        "SAFETY-LATE",
        Category.SAFETY_REPORTING,
        ObligationKind.CLOCK,
        "A safety report was not sent in time",
        _SAFETY,
        is_important=True,
    ),
    _due(
        "RECONSENT-LATE",
        Category.CONSENT,
        ObligationKind.RECONSENT,
        "A new version of the consent form was not signed in time",
        _RECONSENT,
        is_important=True,
    ),
)

# What of the journey can come out of order, and whether that is important: what is done to the participant is.
_ORDERED = {
    EventKind.REFERRED: False,
    EventKind.REFERRAL_CLOSED: False,
    EventKind.CONSENTED: False,
    EventKind.SCREENING_STARTED: True,
    EventKind.ELIGIBILITY_CONFIRMED: True,
    EventKind.SCREEN_FAILED: False,
    EventKind.ENROLLED: True,
    EventKind.SLOT_TAKEN: False,
    EventKind.LEUKAPHERESIS_PERFORMED: True,
    EventKind.MANUFACTURING_STARTED: False,
    EventKind.PRODUCT_RELEASED: False,
    EventKind.PRODUCT_FAILED: False,
    EventKind.INFUSION_PLANNED: False,
    EventKind.ELIGIBILITY_RECHECKED: False,
    EventKind.LYMPHODEPLETION_DOSE_GIVEN: True,
    EventKind.INFUSED: True,
    EventKind.INFUSION_ENDED: False,
    EventKind.ROUND_RECORDED: False,
    EventKind.VISIT_PERFORMED: True,
    EventKind.FOLLOW_UP_STARTED: False,
    EventKind.PROGRESSED: False,
    EventKind.TRANSFERRED: False,
    EventKind.NEW_THERAPY_STARTED: False,
    EventKind.DLT_REPORTED: False,
    EventKind.WITHDRAWN_FROM_TREATMENT: False,
    EventKind.WITHDRAWN_FROM_VISITS: False,
    EventKind.WITHDRAWN_FROM_DATA_USE: False,
    EventKind.LOST_TO_FOLLOW_UP: False,
    EventKind.COMPLETED: False,
    EventKind.DIED: False,
}

_JOURNEY = (
    _rule(
        "CONSENT-BEFORE-PROCEDURE",
        Category.CONSENT,
        LooksAt.EVENT,
        "",
        "A procedure of the trial was done before consent",
        _CONSENT_FIRST,
        is_important=True,
        holds=_TREATMENT,
    ),
    *(
        _rule(
            f"ORDER-{kind.value}",
            Category.PROCEDURE,
            LooksAt.EVENT,
            kind.value,
            f"Out of order: {kind.value.replace('_', ' ')}",
            _IN_ORDER,
            is_important=is_important,
        )
        for kind, is_important in _ORDERED.items()
    ),
)

# A re-consent owed holds what is done to the participant; that it was done all the same departs from it.
_HELD = tuple(
    _gate(act, "held-reconsent", Category.CONSENT, f"{words} while a new consent was owed", _RECONSENT)
    for act, words in {
        Act.START_SCREENING: "Screening began",
        Act.ENROL: "Enrolled",
        Act.LEUKAPHERESIS: "Leukapheresis was done",
        Act.PLAN_INFUSION: "An infusion was planned",
        Act.LYMPHODEPLETION: "Lymphodepletion was given",
        Act.INFUSE: "Infused",
        Act.VISIT: "A visit was done",
    }.items()
)
_HELD_BY_DEVIATION = tuple(
    _gate(
        act,
        "held-deviation",
        Category.OTHER,
        f"{words} before a deviation that holds it was assessed",
        "What a deviation puts in question waits until it has been assessed.",
    )
    for act, words in {
        Act.ENROL: "Enrolled",
        Act.LEUKAPHERESIS: "Leukapheresis was done",
        Act.LYMPHODEPLETION: "Lymphodepletion was given",
        Act.INFUSE: "Infused",
    }.items()
)

_SCREENING = (
    _gate(
        Act.START_SCREENING,
        "consented",
        Category.CONSENT,
        "Screening began without consent on record",
        _CONSENT_FIRST,
    ),
    _gate(
        Act.START_SCREENING,
        "icf-approved",
        Category.CONSENT,
        "A consent form was signed that was not approved at the site",
        _CURRENT_CONSENT,
        frozenset({Act.ENROL}),
    ),
    _gate(
        Act.START_SCREENING,
        "icf-current",
        Category.CONSENT,
        "An outdated version of the consent form was signed",
        _CURRENT_CONSENT,
        frozenset({Act.ENROL}),
    ),
    _gate(
        Act.ENROL,
        "eligible",
        Category.ELIGIBILITY,
        "Enrolled while ineligible, or with criteria not decided",
        _ELIGIBLE,
        _TREATMENT,
    ),
    _gate(
        Act.ENROL,
        "confirmed",
        Category.ELIGIBILITY,
        "Enrolled before an investigator had confirmed eligibility",
        _ELIGIBLE,
    ),
    _gate(
        Act.ENROL,
        "places",
        Category.ELIGIBILITY,
        "Enrolled although all planned places were taken",
        "The trial enrols the planned number of participants.",
    ),
)

_RELEASE = tuple(
    _gate(Act.RELEASE_PRODUCT, code, Category.PRODUCT, title, _PRODUCT)
    for code, title in {
        "specification": "A product out of specification was released without a disposition",
        "excursion": "A product was released before a temperature excursion was decided",
        "tests": "A product was released before every release test was decided",
        "sponsor": "A product was released under exception without the agreement of the sponsor",
        "ethics": "A product was released under exception before the ethics committee was informed",
        "participant-informed": "A product was released under exception before the participant was informed",
        "dose-recalculated": "A product was released under exception without counting the dose anew",
    }.items()
)

# The rungs about product and cohort are the same before the first dose of lymphodepletion and before the infusion.
_PRODUCT_AND_COHORT = tuple(
    _gate(act, code, Category.PRODUCT, f"{words} {title}", basis)
    for act, words in {
        Act.PLAN_INFUSION: "An infusion was planned",
        Act.LYMPHODEPLETION: "Lymphodepletion was given",
        Act.INFUSE: "Infused",
    }.items()
    for code, title, basis in (
        ("released", "without a released product", _PRODUCT),
        ("expiry", "with a product that had expired or would have", _PRODUCT),
        ("excursion", "before a temperature excursion was decided", _PRODUCT),
        ("cohort-slot", "without a slot of a dose cohort", _COHORT),
        ("cohort-hold", "while the cohort was on hold", _COHORT),
        ("cohort-stagger", "too close to another infusion of the cohort", _COHORT),
    )
)

_LYMPHODEPLETION = (
    _gate(
        Act.LYMPHODEPLETION,
        "recheck",
        Category.ELIGIBILITY,
        "Lymphodepletion was given without a re-check of eligibility that passed",
        _STILL_ELIGIBLE,
    ),
    _gate(
        Act.LYMPHODEPLETION,
        "confidential-test",
        Category.PROCEDURE,
        "Lymphodepletion was given without the confidential test that clears it",
        _STILL_ELIGIBLE,
    ),
    _gate(
        Act.LYMPHODEPLETION,
        "bridging",
        Category.MEDICATION,
        "Lymphodepletion was given too soon after bridging",
        _CONDITIONING,
    ),
    *(
        _gate(Act.LYMPHODEPLETION, code, Category.PROCEDURE, title, _CONDITIONING)
        for code, title in {
            "dose-flu": "Fludarabine was ordered outside its range",
            "dose-cy": "Cyclophosphamide was ordered outside its range",
            "given-flu": "Fludarabine was given otherwise than planned",
            "given-cy": "Cyclophosphamide was given otherwise than planned",
            "weight": "Lymphodepletion was counted on a weight that was not recent",
        }.items()
    ),
)

_INFUSION = (
    _gate(
        Act.INFUSE, "route", Category.PRODUCT, "Infused by another route than that of the arm", _DOSE_LEVEL
    ),
    _gate(
        Act.INFUSE, "dose", Category.PRODUCT, "Infused in a dose outside the range of the level", _DOSE_LEVEL
    ),
    _gate(Act.INFUSE, "thaw", Category.PRODUCT, "Infused too late after thaw", _PRODUCT),
    _gate(
        Act.INFUSE,
        "lymphodepletion",
        Category.PROCEDURE,
        "Infused without lymphodepletion, or too soon after it",
        _CONDITIONING,
    ),
    _gate(
        Act.INFUSE,
        "recheck",
        Category.ELIGIBILITY,
        "Infused without a re-check of eligibility that passed",
        _STILL_ELIGIBLE,
    ),
    _gate(
        Act.INFUSE,
        "consent",
        Category.CONSENT,
        "Infused without consent in force",
        _CONSENT_FIRST,
        frozenset({Act.LYMPHODEPLETION, Act.INFUSE}),
    ),
    _gate(
        Act.INFUSE,
        "identity",
        Category.PRODUCT,
        "Infused before two persons had compared wristband and bag",
        _READY,
        frozenset({Act.INFUSE}),
    ),
    _gate(Act.INFUSE, "weight", Category.PRODUCT, "Infused on a weight that was not recent", _DOSE_LEVEL),
    _gate(Act.INFUSE, "premedication", Category.MEDICATION, "Infused soon after a steroid", _MEDICATION),
    *(
        _gate(
            Act.INFUSE,
            f"stop-{code}",
            Category.PROCEDURE,
            f"Infused, stop check not cleared: {title}",
            _READY,
        )
        for code, title in {
            "infection": "active infection",
            "oxygen": "new oxygen need",
            "arrhythmia": "new arrhythmia",
            "fever": "fever",
            "organ": "organ function",
        }.items()
    ),
)

_ENDINGS = (
    _gate(
        Act.VISIT,
        "contact-attempts",
        Category.DISCONTINUATION,
        "Declared lost to follow-up with too few attempts to reach the participant",
        _ENDING,
    ),
    _gate(
        Act.VISIT, "open-visits", Category.PROCEDURE, "Completed while visits or reports were open", _ENDING
    ),
    _gate(Act.VISIT, "year-over", Category.PROCEDURE, "Completed before the year was over", _ENDING),
    _gate(Act.VISIT, "last-visit", Category.PROCEDURE, "Completed before the last visit on record", _ENDING),
)

_RECORDS = (
    *(
        _rule(
            f"PROHIBITED-{drug.id}",
            Category.MEDICATION,
            LooksAt.MEDICATION,
            drug.id,
            f"Prohibited medication: {drug.title}",
            _MEDICATION,
            is_important=True,
        )
        for drug in PROHIBITED_MEDICATIONS
    ),
    _rule(
        "PROCEDURE-NOT-DONE",
        Category.PROCEDURE,
        LooksAt.ANSWER,
        "",
        "A procedure of a visit was not done",
        "What the schedule lists for a visit is done at the visit.",
    ),
    _rule(
        "NOTICE-LATE",
        Category.OTHER,
        LooksAt.DEVIATION,
        "",
        "An important deviation was not reported in time to sponsor and ethics committee",
        "Important deviations go to sponsor and ethics committee promptly.",
    ),
    _rule(
        "MANUAL",
        Category.OTHER,
        LooksAt.PERSON,
        "",
        "A person noticed it",
        "Whatever departs from the design or the procedures of the approved protocol is recorded.",
    ),
)

DEVIATION_RULES = (
    *_DUE,
    *_JOURNEY,
    *_HELD,
    *_HELD_BY_DEVIATION,
    *_SCREENING,
    *_RELEASE,
    *_PRODUCT_AND_COHORT,
    *_LYMPHODEPLETION,
    *_INFUSION,
    *_ENDINGS,
    *_RECORDS,
)
