"""The form renderer and the fields that know the zone of a site."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.core.exceptions import ValidationError

from tests.shared.web_urls import ChartForm
from trialsite.web.forms import SiteMomentField, StepForm, to_instant
from trialsite.web.specimens import SpecimenForm

TODAY = date(2026, 11, 22)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_wall_clock_of_the_site_becomes_utc() -> None:
    assert to_instant(wall("2026-11-22T08:00"), "Asia/Shanghai") == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


def test_hour_that_happens_twice_is_its_first_time() -> None:
    assert to_instant(wall("2026-10-25T02:30"), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_hour_that_the_clock_skips_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not exist"):
        to_instant(wall("2026-03-29T02:30"), "Europe/Berlin")


@pytest.mark.parametrize("typed", ["2026-11-22T08:00", "2026-11-22 08:00", "2026-11-22 08:00:00"])
def test_both_written_forms_of_a_time_are_read(typed: str) -> None:
    field = SiteMomentField()
    field.zone = "Asia/Shanghai"
    assert field.clean(typed) == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["yesterday", "22/11/2026 08:00", "2026-11-22T08:00+01:00", "2026-13-01T00:00"]
)
def test_a_time_in_another_form_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        SiteMomentField().clean(typed)


def test_stored_instant_is_shown_on_the_site_clock() -> None:
    form = ChartForm(initial={"given_at": datetime(2026, 11, 22, 17, 5, tzinfo=UTC)}, zone="Asia/Shanghai")
    drawn = str(form)
    assert 'value="2026-11-23T01:05"' in drawn
    assert "Asia/Shanghai" in drawn


def test_today_is_today_at_the_site_and_tomorrow_is_refused() -> None:
    late = {"kind": "plain", "given_at": "2026-11-22T23:59", "given_on": "2026-11-22"}
    assert ChartForm(late, zone="Asia/Shanghai", today=TODAY).is_valid()
    form = ChartForm({**late, "given_at": "2026-11-23T00:00"}, zone="Asia/Shanghai", today=TODAY)
    assert list(form.errors) == ["given_at"]


def test_seven_choices_are_buttons_and_eight_a_list() -> None:
    def drawn_with(count: int) -> str:
        class Choices(StepForm):
            pick = forms.ChoiceField(choices=[("", "Choose"), *[(str(n), f"No {n}") for n in range(count)]])

        return str(Choices())

    assert drawn_with(7).count('type="radio"') == 7
    assert "Choose" not in drawn_with(7)
    assert "<select" in drawn_with(8)


def test_every_field_has_a_label_and_its_help_is_tied_to_it() -> None:
    drawn = str(SpecimenForm())
    for name in ("given_on", "given_at", "weight_kg", "reason", "note", "was_explained"):
        assert f'for="id_{name}"' in drawn
    assert 'aria-describedby="id_weight_kg_helptext"' in drawn
    assert 'id="id_weight_kg_helptext"' in drawn
    assert '<span class="input-group-text">kg</span>' in drawn


def test_refused_form_sums_up_its_errors_with_links_and_marks_the_fields() -> None:
    form = SpecimenForm({"weight_kg": "610", "given_at": "yesterday"})
    drawn = str(form)
    assert '<a href="#id_weight_kg">Body weight</a>: At most 200.' in drawn
    assert '<a href="#id_signed_by_0">Signed by</a>: Choose one of these.' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'id="id_weight_kg_error"' in drawn
    assert 'value="610"' in drawn


def test_inputs_wear_the_classes_of_the_style_sheet() -> None:
    drawn = str(SpecimenForm({"weight_kg": "610"}))
    assert 'class="form-control is-invalid"' in drawn
    assert 'class="form-select"' in drawn
    assert 'class="form-check-input"' in drawn


def test_limits_of_one_form_do_not_leak_into_the_class() -> None:
    SpecimenForm()
    limits = SpecimenForm.base_fields["weight_kg"].validators
    assert not any(getattr(limit, "message", "") == "At most %(limit_value)s." for limit in limits)


@pytest.mark.parametrize("year", [1, 1899, 2201, 9999])
def test_a_mistyped_year_is_refused_not_converted(year: int) -> None:
    with pytest.raises(ValidationError, match="Give a year from 1900 to 2200"):
        to_instant(datetime(year, 1, 1, 12), "Asia/Shanghai")  # noqa: DTZ001  (a wall-clock time)
