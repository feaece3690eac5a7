"""What is on record of a bag: release tests, dispositions, chain of custody, excursions; the planned collection."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, MOST_CELLS, RECORDED_AT, VERSION
from infusion.rules.bag_codes import BagKind
from infusion.rules.custody import CustodyStep, ExcursionVerdict
from infusion.rules.release import Decision, SpecificationVerdict, SponsorDecision
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictBooleanField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
    StrictUUIDField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import ReasonedIn
from trialsite.protocol.results import Operator
from trialsite.signing.api.acts import MayBeSignedIn
from trialsite.signing.api.shapes import WithSignaturesOut


class ReleaseTestIn(InSerializer):
    """One line of the certificate of analysis: a value with its unit, or a finding."""

    test_id = CleanCharField(max_length=20, help_text="Test of the specification, such as RT-VIABILITY.")
    value = StrictDecimalField(
        required=False, allow_null=True, max_digits=14, decimal_places=4, help_text="The value."
    )
    operator = EnumField(Operator, required=False, help_text="What stands before the value; by default =.")
    unit = CleanCharField(
        required=False, allow_blank=True, max_length=20, help_text="As specified; another one is refused."
    )
    finding = CleanCharField(
        required=False, allow_blank=True, max_length=40, help_text="Such as negative or conforms."
    )
    tested_at = AwareDateTimeField(help_text="When it was tested.")
    laboratory = CleanCharField(required=False, allow_blank=True, max_length=100, help_text="Laboratory.")


class ReleaseTestsIn(ReasonedIn):
    """Results of release tests, all or none."""

    results = ReleaseTestIn(  # type: ignore[call-arg]
        many=True,
        allow_empty=False,
        max_length=40,
        help_text="One for each test; a repeated test needs a reason.",
    )


class ReleaseTestOut(OutSerializer):
    """A result of a release test."""

    id = serializers.UUIDField(help_text="Id of the result.")
    product = serializers.UUIDField(source="product_id", help_text="Id of the product.")
    test_id = serializers.CharField(help_text="Test of the specification.")
    operator = serializers.CharField(help_text="What stands before the value.")
    value = serializers.DecimalField(
        max_digits=14, decimal_places=4, allow_null=True, help_text="The value, or null for a finding."
    )
    unit = serializers.CharField(allow_blank=True, help_text="Unit of the specification.")
    finding = serializers.CharField(allow_blank=True, help_text="The finding, or empty for a value.")
    verdict = EnumField(SpecificationVerdict, help_text="Against the specification when it was entered.")
    protocol_version = serializers.CharField(help_text="Protocol version of the specification.")
    tested_at = serializers.DateTimeField(help_text="When it was tested, UTC.")
    laboratory = serializers.CharField(allow_blank=True, help_text="Laboratory.")
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was repeated, UTC.")
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was repeated.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ReleaseTestsOut(OutSerializer):
    """The results as they were stored."""

    results = ReleaseTestOut(many=True, help_text="In the order in which they were given.")


class ProductDispositionIn(MayBeSignedIn):
    """The investigator's decision on a lot out of specification, and who was told."""

    decision = EnumField(Decision, help_text="What becomes of the lot.")
    decided_at = AwareDateTimeField(help_text="When it was decided.")
    sponsor_decision = EnumField(
        SponsorDecision, required=False, allow_null=True, help_text="What the sponsor decided."
    )
    sponsor_decided_by = CleanCharField(
        required=False, allow_blank=True, max_length=150, help_text="Who decided for the sponsor."
    )
    sponsor_decided_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When the sponsor decided."
    )
    ethics_informed_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When the ethics committee was informed."
    )
    participant_informed_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When the participant was informed."
    )
    participant_informed_by = CleanCharField(
        required=False, allow_blank=True, max_length=150, help_text="Who informed the participant."
    )
    recalculated_cells = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MOST_CELLS,
        help_text="The dose counted anew, in CAR-positive viable cells.",
    )
    frees_slot = StrictBooleanField(
        required=False, help_text="Whether the place in the dose cohort is given back; by default it is kept."
    )
    reason = CleanCharField(
        multiline=True, allow_blank=True, max_length=500, help_text="The ground; always needed."
    )


class ProductDispositionOut(WithSignaturesOut):
    """A decision on a lot out of specification. The newest of a lot counts."""

    id = serializers.UUIDField(help_text="Id of the disposition.")
    product = serializers.UUIDField(source="product_id", help_text="Id of the product.")
    number = serializers.IntegerField(help_text="1 for the first decision on the lot.")
    decision = EnumField(Decision, help_text="What becomes of the lot.")
    decided_at = serializers.DateTimeField(help_text="When it was decided, UTC.")
    decided_by = serializers.CharField(help_text="The investigator.")
    rationale = serializers.CharField(help_text="The ground.")
    sponsor_decision = serializers.CharField(allow_blank=True, help_text="What the sponsor decided.")
    sponsor_decided_by = serializers.CharField(allow_blank=True, help_text="Who decided for the sponsor.")
    sponsor_decided_at = serializers.DateTimeField(allow_null=True, help_text="When, UTC.")
    ethics_informed_at = serializers.DateTimeField(allow_null=True, help_text="When, UTC.")
    participant_informed_at = serializers.DateTimeField(allow_null=True, help_text="When, UTC.")
    participant_informed_by = serializers.CharField(allow_blank=True, help_text="By whom.")
    recalculated_cells = serializers.IntegerField(allow_null=True, help_text="The dose counted anew.")
    is_slot_freed = serializers.BooleanField(help_text="The place in the dose cohort was given back.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)


class CustodyIn(ReasonedIn):
    """One step of a bag."""

    step = EnumField(CustodyStep, help_text="What happened to the bag.")
    occurred_at = AwareDateTimeField(help_text="When.")
    place = CleanCharField(max_length=100, help_text="Where the bag is.")
    handed_by = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="Who gave it, where it changes hands."
    )
    taken_by = CleanCharField(max_length=100, help_text="Who has it now.")
    storage_id = CleanCharField(max_length=20, help_text="How it is kept from here on, such as ST-VAPOUR.")
    temperature_c = StrictDecimalField(
        required=False, allow_null=True, max_digits=5, decimal_places=1, help_text="Temperature read, °C."
    )
    note = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="Remark."
    )
    corrects = StrictUUIDField(
        required=False, allow_null=True, help_text="Id of the entry that this one takes the place of."
    )


class CustodyOut(OutSerializer):
    """One step of a bag; never changed."""

    id = serializers.UUIDField(help_text="Id of the entry.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    product = serializers.UUIDField(source="product_id", allow_null=True, help_text="Id of the product.")
    leukapheresis = serializers.UUIDField(
        source="leukapheresis_id", allow_null=True, help_text="Id of the collection, for its bag."
    )
    step = EnumField(CustodyStep, help_text="What happened to the bag.")
    occurred_at = serializers.DateTimeField(help_text="When, UTC.")
    place = serializers.CharField(help_text="Where the bag is.")
    handed_by = serializers.CharField(allow_blank=True, help_text="Who gave it.")
    taken_by = serializers.CharField(help_text="Who has it now.")
    storage_id = serializers.CharField(help_text="How it is kept from here on.")
    temperature_c = serializers.DecimalField(
        max_digits=5, decimal_places=1, allow_null=True, help_text="Temperature read, °C."
    )
    is_excursion = serializers.BooleanField(help_text="The temperature lies outside the range.")
    protocol_version = serializers.CharField(help_text="Protocol version of the range.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    entered_by = serializers.CharField(help_text="Who entered it.")
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Entry that this one takes the place of."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)


class ExcursionDecisionIn(InSerializer):
    """Whether a bag may be used after a temperature excursion."""

    verdict = EnumField(ExcursionVerdict, help_text="Usable or not; not usable fails the lot.")
    decided_at = AwareDateTimeField(help_text="When it was decided.")
    reason = CleanCharField(
        multiline=True, allow_blank=True, max_length=500, help_text="The ground; always needed."
    )


class ExcursionDecisionOut(OutSerializer):
    """A decision on a temperature excursion."""

    id = serializers.UUIDField(help_text="Id of the decision.")
    entry = serializers.UUIDField(source="entry_id", help_text="Id of the entry of the chain.")
    verdict = EnumField(ExcursionVerdict, help_text="Usable or not.")
    decided_at = serializers.DateTimeField(help_text="When it was decided, UTC.")
    decided_by = serializers.CharField(help_text="Who decided.")
    rationale = serializers.CharField(help_text="The ground.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)


class LeukapheresisPlanIn(ReasonedIn):
    """The date a collection is planned for."""

    planned_on = StrictDateField(help_text="Civil date at the site.")
    place = CleanCharField(required=False, allow_blank=True, max_length=100, help_text="Where.")


class LeukapheresisPlanOut(OutSerializer):
    """The date a collection is planned for."""

    id = serializers.UUIDField(help_text="Id of the plan.")
    planned_on = serializers.DateField(help_text="Civil date at the site.")
    place = serializers.CharField(allow_blank=True, help_text="Where.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)


class LabelLineOut(OutSerializer):
    """A line of a label."""

    heading = serializers.CharField(help_text="Such as Lot.")
    text = serializers.CharField(help_text="What stands behind it.")


class BagLabelOut(OutSerializer):
    """What stands on the label of a bag. Never a name or a diagnosis."""

    kind = EnumField(BagKind, help_text="A for collected cells, P for a product.")
    bag_code = serializers.CharField(help_text="What the QR code and the Code 128 say.")
    subject_code = serializers.CharField(help_text=CODE)
    trial = serializers.CharField(help_text="Number of the trial in the registry.")
    site = serializers.CharField(help_text="Code of the site.")
    arm = serializers.CharField(allow_blank=True, help_text="The assigned arm.")
    warning = serializers.CharField(
        allow_blank=True, help_text="What keeps the bag from being used as it is."
    )
    lines = LabelLineOut(many=True, help_text="Lot, cells, volume, expiry, as far as they are known.")


class LabelPrintOut(OutSerializer):
    """One printed copy of the label of a bag."""

    id = serializers.UUIDField(help_text="Id of the copy.")
    bag_code = serializers.CharField(help_text="Code of the bag.")
    copy = serializers.IntegerField(help_text="1 for the first copy of the bag.")
    warning = serializers.CharField(
        allow_blank=True, help_text="What the copy says keeps the bag from being used as it is."
    )
    printed_at = serializers.DateTimeField(help_text="When it was handed out, UTC.")
    printed_by = serializers.CharField(help_text="Who printed it.")
    reason = serializers.CharField(allow_blank=True, help_text="Why there is another copy.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class PrintedLabelOut(LabelPrintOut):
    """The copy that was recorded just now, to be printed."""

    pdf_base64 = serializers.CharField(help_text="The label as a PDF page of its own size, in base64.")
