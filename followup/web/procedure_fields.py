"""The fields that ask what was done at a visit: three buttons and a reason for each procedure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from followup.models import VisitProcedure
from followup.queries.procedures import Checklist
from followup.rules.procedures import ProcedureEntry, needs_reason
from followup.states import ProcedureOutcome
from trialsite.protocol.types import Procedure

OUTCOMES = [
    (ProcedureOutcome.DONE.value, "Done"),
    (ProcedureOutcome.NOT_DONE.value, "Not done"),
    (ProcedureOutcome.NOT_APPLICABLE.value, "Not applicable"),
]
WORDS = dict(OUTCOMES)
_WHY_ID = "why-"
MOST_REASON = 500


class ProcedureFields:
    """Adds the fields of a checklist to a form and reads the answers out of it."""

    def __init__(
        self, form: forms.Form, checklist: Checklist, present: Iterable[VisitProcedure] = ()
    ) -> None:
        self.form = form
        self.checklist = checklist
        answers = {one.procedure_id: one for one in present}
        for name, procedure in checklist.known.items():
            answer = answers.get(name)
            form.fields[name] = forms.ChoiceField(
                label=procedure.title,
                choices=OUTCOMES,
                required=False,
                widget=forms.RadioSelect,
                initial=answer.outcome if answer else None,
                help_text=procedure.applies_to,
            )
            form.fields[_WHY_ID + name] = forms.CharField(
                label=f"{procedure.title}: why",
                required=False,
                max_length=MOST_REASON,
                initial=answer.reason if answer else "",
            )

    def lines(self) -> Iterator[tuple[BoundField, BoundField, str]]:
        """Each procedure with its two fields, and why it is not owed any more."""
        ended = {
            one.procedure.id: f"since {one.ended_by.replace('_', ' ')} {one.ended_on}"
            for one in self.checklist.planned
            if not one.is_owed
        }
        for name in self.checklist.known:
            yield self.form[name], self.form[_WHY_ID + name], ended.get(name, "")

    def check(self, cleaned: dict[str, Any], *, rest_is_done: bool) -> None:
        """Put the answers into cleaned["procedures"]; a missing reason is an error at its own field."""
        found = []
        owed = self.checklist.owed
        for name, procedure in self.checklist.known.items():
            given, why = cleaned.pop(name, ""), cleaned.pop(_WHY_ID + name, "").strip()
            if not given and why:
                self.form.add_error(name, "Say whether it was done.")
            elif not given and rest_is_done and name in owed and not procedure.applies_to:
                given = ProcedureOutcome.DONE.value
            if given:
                found.append(ProcedureEntry(procedure=name, outcome=ProcedureOutcome(given), reason=why))
        cleaned["procedures"] = found
        self._ask_for_reasons(found, self.checklist.known)

    def _ask_for_reasons(self, found: list[ProcedureEntry], known: Mapping[str, Procedure]) -> None:
        for one in found:
            if needs_reason(one.outcome, known[one.procedure]) and not one.reason:
                self.form.add_error(_WHY_ID + one.procedure, "Say why.")
