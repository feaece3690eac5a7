"""What cannot be true of a set of lesions and readings, whoever sends it. Departures from RECIST are no faults."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from followup.rules.response.lesions import Baseline, LesionKind
from followup.rules.response.readings import Reading, Seen, TimePoint

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Unsound:
    """path: where, from the baseline or from the time point. message: names the remedy."""

    path: Path
    code: str
    message: str


def baseline_faults(baseline: Baseline) -> Iterator[Unsound]:
    """Yield what is wrong with the lesions: an id used twice, a target without a size."""
    for index in _repeated([one.id for one in baseline.lesions]):
        yield Unsound(("lesions", index, "id"), "repeated", "Give every lesion an id of its own.")
    for index, one in enumerate(baseline.lesions):
        if one.is_target and not (one.size_mm and one.size_mm > 0):
            words = "Give the size of a target at baseline, above 0 mm."
            yield Unsound(("lesions", index, "size_mm"), "required", words)


def point_faults(baseline: Baseline, point: TimePoint) -> Iterator[Unsound]:
    """Yield what is wrong with a time point: day, lesions that do not exist, sizes that do not fit the finding."""
    if point.on <= baseline.on:
        words = f"Give a day after the baseline scan of {baseline.on.isoformat()}."
        yield Unsound(("on",), "not-after-baseline", words)
    targets = [one.id for one in baseline.targets]
    others = {one.id: one.kind for one in baseline.non_targets}
    yield from _named("readings", [one.lesion for one in point.readings], targets)
    yield from _named("non_targets", [one.lesion for one in point.non_targets], list(others))
    for index in _repeated([one.id for one in point.new_lesions]):
        yield Unsound(("new_lesions", index, "id"), "repeated", "Name every new lesion once.")
    by_lesion = {one.lesion: one for one in point.readings}
    for index, reading in enumerate(point.readings):
        yield from (_at(("readings", index), one) for one in _size_faults(reading))
        if reading.seen is Seen.MERGED or reading.merged_into:
            yield from (_at(("readings", index), one) for one in _merger_faults(reading, by_lesion))
    for index, sight in enumerate(point.non_targets):
        if sight.short_axis_mm is not None and others.get(sight.lesion) is LesionKind.NON_NODAL:
            words = "A short axis belongs to a node; leave it out for another lesion."
            yield Unsound(("non_targets", index, "short_axis_mm"), "not-a-node", words)


def days_repeated(points: Sequence[TimePoint]) -> Iterator[int]:
    """Yield the positions of time points on a day that another one before it has already."""
    return _repeated([one.on for one in points])


def _named(member: str, ids: Sequence[str], known: Iterable[str]) -> Iterator[Unsound]:
    listed = list(known)
    words = f"Name a lesion of the baseline: {', '.join(listed) or 'there is none of this kind'}."
    for index, lesion in enumerate(ids):
        if lesion not in listed:
            yield Unsound((member, index, "lesion"), "unknown-lesion", words)
    for index in _repeated(ids):
        yield Unsound((member, index, "lesion"), "repeated", "Give one reading for each lesion.")


def _size_faults(reading: Reading) -> Iterator[Unsound]:
    if reading.seen is Seen.MEASURED and not (reading.parts_mm and min(reading.parts_mm) > 0):
        yield Unsound(("size_mm",), "required", "Give the size, above 0 mm; absent or too_small have none.")
    if reading.seen is not Seen.MEASURED and reading.parts_mm:
        words = "Leave the size out, or say that the lesion was measured."
        yield Unsound(("size_mm",), "not-measured", words)


def _merger_faults(reading: Reading, by_lesion: dict[str, Reading]) -> Iterator[Unsound]:
    if reading.seen is not Seen.MERGED:
        yield Unsound(("merged_into",), "not-merged", "Leave it out, or say that the lesion is merged.")
        return
    carrier = by_lesion.get(reading.merged_into)
    if carrier is None or carrier.seen is not Seen.MEASURED:
        words = "Name another target that carries the measured diameter of the whole at this time point."
        yield Unsound(("merged_into",), "no-whole", words)


def _at(path: Path, one: Unsound) -> Unsound:
    return Unsound((*path, *one.path), one.code, one.message)


def _repeated(values: Sequence[object]) -> Iterator[int]:
    """Yield the positions of values that stand further in front already."""
    counted: Counter[object] = Counter()
    for index, one in enumerate(values):
        if counted[one]:
            yield index
        counted[one] += 1
