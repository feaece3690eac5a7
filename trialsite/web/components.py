"""The plain values that the component templates draw. Apps fill them; nothing here reads the database."""

from dataclasses import dataclass
from datetime import date, datetime

from trialsite.protocol.types import DueState, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status as people read it: a shape, a letter, a colour (the tone) and words. Never colour alone."""

    words: str
    letter: str
    shape: str
    tone: str


DUE_STATUS: dict[DueState, Status] = {
    DueState.UPCOMING: Status(words="Upcoming", letter="U", shape="ring", tone="quiet"),
    DueState.DUE: Status(words="Due", letter="D", shape="disc", tone="active"),
    DueState.OVERDUE: Status(words="Overdue", letter="O", shape="triangle", tone="bad"),
    DueState.MISSED: Status(words="Missed", letter="M", shape="octagon", tone="bad"),
    DueState.DONE_EARLY: Status(words="Done early", letter="E", shape="early", tone="warn"),
    DueState.DONE: Status(words="Done", letter="✓", shape="square", tone="good"),
    DueState.DONE_LATE: Status(words="Done late", letter="L", shape="late", tone="warn"),
    DueState.NOT_REQUIRED: Status(words="Not required", letter="N", shape="dashed", tone="quiet"),
}

JOURNEY_STATUS: dict[str, Status] = {
    "referred": Status(words="Referred", letter="Re", shape="pill", tone="quiet"),
    "not_screened": Status(words="Not screened", letter="Ns", shape="octagon", tone="quiet"),
    "screening": Status(words="Screening", letter="Sc", shape="pill", tone="active"),
    "eligible": Status(words="Eligible", letter="El", shape="pill", tone="active"),
    "screen_failed": Status(words="Screen failed", letter="Sf", shape="octagon", tone="quiet"),
    "enrolled": Status(words="Enrolled", letter="En", shape="pill", tone="active"),
    "leukapheresis": Status(words="Leukapheresis", letter="Lk", shape="pill", tone="active"),
    "manufacturing": Status(words="Manufacturing", letter="Mf", shape="pill", tone="active"),
    "lymphodepletion": Status(words="Lymphodepletion", letter="Ld", shape="pill", tone="active"),
    "infused": Status(words="Infused", letter="In", shape="pill", tone="strong"),
    "follow_up": Status(words="Follow-up", letter="Fu", shape="pill", tone="strong"),
    "completed": Status(words="Completed", letter="Co", shape="square", tone="good"),
    "withdrawn": Status(words="Withdrawn", letter="Wd", shape="octagon", tone="quiet"),
    "lost_to_follow_up": Status(words="Lost to follow-up", letter="Lo", shape="octagon", tone="warn"),
    "died": Status(words="Died", letter="Di", shape="octagon", tone="dark"),
}

# A question about a field: red while it waits for an answer, amber while it waits for whoever asked.
QUERY_STATUS: dict[str, Status] = {
    "open": Status(words="Open query", letter="Q", shape="octagon", tone="bad"),
    "answered": Status(words="Answered query", letter="A", shape="triangle", tone="warn"),
    "closed": Status(words="Closed query", letter="C", shape="ring", tone="quiet"),
}


def status_of(state: object) -> Status:
    """Return how a due state or journey state is shown; an unlisted one gets its own words, quietly."""
    value = str(getattr(state, "value", state))
    if value in DueState.__members__.values():
        return DUE_STATUS[DueState(value)]
    if value in JOURNEY_STATUS:
        return JOURNEY_STATUS[value]
    words = value.replace("_", " ").capitalize()
    return Status(words=words, letter=words[:2], shape="pill", tone="quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """Who the page is about, without a name. day: days since infusion, None before it.

    holds: what stands in the way of the next act, most important first, each a sentence.
    """

    code: str
    href: str
    state: object
    arm: str
    site: str
    zone: str
    day: int | None = None
    consent_version: str = ""
    holds: tuple[str, ...] = ()
    product_lot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """One thing that is due. code: shown where lines of several participants stand together.

    href: the form that fulfils it. detail: one quiet remark, such as "2 days left". for_whom: who may do it,
    where the reader may not. told_href: who is told of it, and why.
    """

    title: str
    state: DueState
    opens_on: date
    target_on: date
    closes_on: date | None
    zone: str
    source: Source
    href: str = ""
    code: str = ""
    code_href: str = ""
    detail: str = ""
    for_whom: str = ""
    done_on: date | None = None
    is_important: bool = False
    told_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """One entry of a timeline. on: civil date at the site. at: the instant, where the time matters."""

    title: str
    on: date
    icon: str = "point"
    tone: str = "quiet"
    at: datetime | None = None
    zone: str = ""
    detail: str = ""
    by: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A proof behind a criterion or a gate. expires_on: the last date on which it may be used."""

    title: str
    on: date | None = None
    expires_on: date | None = None
    is_lapsed: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Keyset paging: links to the page before and after, "" where there is none."""

    previous: str = ""
    next: str = ""
    shown: int = 0
    noun: str = "entries"

    @property
    def counted(self) -> str:
        """Return the noun for as many as are shown. `noun` says it of several."""
        return _OF_ONE.get(self.noun, self.noun.removesuffix("s")) if self.shown == 1 else self.noun


_OF_ONE = {"entries": "entry", "queries": "query", "people": "person"}
