"""Grades of laboratory values."""

from infusion.api.filters import LaboratoryGradeFilter
from infusion.api.serializers.laboratory import LaboratoryGradeOut
from infusion.api.views.product import OF_PARTICIPANT
from infusion.models import LaboratoryGrade
from trialsite.accounts.permissions import Permission
from trialsite.api.views import ScopedList


class LaboratoryGradeList(ScopedList):
    """List the CTCAE grades of the laboratory values of one participant, by the time of the value."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = LaboratoryGrade
    parent = OF_PARTICIPANT
    order = ("observation__taken_at", "id")
    orders = {"newest": ("-observation__taken_at", "-id")}
    filterset_class = LaboratoryGradeFilter
    gives = LaboratoryGradeOut
    from_columns = True
