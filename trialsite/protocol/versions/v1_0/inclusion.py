"""Inclusion criteria. text: the record's sentence. A reading begins with "Assumed:"."""

from trialsite.protocol.types import Arm, Criterion, CriterionKind, Source


def _inclusion(
    criterion_id: str,
    text: str,
    plain: str,
    plain_zh: str,
    *,
    parent: str = "",
    reading: str = "",
    arms: frozenset[Arm] = frozenset(),
    is_judgement: bool = False,
) -> Criterion:
    return Criterion(
        id=criterion_id,
        kind=CriterionKind.INCLUSION,
        text=text,
        plain=plain,
        plain_zh=plain_zh,
        source=Source.SEED,
        parent=parent,
        reading=reading,
        arms=arms,
        is_judgement=is_judgement,
    )


INCLUSION = (
    _inclusion(
        "I1",
        "Age ≥18 years, regardless of gender.",
        "18 years or older on the day of consent.",
        "签署知情同意当日年满18周岁，性别不限。",
        reading=(
            "Assumed: completed years on the consent date; the birthday itself counts. "
            "Born on 29 February: 18 on 1 March of a common year."
        ),
    ),
    _inclusion(
        "I2",
        "Histologically or cytologically confirmed diagnosis of advanced, metastatic, or recurrent lung "
        "cancer, including both non-small cell lung cancer (NSCLC) and small cell lung cancer (SCLC).",
        "Tissue or cells have proven lung cancer that is advanced, has spread or has come back.",
        "经组织或细胞检查确诊的肺癌（非小细胞或小细胞），且为晚期、转移性或复发性。",
        reading="Assumed: any one of the three extents is enough.",
    ),
    _inclusion(
        "I3",
        "Disease progression or intolerance following at least one line of prior therapy (including but not "
        "limited to surgery, chemotherapy, radiotherapy, targeted therapy, or immunotherapy).",
        "At least one earlier treatment, after which the cancer grew or which was not tolerated.",
        "至少接受过一种既往治疗，之后病情进展或不能耐受。",
        reading="Assumed: surgery and radiotherapy count as lines.",
    ),
    _inclusion(
        "I4",
        "For patients with pleural effusion enrolled in the intrapleural infusion group, accurate assessment "
        "of pleural effusion volume and characteristics must be conducted via imaging (chest CT or X-ray) "
        "combined with cytological analysis. Cytological examination must confirm the presence of tumor "
        "cells in the pleural effusion, indicating malignant pleural effusion.",
        "Intrapleural group only: fluid around the lung measured and described on CT or X-ray, "
        "with tumour cells found in it.",
        "仅限胸腔内输注组：经胸部CT或X线评估胸水的量和性质，且胸水中找到肿瘤细胞。",
        reading=(
            "Assumed: counts as met outside the intrapleural arm. In that arm a participant without effusion "
            "does not meet it. Suspicious or atypical cytology does not confirm; ultrasound alone leaves "
            "it open until CT or X-ray is done."
        ),
        arms=frozenset({Arm.INTRAPLEURAL}),
    ),
    _inclusion(
        "I5",
        "Positive tumor CEA expression confirmed by immunohistochemistry (IHC) within 3 months prior to "
        "screening (defined as clear membranous staining with a positivity rate ≥10%). If IHC testing of "
        "tumor samples was performed more than 3 months prior to screening, the patient's serum CEA must be "
        ">10 ng/mL.",
        "The tumour stains for CEA in at least 10 % of cells; if that test is older than 3 months, "
        "CEA in the blood must also be above 10 ng/mL.",
        "肿瘤组织CEA染色阳性（清晰膜染色，阳性率≥10%）；若检测早于筛选前3个月，血清CEA还须大于10 ng/mL。",
        reading=(
            "Assumed: an older test must have been positive as well, and serum CEA never rescues a recent "
            "negative one. The date of the test counts, not of the biopsy; the newest test decides. Exactly "
            "3 calendar months is recent. Old positive test without serum CEA: open."
        ),
    ),
    _inclusion(
        "I6",
        "At least one measurable lesion according to RECIST 1.1 criteria: for non-nodal lesions, the longest "
        "diameter must be ≥10 mm; for nodal lesions, the short axis must be ≥15 mm.",
        "At least one tumour spot large enough to measure: 10 mm long, or a lymph node 15 mm across.",
        "至少有一个可测量病灶：非淋巴结病灶长径≥10毫米，或淋巴结病灶短径≥15毫米。",
        reading=(
            "Assumed: required in both arms; effusion is not measurable. An irradiated lesion counts only if "
            "it grew since radiotherapy."
        ),
    ),
    _inclusion(
        "I7",
        "ECOG performance status score of 0-2.",
        "Up and about for at least half of the waking day (ECOG 0, 1 or 2).",
        "体力状况评分（ECOG）为0至2分，白天一半以上时间可下床活动。",
        is_judgement=True,
    ),
    _inclusion(
        "I8",
        "Expected survival of more than 12 weeks.",
        "The investigator expects survival of more than 12 weeks.",
        "研究者预计生存期超过12周。",
        reading="Assumed: stated in weeks; exactly 12 is not enough.",
        is_judgement=True,
    ),
    _inclusion(
        "I9",
        "No severe psychiatric disorders.",
        "No severe mental illness.",
        "无严重精神疾病。",
        is_judgement=True,
    ),
    _inclusion(
        "I10",
        "Unless otherwise specified, key organ functions must meet the following requirements:",
        "Blood, heart, kidneys, liver and lungs work well enough; all six parts must hold.",
        "血液、心、肾、肝、肺等重要器官功能符合要求，以下六项须全部满足。",
    ),
    _inclusion(
        "I10.1",
        "Hematologic: WBC >2.0×10⁹/L, neutrophils >1.0×10⁹/L, lymphocytes >0.5×10⁹/L, platelets >50×10⁹/L, "
        "hemoglobin >80 g/L;",
        "Blood counts are above the lower limits.",
        "血常规各项均高于规定下限。",
        parent="I10",
        reading="Assumed: a value equal to its limit fails.",
    ),
    _inclusion(
        "I10.2",
        "Cardiac function: Left ventricular ejection fraction (LVEF) ≥50% by echocardiography, and no "
        "significant abnormalities on ECG;",
        "The heart pumps at least half of its filling at each beat, and the ECG has no important finding.",
        "心脏超声左室射血分数≥50%，心电图无明显异常。",
        parent="I10",
        reading="Assumed: another method than echocardiography leaves it open.",
        is_judgement=True,
    ),
    _inclusion(
        "I10.3",
        "Renal function: Serum creatinine ≤2.0×ULN;",
        "Creatinine is at most twice the laboratory's upper limit.",
        "血肌酐不超过正常值上限的2倍。",
        parent="I10",
    ),
    _inclusion(
        "I10.4",
        "Hepatic function: ALT and AST ≤3.0×ULN (≤5.0×ULN if liver metastases are present);",
        "Both liver enzymes are at most 3 times the upper limit, or 5 times with tumour in the liver.",
        "谷丙、谷草转氨酶均不超过正常值上限的3倍；有肝转移者不超过5倍。",
        parent="I10",
        reading="Assumed: without an answer on liver metastases, values between 3 and 5 times leave it open.",
    ),
    _inclusion(
        "I10.5",
        "Total bilirubin ≤2.0×ULN;",
        "Total bilirubin is at most twice the upper limit.",
        "总胆红素不超过正常值上限的2倍。",
        parent="I10",
        reading="Assumed: the allowance for liver metastases does not apply here.",
    ),
    _inclusion(
        "I10.6",
        "Oxygen saturation (SpO₂) >92% on room air.",
        "Oxygen saturation is above 92 % without extra oxygen.",
        "未吸氧时血氧饱和度高于92%。",
        parent="I10",
        reading="Assumed: measured on oxygen leaves it open; exactly 92 % fails.",
    ),
    _inclusion(
        "I11",
        "Eligible for leukapheresis or peripheral venous blood collection and without contraindications for "
        "cell collection.",
        "Blood cells can be collected safely.",
        "可接受白细胞单采或外周静脉采血，且无细胞采集禁忌。",
        is_judgement=True,
    ),
    _inclusion(
        "I12",
        "Subjects must agree to use reliable and effective contraception (excluding rhythm method) from the "
        "time of informed consent until 1 year after CAR-T cell infusion.",
        "Agrees to reliable contraception from consent until one year after infusion; "
        "counting days alone does not do.",
        "同意自签署知情同意起至输注后1年内采取可靠避孕措施（不含安全期避孕）。",
        reading=(
            "Assumed: no exemption by sex or age. The agreement is what counts; a missing list of methods is "
            "a query. The rhythm method alone fails."
        ),
    ),
    _inclusion(
        "I13",
        "Subject or legally authorized representative must voluntarily sign the informed consent form (ICF), "
        "indicating understanding of the study objectives and procedures and willingness to participate in "
        "the clinical trial.",
        "The participant or a legal representative has understood and freely signed the consent form.",
        "本人或其法定代理人理解研究内容并自愿签署知情同意书。",
    ),
)
