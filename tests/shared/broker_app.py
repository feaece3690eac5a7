"""The product's Celery application with two tasks that leave a row each; for the broker test only."""

import os

import psycopg
from celery import shared_task

from trialsite.celery import app
from trialsite.settings.databases import parse_address

app.conf.beat_schedule = {"tick": {"task": "tests.tick", "schedule": 1.0}}


def note(word: str) -> None:
    place = parse_address(os.environ["DATABASE_URL"])
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"] or 5432, dbname=place["NAME"], user=place["USER"]
    ) as db:
        db.execute("INSERT INTO notes VALUES (%s, %s)", [word, os.getpid()])


@shared_task(name="tests.greet")
def greet(*, word: str) -> None:
    note(word)


@shared_task(name="tests.tick")
def tick() -> None:
    note("tick")


__all__ = ["app", "greet", "tick"]
