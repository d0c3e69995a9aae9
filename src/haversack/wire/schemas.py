"""Python types as OpenAPI 3.0 schemas: what a struct says of its fields, and nothing that it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.enums import OpenEnum

Schema: TypeAlias = dict[str, Any]

_PLACE = "#/components/schemas/"
_NULL = "Null"
_SIMPLE: Mapping[Any, Schema] = {
    Decimal: {"type": "string", "format": "decimal"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number", "format": "double"},
    inputs.TimeMs: {"type": "integer", "format": "int64", "minimum": 0},
    inputs.TimeS: {"type": "integer", "format": "int64", "minimum": 0},
    inputs.DurationMs: {"type": "integer", "format": "int64", "minimum": 0},
    NoneType: {"nullable": True, "enum": [None]},
}
# Whatever a type does not say, such as raw JSON, may be anything.
_ANYTHING = (Any, object, msgspec.Raw)


class Schemas:
    """Schemas by name, gathered as types are met: structs and enums once each, everything else where it stands."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}
        self._kinds: dict[str, Any] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of a type; a reference where the type has a name of its own."""
        origin = get_origin(kind)
        if origin is Annotated:
            return self.of(get_args(kind)[0])
        if origin in (Union, UnionType):
            return self._union([part for part in get_args(kind) if part is not msgspec.UnsetType])
        if origin is Literal:
            return {"type": "string", "enum": [str(word) for word in get_args(kind)]}
        if origin is not None:
            return self._container(origin, get_args(kind))
        if kind in _ANYTHING:
            return {}
        if kind in _SIMPLE:
            return deepcopy(_SIMPLE[kind])
        return self._reference(kind)

    def parameters(self, operation: type[Operation[Any]]) -> dict[str, tuple[Schema, bool]]:
        """What an operation sends: by wire name, the schema and whether it must be there."""
        return {field.encode_name: (self._sent(field.type), field.required) for field in msgspec.structs.fields(operation)}

    def body(self, name: str, operation: type[Operation[Any]]) -> Schema:
        """A reference to the body of an operation, under the name that the exchange gives it."""
        sent = self.parameters(operation)
        required = [wire_name for wire_name, (_, is_required) in sent.items() if is_required]
        self.named[name] = _object({wire_name: schema for wire_name, (schema, _) in sent.items()}, required)
        return {"$ref": _PLACE + name}

    def _sent(self, kind: Any) -> Schema:
        parts = [part for part in get_args(kind) if part is not NoneType] if get_origin(kind) in (Union, UnionType) else [kind]
        # None means that the parameter is not sent, so null is never a value of it.
        schema = self.of(parts[0]) if len(parts) == 1 else {"anyOf": [self.of(part) for part in parts]}
        return {**schema, "format": "uint32", "minimum": 0} if schema == _SIMPLE[int] else schema

    def _union(self, parts: list[Any]) -> Schema:
        values = [part for part in parts if part is not NoneType]
        schema = self.of(values[0]) if len(values) == 1 else self._either(values)
        return schema if len(values) == len(parts) else self._or_null(schema)

    def _either(self, kinds: list[Any]) -> Schema:
        schemas = [self.of(kind) for kind in kinds]
        configs = [getattr(kind, "__struct_config__", None) for kind in kinds]
        tags = {str(config.tag): schema["$ref"] for config, schema in zip(configs, schemas, strict=True) if config and config.tag}
        if len(tags) < len(kinds):
            return {"anyOf": schemas}
        return {"oneOf": schemas, "discriminator": {"propertyName": kinds[0].__struct_config__.tag_field, "mapping": tags}}

    def _or_null(self, schema: Schema) -> Schema:
        if "type" not in schema:
            # A reference keeps its own type, so null has to stand beside it. A schema that allows anything allows null.
            self.named.setdefault(_NULL, deepcopy(_SIMPLE[NoneType]))
            return {"anyOf": [*schema.get("anyOf", [schema]), {"$ref": _PLACE + _NULL}]} if schema else schema
        words = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return {**schema, **words, "nullable": True}

    def _container(self, origin: Any, parts: tuple[Any, ...]) -> Schema:
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(parts[1])}
        if issubclass(origin, tuple) and parts[1:] != (...,):
            kinds = [self.of(part) for part in parts]
            items = kinds[0] if all(kind == kinds[0] for kind in kinds) else {"anyOf": kinds}
            return {"type": "array", "items": items, "minItems": len(parts), "maxItems": len(parts)}
        return {"type": "array", "items": self.of(parts[0])}

    def _reference(self, kind: Any) -> Schema:
        name = kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            name = f"{kind.__module__.rpartition('.')[2].capitalize()}{name}"
            self._kinds[name] = kind
        if name not in self.named:
            self.named[name] = {}  # Its place, so that a type that holds itself ends here.
            self.named[name] = self._described(kind)
        return {"$ref": _PLACE + name}

    def _described(self, kind: Any) -> Schema:
        text = {"description": summary_of(kind)} if kind.__doc__ else {}
        if issubclass(kind, OpenEnum):
            return {**text, "type": "string", "enum": [member.value for member in kind]}
        if not issubclass(kind, msgspec.Struct):
            raise TypeError(f"{kind!r} has no schema")
        fields = msgspec.structs.fields(kind)
        properties = {field.encode_name: self.of(field.type) for field in fields}
        for name in getattr(kind, "written_as_numbers", ()):
            properties[name] = {**properties[name], "type": "number", "format": "double"}
        required = [field.encode_name for field in fields if field.required]
        config = kind.__struct_config__
        if config.tag_field is not None and config.tag is not None:
            properties[config.tag_field] = {"type": "string", "enum": [str(config.tag)]}
            required.append(config.tag_field)
        return {**text, **_object(properties, required)}


def summary_of(kind: Any) -> str:
    """The first line of a docstring."""
    return cleandoc(kind.__doc__ or "").partition("\n")[0]


def _object(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(sorted(properties.items()))}
    # An empty list is not allowed here.
    return {**schema, "required": sorted(required)} if required else schema
