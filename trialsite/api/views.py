"""The base classes of reading: a list page by page, one record. An app's view is a few declarations.

One class serves one method of one URL, so that each states exactly one permission; `routing.by_method` joins
the classes of a URL. See the package docstring for an example.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission, require, require_anywhere
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.api.pagination import KeysetPagination, Ordering
from trialsite.api.parsers import is_unstorable, refuse_unreadable_query
from trialsite.api.preconditions import etag_headers
from trialsite.api.problems import FieldProblem, RequestRefused, printable
from trialsite.api.serializers import OutSerializer


class ApiView(APIView):
    """What every endpoint has: one permission, clean input, a signed-in user, no caching."""

    required_permission: ClassVar[Permission]
    throttle_scope: ClassVar[str] = "read"
    query_parameters: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not abstract and not isinstance(getattr(cls, "required_permission", None), Permission):
            raise TypeError(f"{cls.__name__} must state its required_permission.")

    @property
    def person(self) -> User:
        """Return the signed-in user; the permission classes let nobody else in."""
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what cannot be read before anything else looks at it."""
        super().initial(request, *args, **kwargs)
        if any(is_unstorable(value) for value in kwargs.values() if isinstance(value, str)):
            raise Http404
        refuse_unreadable_query(request.query_params)
        unknown = sorted(set(request.query_params) - self.known_parameters())
        if unknown:
            faults = (
                FieldProblem(printable(name), "unknown-parameter", "Not known here.") for name in unknown
            )
            message = "The query has errors; see `errors`."
            raise RequestRefused(400, "invalid-input", message, errors=tuple(faults))

    def known_parameters(self) -> frozenset[str]:
        """Return the query parameters that mean something.

        Any other is refused, as a typing error would be.
        """
        return self.query_parameters

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Keep trial data out of every cache on the way."""
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers["Cache-Control"] = "no-store"
        return final


@dataclass(frozen=True)
class Parent:
    """The record under whose URL a list hangs: `/participants/<code>/visits/`.

    lookup: URL argument -> field of `model`. path: field of the listed model that leads to it.
    """

    model: type[Model]
    path: str
    lookup: Mapping[str, str]


class ScopedView(ApiView, abstract=True):
    """Starts from `model.objects.visible_to(user)`: what is out of scope does not exist."""

    model: ClassVar[type[Model] | None] = None
    lookup: ClassVar[Mapping[str, str]] = {"code": "code"}
    """URL argument -> field path, such as {"code": "participant__code", "visit_id": "id"}."""
    gives: ClassVar[type[OutSerializer]]

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Override to join, annotate or restrict; the rows are already those the user may see."""
        return rows

    def get_queryset(self) -> QuerySet[Any]:
        """Return no rows, of the right model: what the schema reads types from. Requests never call it."""
        return cast("QuerySet[Any]", _rows_of(cast("type[Model]", self.model)).none())

    def target(self) -> Any:
        """Return the record the URL names. Raises Http404 alike for unknown and for another site's."""
        found = self._find(self.model, self.lookup, self.narrow)
        self._require_at(found)
        return found

    def _find(
        self,
        model: type[Model] | None,
        lookup: Mapping[str, str],
        narrow: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows,
    ) -> Any:
        if model is None:
            raise TypeError(f"{type(self).__name__} names no model.")
        rows = narrow(_rows_of(model).visible_to(self.person))
        wanted = {path: self.kwargs[argument] for argument, path in lookup.items()}
        found = rows.filter(**wanted).first()
        if found is None:
            raise Http404
        return found

    def site_id_of(self, target: Any) -> UUID | None:
        """Return the site that decides about `target`; None where it hangs on none."""
        return _site_id(target)

    def _require_at(self, target: Any) -> None:
        """Raise NotPermitted where the user sees the record but holds no role for this act at its site."""
        site_id = self.site_id_of(target)
        if site_id is None:
            require_anywhere(self.person, self.required_permission)
        else:
            require(self.person, self.required_permission, site_id)

    def represent(self, found: Any) -> dict[str, Any]:
        """Return the answer's shape of a record or of what a service returned."""
        return self.gives.represent(found)


def _rows_of(model: type[Model]) -> Any:
    return cast(Any, model).objects.all()


def _site_id(target: Any) -> UUID | None:
    """Follow the path by which the model is scoped: `site`, or `participant__site` and the like."""
    rows = _rows_of(type(target))
    if isinstance(target, Site):
        return target.pk
    if not isinstance(rows, SiteScopedQuerySet):
        return None
    *steps, last = rows.site_path.removesuffix("_id").split("__")
    for step in steps:
        target = getattr(target, step)
    return cast(UUID, target.pk if last == "pk" else getattr(target, f"{last}_id"))


class ScopedList(ScopedView, abstract=True):
    """GET of a list, page by page.

    order: total order, for example ("-recorded_at", "-id"). orders: further ones, chosen by `?order=<name>`.
    from_columns: read `gives` straight from columns, without building records; plain fields only.
    filterset_class: the filter of the page that shows the same rows; without a parameter it restricts nothing.
    parent: see `Parent`.
    """

    order: ClassVar[tuple[str, ...]] = ("recorded_at", "id")
    orders: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    from_columns: ClassVar[bool] = False
    filterset_class: ClassVar[Any] = None
    parent: ClassVar[Parent | None] = None
    pagination_class = KeysetPagination
    filter_backends = (DjangoFilterBackend,)

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(abstract=abstract, **options)
        if cls.model is not None:
            for names in (cls.order, *cls.orders.values()):
                Ordering.of(*names).require_total(cls.model)

    def known_parameters(self) -> frozenset[str]:
        """Return paging, order and the names of the filter."""
        own = {"limit", "cursor", *({"order"} if self.orders else ())}
        return self.query_parameters | own | _filter_names(self.filterset_class)

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page."""
        require_anywhere(self.person, self.required_permission)
        rows = self._filtered(self._rows())
        paginator = self.pagination_class()
        if not self.from_columns:
            page = paginator.paginate_queryset(rows, request, view=self)
            return paginator.get_paginated_response(self.represent_page(page))
        shown = self.gives.columns()
        paginator.columns = tuple(dict.fromkeys([*shown.values(), *self.ordering.columns]))
        page = paginator.paginate_queryset(rows.values_list(*paginator.columns), request, view=self)
        # The shown columns come first; what only the key needs is cut off by the shorter side.
        return paginator.get_paginated_response([dict(zip(shown, row, strict=False)) for row in page])

    def represent_page(self, page: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the shapes of one page; override to read for all rows at once what each of them shows."""
        return [self.represent(row) for row in page]

    def _filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the filter where it is asked for: building its form costs as much as the rest of the page."""
        if not _filter_names(self.filterset_class) & self.request.query_params.keys():
            return rows
        return cast("QuerySet[Any]", DjangoFilterBackend().filter_queryset(self.request, rows, self))

    @property
    def ordering(self) -> Ordering:
        """Return the order asked for. Raises RequestRefused 400 for one that is not offered."""
        name = self.request.query_params.get("order")
        if name is None:
            return Ordering.of(*self.order)
        if name not in self.orders:
            message = f"Choose one of: {', '.join(sorted(self.orders))}."
            fault = FieldProblem("order", "unknown-order", message)
            raise RequestRefused(400, "invalid-input", message, errors=(fault,))
        return Ordering.of(*self.orders[name])

    def _rows(self) -> QuerySet[Any]:
        """Return the rows of the sites at which the user holds the very permission of this list."""
        if self.model is None:
            raise TypeError(f"{type(self).__name__} names no model.")
        rows = _rows_of(self.model)
        scoped = isinstance(rows, SiteScopedQuerySet)
        visible = rows.visible_to(self.person, *((self.required_permission,) if scoped else ()))
        if self.parent is not None:
            owner = self._find(self.parent.model, self.parent.lookup)
            self._require_at(owner)
            visible = visible.filter(**{self.parent.path: owner.pk})
        return self.narrow(visible)


@cache
def _filter_names(filterset_class: Any) -> frozenset[str]:
    """Return the query parameters a filter reads.

    A range has two, `_min` and `_max` or `_after` and `_before`.
    """
    if filterset_class is None:
        return frozenset()
    names: set[str] = set()
    for name, one in filterset_class.base_filters.items():
        suffixes = getattr(one.field.widget, "suffixes", None)
        names |= {f"{name}_{suffix}" for suffix in suffixes} if suffixes else {name}
    return frozenset(names)


class ScopedDetail(ScopedView, abstract=True):
    """GET of one record, with its version as the ETag."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the record."""
        found = self.target()
        return Response(self.represent(found), headers=etag_headers(found))
