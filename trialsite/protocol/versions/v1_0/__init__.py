"""Protocol version 1.0: the public registry record, completed by labelled assumptions."""

from trialsite.protocol.types import ProtocolVersion
from trialsite.protocol.versions.v1_0.adverse_events import (
    COLLECTION_PERIODS,
    DLT_EXEMPTIONS,
    PROHIBITED_MEDICATIONS,
    SAFETY_TASKS,
    SPECIAL_INTERESTS,
)
from trialsite.protocol.versions.v1_0.conditioning import BODY_SURFACE
from trialsite.protocol.versions.v1_0.contraception import CONTRACEPTIVE_METHODS, SCHEDULED_TESTS
from trialsite.protocol.versions.v1_0.criteria import CRITERIA
from trialsite.protocol.versions.v1_0.deviations import DEVIATION_RULES
from trialsite.protocol.versions.v1_0.eligibility import RECHECKS, THRESHOLDS
from trialsite.protocol.versions.v1_0.monitoring import MONITORING
from trialsite.protocol.versions.v1_0.procedures import PROCEDURES
from trialsite.protocol.versions.v1_0.product import RELEASE_TESTS, STORAGE_RANGES
from trialsite.protocol.versions.v1_0.record import ARMS, TRIAL
from trialsite.protocol.versions.v1_0.response import RESPONSE_LIMITS
from trialsite.protocol.versions.v1_0.safety import (
    CLOCKS,
    COHORT_RULE,
    DOSE_LEVELS,
    LADDERS,
    LIMITS,
    QUIET_HOURS,
)
from trialsite.protocol.versions.v1_0.schedule import SCHEDULE
from trialsite.protocol.versions.v1_0.stop_checks import STOP_CHECKS

VERSION = ProtocolVersion(
    number="1.0",
    title="Version 1.0: the registry record with assumed schedule, doses and limits",
    approved_on=None,  # not public
    requires_reconsent=False,
    summary_of_changes=("First version.",),
    trial=TRIAL,
    arms=ARMS,
    criteria=CRITERIA,
    schedule=SCHEDULE,
    clocks=CLOCKS,
    ladders=LADDERS,
    dose_levels=DOSE_LEVELS,
    cohort_rule=COHORT_RULE,
    limits=(*LIMITS, *RESPONSE_LIMITS),
    thresholds=THRESHOLDS,
    rechecks=RECHECKS,
    safety_tasks=SAFETY_TASKS,
    special_interests=SPECIAL_INTERESTS,
    dlt_exemptions=DLT_EXEMPTIONS,
    collection_periods=COLLECTION_PERIODS,
    prohibited_medications=PROHIBITED_MEDICATIONS,
    monitoring=MONITORING,
    stop_checks=STOP_CHECKS,
    body_surface=BODY_SURFACE,
    release_tests=RELEASE_TESTS,
    storage_ranges=STORAGE_RANGES,
    procedures=PROCEDURES,
    quiet_hours=QUIET_HOURS,
    scheduled_tests=SCHEDULED_TESTS,
    contraceptive_methods=CONTRACEPTIVE_METHODS,
    deviation_rules=DEVIATION_RULES,
)
