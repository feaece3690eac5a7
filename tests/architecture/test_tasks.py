"""Every entry of the beat schedule is a task that exists, takes nothing, and can run."""

import pytest

from trialsite.celery import app


@pytest.fixture(scope="module", autouse=True)
def _tasks_imported() -> None:
    app.loader.import_default_modules()


@pytest.mark.parametrize("entry", sorted(app.conf.beat_schedule))
def test_a_beat_entry_names_a_task_that_exists(entry: str) -> None:
    assert app.conf.beat_schedule[entry]["task"] in app.tasks


@pytest.mark.django_db
@pytest.mark.parametrize("entry", sorted(app.conf.beat_schedule))
def test_a_beat_task_runs_twice_on_an_empty_database(entry: str) -> None:
    task = app.tasks[app.conf.beat_schedule[entry]["task"]]

    assert task.apply().get() == 0
    assert task.apply().get() == 0
