"""One function for each criterion and sub-item: is what its sentence says the case? Nothing else decides it.

For an exclusion, true means that the excluding condition is present. Readings are the numbers of clinical
rules 1.5. Criteria with parts have no function: they are derived.
"""

from collections.abc import Callable, Mapping

from screening.rules.criteria import disease, heart, history, infection, organ_function, person
from screening.rules.look import Look
from trialsite.protocol.criteria import Truth

Rule = Callable[[Look], Truth]

RULES: Mapping[str, Rule] = {
    "I1": person.is_adult,
    "I2": disease.has_confirmed_lung_cancer,
    "I3": disease.has_failed_prior_treatment,
    "I4": disease.has_malignant_effusion,
    "I5": disease.expresses_cea,
    "I6": disease.has_measurable_lesion,
    "I7": person.has_good_performance,
    "I8": person.survives_long_enough,
    "I9": person.has_no_psychiatric_disorder,
    "I10.1": organ_function.has_blood_counts,
    "I10.2": organ_function.has_heart_function,
    "I10.3": organ_function.has_kidney_function,
    "I10.4": organ_function.has_liver_function,
    "I10.5": organ_function.has_bilirubin,
    "I10.6": organ_function.has_oxygen,
    "I11": person.can_give_cells,
    "I12": person.agrees_to_contraception,
    "I13": person.has_signed,
    "E1": history.has_uncontrolled_cns_disease,
    "E2": history.took_part_elsewhere,
    "E3": history.had_live_vaccine,
    "E4": history.has_drug_not_washed_out,
    "E5": infection.has_infection,
    "E6": history.has_dangerous_compression,
    "E7.1": heart.has_heart_failure,
    "E7.2": heart.had_infarction_or_bypass,
    "E7.3": heart.has_arrhythmia_or_syncope,
    "E7.4": heart.has_cardiomyopathy,
    "E8": history.has_autoimmune_disease,
    "E9": history.has_other_malignancy,
    "E10.HBV": infection.has_hepatitis_b,
    "E10.HCV": infection.has_hepatitis_c,
    "E10.HIV": infection.has_hiv,
    "E10.SYPHILIS": infection.has_syphilis,
    "E11": person.is_pregnant_or_breastfeeding,
    "E12": person.is_unsuitable,
}
