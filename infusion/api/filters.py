"""Filters of the lists of infusion."""

import django_filters as filters
from django.db.models import QuerySet

from infusion.models import LaboratoryGrade
from participants.api.filters import YES_NO


class LaboratoryGradeFilter(filters.FilterSet):
    """test_code: as it is written, in capitals. grade_from: at least this grade. standing: false shows what was voided."""

    test_code = filters.CharFilter(
        field_name="observation__test_code",
        max_length=8,
        help_text="CDISC short name of the test, such as PLAT.",
    )
    grade_from = filters.ChoiceFilter(
        field_name="grade",
        lookup_expr="gte",
        choices=[(str(grade), str(grade)) for grade in range(1, 5)],
        help_text="This grade and higher ones.",
    )
    standing = filters.ChoiceFilter(
        choices=YES_NO,
        method="narrow_standing",
        help_text="false: grades whose value or baseline was corrected since.",
    )

    def narrow_standing(
        self, rows: QuerySet[LaboratoryGrade], name: str, value: str
    ) -> QuerySet[LaboratoryGrade]:
        return rows.filter(voided_at__isnull=value == "true")
