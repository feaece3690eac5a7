"""`{% signatures record %}`: the manifest of a record, with what to do, wherever the record is shown or printed."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import may
from trialsite.signing.kinds import Kind, kind_of
from trialsite.signing.models import Lock
from trialsite.signing.queries import Manifest, lock_over, obstacles_of, signatures_of

register = template.Library()


@register.inclusion_tag("signing/manifest.html", takes_context=True)
def signatures(
    context: Context,
    record: Any,
    manifests: tuple[Manifest, ...] | None = None,
    offers: bool = True,
) -> dict[str, Any]:
    """Show who signed a record, when and with which meaning, whether it holds, and the way to sign it.

    offers: whether the way to sign is shown. manifests: where the page has read those of many records at once (`signatures_of_many`).
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    kind = kind_of(record)
    owner = kind.owner(record)
    site = owner.site
    shown = signatures_of(record) if manifests is None else manifests
    has_signed = any(one.holds and one.signature.signer_id == getattr(user, "pk", None) for one in shown)
    may_sign = offers and not has_signed and isinstance(user, User) and _may(user, kind, site)
    return {
        "request": request,
        "kind": kind,
        "record": record,
        "manifests": shown,
        "may_sign": may_sign and kind.has_page,
        "obstacles": obstacles_of(record, user) if may_sign and isinstance(user, User) else (),
        "lock": None if isinstance(record, Lock) else lock_over(record.pk, owner.participant_id, _key(site)),
        "user": user,
    }


@register.filter
def of(found: Mapping[Any, tuple[Manifest, ...]], key: Any) -> tuple[Manifest, ...]:
    """Return the signatures of one record out of those of many."""
    return found.get(key, ())


@register.inclusion_tag("signing/short.html", takes_context=True)
def signatures_short(
    context: Context, record: Any, signed: Mapping[Any, tuple[Manifest, ...]]
) -> dict[str, Any]:
    """Show the manifest of one of many records, read for all of them at once; its own page shows the rest."""
    user, kind = getattr(context.get("request"), "user", None), kind_of(record)
    site = kind.owner(record).site
    return {
        "kind": kind,
        "record": record,
        "manifests": signed.get(record.pk, ()),
        "may_sign": isinstance(user, User) and _may(user, kind, site),
    }


@register.inclusion_tag("signing/badge.html")
def signature_badge(manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    """Show in one word whether a record is signed, was signed, or never was."""
    return {
        "holds": any(one.holds and not one.is_rejection for one in manifests),
        "is_rejected": bool(manifests) and manifests[0].holds and manifests[0].is_rejection,
        "is_broken": bool(manifests) and not any(one.holds for one in manifests),
    }


def _key(site: Site | None) -> Any:
    return site.pk if site else None


def _may(user: User, kind: Kind, site: Site | None) -> bool:
    """What hangs on no site is signed by who holds the permission at any."""
    return may(user, kind.permission, site.pk) if site else user.access.holds(kind.permission)
