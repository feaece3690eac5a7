"""What stored values are called on pages: arms, epochs, events, bases. Unlisted values get their own words."""

from participants.models import Participant
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Arm, Epoch, EventKind

ARMS: dict[str, str] = {Arm.INTRAVENOUS.value: "Intravenous", Arm.INTRAPLEURAL.value: "Intrapleural"}

EPOCHS: dict[Epoch, str] = {
    Epoch.SCREENING: "Screening",
    Epoch.TREATMENT: "Treatment",
    Epoch.FOLLOW_UP: "Follow-up, to one year",
    Epoch.LONG_TERM_FOLLOW_UP: "Long-term follow-up, to 15 years",
}

# kind → words, icon, tone of the line in "What happened"
EVENTS: dict[str, tuple[str, str, str]] = {
    EventKind.REFERRED.value: ("Referred", "user-plus", "quiet"),
    EventKind.REFERRAL_CLOSED.value: ("Referral closed", "user-x", "quiet"),
    EventKind.CONSENTED.value: ("Consent signed", "signature", "active"),
    EventKind.SCREENING_STARTED.value: ("Screening started", "microscope", "quiet"),
    EventKind.ELIGIBILITY_CONFIRMED.value: ("Eligibility confirmed", "user-check", "good"),
    EventKind.SCREEN_FAILED.value: ("Screen failed", "user-x", "warn"),
    EventKind.ENROLLED.value: ("Enrolled", "clipboard-check", "active"),
    EventKind.SLOT_TAKEN.value: ("Cohort slot taken", "users", "quiet"),
    EventKind.SLOT_FREED.value: ("Cohort slot freed", "user-minus", "warn"),
    EventKind.LEUKAPHERESIS_PERFORMED.value: ("Leukapheresis", "arrows-exchange", "active"),
    EventKind.MANUFACTURING_STARTED.value: ("Manufacturing started", "building-factory-2", "quiet"),
    EventKind.PRODUCT_RELEASED.value: ("Product released", "package", "good"),
    EventKind.PRODUCT_FAILED.value: ("Product failed", "alert-triangle", "bad"),
    EventKind.INFUSION_PLANNED.value: ("Infusion planned", "calendar-event", "quiet"),
    EventKind.ELIGIBILITY_RECHECKED.value: ("Eligibility re-checked", "user-check", "quiet"),
    EventKind.LYMPHODEPLETION_DOSE_GIVEN.value: ("Lymphodepletion dose", "vaccine", "active"),
    EventKind.INFUSED.value: ("CAR-T cells infused", "droplet", "strong"),
    EventKind.INFUSION_ENDED.value: ("Infusion ended", "check", "quiet"),
    EventKind.ROUND_RECORDED.value: ("Bedside round", "heartbeat", "quiet"),
    EventKind.VISIT_PERFORMED.value: ("Visit", "stethoscope", "quiet"),
    EventKind.FOLLOW_UP_STARTED.value: ("Follow-up started", "route", "quiet"),
    EventKind.PROGRESSED.value: ("Disease progressed", "activity", "warn"),
    EventKind.TRANSFERRED.value: ("Transferred to another site", "arrows-exchange", "quiet"),
    EventKind.NEW_THERAPY_STARTED.value: ("New anticancer therapy started", "vaccine", "warn"),
    EventKind.SAFETY_EVENT_AWARE.value: ("Site learned of a reportable event", "report-medical", "warn"),
    EventKind.SAFETY_REPORT_SENT.value: ("Safety report sent", "mail", "quiet"),
    EventKind.SAFETY_TASK_OWED.value: ("Safety question opened", "clipboard-list", "quiet"),
    EventKind.SAFETY_TASK_DONE.value: ("Safety question answered", "check", "quiet"),
    EventKind.SAFETY_CASE_CLOSED.value: ("Safety case closed", "check", "quiet"),
    EventKind.TEST_NEED_STATED.value: ("Confidential tests: need stated", "lock", "quiet"),
    EventKind.TEST_ASKED.value: ("Confidential test asked for", "lock", "quiet"),
    EventKind.TEST_DONE.value: ("Confidential test done", "lock", "quiet"),
    EventKind.CONTACT_REFUSED.value: ("Contact refused", "user-minus", "warn"),
    EventKind.DLT_REPORTED.value: ("Dose-limiting toxicity", "alert-triangle", "bad"),
    EventKind.WITHDRAWN_FROM_TREATMENT.value: ("Withdrawn from treatment", "user-minus", "warn"),
    EventKind.WITHDRAWN_FROM_VISITS.value: ("Withdrawn from visits", "user-minus", "warn"),
    EventKind.WITHDRAWN_FROM_DATA_USE.value: ("Withdrawn from data use", "shield-off", "warn"),
    EventKind.LOST_TO_FOLLOW_UP.value: ("Lost to follow-up", "user-x", "warn"),
    EventKind.COMPLETED.value: ("One-year study completed", "circle-check", "good"),
    EventKind.DIED.value: ("Died", "grave-2", "quiet"),
}


def in_words(value: str) -> str:
    """Return a stored value as people read it: `prohibited_medication` → Prohibited medication."""
    return value.replace("_", " ").capitalize()


def arm_of(participant: Participant) -> str:
    """Return the assigned arm, or the intended one marked as such, or ""."""
    if participant.arm:
        return ARMS[participant.arm]
    return f"{ARMS[participant.intended_arm]}, intended" if participant.intended_arm else ""


def dose_level_in_words(dose_level: str) -> str:
    """Return the title of a dose level: `DL-IP-2` → Dose level 2. One no version knows stays as it is."""
    return next((one.title for one in latest().dose_levels if one.id == dose_level), dose_level)
