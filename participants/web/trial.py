"""The trial page: what the public record says, what is assumed, what each site has in force; and versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.queries.lists import versions_by_site
from participants.queries.words import ARMS, EPOCHS
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import latest, numbers, resolve
from trialsite.protocol.types import (
    Criterion,
    CriterionKind,
    DoseLevel,
    ProtocolVersion,
    ScheduledItem,
    Source,
)
from trialsite.web.access import requires, signed_in


class _Sourced(Protocol):
    @property
    def source(self) -> Source: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """window: days around the target as people write them, +28 ± 2. anchor: what is counted from."""

    item: ScheduledItem
    when: str
    window: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRow:
    """nominal, accepted: cells per kilogram, written out in groups of three."""

    level: DoseLevel
    arm: str
    nominal: str
    accepted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    criterion: Criterion
    arms: str


@requires(Permission.VIEW_TRIAL)
@require_GET
def trial(request: HttpRequest) -> HttpResponse:
    """Show one protocol version in full: the newest, or the one asked for."""
    wanted = request.GET.get("version", "")
    version = resolve(wanted) if wanted in numbers() else latest()
    context = {
        "version": version,
        "numbers": numbers(),
        "inclusion": _criteria(version, CriterionKind.INCLUSION),
        "exclusion": _criteria(version, CriterionKind.EXCLUSION),
        "epochs": _epochs(version),
        "doses": [_dose(level) for level in version.dose_levels],
        "assumed": sorted(_assumed(version).items(), key=lambda pair: -pair[1]),
        "sites": versions_by_site(signed_in(request)),
    }
    return render(request, "participants/trial.html", context)


@requires(Permission.VIEW_TRIAL)
@require_GET
def versions(request: HttpRequest) -> HttpResponse:
    """Show which versions each site has in force, and offer the forms to those who manage them."""
    user = signed_in(request)
    sites = [
        (one, user.access.may(Permission.MANAGE_VERSIONS, one.site.pk)) for one in versions_by_site(user)
    ]
    return render(request, "participants/versions.html", {"sites": sites})


def _criteria(version: ProtocolVersion, kind: CriterionKind) -> list[CriterionRow]:
    return [
        CriterionRow(criterion=one, arms=", ".join(ARMS[arm.value] for arm in sorted(one.arms)))
        for one in version.criteria
        if one.kind is kind
    ]


def _epochs(version: ProtocolVersion) -> list[tuple[str, list[ScheduleRow]]]:
    return [
        (title, [_row(item) for item in version.schedule if item.epoch is epoch])
        for epoch, title in EPOCHS.items()
    ]


def _row(item: ScheduledItem) -> ScheduleRow:
    months, days = item.offset.months, item.offset.days
    when = f"month {months}" if months else f"day {days:+d}".replace("-", "−").replace("+0", "0")
    lower, upper = item.lower_days, item.upper_days
    first = f"−{lower}" if lower else "0"
    window = f"± {lower} d" if lower == upper else f"{first} to +{upper} d"
    return ScheduleRow(
        item=item,
        when=when,
        window="the day itself" if lower == upper == 0 else window,
        anchor=item.anchor.value.replace("_", " "),
    )


def _dose(level: DoseLevel) -> DoseRow:
    lower, upper = _grouped(level.lower_cells_per_kg), _grouped(level.upper_cells_per_kg)
    return DoseRow(
        level=level,
        arm=ARMS[level.arm.value],
        nominal=_grouped(level.nominal_cells_per_kg),
        accepted=f"{lower} – {upper}",
    )


def _grouped(cells: int) -> str:
    return f"{cells:,}".replace(",", "\u202f")  # narrow no-break space


def _assumed(version: ProtocolVersion) -> dict[str, int]:
    """Count what the sponsor still has to confirm, by part of the protocol; parts without any are left out."""
    parts: tuple[tuple[str, str, Sequence[_Sourced]], ...] = (
        ("visit, procedure or task", "visits, procedures and tasks", version.schedule),
        ("reporting clock", "reporting clocks", version.clocks),
        ("dose level", "dose levels", version.dose_levels),
        ("single limit", "single limits", version.limits),
        ("arm", "arms", version.arms),
        ("cohort rule", "cohort rules", (version.cohort_rule,)),
    )
    counts = [(one, many, sum(item.source is Source.ASSUMED for item in items)) for one, many, items in parts]
    readings = sum(one.reading.startswith("Assumed") for one in version.criteria)
    counts.append(("reading of a criterion", "readings of criteria", readings))
    return {one if count == 1 else many: count for one, many, count in counts if count}
