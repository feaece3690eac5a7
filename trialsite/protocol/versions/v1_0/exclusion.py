"""Exclusion criteria: met means that the excluding condition is present."""

from trialsite.protocol.types import Criterion, CriterionKind, Source


def _exclusion(
    criterion_id: str,
    text: str,
    plain: str,
    plain_zh: str,
    *,
    parent: str = "",
    reading: str = "",
    is_judgement: bool = False,
) -> Criterion:
    return Criterion(
        id=criterion_id,
        kind=CriterionKind.EXCLUSION,
        text=text,
        plain=plain,
        plain_zh=plain_zh,
        source=Source.SEED,
        parent=parent,
        reading=reading,
        is_judgement=is_judgement,
    )


_HEPATITIS_B = (
    "Positive hepatitis B surface antigen (HBsAg) or hepatitis B core antibody (HBcAb) with detectable "
    "hepatitis B virus (HBV) DNA levels exceeding the normal range in peripheral blood"
)
_HEPATITIS_C = (
    "positive hepatitis C virus (HCV) antibody with detectable HCV RNA levels exceeding the normal range in "
    "peripheral blood"
)
_HIV = "positive for human immunodeficiency virus (HIV) antibodies"
_SYPHILIS = "positive syphilis test."

EXCLUSION = (
    _exclusion(
        "E1",
        "Presence of symptomatic central nervous system (CNS) metastases or leptomeningeal metastases at "
        "screening, or other evidence indicating that CNS or leptomeningeal lesions are not adequately "
        "controlled, making the patient unsuitable for enrollment as judged by the investigator.",
        "Cancer in the brain or its coverings that causes symptoms or is not under control.",
        "脑或脑膜转移有症状，或经研究者判断未得到充分控制。",
        reading=(
            "Assumed: symptomatic covers both kinds. Disease without symptoms stays open until the "
            "investigator has judged its control."
        ),
        is_judgement=True,
    ),
    _exclusion(
        "E2",
        "Participation in another clinical study within 1 month prior to screening.",
        "Took part in another clinical study in the month before screening.",
        "筛选前1个月内参加过其他临床研究。",
        reading=(
            "Assumed: ongoing, or last study treatment or visit, whichever is later, within one calendar "
            "month. Survival follow-up alone counts and is queried."
        ),
    ),
    _exclusion(
        "E3",
        "Receipt of a live attenuated vaccine within 4 weeks prior to screening.",
        "Had a live vaccine in the 4 weeks before screening.",
        "筛选前4周内接种过减毒活疫苗。",
        reading="Assumed: exactly 28 days before counts, and so does a vaccine given after screening began.",
    ),
    _exclusion(
        "E4",
        "Prior antitumor therapies before screening including: chemotherapy, targeted therapy, or other "
        "investigational drugs administered within 14 days or at least 5 half-lives (whichever is shorter) "
        "before screening.",
        "Had a cancer drug so shortly before screening that it is not yet washed out.",
        "筛选前使用过抗肿瘤药物且尚未过洗脱期（14天或5个半衰期，取较短者）。",
        reading=(
            "Assumed: the washout is the shorter of the two. Day 14 is still inside; exactly 5 half-lives is "
            "enough. Immunotherapy drugs count too; radiotherapy and surgery do not. Half-life unknown: free "
            "after more than 14 days, excluded on the same day, else open."
        ),
    ),
    _exclusion(
        "E5",
        "Active or uncontrolled infections requiring systemic treatment.",
        "An infection that needs treatment by mouth or vein.",
        "存在需全身治疗的活动性或未控制的感染。",
        is_judgement=True,
    ),
    _exclusion(
        "E6",
        "Tumor compressing the trachea or major blood vessels with high risk as assessed by the investigator.",
        "The tumour presses dangerously on the windpipe or a great vessel.",
        "肿瘤压迫气管或大血管，经研究者评估风险高。",
        is_judgement=True,
    ),
    _exclusion(
        "E7",
        "Presence of any of the following cardiac conditions:",
        "One of four heart conditions.",
        "存在以下任一心脏疾病。",
    ),
    _exclusion(
        "E7.1",
        "New York Heart Association (NYHA) Class III or IV congestive heart failure;",
        "Heart failure with symptoms on light effort or at rest.",
        "心功能III级或IV级的充血性心力衰竭。",
        parent="E7",
    ),
    _exclusion(
        "E7.2",
        "Myocardial infarction or coronary artery bypass graft (CABG) within 6 months prior to enrollment;",
        "Heart attack or bypass operation in the 6 months before enrolment.",
        "入组前6个月内发生心肌梗死或接受冠状动脉搭桥术。",
        parent="E7",
        reading=(
            "Assumed: counted from enrolment; the screening date stands in until then, marked provisional. "
            "A stent alone is not named."
        ),
    ),
    _exclusion(
        "E7.3",
        "Clinically significant ventricular arrhythmias or a history of unexplained syncope (excluding "
        "vasovagal or dehydration-related causes);",
        "Dangerous heart rhythm from the ventricles, or fainting without a known cause.",
        "有临床意义的室性心律失常，或有不明原因晕厥史。",
        parent="E7",
        reading="Assumed: syncope whose cause is not recorded leaves it open.",
        is_judgement=True,
    ),
    _exclusion(
        "E7.4",
        "History of severe non-ischemic cardiomyopathy.",
        "Ever had a severe heart muscle disease not due to blocked arteries.",
        "有严重非缺血性心肌病病史。",
        parent="E7",
        reading="Assumed: no time limit.",
    ),
    _exclusion(
        "E8",
        "Active autoimmune diseases or other conditions requiring long-term immunosuppressive therapy.",
        "An active autoimmune disease, or a need for long-term immune suppression.",
        "存在活动性自身免疫病，或其他需长期免疫抑制治疗的疾病。",
        reading="Assumed: an active autoimmune disease excludes also when it needs no immunosuppression.",
        is_judgement=True,
    ),
    _exclusion(
        "E9",
        "History of other untreated or concurrent malignancies within the past 3 years, except for adequately "
        "treated cervical carcinoma in situ or basal cell carcinoma of the skin.",
        "Another cancer in the past 3 years, apart from two well-treated early kinds.",
        "近3年内有其他恶性肿瘤；已充分治疗的宫颈原位癌或皮肤基底细胞癌除外。",
        reading=(
            "Assumed: 3 calendar years before screening. A tumour treated and cured in that time excludes "
            "as well; squamous cell cancer of the skin is not excepted."
        ),
    ),
    _exclusion(
        "E10",
        f"{_HEPATITIS_B}; {_HEPATITIS_C}; {_HIV}; or {_SYPHILIS}",
        "Active hepatitis B or C, HIV, or a positive syphilis test.",
        "活动性乙型或丙型肝炎、艾滋病病毒抗体阳性，或梅毒检测阳性。",
    ),
    _exclusion(
        "E10.HBV",
        _HEPATITIS_B,
        "Sign of hepatitis B together with too much virus in the blood.",
        "乙肝表面抗原或核心抗体阳性，且血中乙肝病毒DNA超过正常范围。",
        parent="E10",
        reading=(
            "Assumed: the DNA condition covers both markers. Exceeding means above the upper limit of the "
            "assay's normal range. Both markers negative: not excluded, no DNA needed."
        ),
    ),
    _exclusion(
        "E10.HCV",
        _HEPATITIS_C,
        "Hepatitis C antibodies together with too much virus in the blood.",
        "丙肝抗体阳性，且血中丙肝病毒RNA超过正常范围。",
        parent="E10",
        reading="Assumed: exceeding means above the upper limit of the assay's normal range.",
    ),
    _exclusion(
        "E10.HIV",
        _HIV,
        "HIV antibodies found.",
        "艾滋病病毒（HIV）抗体阳性。",
        parent="E10",
    ),
    _exclusion(
        "E10.SYPHILIS",
        _SYPHILIS,
        "Syphilis test positive.",
        "梅毒检测阳性。",
        parent="E10",
        reading="Assumed: any positive test excludes; treated cases go to the sponsor as a query.",
    ),
    _exclusion(
        "E11",
        "Pregnant or breastfeeding women.",
        "Pregnant or breastfeeding.",
        "妊娠或哺乳期女性。",
        reading="Assumed: men and women documented as past childbearing need no test.",
    ),
    _exclusion(
        "E12",
        "Any other condition that, in the opinion of the investigator, renders the patient unsuitable for "
        "participation in the study.",
        "Any other reason why the investigator finds taking part unsuitable.",
        "研究者认为不适合参加本研究的其他情况。",
        reading="Assumed: an unanswered question stays open; it never means suitable.",
        is_judgement=True,
    ),
)
