"""What of follow-up the investigator signs: a visit, and the casebook of a participant."""

from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db.models import Model, Q

from followup.models import Visit, VisitProcedure
from followup.queries.procedures import checklist_of
from followup.rules.procedures import unanswered
from participants.models import Participant
from participants.queries.course import load_course
from participants.queries.signables import lock_participant, owner_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import resolve
from trialsite.signing.content import row, rows
from trialsite.signing.guard import GUARDED, is_guarded, way_up
from trialsite.signing.kinds import EVERY_TABLE, Kind, Shown
from trialsite.signing.queries import signatures_of_many
from trialsite.signing.rules import Meaning, digest

# ---- A visit


def _visit_content(visit: Visit) -> dict[str, Any]:
    """The visit and every answer about its procedures, corrected ones included."""
    return {
        "participant": visit.participant.code,
        "visit": row(visit),
        "procedures": rows(visit.procedures.all()),
    }


def _visit_shown(visit: Visit) -> Shown:
    answers = [one for one in visit.procedures.all() if one.voided_at is None]
    zone = visit.participant.site.time_zone
    return Shown(
        heading=f"Visit {visit.obligation_key or 'unscheduled'}",
        lines=(
            ("Took place", f"{visit.performed_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"),
            ("How", visit.mode.replace("_", " ")),
            *(
                (_title(one), " ".join(filter(None, [one.outcome.replace("_", " "), one.reason])))
                for one in answers
            ),
            ("Left out", visit.not_done or "–"),
            ("Note", visit.note or "–"),
        ),
    )


def _title(answer: VisitProcedure) -> str:
    """The words of the version under which it was answered: a signer reads no codes."""
    known = resolve(answer.protocol_version).procedures
    return next((one.title for one in known if one.id == answer.procedure_id), answer.procedure_id)


def _visit_obstacles(visit: Visit, by: User) -> tuple[str, ...]:
    checklist = checklist_of(load_course(visit.participant), visit, at=visit.performed_at)
    answered = (one.procedure_id for one in visit.procedures.all() if one.voided_at is None)
    missing = [one.procedure.title for one in unanswered(checklist.planned, answered)]
    return (f"Procedures without an answer: {', '.join(missing)}.",) if missing else ()


VISIT = Kind(
    name="visit",
    title="Visit",
    model=Visit,
    permission=Permission.SIGN_DATA,
    meanings=(Meaning.RESPONSIBILITY, Meaning.REVIEW, Meaning.REJECTION),
    contents={1: _visit_content},
    shown=_visit_shown,
    owner=lambda visit: owner_of(visit.participant),
    href=lambda visit: f"{visit.participant.get_absolute_url()}#panel-visits",
    tables=("followup_visit", "followup_visitprocedure"),
    rows=lambda visits: visits.select_related("participant__site").prefetch_related("procedures"),
    obstacles=_visit_obstacles,
    awaiting=lambda visits: visits.order_by("performed_at"),
    lock_owner=lambda visit: lock_participant(visit.participant_id),
)


# ---- The casebook

# What is no data of the case: the plan, which follows from it by itself; messages; the log of openings; printed labels;
# identity, which is kept apart; deviations, whose closing is signed by itself; questions about data, which are none
# until an answer changes them; evaluations made anew each time somebody
# looks, of which the one that was decided on is signed with its decision. Confidential records stay out as well: who
# reads a signature may not learn that there are any (decision 14).
NOT_IN_CASEBOOK = frozenset(
    {
        "participants.obligation",
        "participants.reminder",
        "participants.identity",
        "participants.identityopening",
        "participants.dataquery",
        "participants.dataquerymessage",
        "participants.deviation",
        "participants.deviationaction",
        "participants.deviationnotice",
        "participants.deviationstep",
        "screening.eligibilityevaluation",
        "infusion.labelprint",
        "infusion.confidentialcase",
        "infusion.confidentialreport",
        "infusion.confidentialfollowup",
        "infusion.confidentialtest",
    }
)


def models_of_participant() -> tuple[tuple[type[Model], str], ...]:
    """Return every model whose rows hang on a participant and can be locked, with the lookup that leads there."""
    return tuple(
        (model, _lookup(model))
        for label in GUARDED
        for model in apps.get_app_config(label).get_models()
        if is_guarded(model) and "participants_participant" in way_up(model)
    )


def casebook_models() -> tuple[tuple[type[Model], str], ...]:
    """Return those whose rows belong to the case that is signed."""
    return tuple(
        (model, lookup)
        for model, lookup in models_of_participant()
        if model._meta.label_lower not in NOT_IN_CASEBOOK
    )


def _lookup(model: type[Model]) -> str:
    """The way up in the words of a filter: visit__participant."""
    names: list[str] = []
    here: Any = model
    for column in way_up(model)[::2]:
        field = next(one for one in here._meta.concrete_fields if one.column == column)
        names.append(field.name)
        here = field.related_model
    return "__".join(names)


def _casebook_content(participant: Participant) -> dict[str, Any]:
    """A digest of every row of the case by table: what changed is told by table and row, its values by the trail."""
    tables = {}
    for model, lookup in casebook_models():
        known = model._base_manager.filter(Q(**{lookup: participant.pk}))
        if digests := {str(one.pk): digest(row(one)) for one in known}:
            tables[model._meta.db_table] = digests
    return {"participant": row(participant), "rows": tables}


def _casebook_shown(participant: Participant) -> Shown:
    counts = [
        (
            str(model._meta.verbose_name_plural).capitalize(),
            model._base_manager.filter(Q(**{lookup: participant.pk})).count(),
        )
        for model, lookup in casebook_models()
    ]
    return Shown(
        heading=f"Casebook of {participant.code}",
        lines=(("State", participant.state.replace("_", " ")), *((name, str(n)) for name, n in counts if n)),
    )


def _casebook_obstacles(participant: Participant, by: User) -> tuple[str, ...]:
    """Visits first, then the casebook: each with a signature that holds and is no rejection."""
    signed = signatures_of_many(Visit.objects.filter(participant=participant))
    unsigned = sum(
        not any(one.holds and not one.is_rejection for one in manifests) for manifests in signed.values()
    )
    return (f"Visits that are not signed yet: {unsigned}.",) if unsigned else ()


CASEBOOK = Kind(
    name="casebook",
    title="Casebook",
    model=Participant,
    permission=Permission.SIGN_DATA,
    meanings=(Meaning.RESPONSIBILITY, Meaning.REVIEW),
    contents={1: _casebook_content},
    shown=_casebook_shown,
    owner=owner_of,
    href=lambda participant: f"{participant.get_absolute_url()}#panel-visits",
    tables=EVERY_TABLE,
    rows=lambda participants: participants.select_related("site"),
    obstacles=_casebook_obstacles,
    lock_owner=lambda participant: lock_participant(participant.pk),
)

KINDS = (VISIT, CASEBOOK)
