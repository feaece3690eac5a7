"""The participant and everything that hangs on the journey: consent, events, obligations, deviations."""

from participants.models.calendar_feed import CalendarFeed
from participants.models.consent import Consent, IcfApproval, IcfVersion, ProtocolActivation, Signer
from participants.models.deviation import (
    ActionKind,
    Cause,
    Deviation,
    DeviationAction,
    DeviationNotice,
    DeviationStatus,
    DeviationStep,
    NoticeTo,
)
from participants.models.disposition import Disposition, DispositionKind
from participants.models.identity import Identity, IdentityOpening
from participants.models.journey_event import JourneyEvent
from participants.models.obligation import Obligation
from participants.models.observation import Observation, ObservationDomain
from participants.models.participant import Participant, Sex
from participants.models.reminder import Channel, Reminder, ReminderStatus

__all__ = [
    "ActionKind",
    "CalendarFeed",
    "Cause",
    "Channel",
    "Consent",
    "Deviation",
    "DeviationAction",
    "DeviationNotice",
    "DeviationStatus",
    "DeviationStep",
    "Disposition",
    "DispositionKind",
    "IcfApproval",
    "IcfVersion",
    "Identity",
    "IdentityOpening",
    "JourneyEvent",
    "NoticeTo",
    "Obligation",
    "Observation",
    "ObservationDomain",
    "Participant",
    "ProtocolActivation",
    "Reminder",
    "ReminderStatus",
    "Sex",
    "Signer",
]
