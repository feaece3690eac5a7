"""What is done at each visit and procedure, in words for a checklist. All of it assumed.

A line that belongs to one arm begins with the arm's name.
"""

LEUKAPHERESIS = (
    "Vital signs",
    "Blood count",
    "Identity of participant and cell bag checked by two persons",
)

BASELINE = (
    "Laboratory tests",
    "Serum CEA",
    "Chest and abdomen CT not older than 28 days",
    "ICE score before treatment",
    "Pregnancy test not older than 72 hours at the first lymphodepletion dose, where it applies",
    "Contraception agreement confirmed",
    "Intrapleural arm: effusion volume and character by CT or ultrasound",
)

LYMPHODEPLETION = (
    "Fludarabine and cyclophosphamide, dose per body surface area",
    "Vital signs",
    "Blood count",
    "Hydration and antiemetics as needed",
)

INFUSION = (
    "Stop checks: infection, oxygen need, arrhythmia, fever, organ function",
    "Identity of participant and product checked by two persons",
    "Product released, label matches, time since thaw within its limit",
    "Premedication without steroid",
    "Vital signs within 30 minutes before, then every 15 minutes",
    "Intravenous arm: start, stop, rate and interruptions",
    "Intrapleural arm: catheter position by CT or ultrasound; volume, colour and time of drained effusion",
    "Intrapleural arm: fluid for cytology, CAR copies and cytokines",
    "Intrapleural arm: volume instilled, catheter flushed and clamped, position changes every 15 minutes",
    "Intrapleural arm: chest image at 2 to 4 hours and at 24 hours",
)

_BEDSIDE = (
    "CAR copies in blood",
    "Adverse events and other medication",
    "Contraception agreement confirmed",
)

FIRST_WEEK = (
    "Vital signs at least three times",
    "CRS grade and ICE score at least twice",
    "Laboratory tests",
    "Cytokines",
    *_BEDSIDE,
    "Intrapleural arm: dwell time until unclamped, volume drained, catheter removal",
)

SECOND_WEEK = (
    "Vital signs",
    "CRS grade and ICE score",
    "Laboratory tests",
    "Cytokines",
    *_BEDSIDE,
    "Intrapleural arm: volume drained, catheter site",
)

DAY_14 = (*SECOND_WEEK, "Usual end of the hospital stay")

DAY_21 = (
    "Vital signs",
    "Laboratory tests",
    *_BEDSIDE,
    "Intrapleural arm: effusion by ultrasound or chest image",
)

DAY_28 = (
    *DAY_21,
    "CT and response by RECIST 1.1",
    "Serum CEA",
    "Pregnancy test, where it applies",
    "Dose-limiting toxicity: the investigator's closing statement",
)

MONTHLY = (
    "CT and response by RECIST 1.1",
    "Laboratory tests",
    "Serum CEA",
    *_BEDSIDE,
    "Pregnancy test, where it applies",
    "Intrapleural arm: effusion volume",
)

MONTH_12 = (*MONTHLY, "Contraception period: confirm its end")

LONG_TERM = (
    "Survival",
    "Second malignancy",
    "Late adverse events",
    "Vector copies in blood",
)
