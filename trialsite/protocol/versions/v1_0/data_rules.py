"""The questions the system asks about entered data by itself. All of it assumed: the registry states none.

A question is asked where a value is possible but rarely right, where something has neither an answer nor a reason
(requirement R23), or where two entries contradict each other. Nothing is refused for it. The ranges are wider than any
reference range and narrower than what the entry forms still accept.
"""

from decimal import Decimal

from trialsite.protocol.types import DataCheck, DataRule, PlausibleRange, Source


def _range(test_code: str, least: str, most: str, unit: str) -> PlausibleRange:
    return PlausibleRange(test_code=test_code, least=Decimal(least), most=Decimal(most), unit=unit)


PLAUSIBLE = (
    _range("WBC", "0", "100", "10⁹/L"),
    _range("NEUT", "0", "80", "10⁹/L"),
    _range("LYM", "0", "50", "10⁹/L"),
    _range("PLAT", "1", "1500", "10⁹/L"),
    _range("HGB", "40", "200", "g/L"),
    _range("ALT", "2", "3000", "U/L"),
    _range("AST", "2", "3000", "U/L"),
    _range("BILI", "1", "500", "µmol/L"),
    _range("CREAT", "20", "1000", "µmol/L"),
    _range("FERRITIN", "2", "100000", "µg/L"),
    _range("FIBRINO", "0.3", "12", "g/L"),
    _range("SYSBP", "60", "220", "mmHg"),
    _range("DIABP", "30", "130", "mmHg"),
    _range("PULSE", "35", "200", "beats/min"),
    _range("TEMP", "34", "42", "°C"),
    _range("RESP", "6", "50", "breaths/min"),
    _range("OXYSAT", "70", "100", "%"),
)

DATA_RULES = (
    DataRule(
        id="DQ-PROCEDURE",
        title="A procedure of a visit has no answer",
        title_zh="访视操作未填写结果",
        check=DataCheck.UNANSWERED,
        kinds=frozenset({"visit"}),
        days=3,
        question="{label}: was it done, not done (and why), or not applicable?",
        source=Source.ASSUMED,
        note="Blank is not the same as not done.",
    ),
    DataRule(
        id="DQ-REASON",
        title="The reason for a missing result says nothing",
        title_zh="结果缺失的原因不明确",
        check=DataCheck.VAGUE_REASON,
        kinds=frozenset({"observation"}),
        field="not_done",
        question="“{value}” does not say why {label} is missing: not done, unknown or not applicable, and for what reason?",
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-PLAUSIBLE",
        title="A value is implausible",
        title_zh="数值不合常理",
        check=DataCheck.IMPLAUSIBLE,
        kinds=frozenset({"observation"}),
        question="{label} {value} {unit} lies outside {least} to {most}. Are the number and the unit right?",
        ranges=PLAUSIBLE,
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-UNIT",
        title="A value has no unit",
        title_zh="数值缺少单位",
        check=DataCheck.UNIT_MISSING,
        kinds=frozenset({"observation"}),
        question="{label} {value}: in which unit was it measured?",
        ranges=PLAUSIBLE,
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-WEIGHT",
        title="The weight changed by more than a fifth",
        title_zh="体重变化超过20%",
        check=DataCheck.CHANGE,
        kinds=frozenset({"conditioning", "infusion"}),
        field="weight_kg",
        percent=20,
        question="{value} kg after {other} kg is a change of more than {percent} %. Are both weights right?",
        source=Source.ASSUMED,
        note="Doses per kilogram and per square metre follow from it.",
    ),
    DataRule(
        id="DQ-AE-OUTCOME",
        title="An adverse event has no outcome",
        title_zh="不良事件缺少转归",
        check=DataCheck.BLANK,
        kinds=frozenset({"adverse_event"}),
        field="outcome",
        days=30,
        question="{label} began more than {days} days ago. What is its outcome?",
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-AE-RELATION",
        title="The relation of an adverse event to the product is not judged",
        title_zh="不良事件与产品的关系未判定",
        check=DataCheck.BLANK,
        kinds=frozenset({"adverse_event"}),
        field="relation_product",
        days=7,
        question="{label}: is it related to the product, in the investigator's judgement?",
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-AE-FATAL",
        title="Grade and outcome of an adverse event contradict each other",
        title_zh="不良事件分级与转归矛盾",
        check=DataCheck.FATAL,
        kinds=frozenset({"adverse_event"}),
        question="{label}: grade {value} and the outcome “{other}” do not go together. Which is right?",
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-AFTER-DEATH",
        title="A record is dated after the death",
        title_zh="记录日期晚于死亡日期",
        check=DataCheck.AFTER_DEATH,
        kinds=frozenset({"visit", "adverse_event", "medication", "survival_contact"}),
        question="{label} is dated {value}, after the death on {other}. Which date is right?",
        source=Source.ASSUMED,
    ),
    DataRule(
        id="DQ-MED-ORDER",
        title="A medication began before the event it was given for",
        title_zh="用药开始早于其对应事件",
        check=DataCheck.BEFORE,
        kinds=frozenset({"medication"}),
        field="started_on",
        other="event_onset_on",
        question="{label} began on {value}, before the event it was given for ({other}). Which date is right?",
        source=Source.ASSUMED,
    ),
)
