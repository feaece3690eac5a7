"""What is chosen in the forms of the infusion room, in words: the same on the form and on the page."""

from collections.abc import Mapping

from infusion.rules.intrapleural import (
    BodyPosition,
    CatheterProof,
    ImageFinding,
    ImageModality,
    SamplePurpose,
)

PROOFS: Mapping[str, str] = {
    CatheterProof.CT.value: "CT",
    CatheterProof.ULTRASOUND.value: "Ultrasound",
    CatheterProof.X_RAY.value: "X-ray",
}
POSITIONS: Mapping[str, str] = {
    BodyPosition.SUPINE.value: "On the back",
    BodyPosition.PRONE.value: "On the belly",
    BodyPosition.LEFT_SIDE.value: "Left side",
    BodyPosition.RIGHT_SIDE.value: "Right side",
    BodyPosition.SITTING.value: "Sitting",
}
IMAGES: Mapping[str, str] = {
    ImageModality.X_RAY.value: "X-ray",
    ImageModality.CT.value: "CT",
    ImageModality.ULTRASOUND.value: "Ultrasound",
}
FINDINGS: Mapping[str, str] = {
    ImageFinding.NONE.value: "Nothing new",
    ImageFinding.PNEUMOTHORAX.value: "Pneumothorax",
    ImageFinding.EFFUSION.value: "More effusion",
    ImageFinding.LOCULATION.value: "Loculation",
    ImageFinding.OTHER.value: "Other",
}
PURPOSES: Mapping[str, str] = {
    SamplePurpose.CYTOLOGY.value: "Cytology",
    SamplePurpose.CAR_COPIES.value: "CAR copies",
    SamplePurpose.CYTOKINES.value: "Cytokines",
    SamplePurpose.CULTURE.value: "Culture",
    SamplePurpose.OTHER.value: "Other",
}
