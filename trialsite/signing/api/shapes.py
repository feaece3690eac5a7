"""Shapes of signatures and locks in the API."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from trialsite.api.fields import CleanCharField, EnumField, StrictBooleanField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.signing.queries import signatures_of, signatures_of_many
from trialsite.signing.rules import Meaning, Standing


class DifferenceOut(OutSerializer):
    """One value that is not what was signed."""

    path = serializers.CharField(help_text="Where in the content.")
    signed = serializers.JSONField(allow_null=True, help_text="What was signed; null where it was not there.")
    present = serializers.JSONField(allow_null=True, help_text="What is there now.")


class ManifestOut(OutSerializer):
    """A signature as it is shown wherever its record is: who, when, with which meaning, and whether it holds."""

    id = serializers.UUIDField(source="signature.id", help_text="Id of the signature.")
    printed_name = serializers.CharField(
        source="signature.printed_name", help_text="Name of the signer, as printed."
    )
    user_name = serializers.CharField(source="signature.user_name", help_text="User name of the signer.")
    role = serializers.CharField(source="signature.role", help_text="Role at the site when it was signed.")
    signed_at = serializers.DateTimeField(source="signature.signed_at", help_text="When, UTC.")
    local_time = serializers.CharField(help_text="When, at the site, with its zone.")
    meaning = serializers.CharField(
        source="signature.meaning", help_text="Meaning, from the controlled list."
    )
    meaning_words = serializers.CharField(source="signature.meaning_words", help_text="The meaning in words.")
    reason = serializers.CharField(
        source="signature.reason", allow_blank=True, help_text="Where one was given."
    )
    standing = EnumField(Standing, help_text="Whether it counts now.")
    differences = DifferenceOut(many=True, help_text="What differs from what was signed.")
    entry = serializers.IntegerField(
        source="entry.id",
        allow_null=True,
        help_text="The trail entry of the first change after it, where known.",
    )
    content_sha256 = serializers.CharField(
        source="signature.content_digest", help_text="SHA-256 of what was signed."
    )


class WithSignaturesOut(OutSerializer):
    """Base of the shape of one record that can be signed."""

    signatures = serializers.SerializerMethodField(help_text="Its signatures, newest first.")

    def get_signatures(self, record: Any) -> list[dict[str, Any]]:
        read = getattr(record, "read_signatures", None)
        return ManifestOut.represent_all(signatures_of(record) if read is None else read)


def read_together(records: Sequence[Any]) -> None:
    """Read the signatures of a page of records at once, for `WithSignaturesOut`."""
    found = signatures_of_many(records)
    for one in records:
        one.read_signatures = found[one.pk]


class SignedLineOut(OutSerializer):
    """One line of what the signer is shown."""

    name = serializers.CharField(help_text="What it is.")
    value = serializers.CharField(help_text="As the signer reads it.")


class SignableOut(OutSerializer):
    """A record as it would be signed."""

    kind = serializers.CharField(help_text="Kind of the record.")
    record = serializers.UUIDField(help_text="Id of the record.")
    participant = serializers.CharField(allow_blank=True, help_text="Subject code, where it belongs to one.")
    heading = serializers.CharField(help_text="What is signed, in words.")
    lines = SignedLineOut(many=True, help_text="What the signer is shown.")
    content = serializers.JSONField(help_text="The canonical content, of schema version `schema_version`.")
    schema_version = serializers.IntegerField(help_text="Version of the content's schema.")
    seen = serializers.CharField(help_text="SHA-256 of the content; goes back with the signature.")
    meanings = serializers.ListField(child=serializers.CharField(), help_text="The meanings offered.")
    obstacles = serializers.ListField(child=serializers.CharField(), help_text="Why you cannot sign it now.")
    signatures = ManifestOut(many=True, help_text="Its signatures, newest first.")


class SigningIn(InSerializer):
    """The components of a signature: as on the page, name and code at the first signing of a session."""

    signer = CleanCharField(
        required=False, default="", allow_blank=True, max_length=150, help_text="Your user name."
    )
    password = CleanCharField(
        max_length=200, trim_whitespace=False, write_only=True, help_text="Your password."
    )
    code = CleanCharField(
        required=False, default="", allow_blank=True, max_length=20, help_text="Code of your second factor."
    )
    states_equivalence = StrictBooleanField(
        required=False,
        default=False,
        help_text="Before the first: that it is the equivalent of your handwriting.",
    )
    reason = CleanCharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=500,
        help_text="Needed to reject, withdraw or unlock.",
    )


class SignIn(SigningIn):
    """A signature of the record as it was read."""

    meaning = EnumField(Meaning, help_text="One of the meanings offered.")
    seen = CleanCharField(max_length=64, help_text="`seen` of the record as you read it.")


class LockOut(WithSignaturesOut):
    """A lock in force, or one that ended, with the signatures of both ends."""

    id = serializers.UUIDField(help_text="Id of the lock.")
    scope = serializers.CharField(help_text="record, participant, site or trial.")
    name = serializers.CharField(help_text="What is locked.")
    reason = serializers.CharField(help_text="Why.")
    locked_at = serializers.DateTimeField(help_text="Since when, UTC.")
    locked_by = serializers.CharField(help_text="By whom.")
    unlocked_at = serializers.DateTimeField(allow_null=True, help_text="When it ended, UTC.")
    unlocked_by = serializers.CharField(allow_blank=True, help_text="By whom.")
    unlock_reason = serializers.CharField(allow_blank=True, help_text="Why it ended.")
