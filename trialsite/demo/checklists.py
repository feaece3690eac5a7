"""What was done at the visits of the demonstration: nearly everything, one thing left out here, one form left open there."""

from zlib import crc32

from followup.rules.procedures import ProcedureEntry
from followup.states import ProcedureOutcome
from trialsite.demo.story import Story
from trialsite.protocol.procedures import planned_procedures
from trialsite.protocol.registry import resolve

_WHYS = ("Specimen tube broken", "Analyser under repair, not repeated", "Participant declined")


def answered(story: Story, key: str) -> list[ProcedureEntry]:
    """Return the answers for one visit, the same every time."""
    dice = crc32(f"{story.participant.code} {key}".encode())
    if dice % 17 == 0:
        return []
    planned = planned_procedures(
        resolve("1.0"), key.partition("#")[0], arm=story.arm, events=(), at=story.now
    )
    missing = dice // 17 % len(planned) if dice % 13 == 0 else None
    return [
        _entry(one.procedure.id, bool(one.procedure.applies_to), _WHYS[dice % 3] if place == missing else "")
        for place, one in enumerate(planned)
    ]


def _entry(procedure: str, is_conditional: bool, why_not: str) -> ProcedureEntry:
    if is_conditional:
        return ProcedureEntry(procedure=procedure, outcome=ProcedureOutcome.NOT_APPLICABLE)
    outcome = ProcedureOutcome.NOT_DONE if why_not else ProcedureOutcome.DONE
    return ProcedureEntry(procedure=procedure, outcome=outcome, reason=why_not)
