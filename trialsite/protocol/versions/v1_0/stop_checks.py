"""What stops an infusion if it is present on the day. All assumed. Source: clinical rules 6.2."""

from trialsite.protocol.types import Source, StopCheck


def _stop(check_id: str, title: str, title_zh: str, question: str, note: str = "") -> StopCheck:
    return StopCheck(
        id=check_id,
        title=title,
        title_zh=title_zh,
        question=question,
        source=Source.ASSUMED,
        note=note,
    )


STOP_CHECKS = (
    _stop("SC-INFECTION", "Active infection", "活动性感染", "Is there an active infection?"),
    _stop("SC-OXYGEN", "New oxygen need", "新发吸氧需求", "Does the participant newly need oxygen?"),
    _stop("SC-ARRHYTHMIA", "New arrhythmia", "新发心律失常", "Is there a new arrhythmia?"),
    _stop(
        "SC-FEVER",
        "Fever not due to the tumour",
        "非肿瘤性发热",
        "Is the temperature 38.0 °C or more, and not due to the tumour?",
        note="A fever that the investigator ascribes to the tumour is answered with no, and a remark.",
    ),
    _stop(
        "SC-ORGAN",
        "Organ function clearly worse",
        "器官功能明显恶化",
        "Is the function of an organ clearly worse than at the re-check of eligibility?",
    ),
)
