"""RECIST once more, as plainly as it can be written, to hold the rules against. Sizes only: no merging, no parts.

A scan is (day, {target: size}, others, new): a size in mm, or None for not assessed; others: absent, present,
progressed or not_assessed for the one lesion that is no target, None where there is none; new: a sure new lesion.
"""

from fractions import Fraction


def target_response(sizes, nodes, baseline_mm, nadir_mm):
    assessed = [size for size in sizes.values() if size is not None]
    total = sum(assessed, Fraction(0))
    if total * 5 >= nadir_mm * 6 and total >= nadir_mm + 5:
        return "PD"
    if len(assessed) < len(sizes):
        return "NE"
    if all(size < 10 if name in nodes else size == 0 for name, size in sizes.items()):
        return "CR"
    return "PR" if total * 10 <= baseline_mm * 7 else "SD"


def table(target, others):
    if "PD" in {target, others}:
        return "PD"
    if target == "CR":
        return "CR" if others in {"CR", "none"} else "PR"
    return target


NON_TARGET = {
    None: "none",
    "absent": "CR",
    "present": "non-CR/non-PD",
    "progressed": "PD",
    "not_assessed": "NE",
}


def overall_responses(scans, nodes, baseline_mm):
    found, nadir, was_complete, is_new = [], baseline_mm, False, False
    for _, sizes, others, new in scans:
        target = target_response(sizes, nodes, baseline_mm, nadir)
        if was_complete and any(size for name, size in sizes.items() if name not in nodes):
            target = "PD"
        overall = table(target, NON_TARGET[others])
        if was_complete and overall in {"PR", "SD"}:
            overall = "NE" if target == "CR" and others == "not_assessed" else "PD"
        is_new = is_new or new
        found.append("PD" if is_new else overall)
        was_complete = was_complete or found[-1] == "CR"
        if None not in sizes.values():
            nadir = min(nadir, sum(sizes.values(), Fraction(0)))
    return found


def until_progression(dated):
    kept = []
    for day, response in dated:
        kept.append((day, response))
        if response == "PD":
            break
    return kept


def confirmed(dated, wanted, by):
    for first, (day, response) in enumerate(dated):
        for second in range(first + 1, len(dated)):
            between = [one for _, one in dated[first + 1 : second]]
            if (
                response == wanted
                and dated[second][1] in by
                and dated[second][0] - day >= 28
                and set(between) <= {*by, "NE"}
                and between.count("NE") <= 1
            ):
                return True
    return False


def best(dated, *, is_confirmation_needed):
    kept = until_progression(dated)
    seen = [response for _, response in kept]
    late = [response for day, response in kept if day >= 42]
    if is_confirmation_needed:
        is_cr, is_pr = confirmed(kept, "CR", {"CR"}), confirmed(kept, "PR", {"PR", "CR"})
        is_sd = any(one in late for one in ("CR", "PR", "SD"))
    else:
        is_cr, is_pr, is_sd = "CR" in seen, "PR" in seen, "SD" in late
    ranked = [("CR", is_cr), ("PR", is_pr), ("SD", is_sd), ("PD", "PD" in seen), ("NE", True)]
    return next(response for response, holds in ranked if holds)
