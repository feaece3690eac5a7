"""What is done at each visit and procedure: one line of a checklist each, and the lists of the rows. All of it assumed.

After progression or a new anticancer therapy only survival and safety are followed: imaging, response and the tumour
marker fall away (clinical rules 6.1). A title that may leave the record names no condition.
"""

from trialsite.protocol.types import Arm, EventKind, Procedure, Source

_REDUCED = frozenset({EventKind.PROGRESSED, EventKind.NEW_THERAPY_STARTED})
_PLEURAL = frozenset({Arm.INTRAPLEURAL})
_VEIN = frozenset({Arm.INTRAVENOUS})


def _done(
    procedure_id: str,
    titles: tuple[str, str],
    *,
    applies_to: str = "",
    arms: frozenset[Arm] = frozenset(),
    ends_with: frozenset[EventKind] = frozenset(),
    is_owed_elsewhere: bool = False,
) -> Procedure:
    return Procedure(
        id=procedure_id,
        title=titles[0],
        title_zh=titles[1],
        source=Source.ASSUMED,
        applies_to=applies_to,
        arms=arms,
        ends_with=ends_with,
        is_owed_elsewhere=is_owed_elsewhere,
    )


PROCEDURES = (
    _done("PR-VS", ("Vital signs", "生命体征")),
    _done("PR-CBC", ("Blood count", "血常规")),
    _done(
        "PR-ID-BAG",
        (
            "Identity of participant and cell bag checked by two persons",
            "双人核对受试者身份与细胞采集袋",
        ),
    ),
    _done("PR-LAB", ("Laboratory tests", "实验室检查")),
    _done("PR-CEA", ("Serum CEA", "血清癌胚抗原"), ends_with=_REDUCED),
    _done("PR-CT-28", ("Chest and abdomen CT not older than 28 days", "28天内的胸腹部CT")),
    _done("PR-ICE-BASE", ("ICE score before treatment", "治疗前ICE评分")),
    _done(
        "PR-CONF-72",
        (
            "Confidential test not older than 72 hours at the first lymphodepletion dose",
            "清淋首剂前72小时内的保密检测",
        ),
        applies_to="where it applies",
        is_owed_elsewhere=True,
    ),
    _done("PR-CONTRA", ("Contraception agreement confirmed", "确认避孕承诺")),
    _done(
        "PR-EFFUSION-BASE",
        ("Effusion volume and character by CT or ultrasound", "CT或超声评估胸腔积液量及性质"),
        arms=_PLEURAL,
    ),
    _done(
        "PR-LD-DRUGS",
        (
            "Fludarabine and cyclophosphamide, dose per body surface area",
            "氟达拉滨与环磷酰胺，按体表面积给药",
        ),
    ),
    _done("PR-HYDRATION", ("Hydration and antiemetics", "补液与止吐"), applies_to="as needed"),
    _done(
        "PR-STOP",
        (
            "Stop checks: infection, oxygen need, arrhythmia, fever, organ function",
            "输注前停止项核查：感染、吸氧、心律失常、发热、器官功能",
        ),
    ),
    _done(
        "PR-ID-PRODUCT",
        ("Identity of participant and product checked by two persons", "双人核对受试者身份与细胞产品"),
    ),
    _done(
        "PR-THAW",
        (
            "Product released, label matches, time since thaw within its limit",
            "产品已放行、标签一致、复苏时间在限值内",
        ),
    ),
    _done("PR-PREMED", ("Premedication without steroid", "不含激素的预处理用药")),
    _done(
        "PR-VS-INF",
        (
            "Vital signs within 30 minutes before, then every 15 minutes",
            "输注前30分钟内及其后每15分钟测量生命体征",
        ),
    ),
    _done("PR-IV", ("Start, stop, rate and interruptions", "输注起止、速度与中断"), arms=_VEIN),
    _done(
        "PR-CATHETER",
        (
            "Catheter position by CT or ultrasound; volume, colour and time of drained effusion",
            "CT或超声确认导管位置；引流液的量、颜色与时间",
        ),
        arms=_PLEURAL,
    ),
    _done(
        "PR-FLUID",
        ("Fluid for cytology, CAR copies and cytokines", "胸水送细胞学、CAR拷贝数与细胞因子检测"),
        arms=_PLEURAL,
    ),
    _done(
        "PR-INSTILL",
        (
            "Volume instilled, catheter flushed and clamped, position changes every 15 minutes",
            "注入体积、冲管夹管、每15分钟变换体位",
        ),
        arms=_PLEURAL,
    ),
    _done(
        "PR-IMAGE",
        ("Chest image at 2 to 4 hours and at 24 hours", "2至4小时及24小时胸部影像"),
        arms=_PLEURAL,
    ),
    _done("PR-VS-3", ("Vital signs at least three times", "每日至少三次生命体征")),
    _done("PR-CRS-ICE-2", ("CRS grade and ICE score at least twice", "每日至少两次CRS分级与ICE评分")),
    _done("PR-CRS-ICE", ("CRS grade and ICE score", "CRS分级与ICE评分")),
    _done("PR-CYTOKINES", ("Cytokines", "细胞因子")),
    _done("PR-CAR", ("CAR copies in blood", "外周血CAR拷贝数")),
    _done("PR-AE", ("Adverse events and other medication", "不良事件与合并用药")),
    _done(
        "PR-DWELL",
        ("Dwell time until unclamped, volume drained, catheter removal", "夹管留置时间、引流量与拔管"),
        arms=_PLEURAL,
    ),
    _done("PR-DRAINED", ("Volume drained, catheter site", "引流量与置管部位"), arms=_PLEURAL),
    _done("PR-DISCHARGE", ("Usual end of the hospital stay", "通常出院"), applies_to="while in hospital"),
    _done("PR-EFFUSION", ("Effusion by ultrasound or chest image", "超声或胸部影像评估积液"), arms=_PLEURAL),
    _done("PR-CT", ("CT and response by RECIST 1.1", "CT与RECIST 1.1疗效评估"), ends_with=_REDUCED),
    _done(
        "PR-CONF",
        ("Confidential test", "保密检测"),
        applies_to="where it applies",
        is_owed_elsewhere=True,
    ),
    _done(
        "PR-DLT",
        ("Dose-limiting toxicity: the investigator's closing statement", "研究者对剂量限制性毒性的结论"),
    ),
    _done("PR-EFFUSION-VOL", ("Effusion volume", "胸腔积液量"), arms=_PLEURAL, ends_with=_REDUCED),
    _done("PR-CONTRA-END", ("Contraception period: confirm its end", "确认避孕期结束")),
    _done("PR-SURVIVAL", ("Survival and new anticancer therapy", "生存状态与新的抗肿瘤治疗")),
    _done("PR-MALIGNANCY", ("Second malignancy", "第二原发恶性肿瘤")),
    _done("PR-LATE-AE", ("Late adverse events", "迟发不良事件")),
    _done("PR-VECTOR", ("Vector copies in blood", "外周血载体拷贝数")),
)

LEUKAPHERESIS = ("PR-VS", "PR-CBC", "PR-ID-BAG")

BASELINE = (
    "PR-LAB",
    "PR-CEA",
    "PR-CT-28",
    "PR-ICE-BASE",
    "PR-CONF-72",
    "PR-CONTRA",
    "PR-EFFUSION-BASE",
)

LYMPHODEPLETION = ("PR-LD-DRUGS", "PR-VS", "PR-CBC", "PR-HYDRATION")

INFUSION = (
    "PR-STOP",
    "PR-ID-PRODUCT",
    "PR-THAW",
    "PR-PREMED",
    "PR-VS-INF",
    "PR-IV",
    "PR-CATHETER",
    "PR-FLUID",
    "PR-INSTILL",
    "PR-IMAGE",
)

_BEDSIDE = ("PR-CAR", "PR-AE", "PR-CONTRA")

FIRST_WEEK = ("PR-VS-3", "PR-CRS-ICE-2", "PR-LAB", "PR-CYTOKINES", *_BEDSIDE, "PR-DWELL")

SECOND_WEEK = ("PR-VS", "PR-CRS-ICE", "PR-LAB", "PR-CYTOKINES", *_BEDSIDE, "PR-DRAINED")

DAY_14 = (*SECOND_WEEK, "PR-DISCHARGE")

DAY_21 = ("PR-VS", "PR-LAB", *_BEDSIDE, "PR-EFFUSION")

DAY_28 = (*DAY_21, "PR-CT", "PR-CEA", "PR-CONF", "PR-DLT")

MONTHLY = ("PR-SURVIVAL", "PR-CT", "PR-LAB", "PR-CEA", *_BEDSIDE, "PR-CONF", "PR-EFFUSION-VOL")

MONTH_12 = (*MONTHLY, "PR-CONTRA-END")

LONG_TERM = ("PR-SURVIVAL", "PR-MALIGNANCY", "PR-LATE-AE", "PR-VECTOR")
