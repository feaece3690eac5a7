"""The pictures of the study by name, in the order in which they are shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from followup.queries.pictures.conduct import contraception_picture, deviations_picture, windows_picture
from followup.queries.pictures.enrolment import enrolment_picture, flow_picture
from followup.queries.pictures.reach import Reach
from followup.queries.pictures.safety import adverse_events_picture, toxicities_picture
from followup.queries.pictures.survival import overall_picture, progression_free_picture
from followup.queries.pictures.swimmer import swimmer_picture
from followup.queries.pictures.tumour import spider_picture, waterfall_picture
from trialsite.web.pictures.marks import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPicture:
    """of_single: it shows participants one by one, so that it is of the reader's own sites only."""

    name: str
    section: str
    draw: Callable[[Reach], Picture]
    of_single: bool = False

    def is_shown(self, reach: Reach) -> bool:
        return not (self.of_single and reach.is_whole)


SECTIONS: Mapping[str, object] = {
    "enrolment": gettext_lazy("Enrolment"),
    "safety": gettext_lazy("Treatment and safety"),
    "response": gettext_lazy("Response and survival"),
    "conduct": gettext_lazy("Conduct"),
}

PICTURES: Mapping[str, StudyPicture] = {
    one.name: one
    for one in (
        StudyPicture(name="enrolment", section="enrolment", draw=enrolment_picture),
        StudyPicture(name="flow", section="enrolment", draw=flow_picture),
        StudyPicture(name="adverse-events", section="safety", draw=adverse_events_picture),
        StudyPicture(
            name="toxicities",
            section="safety",
            draw=lambda reach: toxicities_picture(reach.treated),
            of_single=True,
        ),
        StudyPicture(
            name="swimmer",
            section="safety",
            draw=lambda reach: swimmer_picture(reach.treated),
            of_single=True,
        ),
        StudyPicture(
            name="waterfall",
            section="response",
            draw=lambda reach: waterfall_picture(reach.treated),
            of_single=True,
        ),
        StudyPicture(
            name="spider",
            section="response",
            draw=lambda reach: spider_picture(reach.treated),
            of_single=True,
        ),
        StudyPicture(
            name="survival",
            section="response",
            draw=lambda reach: overall_picture(reach.treated),
            of_single=True,
        ),
        StudyPicture(
            name="progression-free",
            section="response",
            draw=lambda reach: progression_free_picture(reach.treated),
            of_single=True,
        ),
        StudyPicture(name="deviations", section="conduct", draw=deviations_picture),
        StudyPicture(name="windows", section="conduct", draw=windows_picture),
        StudyPicture(name="contraception", section="conduct", draw=contraception_picture),
    )
}
