"""Which numbers of a table are left out so that nobody is recognised by being one of few. Pure.

A number of 1 to 4 is left out, and so many others with it that no shown total minus the shown rest gives it away. Zero
is shown: nobody is behind it.
"""

from collections.abc import Iterable, Mapping, Sequence

LEAST = 5
_OUTSIDE = ""  # where the sides meet of which no sum is stated


def hidden_cells(
    values: Mapping[str, int],
    sums: Mapping[str, Sequence[str]],
    others: Mapping[str, int] | None = None,
    least: int = LEAST,
) -> frozenset[str]:
    """Return the names of the numbers to leave out.

    sums: total → its parts; each name is a part of at most two totals, or a total and a part; every sum holds.
    others: the same numbers
    without those whom the reader knows one by one, who must not be subtracted; by default the reader knows nobody.
    """
    unknown = others or values
    hidden = {name for name in values if _is_small(values[name], least) or _is_small(unknown[name], least)}
    while True:
        told = _told(hidden, sums) | _too_few_together(hidden, sums, unknown, least)
        if not told:
            return frozenset(hidden)
        hidden.add(_next_to_hide(told, hidden, values, sums))


def _is_small(value: int, least: int) -> bool:
    return 0 < value < least


def _told(hidden: set[str], sums: Mapping[str, Sequence[str]]) -> set[str]:
    """Which hidden numbers follow from the shown ones.

    The sums are taken as points, a number as a line between the two it stands in, or to the outside. A number follows
    from the others exactly where no round way leads over its line.
    """
    places = {name: _places(name, sums) for name in hidden}
    return {
        name
        for name, (start, end) in places.items()
        if start != end and not _are_joined(start, end, [places[one] for one in hidden if one != name])
    }


def _places(name: str, sums: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    found = [total for total, parts in sums.items() if name == total or name in parts]
    start, end, *_ = [*found, _OUTSIDE, _OUTSIDE]
    return start, end


def _are_joined(start: str, end: str, lines: Iterable[tuple[str, str]]) -> bool:
    reached, lines = {start}, list(lines)
    for _ in lines:
        reached |= {b for a, b in lines if a in reached} | {a for a, b in lines if b in reached}
    return end in reached


def _too_few_together(
    hidden: set[str], sums: Mapping[str, Sequence[str]], unknown: Mapping[str, int], least: int
) -> set[str]:
    """Hidden parts of a shown total that are few all together are as good as told."""
    found: set[str] = set()
    for total, parts in sums.items():
        left_out = [one for one in parts if one in hidden]
        if total not in hidden and left_out and _is_small(sum(unknown[one] for one in left_out), least):
            found |= set(left_out)
    return found


def _next_to_hide(
    told: set[str], hidden: set[str], values: Mapping[str, int], sums: Mapping[str, Sequence[str]]
) -> str:
    """The smallest shown number that is not zero, first where a hidden one stands alone in its sum; parts before totals."""
    lines = [{total, *parts} for total, parts in sums.items() if told & {total, *parts}]
    alone = set().union(*(line - hidden for line in lines if len(line & hidden) == 1))
    beside = set().union(*(line - hidden for line in lines))
    shown = ([one for one in among if values[one]] for among in (alone, beside, set(values) - hidden))
    first = next(found for found in shown if found)
    return min(first, key=lambda one: (one in sums, values[one], one))


def told_at(counts: Sequence[int], others: Sequence[int], least: int = LEAST) -> tuple[int, ...]:
    """Return the places of a series after which its running total may be told.

    Between two of them nobody was added, or at least so many, of all as of those whom the reader does not know.
    """
    found: list[int] = []
    added = unknown = 0
    for place, (count, other) in enumerate(zip(counts, others, strict=True)):
        added, unknown = added + count, unknown + other
        if not _is_small(added, least) and not _is_small(unknown, least):
            found.append(place)
            added = unknown = 0
    return tuple(found)
