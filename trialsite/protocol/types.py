"""The vocabulary of the engine: what a protocol version says, what happened, what is due.

Pure: frozen values only, standard library only. Instants (`_at`) are aware; civil dates (`_on`)
are dates at the site.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum


class Source(StrEnum):
    """Where a protocol item comes from. Every screen that shows an assumed item says so."""

    SEED = "seed"  # the public registry record
    ASSUMED = "assumed"  # a labelled default that the sponsor must confirm
    AMENDMENT = "amendment"


class Arm(StrEnum):
    INTRAVENOUS = "intravenous"
    INTRAPLEURAL = "intrapleural"


class Epoch(StrEnum):
    """SDTM EPOCH, in the order of the trial."""

    SCREENING = "screening"
    TREATMENT = "treatment"
    FOLLOW_UP = "follow_up"
    LONG_TERM_FOLLOW_UP = "long_term_follow_up"


class EventKind(StrEnum):
    """What can happen to a participant. Stages record these; everything due follows from them."""

    REFERRED = "referred"
    REFERRAL_CLOSED = "referral_closed"
    CONSENTED = "consented"  # item: ICF version
    SCREENING_STARTED = "screening_started"
    ELIGIBILITY_CONFIRMED = "eligibility_confirmed"
    SCREEN_FAILED = "screen_failed"
    ENROLLED = "enrolled"
    SLOT_TAKEN = "slot_taken"  # item: dose level; ref: the slot
    SLOT_FREED = "slot_freed"  # item: dose level; ref: the slot
    LEUKAPHERESIS_PERFORMED = "leukapheresis_performed"
    MANUFACTURING_STARTED = "manufacturing_started"
    PRODUCT_RELEASED = "product_released"
    PRODUCT_FAILED = "product_failed"
    INFUSION_PLANNED = "infusion_planned"  # facts: planned_on
    ELIGIBILITY_RECHECKED = "eligibility_rechecked"  # item: T-RECHECK-LD#1 …; facts: verdict
    LYMPHODEPLETION_DOSE_GIVEN = "lymphodepletion_dose_given"  # item: V-LD1 …
    INFUSED = "infused"
    INFUSION_ENDED = "infusion_ended"  # ref: the infusion
    ROUND_RECORDED = "round_recorded"  # a bedside monitoring round; facts: covers, crs, icans
    VISIT_PERFORMED = "visit_performed"  # item: obligation key, V-D28#1
    FOLLOW_UP_STARTED = "follow_up_started"  # first visit after close monitoring
    PROGRESSED = "progressed"
    TRANSFERRED = "transferred"  # to another site; facts: from_site, to_site, from_zone, to_zone
    NEW_THERAPY_STARTED = "new_therapy_started"  # a new anticancer therapy; ref: its record
    SAFETY_EVENT_AWARE = "safety_event_aware"  # item: clock id; ref: the adverse event
    SAFETY_REPORT_SENT = "safety_report_sent"  # item: clock id; ref: the adverse event
    SAFETY_TASK_OWED = "safety_task_owed"  # item: task id; ref: the case; facts: due_on, where not counted
    SAFETY_TASK_DONE = "safety_task_done"  # item: task id; ref: the record that did it; facts: case
    SAFETY_CASE_CLOSED = "safety_case_closed"  # ref: the case; nothing is asked about it any more
    TEST_NEED_STATED = "test_need_stated"  # facts: is_needed, yes or no; ref: the record that says so
    TEST_ASKED = "test_asked"  # on suspicion; ref: the record
    TEST_DONE = "test_done"  # item: obligation key K-D28#1, or "" for the window it lies in; ref: the result
    CONTACT_REFUSED = "contact_refused"  # no reminders about contraception any more; the period runs on
    DLT_REPORTED = "dlt_reported"
    WITHDRAWN_FROM_TREATMENT = "withdrawn_from_treatment"
    WITHDRAWN_FROM_VISITS = "withdrawn_from_visits"
    WITHDRAWN_FROM_DATA_USE = "withdrawn_from_data_use"
    LOST_TO_FOLLOW_UP = "lost_to_follow_up"
    COMPLETED = "completed"
    DIED = "died"


class Act(StrEnum):
    """Future acts that a gate or an open re-consent may hold."""

    START_SCREENING = "start_screening"
    ENROL = "enrol"
    OPEN_COHORT = "open_cohort"
    LEUKAPHERESIS = "leukapheresis"
    RELEASE_PRODUCT = "release_product"
    PLAN_INFUSION = "plan_infusion"
    LYMPHODEPLETION = "lymphodepletion"
    INFUSE = "infuse"
    VISIT = "visit"


class Category(StrEnum):
    """What kind of departure. Source: clinical rules 5.3."""

    CONSENT = "consent"
    ELIGIBILITY = "eligibility"
    PRODUCT = "investigational_product"
    MEDICATION = "prohibited_medication"
    PROCEDURE = "procedure"
    VISIT_WINDOW = "visit_window"
    SAFETY_REPORTING = "safety_reporting"
    DISCONTINUATION = "discontinuation"
    PRIVACY = "privacy"
    OTHER = "other"


class LooksAt(StrEnum):
    """What a deviation rule judges."""

    OBLIGATION = "obligation"  # something due: its state. about: the kind of obligation
    EVENT = "event"  # something that happened: its place on the journey. about: the kind of event
    ACT = "act"  # an act whose gate did not pass. about: the act
    MEDICATION = "medication"  # a concomitant medication. about: the item of the list of prohibited ones
    ANSWER = "answer"  # what was done at a visit. about: ""
    DEVIATION = "deviation"  # another deviation: how it is dealt with. about: ""
    PERSON = "person"  # nothing: a person noticed it. about: ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRule:
    """One thing that the protocol calls a departure. Source: clinical rules 5.3.

    revision: of the rule itself, from 1; a revised rule is another item of an amendment under the same id.
    is_important: the default, before anybody has assessed it (ICH E3). basis: the sentence of the protocol that is
    departed from. applies_from: what occurred before that civil date of the site is no departure by this rule; None = it
    came with the first version.
    holds: acts that wait until somebody has assessed the deviation.
    """

    id: str
    revision: int
    category: Category
    is_important: bool
    looks_at: LooksAt
    about: str
    title: str
    basis: str
    source: Source
    applies_from: date | None = None
    holds: frozenset[Act] = frozenset()


class ObligationKind(StrEnum):
    VISIT = "visit"  # an encounter of the schedule
    PROCEDURE = "procedure"  # leukapheresis, lymphodepletion dose, infusion
    TASK = "task"  # something staff owe: decide, enrol, plan, close
    CLOCK = "clock"  # elapsed time from awareness; stops only on filed evidence
    RECONSENT = "reconsent"
    ROUND = "round"  # a bedside monitoring round around an infusion
    TEST = "test"  # a confidential test of the schedule; its title names no condition
    SAFETY_TASK = "safety_task"  # what the investigator owes about a case: a judgement, a follow-up
    PERIOD = "period"  # a span that simply runs: contraception, DLT observation


class DueState(StrEnum):
    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    MISSED = "missed"
    DONE_EARLY = "done_early"
    DONE = "done"
    DONE_LATE = "done_late"
    NOT_REQUIRED = "not_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """Distance from an anchor date: calendar months (clamped to month end) or exact days."""

    months: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWindow:
    """Civil dates, both ends included."""

    first: date
    target: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as the engine sees it. at: aware instant. on: site-local date."""

    kind: EventKind
    at: datetime
    on: date
    item: str = ""
    ref: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IcfActivation:
    """An ICF version put in force at the participant's site."""

    version: str
    is_substantive: bool
    activated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What `plan` needs beyond the events: the site's zone, the assigned arm, the site's ICF versions.

    evidence_lapses_on: first site-local day on which evidence of eligibility no longer holds; None = none does.
    rounds_begin_at: since when the site logs bedside rounds here. An infusion begun before owes none, its rounds stand
    in the records of the ward; None = from the beginning.
    """

    site_zone: str
    arm: Arm | None = None
    icf_activations: tuple[IcfActivation, ...] = ()
    evidence_lapses_on: date | None = None
    rounds_begin_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Something that is due, by when, and what fulfilled it.

    key: stable within the participant, `V-D28#1` = item and occurrence of its anchor.
    opens_at/closes_at: instants, start included, close excluded; closes_at None = open-ended.
    opens_on/target_on/closes_on: civil dates at the site, both ends included.
    missed_at: from here an undone obligation is missed; None = it stays overdue.
    ended_at: death, withdrawal or a new anchor made it unnecessary from here on.
    """

    key: str
    item_id: str
    kind: ObligationKind
    title: str
    opens_at: datetime
    opens_on: date
    target_on: date
    closes_at: datetime | None
    closes_on: date | None
    source: Source
    version: str
    epoch: Epoch
    ladder: str
    missed_at: datetime | None = None
    fulfilled_at: datetime | None = None
    fulfilled_on: date | None = None
    fulfilled_ref: str = ""
    ended_at: datetime | None = None
    ended_reason: str = ""
    is_important: bool = False
    is_protocol_window: bool = True
    holds: frozenset[Act] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledItem:
    """One row of the schedule: anchored to an event, with a window and what fulfils it.

    lower_days/upper_days: the window reaches from target − lower to target + upper, inclusive.
    fulfilled_by: event kinds; for VISIT_PERFORMED and LYMPHODEPLETION_DOSE_GIVEN the event's item
    must name this obligation. ends_with: events after which it is no longer owed.
    procedures: ids of what is done there, in this order. arms: empty = all arms.
    """

    id: str
    kind: ObligationKind
    title: str
    title_zh: str
    epoch: Epoch
    anchor: EventKind
    offset: Offset
    lower_days: int
    upper_days: int
    fulfilled_by: frozenset[EventKind]
    ends_with: frozenset[EventKind]
    source: Source
    ladder: str
    note: str = ""
    procedures: tuple[str, ...] = ()
    arms: frozenset[Arm] = frozenset()
    is_important: bool = False
    is_protocol_window: bool = True  # False: an in-house date; leaving it is no deviation
    missed_after_days: int | None = None  # no next visit: missed this many days after the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One thing that is done at visits; which visits, the rows of the schedule say.

    arms: empty = all arms. applies_to: to whom, in words; "" = everybody. ends_with: events after which it is no
    longer done (the reduced schedule). is_owed_elsewhere: an obligation of its own watches it, so that a visit
    without it is no second deviation.
    """

    id: str
    title: str
    title_zh: str
    source: Source
    applies_to: str = ""
    arms: frozenset[Arm] = frozenset()
    ends_with: frozenset[EventKind] = frozenset()
    is_owed_elsewhere: bool = False


class Assessed(StrEnum):
    """What a bedside round covers. An event says so in its facts: `covers`, joined by commas."""

    VITAL_SIGNS = "vital_signs"
    CRS = "crs"
    ICE = "ice"
    CHEST_IMAGE = "chest_image"
    SYMPTOMS = "symptoms"  # chest pain and dyspnoea
    DRAINED_VOLUME = "drained_volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A part of the civil day at the site: opens included, closes excluded; closes None = midnight."""

    opens: time
    target: time
    closes: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringRow:
    """One phase of the bedside monitoring around an infusion, and what each of its rounds assesses.

    anchor: INFUSED counts from the start; INFUSION_ENDED from the end, or from the start while no end is
    known; ROUND_RECORDED from each round that finds a raised grade. Without a slot: rounds first_minutes to
    last_minutes after the anchor, both included, every interval_minutes (0 = one round), each window from
    lower_minutes before to upper_minutes after. With a slot: one round on each civil day from first_day to
    last_day after the infusion. is_while_running: only rounds before the end of the infusion, if it is known.
    arms: routes actually used; empty = all. is_important: a round missed on day 0 is an important deviation.
    """

    id: str
    title: str
    title_zh: str
    anchor: EventKind
    assessed: frozenset[Assessed]
    source: Source
    first_minutes: int = 0
    last_minutes: int = 0
    interval_minutes: int = 0
    lower_minutes: int = 0
    upper_minutes: int = 0
    first_day: int = 0
    last_day: int = 0
    slot: Slot | None = None
    is_while_running: bool = False
    missed_after_minutes: int = 60  # time to write up what was done
    arms: frozenset[Arm] = frozenset()
    is_important: bool = False
    ladder: str = "none"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDefinition:
    """A reporting clock: elapsed hours from awareness, weekends included. Source: clinical section 5.1."""

    id: str
    title: str
    title_zh: str
    hours: int
    source: Source
    note: str = ""
    ladder: str = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyTask:
    """What is owed about one case: within `days` of the day it arose, both included; no deviation if late.

    is_repeated: owed again `days` after each time it was done, until the case is closed.
    """

    id: str
    title: str
    title_zh: str
    days: int
    is_repeated: bool
    source: Source
    note: str = ""
    ladder: str = "safety"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTest:
    """A test that women of childbearing potential owe. Ids and titles stand in mail and on lists: they name nothing.

    Anchor, offset and window as in ScheduledItem. before_item: once that procedure was done, the window is counted
    back from its day instead (V-LD1, the first lymphodepletion dose). is_for_all: owed whatever was stated about
    the need, because somebody asked for it. missed_after_days None: missed when the next test of the series opens.
    """

    id: str
    title: str
    title_zh: str
    epoch: Epoch
    anchor: EventKind
    offset: Offset
    lower_days: int
    upper_days: int
    ends_with: frozenset[EventKind]
    source: Source
    before_item: str = ""
    is_for_all: bool = False
    is_protocol_window: bool = True  # False: another rule judges it, a criterion or a gate
    missed_after_days: int | None = None
    ladder: str = "procedure"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContraceptiveMethod:
    """A kind of contraception and whether it counts. has_end: works until a day that is known at once.

    screened_as: the answer of screening that may mean it, "" if none does.
    """

    id: str
    title: str
    title_zh: str
    is_effective: bool
    source: Source
    has_end: bool = False
    note: str = ""
    screened_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInterest:
    """An adverse event of special interest (AESI): a syndrome from a grade on. Source: clinical section 5.1."""

    id: str
    syndrome: str
    lowest_grade: int
    title: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DltExemption:
    """Toxicities that are expected and so never ask whether they limit the dose. terms: in small letters."""

    id: str
    terms: tuple[str, ...]
    title: str
    source: Source


class Concerns(StrEnum):
    """Which adverse events a collection period is about."""

    ANY = "any"
    PROCEDURE = "procedure"  # related to a procedure of the trial
    SERIOUS = "serious"
    RELATED_SERIOUS = "related_serious"
    SECOND_MALIGNANCY = "second_malignancy"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPeriod:
    """From which event on, and until how long after the last infusion, such adverse events are collected.

    until None: without end. The last day is included; months are calendar months.
    """

    id: str
    concerns: Concerns
    begins_with: EventKind
    until: Offset | None
    title: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ProhibitedMedication:
    """A class of medication not to be given from `begins_with` on, until so long after the last infusion.

    until None: as long as the participant is on the trial. above_prednisone_mg: only where the daily dose, as
    prednisone, is higher; None: any dose. is_free_as_rescue: not prohibited where given for an open CRS or ICANS.
    """

    id: str
    medication_class: str
    begins_with: EventKind
    until: Offset | None
    title: str
    source: Source
    above_prednisone_mg: Decimal | None = None
    is_free_as_rescue: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a reminder ladder.

    relative_to: "opens" or "closes". Either `days` (at 08:00 site time on that date; "closes" counts
    from the last day of the window) or `hours` (elapsed, from opens_at).
    roles: who at the site is told. level: 0 = a reminder; above, it escalates to those who stand in for the others.
    """

    id: str
    relative_to: str
    days: int | None = None
    hours: int | None = None
    roles: frozenset[str] = frozenset()
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """is_safety_critical: no quiet hours, no shift to a working day, no digest, and sent again when it may be lost."""

    id: str
    rungs: tuple[Rung, ...]
    is_safety_critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When a routine mail waits: from `first` until `until` (excluded) on the site's clock, over midnight or not."""

    first: time
    until: time
    source: Source


class CriterionKind(StrEnum):
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """An eligibility criterion or one of its sub-items. For an exclusion, met = condition present.

    text: the registry's sentence. plain / plain_zh: the same in plain words. parent: id or "".
    """

    id: str
    kind: CriterionKind
    text: str
    plain: str
    plain_zh: str
    source: Source
    parent: str = ""
    reading: str = ""  # the labelled interpretation that is applied
    arms: frozenset[Arm] = frozenset()
    is_judgement: bool = False


class Sign(StrEnum):
    """How a value is held against a threshold, exactly as the sentence of the criterion says it."""

    ABOVE = ">"
    AT_LEAST = "≥"
    AT_MOST = "≤"
    BELOW = "<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One number of a criterion. unit: "× ULN" multiplies the upper limit printed with the single result.

    id: `I10.1-PLAT`, the criterion and what is compared. Look-back windows carry their unit: months, days.
    """

    id: str
    criterion: str
    sign: Sign
    value: Decimal
    unit: str
    title: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Which criteria must still hold on the day of a later act, on evidence that is valid on that day."""

    id: str
    act: Act
    criteria: tuple[str, ...]
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """The public registry record."""

    registry_id: str
    title: str
    sponsor: str
    phase: str
    status: str
    condition: str
    planned_participants: int
    sites: tuple[str, ...]
    minimum_age_years: int
    sexes: str
    first_submitted_on: date | None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDefinition:
    arm: Arm
    title: str
    title_zh: str
    description: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseLevel:
    """Cells per kilogram: inclusive range around the nominal dose. Exact integers."""

    id: str
    arm: Arm
    title: str
    nominal_cells_per_kg: int
    lower_cells_per_kg: int
    upper_cells_per_kg: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DltItem:
    """One sentence of the definition of a dose-limiting toxicity. is_exception: expected, it limits no dose."""

    id: str
    text: str
    source: Source
    is_exception: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRule:
    """3+3: how many per cohort, how long the DLT window (days after infusion, inclusive), the stagger.

    most_dlts: in a cohort of the expanded size that still clears the level; one more stops it.
    holds_after_dlt: nobody is dosed in the cohort between a DLT and a decision that knows of it.
    expansion_*: cohorts at a cleared level after escalation; above that share of DLTs they are to stop.
    judged_from_grade: from here a related toxicity in the window is judged, unless the protocol exempts it.
    """

    size: int
    expanded_size: int
    dlt_window_days: int
    stagger_days: int
    source: Source
    note: str = ""
    most_dlts: int = 1
    holds_after_dlt: bool = True
    expansion_size: int = 12
    expansion_stagger_days: int = 0
    expansion_dlt_percent: int = 33
    judged_from_grade: int = 3
    evaluability: str = ""
    definition: tuple[DltItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A single number of the protocol that a rule needs, with its unit in the name and its source."""

    id: str
    value: int
    unit: str
    title: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCheck:
    """A finding that stops an infusion if it is present. A person answers; question: yes means present."""

    id: str
    title: str
    title_zh: str
    question: str
    source: Source
    note: str = ""


class SurfaceFormula(StrEnum):
    """How body surface follows from height and weight. Source: Mosteller 1987."""

    MOSTELLER = "mosteller"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySurface:
    """The formula by which doses per square metre are counted."""

    id: str
    formula: SurfaceFormula
    title: str
    title_zh: str
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTest:
    """One line of the specification of the product: a number with its sign, or the finding that is wanted.

    unit "" and sign None for a finding; finding "" for a number.
    """

    id: str
    title: str
    title_zh: str
    source: Source
    sign: Sign | None = None
    value: Decimal | None = None
    unit: str = ""
    finding: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRange:
    """How a bag is kept, with the temperatures allowed, both ends included; None = no bound. °C."""

    id: str
    title: str
    title_zh: str
    lower_c: Decimal | None
    upper_c: Decimal | None
    source: Source
    note: str = ""


class DataCheck(StrEnum):
    """What a data rule looks for in one record."""

    UNANSWERED = "unanswered"  # something owed has no answer `days` after the record's day
    VAGUE_REASON = "vague_reason"  # the reason why a value is missing says nothing
    IMPLAUSIBLE = "implausible"  # a value outside the plausible range of its test
    UNIT_MISSING = "unit_missing"  # a value of a test that has a unit, without one
    CHANGE = "change"  # more than `percent` away from the same field of the record before
    BLANK = "blank"  # the field is empty `days` after the record's day
    FATAL = "fatal"  # grade 5 without a fatal outcome, or the other way round
    AFTER_DEATH = "after_death"  # dated after the day of death
    BEFORE = "before"  # the field lies before `other`


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibleRange:
    """What a value of a test rarely leaves, both ends included. unit: the standard one of the test."""

    test_code: str
    least: Decimal
    most: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRule:
    """A question the system asks about a field by itself, and takes back when the data conform.

    kinds: of records it looks at. field: on which the question hangs; "" = what the check itself names.
    question: one sentence; {value}, {label}, {other}, {days}, {percent}, {least}, {most}, {unit} are filled in.
    """

    id: str
    title: str
    title_zh: str
    check: DataCheck
    kinds: frozenset[str]
    question: str
    source: Source
    field: str = ""
    other: str = ""
    days: int = 0
    percent: int = 0
    ranges: tuple[PlausibleRange, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolVersion:
    """One resolved protocol version: everything a rule may read."""

    number: str
    title: str
    approved_on: date | None
    requires_reconsent: bool
    summary_of_changes: tuple[str, ...]
    trial: TrialRecord
    arms: tuple[ArmDefinition, ...]
    criteria: tuple[Criterion, ...]
    schedule: tuple[ScheduledItem, ...]
    clocks: tuple[ClockDefinition, ...]
    ladders: tuple[Ladder, ...]
    dose_levels: tuple[DoseLevel, ...]
    cohort_rule: CohortRule
    limits: tuple[Limit, ...]
    thresholds: tuple[Threshold, ...] = ()
    rechecks: tuple[Recheck, ...] = ()
    safety_tasks: tuple[SafetyTask, ...] = ()
    special_interests: tuple[SpecialInterest, ...] = ()
    dlt_exemptions: tuple[DltExemption, ...] = ()
    collection_periods: tuple[CollectionPeriod, ...] = ()
    prohibited_medications: tuple[ProhibitedMedication, ...] = ()
    stop_checks: tuple[StopCheck, ...] = ()
    body_surface: tuple[BodySurface, ...] = ()
    monitoring: tuple[MonitoringRow, ...] = ()
    release_tests: tuple[ReleaseTest, ...] = ()
    storage_ranges: tuple[StorageRange, ...] = ()
    quiet_hours: QuietHours | None = None
    scheduled_tests: tuple[ScheduledTest, ...] = ()
    contraceptive_methods: tuple[ContraceptiveMethod, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    data_rules: tuple[DataRule, ...] = ()
    deviation_rules: tuple[DeviationRule, ...] = ()
    retired: tuple[str, ...] = ()  # ids that earlier versions used; never given to another item
