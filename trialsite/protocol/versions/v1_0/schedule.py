"""The schedule: tasks, procedures, visits and the DLT period. All of it assumed.

The record states no schedule. Basis: common practice of phase 1 CAR-T trials. Day 0 is the site's
civil date of infusion; windows include both ends; months count from day 0, never from a visit.
"""

from trialsite.protocol.types import Epoch, EventKind, ObligationKind, Offset, ScheduledItem, Source
from trialsite.protocol.versions.v1_0 import procedures as done_at
from trialsite.protocol.versions.v1_0.rows import (
    LAST_OF_SERIES_DAYS,
    LEFT,
    NO_PRODUCT,
    day,
    month,
    procedure,
    recheck,
    task,
    year,
)

SCREENING = (
    task(
        "T-CONSENT",
        ("Obtain consent or close the referral", "签署知情同意书或结束转介"),
        EventKind.REFERRED,
        {EventKind.CONSENTED, EventKind.REFERRAL_CLOSED},
        last=14,
        is_screening=True,
    ),
    task(
        "T-START",
        ("Start screening", "开始筛选"),
        EventKind.CONSENTED,
        {EventKind.SCREENING_STARTED},
        last=7,
        is_screening=True,
    ),
    task(
        "T-ELIG",
        ("Decide on eligibility", "判定入选资格"),
        EventKind.SCREENING_STARTED,
        {EventKind.ELIGIBILITY_CONFIRMED, EventKind.SCREEN_FAILED},
        target=14,
        last=28,
        is_screening=True,
        note="ECG, echocardiography, CT, serology, pregnancy test, CEA and ECOG belong to screening.",
    ),
    task(
        "T-ENROL",
        ("Enrol the participant", "办理受试者入组"),
        EventKind.ELIGIBILITY_CONFIRMED,
        {EventKind.ENROLLED},
        last=7,
        is_screening=True,
    ),
)

TREATMENT = (
    task(
        "T-SLOT",
        ("Take a slot of a dose cohort", "分配剂量队列名额"),
        EventKind.ENROLLED,
        {EventKind.SLOT_TAKEN},
        last=7,
        ends_also={EventKind.INFUSED},
    ),
    task(
        "T-RESLOT",
        ("Take a new slot of a dose cohort or end the treatment", "重新分配剂量队列名额或终止治疗"),
        EventKind.SLOT_FREED,
        {EventKind.SLOT_TAKEN},
        last=14,
        ends_also={EventKind.INFUSED},
    ),
    procedure(
        "V-APH",
        ("Leukapheresis", "白细胞单采"),
        EventKind.ENROLLED,
        EventKind.LEUKAPHERESIS_PERFORMED,
        target=3,
        lower=3,
        upper=4,
        ladder="procedure",
        procedures=done_at.LEUKAPHERESIS,
        missed_after=None,  # stays owed: without cells there is no product
    ),
    task(
        "T-REAPH",
        ("Decide on a new cell collection", "决定是否再次采集细胞"),
        EventKind.PRODUCT_FAILED,
        {EventKind.LEUKAPHERESIS_PERFORMED, EventKind.WITHDRAWN_FROM_TREATMENT},
        last=14,
    ),
    task(
        "T-RELEASE",
        ("Release or reject the product", "细胞产品放行或判定不合格"),
        EventKind.LEUKAPHERESIS_PERFORMED,
        {EventKind.PRODUCT_RELEASED, EventKind.PRODUCT_FAILED},
        target=14,
        last=28,
    ),
    task(
        "T-PLAN",
        ("Plan the infusion date", "确定输注日期"),
        EventKind.PRODUCT_RELEASED,
        {EventKind.INFUSION_PLANNED},
        last=7,
        needs_product=True,
    ),
    ScheduledItem(
        id="V-BL",
        kind=ObligationKind.VISIT,
        title="Baseline visit",
        title_zh="基线访视",
        epoch=Epoch.TREATMENT,
        anchor=EventKind.INFUSION_PLANNED,
        offset=Offset(days=-6),
        lower_days=6,
        upper_days=1,
        fulfilled_by=frozenset({EventKind.VISIT_PERFORMED}),
        ends_with=NO_PRODUCT,
        source=Source.ASSUMED,
        ladder="visit",
        note="Before the first lymphodepletion dose.",
        procedures=done_at.BASELINE,
        missed_after_days=LAST_OF_SERIES_DAYS,
    ),
    recheck(
        "T-RECHECK-LD",
        ("Re-check eligibility before lymphodepletion", "清淋预处理前复核入选资格"),
        target=-5,
        lower=3,
        over={EventKind.LYMPHODEPLETION_DOSE_GIVEN, EventKind.INFUSED},
    ),
    *(
        procedure(
            f"V-LD{dose}",
            (f"Lymphodepletion dose {dose}", f"清除淋巴细胞预处理第{dose}次给药"),
            EventKind.INFUSION_PLANNED,
            EventKind.LYMPHODEPLETION_DOSE_GIVEN,
            target=target,
            lower=1,
            upper=1,
            ladder="daily",
            procedures=done_at.LYMPHODEPLETION,
        )
        for dose, target in ((1, -5), (2, -4), (3, -3))
    ),
    recheck(
        "T-RECHECK-INF",
        ("Re-check eligibility before infusion", "输注前复核入选资格"),
        target=0,
        lower=2,
        over={EventKind.INFUSED},
    ),
    procedure(
        "V-D0",
        ("CAR-T infusion", "CAR-T细胞输注"),
        EventKind.INFUSION_PLANNED,
        EventKind.INFUSED,
        target=0,
        lower=0,
        upper=0,
        ladder="visit",
        procedures=done_at.INFUSION,
        is_important=True,
        is_protocol_window=False,  # the planned date is the site's own
        missed_after=None,  # a planned infusion stays owed until it is given, planned anew or called off
    ),
)

AFTER_INFUSION = (
    ScheduledItem(
        id="P-DLT",
        kind=ObligationKind.PERIOD,
        title="Observation for dose-limiting toxicity",
        title_zh="剂量限制性毒性观察期",
        epoch=Epoch.TREATMENT,
        anchor=EventKind.INFUSED,
        offset=Offset(),
        lower_days=0,
        upper_days=28,
        fulfilled_by=frozenset(),
        ends_with=LEFT,
        source=Source.ASSUMED,
        ladder="none",
        note="Day 0 to day 28, both included. Whether a toxicity limits the dose is the investigator's word.",
    ),
    *(day(number, 0, done_at.FIRST_WEEK, ladder="daily") for number in range(1, 8)),
    day(10, 1, done_at.SECOND_WEEK),
    day(14, 1, done_at.DAY_14),
    day(21, 2, done_at.DAY_21, epoch=Epoch.FOLLOW_UP),
    day(28, 2, done_at.DAY_28, is_important=True, epoch=Epoch.FOLLOW_UP),
    *(month(number, 7, done_at.MONTHLY) for number in (2, 3)),
    *(month(number, 14, done_at.MONTHLY) for number in (6, 9)),
    month(12, 14, done_at.MONTH_12),
    ScheduledItem(
        id="T-EOS",
        kind=ObligationKind.TASK,
        title="Record the end of the one-year study",
        title_zh="记录一年期研究结束情况",
        epoch=Epoch.FOLLOW_UP,
        anchor=EventKind.INFUSED,
        offset=Offset(months=12),
        lower_days=14,
        upper_days=44,
        fulfilled_by=frozenset(
            {
                EventKind.COMPLETED,
                EventKind.DIED,
                EventKind.WITHDRAWN_FROM_VISITS,
                EventKind.LOST_TO_FOLLOW_UP,
            }
        ),
        ends_with=frozenset({EventKind.WITHDRAWN_FROM_DATA_USE}),
        source=Source.ASSUMED,
        ladder="task",
        is_protocol_window=False,
        note="Open with the month 12 visit, until 30 days after its window.",
    ),
    *(month(number, 30, done_at.LONG_TERM, Epoch.LONG_TERM_FOLLOW_UP) for number in range(18, 61, 6)),
    *(year(number) for number in range(6, 15)),
    year(15, missed_after=LAST_OF_SERIES_DAYS),
)

SCHEDULE = SCREENING + TREATMENT + AFTER_INFUSION
