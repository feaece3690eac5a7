"""trialsite: tracks the participants of a CAR-T cell-therapy trial."""

from trialsite.celery import app as celery_app

__all__ = ["celery_app"]
