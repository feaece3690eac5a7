"""Which tests are owed until the end of the contraception year, and which methods of contraception count.

The record excludes the rhythm method and says no more; all else is assumed. Ids and titles of the tests stand in
mail, on lists and in addresses, so they name no condition (as C-CONF does).
"""

from trialsite.protocol.types import (
    ContraceptiveMethod,
    Epoch,
    EventKind,
    Offset,
    ScheduledTest,
    Source,
)
from trialsite.protocol.versions.v1_0.rows import LAST_OF_SERIES_DAYS, LEFT, NO_PRODUCT, SCREENING_ENDED


def _after_infusion(
    item_id: str,
    titles: tuple[str, str],
    offset: Offset,
    days_either_side: int,
    missed_after_days: int | None = None,
) -> ScheduledTest:
    """In the window of the visit of that day."""
    return ScheduledTest(
        id=item_id,
        title=titles[0],
        title_zh=titles[1],
        epoch=Epoch.FOLLOW_UP,
        anchor=EventKind.INFUSED,
        offset=offset,
        lower_days=days_either_side,
        upper_days=days_either_side,
        ends_with=LEFT,
        source=Source.ASSUMED,
        missed_after_days=missed_after_days,
    )


def _month(number: int, days_either_side: int, missed_after_days: int | None = None) -> ScheduledTest:
    titles = (f"Confidential test, month {number}", f"保密检测，输注后{number}个月")
    return _after_infusion(f"K-M{number}", titles, Offset(months=number), days_either_side, missed_after_days)


SCHEDULED_TESTS = (
    ScheduledTest(
        id="K-SCR",
        title="Confidential test, screening",
        title_zh="保密检测，筛选期",
        epoch=Epoch.SCREENING,
        anchor=EventKind.SCREENING_STARTED,
        offset=Offset(),
        lower_days=7,
        upper_days=28,
        ends_with=SCREENING_ENDED,
        source=Source.ASSUMED,
        is_protocol_window=False,
        note="Part of the evidence: a criterion asks for it, and no enrolment without it.",
    ),
    ScheduledTest(
        id="K-LD",
        title="Confidential test, before lymphodepletion",
        title_zh="保密检测，清除淋巴细胞预处理前",
        epoch=Epoch.TREATMENT,
        anchor=EventKind.INFUSION_PLANNED,
        offset=Offset(days=-5),
        lower_days=3,
        upper_days=0,
        ends_with=NO_PRODUCT,
        source=Source.ASSUMED,
        before_item="V-LD1",
        is_protocol_window=False,
        missed_after_days=0,
        note="At most 72 hours before the first dose: the gate of that dose counts the hours.",
    ),
    _after_infusion("K-D28", ("Confidential test, day 28", "保密检测，输注后第28天"), Offset(days=28), 2),
    _month(2, 7),
    _month(3, 7),
    _month(6, 14),
    _month(9, 14),
    _month(12, 14, LAST_OF_SERIES_DAYS),
    ScheduledTest(
        id="K-ASKED",
        title="Confidential test, asked for",
        title_zh="保密检测，按要求",
        epoch=Epoch.FOLLOW_UP,
        anchor=EventKind.TEST_ASKED,
        offset=Offset(),
        lower_days=0,
        upper_days=3,
        ends_with=LEFT,
        source=Source.ASSUMED,
        is_for_all=True,
        missed_after_days=7,
        note="On suspicion.",
    ),
)


def _method(
    method_id: str,
    titles: tuple[str, str],
    *,
    is_effective: bool = True,
    has_end: bool = False,
    source: Source = Source.ASSUMED,
    note: str = "",
    screened_as: str = "",
) -> ContraceptiveMethod:
    return ContraceptiveMethod(
        id=method_id,
        title=titles[0],
        title_zh=titles[1],
        is_effective=is_effective,
        source=source,
        has_end=has_end,
        note=note,
        screened_as=screened_as,
    )


CONTRACEPTIVE_METHODS = (
    _method("CM-ABSTINENCE", ("Abstinence", "禁欲"), screened_as="abstinence"),
    _method("CM-CONDOM", ("Condom", "避孕套"), screened_as="barrier"),
    _method("CM-DIAPHRAGM", ("Diaphragm or cap", "阴道隔膜或宫颈帽"), screened_as="barrier"),
    _method("CM-PILL", ("Contraceptive pill", "口服避孕药"), screened_as="hormonal"),
    _method("CM-PATCH", ("Patch or vaginal ring", "避孕贴或阴道环"), has_end=True, screened_as="hormonal"),
    _method("CM-INJECTION", ("Injection", "避孕针"), has_end=True, screened_as="hormonal"),
    _method("CM-IMPLANT", ("Implant", "皮下埋植"), has_end=True, screened_as="hormonal"),
    _method("CM-IUD", ("Intra-uterine device", "宫内节育器"), screened_as="iud"),
    _method(
        "CM-STERILISED",
        ("Sterilisation of the participant", "受试者绝育"),
        screened_as="sterilisation",
    ),
    _method(
        "CM-PARTNER-STERILISED", ("Sterilisation of the partner", "伴侣绝育"), screened_as="sterilisation"
    ),
    _method(
        "CM-PARTNER-INFERTILE",
        ("Partner not of childbearing potential", "伴侣无生育能力"),
    ),
    _method(
        "CM-RHYTHM",
        ("Rhythm method", "安全期法"),
        is_effective=False,
        source=Source.SEED,
        note="Excluded by inclusion criterion 12.",
        screened_as="rhythm",
    ),
    _method("CM-WITHDRAWAL", ("Withdrawal", "体外射精"), is_effective=False),
)
