"""Sample values for the component page: invented, and the same on every day except for today's date."""

from datetime import UTC, date, datetime, timedelta

from django import forms

from trialsite.protocol.types import DueState, Source
from trialsite.web.components import JOURNEY_STATUS, Banner, DueLine, Evidence, Pages, TimelineEvent
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

ZONE = "Asia/Shanghai"
_TODAY = date(2026, 11, 22)


class SpecimenForm(StepForm):
    """One field of each kind."""

    given_on = SiteDateField(label="Date of consent", help_text="As written on the signed form.")
    given_at = SiteMomentField(label="Time of signature")
    signed_by = forms.ChoiceField(
        label="Signed by",
        choices=[("", "Choose"), ("participant", "Participant"), ("representative", "Legal representative")],
    )
    weight_kg = forms.DecimalField(
        label="Body weight",
        min_value=20,
        max_value=200,
        help_text="Last value 61.4 kg on 2026-11-08.",
        widget=forms.NumberInput(attrs={"data-unit": "kg", "inputmode": "decimal", "step": "0.1"}),
    )
    reason = forms.ChoiceField(
        label="Reason for late entry",
        required=False,
        choices=[("", "Choose a reason"), *[(f"r{n}", f"Listed reason {n}") for n in range(1, 9)]],
    )
    note = forms.CharField(label="Remark", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    was_explained = forms.BooleanField(label="The participant had time to ask questions", required=False)


def page(at: datetime) -> dict[str, object]:
    """Return everything the component page shows."""
    refused = SpecimenForm({"signed_by": "participant", "weight_kg": "610", "given_at": ""}, zone=ZONE)
    refused.is_valid()
    return {
        "due_states": list(DueState),
        "journey_states": list(JOURNEY_STATUS),
        "bars": list(_bars()),
        "banners": list(_banners()),
        "lines": list(_lines()),
        "events": list(_events()),
        "evidence": list(_evidence()),
        "pages": Pages(previous="?before=a", next="?after=b", shown=25, noun="participants"),
        "last_page": Pages(previous="?before=a", shown=7, noun="participants"),
        "form": SpecimenForm(zone=ZONE, prefix="a"),
        "refused_form": refused,
        "zone": ZONE,
        "moment": at,
    }


def _day(days: int | None) -> date | None:
    return None if days is None else _TODAY + timedelta(days=days)


def _bars() -> list[dict[str, object]]:
    def bar(
        title: str, opens: int, target: int, closes: int | None, done: int | None = None
    ) -> dict[str, object]:
        window = {"opens_on": _day(opens), "target_on": _day(target), "closes_on": _day(closes)}
        return {"title": title, **window, "today": _TODAY, "actual_on": _day(done)}

    return [
        bar("Opens in six days", 6, 9, 12),
        bar("Open, in good time", -3, 2, 7),
        bar("Open, last fifth", -9, -4, 1),
        bar("Overdue", -12, -8, -4),
        bar("Done in window", -9, -5, -1, -5),
        bar("Done outside", -14, -11, -8, -5),
        bar("No end", -4, 0, None),
        bar("One day", 0, 0, 0),
    ]


def _banners() -> list[Banner]:
    return [
        Banner(
            code="WH-4K7Q2",
            href="#",
            state="follow_up",
            arm="Intravenous",
            site="WUH-01",
            zone=ZONE,
            day=28,
            consent_version="2.0",
            product_lot="L-2026-0417",
            holds=("Re-consent to ICF 2.1 is owed before the next study procedure.", "Deviation open"),
        ),
        Banner(
            code="WH-9D3M5",
            href="#",
            state="screening",
            arm="",
            site="WUH-01",
            zone=ZONE,
            consent_version="2.1",
        ),
    ]


def _lines() -> list[DueLine]:
    def line(state: DueState, title: str, opens: int, closes: int | None, **more: object) -> DueLine:
        days = {"opens_on": opens, "target_on": opens + 3, "closes_on": closes}
        dates = {name: _day(n) for name, n in days.items()}
        fixed = {"zone": ZONE, "source": Source.ASSUMED, "href": "#", "code": "WH-4K7Q2", "code_href": "#"}
        return DueLine(state=state, title=title, **{**dates, **fixed, **more})  # type: ignore[arg-type]

    return [
        line(DueState.OVERDUE, "Day 28 visit", -10, -4, detail="4 days late", is_important=True),
        line(DueState.DUE, "Re-consent to ICF 2.1", -2, None, source=Source.SEED),
        line(DueState.DUE, "Confidential test, month 3", -3, 4, detail="4 days left", code="WH-9D3M5"),
        line(DueState.UPCOMING, "Leukapheresis", 3, 9, source=Source.AMENDMENT),
        line(DueState.DONE_LATE, "Day 14 visit", -24, -18, done_on=_TODAY - timedelta(days=16), href=""),
        line(DueState.MISSED, "Day 7 visit", -31, -25, href="", is_important=True),
    ]


def _events() -> list[TimelineEvent]:
    infused_at = datetime(2026, 10, 25, 2, 40, tzinfo=UTC)
    return [
        TimelineEvent(
            title="Infusion",
            on=date(2026, 10, 25),
            at=infused_at,
            zone=ZONE,
            icon="droplet",
            tone="strong",
            detail="Intravenous, lot L-2026-0417, dose level 1",
            by="Dr. Lin Wei",
            href="#",
        ),
        TimelineEvent(
            title="Lymphodepletion, third dose", on=date(2026, 10, 22), icon="vaccine", tone="active"
        ),
        TimelineEvent(title="Product released", on=date(2026, 10, 14), icon="package", tone="good"),
        TimelineEvent(
            title="Lot failed its release test",
            on=date(2026, 9, 30),
            icon="alert-triangle",
            tone="bad",
            detail="Viability below the limit; leukapheresis repeated",
        ),
        TimelineEvent(
            title="Consent, ICF 2.0", on=date(2026, 8, 30), icon="signature", detail="By the participant"
        ),
    ]


def _evidence() -> list[Evidence]:
    return [
        Evidence(title="Haematology", on=date(2026, 11, 18), expires_on=date(2026, 11, 25), href="#"),
        Evidence(
            title="Mesothelin IHC",
            on=date(2026, 7, 2),
            expires_on=date(2026, 10, 2),
            is_lapsed=True,
            href="#",
        ),
        Evidence(title="Echocardiography"),
    ]
