"""What the pages themselves remember: the forms they have acted on, so that one sent again acts no second time."""

from django.db import models


class AnsweredForm(models.Model):
    """One form that was acted on. Not a domain table: it states nothing about the trial and carries no trail.

    Kept for good: an entry may wait on a device for longer than any session, and must not be recorded twice
    when it comes at last. user_id: plain value, no key, so that it stands in nobody's way. digest: keyed, of
    what was entered where; no value can be read or guessed from it. href: the page that followed.
    """

    user_id = models.UUIDField()
    token = models.UUIDField()
    digest = models.CharField(max_length=64)
    href = models.CharField(max_length=500)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "token"], name="web_form_once")]

    def __str__(self) -> str:
        return str(self.token)
