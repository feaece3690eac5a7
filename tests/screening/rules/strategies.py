"""Any evidence the catalogue allows: made from the catalogue itself, so that a new item is covered at once."""

from datetime import date, timedelta

from hypothesis import strategies as st

from screening.rules.evidence import Entry, EvidenceRecord
from screening.rules.items import ITEMS
from screening.rules.vocabulary import Kind
from tests.factories.evidence import eligible_record
from tests.screening.rules.desk import ON
from trialsite.protocol.partial_dates import PartialDate, read_partial_date, whole
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import Arm
from trialsite.protocol.units import QUANTITIES

near_days = st.integers(-60, 40).map(lambda days: ON + timedelta(days))
far_days = st.integers(-1300, 60).map(lambda days: ON + timedelta(days))
arms = st.sampled_from([None, Arm.INTRAVENOUS, Arm.INTRAPLEURAL])
small_numbers = st.decimals(0, 110, places=1)


def partly_known(on: date) -> st.SearchStrategy[PartialDate]:
    """The day itself most of the time, else its month or its year."""
    known = [on.isoformat()] * 4 + [f"{on:%Y-%m}", f"{on:%Y}"]
    return st.sampled_from(known).map(read_partial_date)


@st.composite
def results(draw: st.DrawFn, quantity: str) -> Result:
    units = [*QUANTITIES[quantity].factors, *QUANTITIES[quantity].refused] or ["IU/mL", "copies/mL"]
    return Result(
        draw(small_numbers),
        draw(st.sampled_from([*units, *units, "", "furlong"])),
        draw(st.sampled_from([Operator.EQUAL, *Operator])),
        upper=draw(st.none() | st.decimals(0, 60, places=0)),
        limit_unit=draw(st.sampled_from(["", "", *units])),
    )


def values(thing, *, may_be_open: bool = False) -> st.SearchStrategy:
    """Values of an item or of a field of one."""
    answered = _answers(thing)
    return st.none() | answered if may_be_open else answered


def _answers(thing) -> st.SearchStrategy:
    return _ANSWERS[thing.kind](thing)


def _forms(item) -> st.SearchStrategy:
    return st.fixed_dictionaries({field.id: values(field, may_be_open=True) for field in item.fields})


_ANSWERS = {
    Kind.FLAG: lambda thing: st.booleans(),
    Kind.CHOICE: lambda thing: st.sampled_from([*thing.choices]),
    Kind.CHOICES: lambda thing: st.lists(st.sampled_from([*thing.choices]), max_size=3, unique=True).map(
        tuple
    ),
    Kind.COUNT: lambda thing: st.integers(0, 5),
    Kind.NUMBER: lambda thing: small_numbers,
    Kind.DATE: lambda thing: (near_days | far_days).flatmap(partly_known),
    Kind.TEXT: lambda thing: st.just("text"),
    Kind.RESULT: lambda thing: results(thing.quantity),
    Kind.FORM: lambda thing: _forms(thing),
    Kind.ROWS: lambda thing: st.lists(_forms(thing), max_size=2).map(tuple),
}


@st.composite
def entries(draw: st.DrawFn, item, *, whole_days: bool = False) -> Entry:
    on = draw(near_days)
    return Entry(
        item.id,
        draw(values(item)),
        whole(on) if whole_days else draw(st.none() | partly_known(on)),
        method=draw(st.sampled_from(["", *(item.methods or {}), *(item.methods or {})])),
    )


# Those whose answer time changes are what most can go wrong with.
_TURNING = {"ihc", "other_studies", "vaccines", "therapies", "malignancies", "infarction", "bypass"}
_OFTEN = [*ITEMS, *(item for item in ITEMS if item.id in _TURNING for _ in range(9))]


@st.composite
def records(draw: st.DrawFn) -> EvidenceRecord:
    """The evidence of somebody eligible in which some items are answered otherwise, repeatedly or not at all."""
    given = dict(eligible_record(ON).entries)
    for item in draw(st.lists(st.sampled_from(_OFTEN), max_size=12, unique_by=lambda one: one.id)):
        given[item.id] = tuple(draw(st.lists(entries(item), max_size=3)))
    return EvidenceRecord(given)
