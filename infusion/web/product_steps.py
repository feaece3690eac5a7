"""The acts on a bag, each a `Step`: tests, decision, custody, excursion; and the plan of a collection."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from infusion.models import CellProduct, CustodyEntry, LabelPrint, Leukapheresis
from infusion.queries.labels import copies_of
from infusion.services.custody import Handling, decide_excursion, record_custody
from infusion.services.label_prints import record_label_printed
from infusion.services.leukaphereses import plan_leukapheresis
from infusion.services.product_dispositions import Told, record_disposition_of_product
from infusion.services.release_tests import GivenResult, record_release_tests
from infusion.states import IN_THE_MAKING, ProductState
from infusion.web import product_forms
from infusion.web.targets import (
    InTreatment,
    find_custody_entry,
    find_leukapheresis,
    find_product,
    find_treatment,
)
from screening.web.acts import BANNER, present_time, with_banner, without
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.signing.queries import why_not_sign
from trialsite.signing.web.forms import signing_of
from trialsite.web.steps import Step


def why_not_test(product: CellProduct) -> str:
    return "" if ProductState(product.state) in IN_THE_MAKING else f"The lot is {product.state} already"


def why_not_decide(product: CellProduct) -> str:
    if product.is_in_specification is not False:
        return "No release test is out of specification"
    return why_not_test(product)


def why_not_decide_excursion(entry: CustodyEntry) -> str:
    if not entry.is_excursion:
        return "The temperature is within the range"
    return "It is decided already" if hasattr(entry, "excursion_decision") else ""


def _test(target: InTreatment[CellProduct], given: dict[str, Any], *, by: User, at: datetime) -> object:
    given = without(given)
    tested_at, laboratory = given["tested_at"], given["laboratory"]
    results = [
        GivenResult(result=one, tested_at=tested_at, laboratory=laboratory) for one in given["results"]
    ]
    return record_release_tests(product=target.subject, results=results, by=by, at=at, reason=given["reason"])


def _decide(target: InTreatment[CellProduct], given: dict[str, Any], *, by: User, at: datetime) -> object:
    signing = signing_of(given)
    told = Told(**{name: given.pop(name) for name in Told.__slots__})
    # Read anew: the password was asked for after `at`.
    return record_disposition_of_product(
        product=target.subject, told=told, signing=signing, by=by, at=clock.now(), **given
    )


def _handle(
    target: InTreatment[CellProduct] | InTreatment[Leukapheresis],
    given: dict[str, Any],
    *,
    by: User,
    at: datetime,
) -> object:
    given = without(given)
    reason = given.pop("reason")
    return record_custody(bag=target.subject, handling=Handling(**given), by=by, at=at, reason=reason)


def _correct_handling(
    target: InTreatment[CustodyEntry], given: dict[str, Any], *, by: User, at: datetime
) -> object:
    given, entry = without(given), target.subject
    bag = entry.product or entry.leukapheresis
    if bag is None:
        raise ValueError("a custody entry is of a bag")
    reason = given.pop("reason")
    return record_custody(bag=bag, handling=Handling(**given), corrects=entry, by=by, at=at, reason=reason)


def _decide_excursion(
    target: InTreatment[CustodyEntry], given: dict[str, Any], *, by: User, at: datetime
) -> object:
    return decide_excursion(entry=target.subject, by=by, at=at, **without(given))


def _plan(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> object:
    return plan_leukapheresis(participant=target.participant, by=by, at=at, **without(given))


def _ranges(target: InTreatment[Any]) -> Mapping[str, object]:
    return {"ranges": target.treatment.version.storage_ranges}


def _to_product(target: InTreatment[CellProduct], outcome: object) -> str:
    return reverse("product-page", args=[target.participant.code, target.subject.pk])


def _to_cells(target: InTreatment[Leukapheresis], outcome: object) -> str:
    return reverse("leukapheresis-page", args=[target.participant.code, target.subject.pk])


def _to_bag(target: InTreatment[CustodyEntry], outcome: object) -> str:
    entry, code = target.subject, target.participant.code
    if entry.product_id:
        return reverse("product-page", args=[code, entry.product_id])
    return reverse("leukapheresis-page", args=[code, entry.leukapheresis_id])


def _as_recorded(target: InTreatment[CustodyEntry]) -> Mapping[str, object]:
    names = ("step", "occurred_at", "place", "handed_by", "taken_by", "storage_id", "temperature_c", "note")
    return {name: getattr(target.subject, name) for name in names}


TEST = Step(
    name="product-test",
    title="Record release tests",
    permission=Permission.RECORD_PRODUCT,
    form_class=product_forms.ReleaseTestsForm,
    find=find_product,
    run=_test,
    submit="Record tests",
    done="Release tests recorded.",
    explanation="As on the certificate of analysis. Each is held against the specification of the protocol version, "
    "which is assumed until the sponsor confirms it. What is not done yet stays empty.",
    next_url=_to_product,
    banner=BANNER,
    blocked=lambda user, target: why_not_test(target.subject),
    initial=present_time("tested_at"),
    form_options=lambda target: {"tests": target.treatment.version.release_tests},
    context=with_banner(),
    template="infusion/product_step.html",
)

DECIDE = Step(
    name="product-decide",
    title="Decide on the lot",
    permission=Permission.RELEASE_PRODUCT,
    form_class=product_forms.DispositionForm,
    find=find_product,
    run=_decide,
    submit="Record decision",
    done="Decision recorded.",
    explanation="The lot is out of specification. You sign your decision. What is not known yet is recorded later, as a further decision.",
    consequences=(
        "Under exception: it can be released once the sponsor agreed, the ethics committee and the participant "
        "are informed, and the dose is counted anew.",
        "Otherwise the lot fails, and the decision on a new collection becomes due, within 14 days.",
    ),
    next_url=_to_product,
    banner=BANNER,
    blocked=lambda user, target: why_not_decide(target.subject) or why_not_sign(user, clock.now()),
    initial=present_time("decided_at"),
    context=with_banner(),
    template="infusion/product_step.html",
)

HANDLE_PRODUCT = Step(
    name="product-custody",
    title="Record where the bag is",
    permission=Permission.RECORD_PRODUCT,
    form_class=product_forms.CustodyForm,
    find=find_product,
    run=_handle,
    submit="Record step",
    done="Step of the chain of custody recorded.",
    explanation="The chain is never changed; a wrong entry is followed by one that corrects it.",
    consequences=("A temperature out of range holds the product until it is decided.",),
    next_url=_to_product,
    banner=BANNER,
    initial=present_time("occurred_at"),
    form_options=_ranges,
    context=with_banner(),
    template="infusion/product_step.html",
)

HANDLE_CELLS = Step(
    name="leukapheresis-custody",
    title="Record where the collected cells are",
    permission=Permission.RECORD_PRODUCT,
    form_class=product_forms.CustodyForm,
    find=find_leukapheresis,
    run=_handle,
    submit="Record step",
    done="Step of the chain of custody recorded.",
    explanation="The chain is never changed; a wrong entry is followed by one that corrects it.",
    consequences=("A temperature out of range holds every lot made of the cells until it is decided.",),
    next_url=_to_cells,
    banner=BANNER,
    initial=present_time("occurred_at"),
    form_options=_ranges,
    context=with_banner(),
)

CORRECT_HANDLING = Step(
    name="custody-correct",
    title="Correct a step of the chain",
    permission=Permission.RECORD_PRODUCT,
    form_class=product_forms.CustodyForm,
    find=find_custody_entry,
    run=_correct_handling,
    submit="Save correction",
    done="Step corrected. The former entry stays on record.",
    explanation="The former entry stays as it is, struck through; this one counts in its place.",
    next_url=_to_bag,
    banner=BANNER,
    initial=_as_recorded,
    form_options=_ranges,
    context=with_banner(),
)

DECIDE_EXCURSION = Step(
    name="excursion-decide",
    title="Decide on the temperature excursion",
    permission=Permission.RELEASE_PRODUCT,
    form_class=product_forms.ExcursionForm,
    find=find_custody_entry,
    run=_decide_excursion,
    submit="Record decision",
    done="Decision recorded.",
    explanation="Release, planning and infusion are held until this is decided.",
    consequences=("Not usable: the lot fails, and the decision on a new collection becomes due.",),
    next_url=_to_bag,
    banner=BANNER,
    blocked=lambda user, target: why_not_decide_excursion(target.subject),
    initial=present_time("decided_at"),
    context=with_banner(),
)


def _print(
    target: InTreatment[CellProduct] | InTreatment[Leukapheresis],
    given: dict[str, Any],
    *,
    by: User,
    at: datetime,
) -> LabelPrint:
    return record_label_printed(bag=target.subject, by=by, at=at, reason=given.get("reason", ""))


def _copies(target: InTreatment[CellProduct] | InTreatment[Leukapheresis]) -> Mapping[str, object]:
    return {"copies": copies_of(target.subject).count()}


def _to_page_of(target: InTreatment[CellProduct] | InTreatment[Leukapheresis], outcome: LabelPrint) -> str:
    name = "product-page" if isinstance(target.subject, CellProduct) else "leukapheresis-page"
    return reverse(name, args=[target.participant.code, target.subject.pk])


_PRINTED_WORDS = "Who printed which copy, and when, stays on record. A second copy needs a reason, such as a label that was torn."

_SAME_PRINT: dict[str, Any] = {
    "permission": Permission.RECORD_PRODUCT,
    "form_class": product_forms.LabelPrintForm,
    "run": _print,
    "submit": "Print label",
    "done": "The copy is on record. Open it beside the label to print it.",
    "explanation": _PRINTED_WORDS,
    "next_url": _to_page_of,
    "banner": BANNER,
    "form_options": _copies,
    "context": with_banner(),
}

PRINT_PRODUCT = Step(
    name="product-label-print", title="Print the label of the lot", find=find_product, **_SAME_PRINT
)

PRINT_CELLS = Step(
    name="leukapheresis-label-print",
    title="Print the label of the collected cells",
    find=find_leukapheresis,
    **_SAME_PRINT,
)

PLAN_COLLECTION = Step(
    name="leukapheresis-plan",
    title="Plan the leukapheresis",
    permission=Permission.RECORD_LEUKAPHERESIS,
    form_class=product_forms.LeukapheresisPlanForm,
    find=find_treatment,
    run=_plan,
    submit="Set this date",
    done="Date of the leukapheresis set.",
    explanation="Set it anew whenever it moves.",
    banner=BANNER,
    context=with_banner(),
)

STEPS = {
    "products/<uuid:product_id>/tests/": TEST,
    "products/<uuid:product_id>/decision/": DECIDE,
    "products/<uuid:product_id>/custody/": HANDLE_PRODUCT,
    "leukapheresis/<uuid:leukapheresis_id>/custody/": HANDLE_CELLS,
    "custody/<uuid:entry_id>/correct/": CORRECT_HANDLING,
    "custody/<uuid:entry_id>/decision/": DECIDE_EXCURSION,
    "products/<uuid:product_id>/label/print/": PRINT_PRODUCT,
    "leukapheresis/<uuid:leukapheresis_id>/label/print/": PRINT_CELLS,
    "leukapheresis/plan/": PLAN_COLLECTION,
}
