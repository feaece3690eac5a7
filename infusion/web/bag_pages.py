"""The page of a bag, of a lot or of collected cells: what is known of it, where it has been, its label."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import CellProduct, CustodyEntry, LabelPrint, Leukapheresis
from infusion.queries.labels import copies_of, drawn, label_of, label_of_cells, label_of_product, pdf_of
from infusion.queries.products import ProductFile, custody_of, files_of
from infusion.rules.custody import CustodyStep, ExcursionVerdict
from infusion.rules.labels import may_open
from infusion.rules.release import Decision, SpecificationVerdict
from infusion.states import IN_THE_MAKING, ProductState
from infusion.web import product_steps
from infusion.web.beside import ladder
from infusion.web.product_forms import DECISIONS, STEPS, range_in_words
from infusion.web.steps import FAIL_LOT, RELEASE, why_not_change_lot
from infusion.web.targets import InTreatment, find_leukapheresis, find_product
from participants.queries.pages import banner_of, participant_for
from screening.web.acts import ActLink, why_not
from screening.web.words import in_powers
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import ReleaseTest
from trialsite.web.access import requires, signed_in
from trialsite.web.steps import Step

_ICONS = {
    CustodyStep.STORED: "snowflake",
    CustodyStep.HANDED_OVER: "arrows-exchange",
    CustodyStep.SHIPPED: "truck-delivery",
    CustodyStep.RECEIVED: "package",
    CustodyStep.THAWED: "droplet",
    CustodyStep.DESTROYED: "trash",
}
_TONES = {SpecificationVerdict.MET: "met", SpecificationVerdict.NOT_MET: "not_met"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLine:
    """A step of a bag as it is shown. of: whose bag it is, where a page shows two. acts: what may be done with it."""

    entry: CustodyEntry
    title: str
    icon: str
    tone: str
    kept: str
    of: str
    is_corrected: bool
    is_usable: bool | None
    acts: tuple[tuple[str, str], ...]


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def product_page(request: HttpRequest, code: str, product_id: UUID) -> HttpResponse:
    """Show one lot: its tests, the decisions on it, its chain of custody from the vein on, its label."""
    user = signed_in(request)
    target = find_product(user, code, product_id=product_id)
    product, treatment = target.subject, target.treatment
    file = next(
        one for one in files_of(target.participant, treatment.version) if one.product.pk == product.pk
    )
    cells = [
        one for one in custody_of(target.participant) if one.leukapheresis_id == product.leukapheresis_id
    ]
    thawed_at = _thawed_at(file.custody)
    context = {
        "file": file,
        "lines": [(line, _specified(line.test), _TONES.get(line.verdict, "open")) for line in file.lines],
        "decisions": [
            (one, DECISIONS[Decision(one.decision)], _powers(one.recalculated_cells))
            for one in reversed(file.dispositions)
        ],
        "cells": _powers(product.total_cells),
        "thaw_minutes": treatment.limit("L-THAW-MIN"),
        "thawed_at": thawed_at,
        "start_by": thawed_at + timedelta(minutes=treatment.limit("L-THAW-MIN")) if thawed_at else None,
        "chain": _chain(user, target, [*cells, *file.custody]),
        "ladder": ladder(file.gate(), "Release") if ProductState(product.state) in IN_THE_MAKING else None,
        "acts": _product_acts(user, target, file),
        "label": drawn(label_of_product(product, target.participant)),
        **_printing(user, target, product_steps.PRINT_PRODUCT),
    }
    return render(request, "infusion/product_page.html", _frame(target) | context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def leukapheresis_page(request: HttpRequest, code: str, leukapheresis_id: UUID) -> HttpResponse:
    """Show one collection: how it went, where its bag has been, the lots made of it, its label."""
    user = signed_in(request)
    target = find_leukapheresis(user, code, leukapheresis_id=leukapheresis_id)
    cells = target.subject
    own = [one for one in custody_of(target.participant) if one.leukapheresis_id == cells.pk]
    context = {
        "chain": _chain(user, target, own),
        "lots": [one for one in target.treatment.products if one.leukapheresis_id == cells.pk],
        "acts": {"custody": _act(user, target, product_steps.HANDLE_CELLS)},
        "label": drawn(label_of_cells(cells, target.participant)),
        **_printing(user, target, product_steps.PRINT_CELLS),
    }
    return render(request, "infusion/leukapheresis_page.html", _frame(target) | context)


@requires(Permission.RECORD_PRODUCT)
@require_GET
def label_pdf(request: HttpRequest, code: str, print_id: UUID) -> HttpResponse:
    """Send a copy of a label as a PDF page of its own size, to who printed it just now; later to the page of its bag."""
    user = signed_in(request)
    printed = LabelPrint.objects.filter(participant=participant_for(user, code), pk=print_id).first()
    if printed is None or not user.access.may(Permission.RECORD_PRODUCT, printed.participant.site_id):
        raise Http404
    bag = printed.bag
    label = label_of(bag, printed.participant)
    if not _may_open(printed, label.warning, user):
        name = "product-page" if isinstance(bag, CellProduct) else "leukapheresis-page"
        return redirect(name, code, bag.pk)
    return HttpResponse(
        pdf_of(label),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="label-{label.bag_code}.pdf"'},
    )


def _may_open(printed: LabelPrint, warning: str, user: User) -> bool:
    is_own = printed.printed_by == user.actor_label
    return is_own and may_open(printed.printed_at, printed.warning, warning, clock.now())


def _printing(
    user: User, target: InTreatment[CellProduct] | InTreatment[Leukapheresis], step: Step
) -> dict[str, object]:
    """The copies printed so far, the newest first, each with its PDF while it may be opened; and the act of printing."""
    warning = label_of(target.subject, target.participant).warning
    copies = list(copies_of(target.subject).order_by("-copy"))
    act = _act(user, target, step)
    return {
        "copies": [(one, _may_open(one, warning, user) and not act.reason) for one in copies],
        "print_act": replace(act, text="Print another copy" if copies else "Print label", icon="printer"),
    }


def _frame(target: InTreatment[CellProduct] | InTreatment[Leukapheresis]) -> dict[str, object]:
    return {
        "participant": target.participant,
        "subject": target.subject,
        "zone": target.site.time_zone,
        "banner": banner_of(target.participant, clock.now()),
    }


def _powers(cells: int | None) -> str:
    return in_powers(cells) if cells else ""


def _specified(test: ReleaseTest) -> str:
    return test.finding if test.value is None else f"{test.sign} {test.value:f} {test.unit}"


def _thawed_at(custody: Iterable[CustodyEntry]) -> datetime | None:
    """The last thaw that is not corrected away."""
    found = [
        one.occurred_at
        for one in custody
        if one.step == CustodyStep.THAWED.value and not hasattr(one, "corrected_by")
    ]
    return max(found, default=None)


# ---- The chain of custody


def _chain(
    user: User, target: InTreatment[CellProduct] | InTreatment[Leukapheresis], entries: Iterable[CustodyEntry]
) -> list[ChainLine]:
    """Return the steps in the order in which they happened."""
    kept = {one.id: f"{one.title}, {range_in_words(one)}" for one in target.treatment.version.storage_ranges}
    is_of_two = isinstance(target.subject, CellProduct)
    return [
        _line(user, target, one, kept, is_of_two)
        for one in sorted(entries, key=lambda one: (one.occurred_at, one.recorded_at, one.pk))
    ]


def _line(
    user: User,
    target: InTreatment[CellProduct] | InTreatment[Leukapheresis],
    entry: CustodyEntry,
    kept: Mapping[str, str],
    is_of_two: bool,
) -> ChainLine:
    step, is_corrected = CustodyStep(entry.step), hasattr(entry, "corrected_by")
    decision = getattr(entry, "excursion_decision", None)
    return ChainLine(
        entry=entry,
        title=STEPS[step],
        icon=_ICONS[step],
        tone="quiet void" if is_corrected else _tone(entry, is_decided=decision is not None),
        kept=kept.get(entry.storage_id, entry.storage_id),
        of=("Collected cells" if entry.leukapheresis_id else "Product") if is_of_two else "",
        is_corrected=is_corrected,
        is_usable=decision.verdict == ExcursionVerdict.USABLE if decision else None,
        acts=() if is_corrected else tuple(_line_acts(user, target, entry, is_decided=decision is not None)),
    )


def _tone(entry: CustodyEntry, *, is_decided: bool) -> str:
    if not entry.is_excursion:
        return "active"
    return "warn" if is_decided else "bad"


def _line_acts(
    user: User,
    target: InTreatment[CellProduct] | InTreatment[Leukapheresis],
    entry: CustodyEntry,
    *,
    is_decided: bool,
) -> Iterable[tuple[str, str]]:
    args = [target.participant.code, entry.pk]
    if (
        entry.is_excursion
        and not is_decided
        and not why_not(user, Permission.RELEASE_PRODUCT, target.participant)
    ):
        yield "Decide on the excursion", reverse(product_steps.DECIDE_EXCURSION.name, args=args)
    if not why_not(user, Permission.RECORD_PRODUCT, target.participant):
        yield "Correct", reverse(product_steps.CORRECT_HANDLING.name, args=args)


# ---- What may be done


def _act(
    user: User,
    target: InTreatment[CellProduct] | InTreatment[Leukapheresis],
    step: Step,
    reason: str = "",
    kind: str = "secondary btn-sm",
) -> ActLink:
    return ActLink(
        text=step.title,
        href=reverse(step.name, args=[target.participant.code, target.subject.pk]),
        reason=why_not(user, step.permission, target.participant) or reason,
        kind=kind,
    )


def _product_acts(user: User, target: InTreatment[CellProduct], file: ProductFile) -> Mapping[str, ActLink]:
    """Return the acts by the card they stand on. A release whose gate does not pass can be tried: it says what is missing."""
    product = target.subject
    return {
        "test": _act(user, target, product_steps.TEST, product_steps.why_not_test(product)),
        "decide": _act(user, target, product_steps.DECIDE, product_steps.why_not_decide(product)),
        "custody": _act(user, target, product_steps.HANDLE_PRODUCT),
        "release": _act(
            user,
            target,
            RELEASE,
            why_not_change_lot(product, ProductState.RELEASED),
            "primary btn-sm" if not file.gate().obstacles else "secondary btn-sm",
        ),
        "fail": _act(user, target, FAIL_LOT, why_not_change_lot(product, ProductState.FAILED)),
    }
