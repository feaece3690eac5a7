"""What every service has in common: who, when, and one way into the trail."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("participants", "screening", "infusion", "followup")
# Building blocks: called inside a command that others opened, so they do not name an actor again.
INSIDE_A_COMMAND = {
    "participants.services.journey.happened",
    "participants.services.journey.follow",
    "participants.services.journey.correct_event",
    "participants.services.journey.void_event",
    "participants.services.journey.command",
    "participants.services.obligations.reconcile",
    "participants.services.obligations.set_transition",
    "participants.services.deviations.store_findings",
    "participants.services.deviations.close_settled_findings",
    "participants.services.deviations.reopen_settled_findings",
    "participants.services.deviations.move_findings",
    "participants.services.deviations.notice_due_on",
    "participants.services.deviations.settle_deviations",
    "participants.services.notices.judge_notices",
    "participants.services.reminders.withdraw_reminders",
    "participants.services.sealing.seal",
    "participants.services.sealing.unseal",
    "participants.services.identities.pinyin_of",
    "participants.services.messages.message_for",
    "participants.services.post.outcome_of",
    "participants.services.access.find_participant",
    "participants.services.followers.register_follower",
    "participants.services.followers.register_follower_of_values",
    "participants.services.followers.tell_followers",
    "participants.services.followers.tell_of_values",
    "participants.services.observations.save_readings",
    "participants.services.observations.save_readings_of_many",
    "screening.services.confidential_tests.tell_of_tests",
    "screening.services.confidential_tests.untell",
    "screening.services.evaluations.follow_evidence",
    "screening.services.evaluations.follow_change",
    "screening.services.evaluations.keep_evaluation",
    "screening.services.evaluations.settle_lapse",
    "screening.services.rechecks.act_of",
    "infusion.services.adverse_events.ended_at",
    "infusion.services.adverse_events.new_entry",
    "infusion.services.adverse_events.require_codes",
    "infusion.services.adverse_events.require_end",
    "infusion.services.adverse_events.require_relations",
    "infusion.services.cohorts.give_back",
    "infusion.services.custody.settle_excursions",
    "infusion.services.failures.fail",
    "infusion.services.failures.require_may_become",
    "infusion.services.infusion_facts.ended",
    "infusion.services.infusion_facts.infused",
    "infusion.services.infusion_facts.require_fields_of",
    "infusion.services.infusion_facts.use_up",
    "infusion.services.laboratory_grades.follow_interventions",
    "infusion.services.laboratory_grades.follow_values",
    "infusion.services.safety_cases.asks_dlt",
    "infusion.services.safety_cases.case_of",
    "infusion.services.safety_cases.gradings_of",
    "infusion.services.safety_cases.label",
    "infusion.services.safety_cases.settle_case",
    "infusion.services.safety_cases.take_grades",
    "infusion.services.toxicity_events.follow_toxicity",
    "infusion.services.toxicity_events.withdraw_toxicity",
    "followup.services.procedures.findings_of",
    "followup.services.procedures.first_answers",
    "followup.services.procedures.move_procedure_findings",
    "followup.services.procedures.store_answers",
}


def _modules() -> Iterator[ModuleType]:
    for app in APPS:
        package = importlib.import_module(f"{app}.services")
        for found in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{app}.services.{found.name}")


def _services() -> list[Callable[..., object]]:
    return [
        function
        for module in _modules()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]


def _name(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__name__}"


PUBLIC = [function for function in _services() if _name(function) not in INSIDE_A_COMMAND]


@pytest.mark.parametrize("service", PUBLIC, ids=_name)
def test_a_service_takes_who_and_when_by_keyword_only(service: Callable[..., object]) -> None:
    parameters = inspect.signature(service).parameters
    kinds = {name: parameter.kind for name, parameter in parameters.items()}

    assert kinds.get("by") is inspect.Parameter.KEYWORD_ONLY
    assert kinds.get("at") is inspect.Parameter.KEYWORD_ONLY
    assert set(kinds.values()) == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("service", PUBLIC, ids=_name)
def test_a_service_acts_in_the_trail(service: Callable[..., object]) -> None:
    tree = ast.parse(inspect.getsource(service).lstrip())
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    own_module = ast.parse(Path(inspect.getsourcefile(service) or "").read_text())
    private = {
        found.name: found
        for found in ast.walk(own_module)
        if isinstance(found, ast.FunctionDef) and found.name in called and found.name.startswith("_")
    }
    reached = called | {
        node.func.id
        for found in private.values()
        for node in ast.walk(found)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert reached & {"acting", "command", "record_disposition"}


@pytest.mark.parametrize("service", PUBLIC, ids=_name)
def test_a_service_says_what_it_does(service: Callable[..., object]) -> None:
    assert inspect.getdoc(service)


def test_the_list_of_building_blocks_names_only_what_exists() -> None:
    assert {_name(function) for function in _services()} >= INSIDE_A_COMMAND


def test_nobody_outside_the_services_calls_a_writing_method_of_a_queryset() -> None:
    writing = {"bulk_create", "bulk_update", "save_new", "save_changes", "update_or_create", "get_or_create"}
    found = []
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            parts = path.relative_to(ROOT / app).parts
            if parts[0] in {"services", "migrations"}:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in writing:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}")
    assert found == []
