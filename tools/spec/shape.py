"""What a schema comes to: references followed, compositions merged, words for words. Two documents differ if their shapes do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WORDS_SHOWN_MAX = 6
# These say nothing about what a value may be.
_REMARKS = {"description", "title", "default", "example", "deprecated", "nullable"}


@dataclass(frozen=True)
class Shape:
    """One kind of value."""

    kind: str
    """text, decimal, integer, number, boolean, list, map, object, anything, or several of them."""
    name: str = ""
    """That of the schema, where it has one."""
    words: tuple[str, ...] = ()
    """The only texts that it may be; none: any."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    inner: Any = None
    """Schema of the members of a list or a map."""
    forms: Mapping[str, Any] = field(default_factory=dict)
    """Of an object with a discriminator: the schemas by tag. `fields` has those of all forms, `required` what all require."""

    def __str__(self) -> str:
        if self.words and len(self.words) <= WORDS_SHOWN_MAX:
            return f"one of {', '.join(self.words)}"
        if self.words:
            return f"one of {self.name or 'many words'}"
        return f"{self.kind} {self.name}" if self.kind == "object" and self.name else self.kind


class Shapes:
    """The shapes of one document's schemas."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def of(self, schema: Mapping[str, Any]) -> Shape:
        """The shape of a schema, whatever it is made of."""
        name, schema = self._resolved(schema)
        shape = self._of(schema)
        return Shape(**{**vars(shape), "name": name}) if name else shape

    def resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference stands for; anything else as it is."""
        return self._resolved(part)[1]

    def _resolved(self, part: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        name = ""
        while "$ref" in part:
            keys = part["$ref"].removeprefix("#/").split("/")
            name, target = keys[-1], self._document
            for key in keys:
                target = target[key]
            part = target
        return name, part

    def _of(self, schema: Mapping[str, Any]) -> Shape:
        if "allOf" in schema:
            parts = [part for part in schema["allOf"] if set(part) - _REMARKS]
            return self.of(parts[0]) if len(parts) == 1 else self._all(parts)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            choices = [choice for choice in choices if self.resolved(choice).get("enum") != [None]]
            return self.of(choices[0]) if len(choices) == 1 else self._any(choices, schema.get("discriminator"))
        return self._plain(schema)

    def _plain(self, schema: Mapping[str, Any]) -> Shape:
        kind = schema.get("type", "object" if "properties" in schema else "anything")
        if kind == "array":
            return Shape("list", inner=schema.get("items", {}))
        if kind == "object" and "properties" not in schema and isinstance(schema.get("additionalProperties"), dict):
            return Shape("map", inner=schema["additionalProperties"])
        if kind == "object":
            return Shape("object", fields=schema.get("properties", {}), required=frozenset(schema.get("required", ())))
        if kind == "string":
            kind = "decimal" if schema.get("format") == "decimal" else "text"
        return Shape(kind, words=tuple(str(word) for word in schema.get("enum", ()) if word is not None))

    def _all(self, schemas: Sequence[Mapping[str, Any]]) -> Shape:
        shapes = [self.of(schema) for schema in schemas]
        required = frozenset[str]().union(*(shape.required for shape in shapes))
        return Shape("object", fields=_fields_of(shapes), required=required)

    def _any(self, schemas: Sequence[Mapping[str, Any]], discriminator: Mapping[str, Any] | None) -> Shape:
        shapes = [self.of(schema) for schema in schemas]
        kinds = sorted({shape.kind for shape in shapes})
        if kinds != ["object"]:
            words = tuple(word for shape in shapes for word in shape.words) if all(shape.words for shape in shapes) else ()
            return Shape(" or ".join(kinds), words=tuple(dict.fromkeys(words)), inner=shapes[0].inner)
        mapping = (discriminator or {}).get("mapping", {})
        return Shape(
            "object",
            fields=_fields_of(shapes),
            required=frozenset.intersection(*(shape.required for shape in shapes)),
            forms={tag: {"$ref": reference} for tag, reference in mapping.items()},
        )


def _fields_of(shapes: Sequence[Shape]) -> dict[str, Any]:
    """The fields of all; one that several have is any of theirs."""
    fields: dict[str, Any] = {}
    for name in dict.fromkeys(name for shape in shapes for name in shape.fields):
        schemas = [shape.fields[name] for shape in shapes if name in shape.fields]
        distinct = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
        fields[name] = distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
    return fields
