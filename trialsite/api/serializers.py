"""Shapes: what a request may say (`InSerializer`) and what an answer says (`OutSerializer`)."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

from rest_framework import serializers

from trialsite.api.fields import STRICT_FIELDS
from trialsite.api.problems import printable

Reader = Callable[[Any], Any]


class InSerializer(serializers.Serializer[Any]):
    """Input of one command: unknown fields are refused by name, and every field is a strict one.

    A subclass that declares a lenient field of the framework fails when it is defined. Nested input is an
    `InSerializer` too (`many=True` allowed).
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        declared: Mapping[str, serializers.Field[Any, Any, Any, Any]] = cls.__dict__["_declared_fields"]
        for name, declared_field in declared.items():
            inner = getattr(declared_field, "child", declared_field)
            for one in (declared_field, inner):
                if not isinstance(one, (*STRICT_FIELDS, InSerializer, serializers.ListSerializer)):
                    raise TypeError(
                        f"{cls.__name__}.{name}: {type(one).__name__} is lenient; use trialsite.api.fields"
                    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the validated values. Reports unknown fields together with the errors of known ones."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            message = "This field is not known here."
            for name in data.keys() - self.fields.keys():
                errors[printable(name)] = [serializers.ErrorDetail(message, code="unknown-field")]
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except serializers.ValidationError as exc:
            if not errors or not isinstance(exc.detail, dict):
                raise
            errors.update(exc.detail)
        if errors:
            raise serializers.ValidationError(errors)
        return values


# Values of these fields go to the renderer as they are; it knows how to write each of them.
_PLAIN = (
    serializers.CharField,
    serializers.IntegerField,
    serializers.BooleanField,
    serializers.UUIDField,
    serializers.DateField,
    serializers.DateTimeField,
    serializers.DecimalField,
    serializers.ChoiceField,
    serializers.JSONField,
)


class OutSerializer(serializers.Serializer[Any]):
    """The declared shape of an answer. The schema reads the fields; `represent` reads the rows, fast.

    A row is a model instance, a frozen dataclass or a mapping. `source="participant.code"` follows a dotted
    path and gives null where a step is null. A shape of plain fields only may be read straight from columns
    (`ScopedList.from_columns`). Declare direct identifiers only where the view logs the opening of them.
    """

    @classmethod
    def represent(cls, row: Any) -> dict[str, Any]:
        """Return one row in this shape; values are left for the renderer to write."""
        plan = _plan(cls, isinstance(row, Mapping))
        return {name: read(row) for name, read in plan}

    @classmethod
    def represent_all(cls, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """Return every row in this shape."""
        return [cls.represent(row) for row in rows]

    @classmethod
    def columns(cls) -> dict[str, str]:
        """Return the column path behind each field, all different. Raises TypeError for any other shape."""
        return _columns(cls)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Keep the framework's own way in working, by the same plan."""
        return self.represent(instance)


@cache
def _columns(shape: type[OutSerializer]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, one in shape().fields.items():
        is_array = isinstance(one, serializers.ListField) and isinstance(one.child, _PLAIN)
        if not (isinstance(one, _PLAIN) or is_array):
            raise TypeError(f"{shape.__name__}.{name} is not a column.")
        found[name] = str(one.source).replace(".", "__")
    if len(set(found.values())) < len(found):
        raise TypeError(f"{shape.__name__} shows one column under two names.")
    return found


@cache
def _plan(shape: type[OutSerializer], from_mapping: bool) -> tuple[tuple[str, Reader], ...]:
    """Work out once per shape how each field is read."""
    serializer = shape()
    return tuple((name, _reader(serializer, one, from_mapping)) for name, one in serializer.fields.items())


def _reader(serializer: OutSerializer, one: Any, from_mapping: bool) -> Reader:
    if isinstance(one, serializers.SerializerMethodField):
        method: Reader = getattr(serializer, str(one.method_name))
        return method
    fetch = _fetcher(str(one.source).split("."), from_mapping)
    if isinstance(one, _PLAIN):
        return fetch
    convert = _converter(one)

    def read(row: Any) -> Any:
        value = fetch(row)
        return None if value is None else convert(value)

    return read


def _converter(one: Any) -> Reader:
    if isinstance(one, OutSerializer):
        return type(one).represent
    if isinstance(one, serializers.ListSerializer) and isinstance(one.child, OutSerializer):
        return type(one.child).represent_all
    convert: Reader = one.to_representation
    return convert


def _fetcher(steps: list[str], from_mapping: bool) -> Reader:
    take: Callable[[str], Reader] = itemgetter if from_mapping else attrgetter
    if len(steps) == 1:
        return (lambda row: row) if steps == ["*"] else take(steps[0])
    getters = [take(step) for step in steps]

    def fetch(row: Any) -> Any:
        for getter in getters:
            if row is None:
                return None
            row = getter(row)
        return row

    return fetch
