"""Bedside monitoring around the infusion, by arm. All of it assumed: the record states none.

Windows reach half an interval either side, so that a round a few minutes late is the round it was meant to
be and none is counted twice. Elapsed hours follow the infusion; from day 1 the civil day at the site counts.
"""

from datetime import time

from trialsite.protocol.types import Arm, Assessed, EventKind, MonitoringRow, Slot, Source

_VITAL = frozenset({Assessed.VITAL_SIGNS})
_GRADED = _VITAL | {Assessed.CRS, Assessed.ICE}
_HOUR, _DAY = 60, 24 * 60
_IV, _IP = frozenset({Arm.INTRAVENOUS}), frozenset({Arm.INTRAPLEURAL})


def _before(
    item_id: str, titles: tuple[str, str], assessed: frozenset[Assessed], minutes: int, *, important: bool
) -> MonitoringRow:
    return MonitoringRow(
        id=item_id,
        title=titles[0],
        title_zh=titles[1],
        anchor=EventKind.INFUSED,
        assessed=assessed,
        source=Source.ASSUMED,
        lower_minutes=minutes,
        upper_minutes=5,  # what is written down at the start was measured before it
        is_important=important,
    )


def _after(
    item_id: str,
    first: int,
    last: int,
    interval: int,
    *,
    assessed: frozenset[Assessed] = _VITAL,
    arms: frozenset[Arm] = frozenset(),
) -> MonitoringRow:
    """Rounds after the end of the infusion, each window half an interval either side."""
    return MonitoringRow(
        id=item_id,
        title="Round after infusion",
        title_zh="输注后床旁监测",
        anchor=EventKind.INFUSION_ENDED,
        assessed=assessed,
        source=Source.ASSUMED,
        first_minutes=first,
        last_minutes=last,
        interval_minutes=interval,
        lower_minutes=interval // 2,
        upper_minutes=interval - interval // 2,
        arms=arms,
        is_important=True,
        note="Counted from the end of the infusion; while it runs, from its start.",
    )


def _image(item_id: str, titles: tuple[str, str], first: int, last: int) -> MonitoringRow:
    return MonitoringRow(
        id=item_id,
        title=titles[0],
        title_zh=titles[1],
        anchor=EventKind.INFUSION_ENDED,
        assessed=frozenset({Assessed.CHEST_IMAGE}),
        source=Source.ASSUMED,
        first_minutes=(first + last) // 2,
        last_minutes=(first + last) // 2,
        lower_minutes=(last - first) // 2,
        upper_minutes=(last - first) // 2 + 1,  # an image at the last minute is in time
        missed_after_minutes=2 * _HOUR,
        arms=_IP,
        is_important=True,
        note="Looks for a pneumothorax.",
    )


def _daily(
    item_id: str,
    titles: tuple[str, str],
    days: tuple[int, int],
    slot: Slot,
    assessed: frozenset[Assessed],
    arms: frozenset[Arm] = frozenset(),
) -> MonitoringRow:
    return MonitoringRow(
        id=item_id,
        title=titles[0],
        title_zh=titles[1],
        anchor=EventKind.INFUSED,
        assessed=assessed,
        source=Source.ASSUMED,
        first_day=days[0],
        last_day=days[1],
        slot=slot,
        missed_after_minutes=2 * _HOUR,
        arms=arms,
    )


MONITORING = (
    _before("M-ICE0", ("ICE score before infusion", "输注前ICE评分"), frozenset({Assessed.ICE}), 7 * _DAY,
            important=False),
    _before("M-PRE", ("Vital signs before infusion", "输注前生命体征"), _VITAL, 30, important=True),
    MonitoringRow(
        id="M-DUR",
        title="Round during infusion",
        title_zh="输注中床旁监测",
        anchor=EventKind.INFUSED,
        assessed=_VITAL,
        source=Source.ASSUMED,
        first_minutes=15,
        last_minutes=12 * _HOUR,
        interval_minutes=15,
        lower_minutes=7,
        upper_minutes=8,
        is_while_running=True,
        is_important=True,
        note="Known once the end is recorded; until then the rounds of the first hour stand in.",
    ),
    _after("M-H1", 15, 60, 15),
    _after("M-H2", 90, 120, 30, arms=_IV),
    _after("M-H4", 180, 240, 60, arms=_IV),
    _after("M-H2P", 90, 120, 30, assessed=_VITAL | {Assessed.SYMPTOMS}, arms=_IP),
    _after("M-H4P", 180, 240, 60, assessed=_VITAL | {Assessed.SYMPTOMS}, arms=_IP),
    _after("M-H24", 8 * _HOUR, _DAY, 4 * _HOUR),
    _image("M-CXR4", ("Chest image 2 to 4 h after infusion", "输注后2至4小时胸部影像"), 2 * _HOUR, 4 * _HOUR),
    _image("M-CXR24", ("Chest image 24 h after infusion", "输注后24小时胸部影像"), 20 * _HOUR, 28 * _HOUR),
    _daily("M-AM", ("Morning round", "早间床旁监测"), (1, 7), Slot(opens=time(0), target=time(6), closes=time(10)),
           _GRADED),
    _daily("M-NOON", ("Midday round", "午间床旁监测"), (1, 7),
           Slot(opens=time(10), target=time(14), closes=time(18)), _VITAL),
    _daily("M-PM", ("Evening round", "晚间床旁监测"), (1, 7), Slot(opens=time(18), target=time(22)), _GRADED),
    _daily("M-DRAIN", ("Volume drained in the day", "当日引流量"), (1, 7), Slot(opens=time(0), target=time(22)),
           frozenset({Assessed.DRAINED_VOLUME}), _IP),
    _daily("M-DAY", ("Daily round", "每日床旁监测"), (8, 14), Slot(opens=time(0), target=time(10)), _GRADED),
    MonitoringRow(
        id="M-RAISED",
        title="Round 1 to 2 h after a raised grade",
        title_zh="分级升高后1至2小时床旁监测",
        anchor=EventKind.ROUND_RECORDED,
        assessed=_VITAL,
        source=Source.ASSUMED,
        first_minutes=90,
        last_minutes=90,
        lower_minutes=30,
        upper_minutes=31,  # two hours later to the minute is in time
        is_important=True,
        note="CRS of grade 2 and more, ICANS of grade 1 and more; until a round finds it lower.",
    ),
)  # fmt: skip
