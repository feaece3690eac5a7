"""The numbers of the criteria, and which criteria are looked at again before a later act."""

from decimal import Decimal

from trialsite.protocol.types import Act, Recheck, Sign, Source, Threshold

_TIMES_ULN = "× ULN"
_COUNT = "10⁹/L"


def _threshold(
    criterion: str, what: str, sign: Sign, value: str, unit: str, title: str, source: Source = Source.SEED
) -> Threshold:
    return Threshold(
        id=f"{criterion}-{what}",
        criterion=criterion,
        sign=sign,
        value=Decimal(value),
        unit=unit,
        title=title,
        source=source,
    )


THRESHOLDS = (
    _threshold("I1", "AGE", Sign.AT_LEAST, "18", "years", "Age at consent"),
    _threshold("I3", "LINES", Sign.AT_LEAST, "1", "lines", "Prior lines of treatment"),
    _threshold("I5", "IHC", Sign.AT_LEAST, "10", "%", "Tumour cells positive for CEA"),
    _threshold("I5", "RECENT", Sign.AT_MOST, "3", "months", "Age of the IHC test before screening"),
    _threshold("I5", "CEA", Sign.ABOVE, "10", "ng/mL", "Serum CEA"),
    _threshold("I6", "LESION", Sign.AT_LEAST, "10", "mm", "Longest diameter, not a lymph node"),
    _threshold("I6", "NODE", Sign.AT_LEAST, "15", "mm", "Short axis of a lymph node"),
    _threshold("I7", "ECOG", Sign.AT_MOST, "2", "points", "ECOG performance status"),
    _threshold("I8", "SURVIVAL", Sign.ABOVE, "12", "weeks", "Expected survival"),
    _threshold("I10.1", "WBC", Sign.ABOVE, "2.0", _COUNT, "White blood cells"),
    _threshold("I10.1", "NEUT", Sign.ABOVE, "1.0", _COUNT, "Neutrophils"),
    _threshold("I10.1", "LYM", Sign.ABOVE, "0.5", _COUNT, "Lymphocytes"),
    _threshold("I10.1", "PLAT", Sign.ABOVE, "50", _COUNT, "Platelets"),
    _threshold("I10.1", "HGB", Sign.ABOVE, "80", "g/L", "Haemoglobin"),
    _threshold("I10.2", "LVEF", Sign.AT_LEAST, "50", "%", "Ejection fraction by echocardiography"),
    _threshold("I10.3", "CREAT", Sign.AT_MOST, "2.0", _TIMES_ULN, "Creatinine"),
    _threshold("I10.4", "LIVER", Sign.AT_MOST, "3.0", _TIMES_ULN, "ALT and AST"),
    _threshold("I10.4", "METASTASES", Sign.AT_MOST, "5.0", _TIMES_ULN, "ALT and AST with liver metastases"),
    _threshold("I10.5", "BILI", Sign.AT_MOST, "2.0", _TIMES_ULN, "Total bilirubin"),
    _threshold("I10.6", "SPO2", Sign.ABOVE, "92", "%", "Oxygen saturation on room air"),
    _threshold("E2", "STUDY", Sign.AT_MOST, "1", "months", "Other study before screening"),
    _threshold("E3", "VACCINE", Sign.AT_MOST, "28", "days", "Live vaccine before screening"),
    _threshold("E4", "DAYS", Sign.AT_MOST, "14", "days", "Washout counted in days"),
    _threshold("E4", "HALF-LIVES", Sign.BELOW, "5", "half-lives", "Washout counted in half-lives"),
    _threshold("E7.2", "HEART", Sign.AT_MOST, "6", "months", "Infarction or bypass before enrolment"),
    _threshold("E9", "MALIGNANCY", Sign.AT_MOST, "3", "years", "Other malignancy before screening"),
)

RECHECKS = (
    Recheck(
        id="R-LD",
        act=Act.LYMPHODEPLETION,
        criteria=(
            "I5",
            "I6",
            "I7",
            "I10.1",
            "I10.2",
            "I10.3",
            "I10.4",
            "I10.5",
            "I10.6",
            "E1",
            "E5",
            "E6",
            "E7.1",
            "E7.2",
            "E7.3",
            "E11",
            "E12",
        ),
        source=Source.ASSUMED,
        note="On evidence valid on the day; look-backs are counted from the day of the re-check.",
    ),
    Recheck(
        id="R-INF",
        act=Act.INFUSE,
        criteria=("I7", "I10.2", "I10.3", "I10.4", "I10.5", "I10.6", "E5", "E7.3", "E11", "E12"),
        source=Source.ASSUMED,
        note="Blood counts are left out: lymphodepletion lowers them on purpose.",
    ),
)
