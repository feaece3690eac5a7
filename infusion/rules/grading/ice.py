"""The ICE score: ten questions at the bedside, ten points. Source: Lee et al. 2019; clinical rules 2.2."""

from dataclasses import dataclass, fields

ICE_POINTS = 10
OBJECTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class IceAnswers:
    """One test. None = not tested, which is no wrong answer. objects_named: 0 to 3; every other item is one point."""

    year: bool | None = None
    month: bool | None = None
    city: bool | None = None
    hospital: bool | None = None
    objects_named: int | None = None
    follows_command: bool | None = None
    writes_sentence: bool | None = None
    counts_backwards: bool | None = None

    @property
    def untested(self) -> tuple[str, ...]:
        return tuple(one.name for one in fields(self) if getattr(self, one.name) is None)

    @property
    def score(self) -> int | None:
        """The points, 0 to 10; None as soon as one item was not tested."""
        if self.untested:
            return None
        return sum(int(getattr(self, one.name)) for one in fields(self))
