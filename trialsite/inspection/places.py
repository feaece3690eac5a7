"""The pages that an inspection leads to: each app registers its own, the audit page shows those its reader may open."""

from dataclasses import dataclass

from django.urls import reverse

from trialsite.accounts.permissions import Access, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """sentence: what is found there. group: the heading it stands under. url_name: a page that takes no argument."""

    name: str
    title: str
    sentence: str
    url_name: str
    permission: Permission
    icon: str
    group: str
    order: int

    @property
    def href(self) -> str:
        return reverse(self.url_name)


_places: dict[str, Place] = {}


def register_place(place: Place) -> None:
    """Add `place`; a second registration under its name replaces it."""
    _places[place.name] = place


def places_for(access: Access) -> dict[str, list[Place]]:
    """Return the places that `access` may open, by group, in order."""
    found: dict[str, list[Place]] = {}
    for place in sorted(_places.values(), key=lambda one: one.order):
        if access.holds(place.permission):
            found.setdefault(place.group, []).append(place)
    return found
