"""How doses of lymphodepletion are counted. Assumed: the record does not say. Source: clinical rules 6.1."""

from trialsite.protocol.types import BodySurface, Source, SurfaceFormula

BODY_SURFACE = (
    BodySurface(
        id="BSA-MOSTELLER",
        formula=SurfaceFormula.MOSTELLER,
        title="Body surface by Mosteller: √(height in cm × weight in kg / 3600)",
        title_zh="体表面积（Mosteller公式）：√(身高cm × 体重kg / 3600)",
        source=Source.ASSUMED,
        note="Rounded to 0.0001 m²; the doses are counted on the rounded value.",
    ),
)
