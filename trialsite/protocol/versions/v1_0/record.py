"""The registry record of the trial and its two arms."""

from datetime import date

from trialsite.protocol.types import Arm, ArmDefinition, Source, TrialRecord

TRIAL = TrialRecord(
    registry_id="NCT06945523",
    title=(
        "Clinical Study on Chimeric Antigen Receptor T Lymphocyte (CAR-T) Targeting CEA "
        "for the Treatment of CEA - Positive Advanced Lung Cancer"
    ),
    sponsor="CHONGQING PRECISION BIOTECH CO., LTD",
    phase="Phase 1",
    status="Recruiting",
    condition="CEA-positive advanced lung cancer",
    planned_participants=60,
    sites=("Wuhan, Hubei, China",),
    minimum_age_years=18,
    sexes="All",
    first_submitted_on=date(2025, 4, 18),
    source=Source.SEED,
)

ARMS = (
    ArmDefinition(
        arm=Arm.INTRAVENOUS,
        title="Intravenous infusion",
        title_zh="静脉输注组",
        description=(
            "CAR-T cells given into a vein after lymphodepletion. "
            "Assumed: the record does not describe this group."
        ),
        source=Source.ASSUMED,
    ),
    ArmDefinition(
        arm=Arm.INTRAPLEURAL,
        title="Intrapleural infusion",
        title_zh="胸腔内输注组",
        description=(
            "CAR-T cells given into the pleural cavity of participants with malignant pleural effusion. "
            "The record names this group in inclusion criterion 4."
        ),
        source=Source.SEED,
    ),
)
