"""Direct identifiers: recorded sealed, opened through one logged function."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from pypinyin import Style, lazy_pinyin

from participants.models import Identity, IdentityOpening, Participant
from participants.services.sealing import seal, unseal
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import RuleViolated


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectIdentifiers:
    """Plain values; they live in memory only as long as one page is built."""

    name: str
    name_pinyin: str = ""
    national_id: str = ""
    phone: str = ""
    born_on: date | None = None


def record_identity(
    *, participant: Participant, identifiers: DirectIdentifiers, by: Actor, at: datetime, reason: str = ""
) -> None:
    """Seal and store the identifiers; changing stored ones needs a reason. Needs EDIT_IDENTITY.

    An empty pinyin is derived from a Chinese name. Raises RuleViolated("name-required", "reason-required").
    """
    require(by, Permission.EDIT_IDENTITY, participant.site_id)
    if not identifiers.name.strip():
        raise RuleViolated("name-required", "Give the participant's name.", field="name")
    with acting(by=by, at=at, action="participants.identity_recorded", reason=reason):
        existing = Identity.objects.select_for_update().filter(participant=participant).first()
        if existing is not None and not reason.strip():
            raise RuleViolated("reason-required", "Say why the identifiers change.", field="reason")
        identity = existing or Identity(participant=participant, recorded_at=at)
        columns = _sealed(identity.pk, identifiers)
        for column, value in columns.items():
            setattr(identity, column, value)
        if existing is None:
            identity.save_new()
        else:
            identity.save_changes(columns)


def open_identity(
    *, participant: Participant, purpose: str, by: Actor, at: datetime
) -> DirectIdentifiers | None:
    """Return the plain identifiers, after the opening itself is on record. None where none are stored.

    Needs VIEW_IDENTITY. If the opening cannot be logged, nothing is read.
    Raises RuleViolated("purpose-required").
    """
    require(by, Permission.VIEW_IDENTITY, participant.site_id)
    if not purpose.strip():
        raise RuleViolated("purpose-required", "Say what the identifiers are needed for.", field="purpose")
    with acting(by=by, at=at, action="participants.identity_opened", reason=purpose):
        opening = IdentityOpening(
            participant=participant,
            opened_by=by.actor_label,
            purpose=purpose,
            fields_opened=",".join(_COLUMNS.values()),
            recorded_at=at,
        )
        opening.save_new()
        identity = Identity.objects.filter(participant=participant).first()
    return _plain(identity) if identity else None


def pinyin_of(name: str) -> str:
    """Return the name in pinyin without tones, a word per character: 张伟 → Zhang Wei. Correct compounds by hand."""
    return " ".join(part[:1].upper() + part[1:] for part in lazy_pinyin(name, style=Style.NORMAL))


_COLUMNS = {
    "name_sealed": "name",
    "name_pinyin_sealed": "name_pinyin",
    "national_id_sealed": "national_id",
    "phone_sealed": "phone",
    "born_on_sealed": "born_on",
}


def _bound(column: str, row: UUID) -> str:
    return f"participants_identity.{column}.{row}"


def _sealed(row: UUID, identifiers: DirectIdentifiers) -> dict[str, str]:
    values = asdict(identifiers)
    values["name_pinyin"] = identifiers.name_pinyin or pinyin_of(identifiers.name)
    values["born_on"] = identifiers.born_on.isoformat() if identifiers.born_on else ""
    return {column: seal(values[name], _bound(column, row)) for column, name in _COLUMNS.items()}


def _plain(identity: Identity) -> DirectIdentifiers:
    values = {
        name: unseal(getattr(identity, column), _bound(column, identity.pk))
        for column, name in _COLUMNS.items()
    }
    born_on = date.fromisoformat(values["born_on"]) if values["born_on"] else None
    return DirectIdentifiers(
        name=values["name"],
        name_pinyin=values["name_pinyin"],
        national_id=values["national_id"],
        phone=values["phone"],
        born_on=born_on,
    )
