"""Entering evidence: a page for each group of items, and one for a single item or a correction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from participants.queries.pages import banner_of
from screening.queries.evidence import Answer, EvidenceFile
from screening.queries.history import answers_ever
from screening.rules.items import BY_ID, ITEMS
from screening.rules.vocabulary import Group, Item
from screening.services.evidence import record_evidence
from screening.states import EpisodeState
from screening.web.acts import why_not
from screening.web.answers import GROUPS, said
from screening.web.evidence_form import MAX_ROWS, Asked, EvidenceForm, form_class
from screening.web.first_values import first_rows, first_values, rows_typed, typed_values, values_of
from screening.web.parts import Part
from screening.web.targets import InScreening, find_screening
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, require
from trialsite.errors import Conflict, DomainError
from trialsite.web.access import requires, signed_in
from trialsite.web.submit import submit


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one page of evidence is about. corrected: the answer that is corrected."""

    target: InScreening
    items: tuple[Item, ...]
    allowed: tuple[Item, ...]
    title: str
    group: Group
    corrected: Answer | None = None
    is_single: bool = False

    @property
    def file(self) -> EvidenceFile | None:
        return self.target.screening.file

    @property
    def blocked(self) -> str:
        if self.file is None:
            return "Screening has not been started"
        if self.target.screening.state is EpisodeState.FAILED:
            return "This episode is a screen failure and is closed; re-screen instead"
        return ""


@requires(Permission.RECORD_SCREENING)
@require_http_methods(["GET", "POST"])
def group_evidence(request: HttpRequest, code: str, group: str) -> HttpResponse:
    """Enter what is known of a group of items; what is left blank is not entered."""
    target = find_screening(signed_in(request), code)
    if group not in set(Group):
        raise Http404
    found = Group(group)
    items = tuple(item for item in ITEMS if item.group is found)
    page = _page(signed_in(request), target, items, title=GROUPS[found].title, group=found)
    return _answer(request, page)


@requires(Permission.RECORD_SCREENING)
@require_http_methods(["GET", "POST"])
def item_evidence(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Enter one item anew, or correct the answer named by `of` in the address."""
    user = signed_in(request)
    target = find_screening(user, code)
    found = BY_ID.get(item)
    if found is None:
        raise Http404
    if request.method == "POST" and found.is_judgement:
        require(user, Permission.JUDGE_ELIGIBILITY, target.site.id)
    corrected = _corrected(target, found, request.GET.get("of", ""))
    verb = "Correct" if corrected else "Judge" if found.is_judgement else "Enter"
    page = _page(
        user,
        target,
        (found,),
        title=f"{verb}: {found.title}",
        group=found.group,
        corrected=corrected,
        is_single=True,
    )
    return _answer(request, page)


def _page(user: User, target: InScreening, items: tuple[Item, ...], **more: Any) -> Page:
    may_judge = not why_not(user, Permission.JUDGE_ELIGIBILITY, target.participant)
    may_enter = not why_not(user, Permission.RECORD_SCREENING, target.participant)
    allowed = tuple(item for item in items if may_enter and (may_judge or not item.is_judgement))
    return Page(target=target, items=items, allowed=allowed, **more)


def _corrected(target: InScreening, item: Item, ref: str) -> Answer | None:
    """Return the answer in force with this id. Raises Http404 for any other id."""
    if not ref or target.screening.file is None:
        return None
    for former in answers_ever(target.screening.file.episode, item, target.site.time_zone):
        if former.answer.entry.ref == ref and former.voided_at is None:
            return former.answer
    raise Http404


def _answer(request: HttpRequest, page: Page) -> HttpResponse:
    if request.method != "POST":
        return _show(request, page, _form(page, None))
    rows = rows_typed(page.items, request.POST)
    if "add" in request.POST:  # without script one more row is asked for by the server
        rows[request.POST["add"]] = min(rows.get(request.POST["add"], 0) + 1, MAX_ROWS)
        return _show(request, page, _form(page, None, rows=rows, kept=request.POST))
    form = _form(page, request.POST, rows=rows)
    answer = submit(
        request, form, lambda cleaned: _save(request, page, form, cleaned), done="Evidence recorded."
    )
    if answer.response:
        return answer.response
    return _show(request, page, form, status=422, is_stale=isinstance(answer.refused, Conflict))


def _save(request: HttpRequest, page: Page, form: EvidenceForm, cleaned: Mapping[str, Any]) -> str:
    try:
        record_evidence(
            episode=page.target.episode,
            given=form.given,
            by=signed_in(request),
            at=clock.now(),
            reason=cleaned["reason"],
        )
    except DomainError as refused:
        refused.field = form.field_for(refused.field or "")
        raise
    code = page.target.participant.code
    if page.corrected is not None or page.is_single:
        return reverse("screening-item", args=[code, page.items[0].id])
    return reverse("screening-checklist", args=[code])


def _form(
    page: Page,
    entered: QueryDict | None,
    *,
    rows: Mapping[str, int] | None = None,
    kept: QueryDict | None = None,
) -> EvidenceForm:
    zone, at = page.target.site.time_zone, clock.now()
    shown = dict(rows) if rows is not None else first_rows(page.items, page.corrected)
    asked = Asked(page.allowed, shown, is_correction=page.corrected is not None)
    made = form_class(asked)
    initial = {"once": uuid4(), "version": page.target.version}
    if page.corrected is not None:
        initial |= values_of(page.items[0], page.corrected, zone)
    else:
        answers = page.file.answers if page.file else {}
        initial |= first_values(page.items, answers, clock.local_date(zone, at))
    if kept is not None:
        initial |= typed_values(made, kept)
    return made(entered, initial=initial, zone=zone, today=clock.local_date(zone, at))


def _show(
    request: HttpRequest, page: Page, form: EvidenceForm, *, status: int = 200, is_stale: bool = False
) -> HttpResponse:
    screening, code = page.target.screening, page.target.participant.code
    answers = page.file.answers if page.file else {}
    user = signed_in(request)
    locked = why_not(user, Permission.JUDGE_ELIGIBILITY, page.target.participant)
    context = {
        "page": page,
        "target": page.target,
        "participant": page.target.participant,
        "zone": page.target.site.time_zone,
        "banner": banner_of(page.target.participant, screening.at),
        "form": form,
        "parts": [
            Part(
                item=item,
                form=form,
                last=said(answers[item.id][-1]) if item.id in answers else None,
                locked="" if item in page.allowed else locked,
            )
            for item in page.items
        ],
        "blocked": page.blocked or why_not(user, Permission.RECORD_SCREENING, page.target.participant),
        "is_stale": is_stale,
        "words": GROUPS[page.group],
        "entry_groups": [(group, GROUPS[group]) for group in Group],
        "back": reverse("screening-checklist", args=[code]),
    }
    return render(request, "screening/evidence.html", context, status=status)
