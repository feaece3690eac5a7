"""How a visit takes place: the database knows every mode and no other."""

from followup.models import Visit
from followup.states import VisitMode


def test_every_mode_can_be_stored_and_no_other() -> None:
    field = Visit._meta.get_field("mode")

    assert [value for value, _ in field.choices] == [mode.value for mode in VisitMode]
    assert field.default == VisitMode.ON_SITE.value
