"""Which fields a model knows at a place, for near-miss suggestions."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence


def names_at(model: type[BaseModel], loc: Sequence[str | int], *, tags: bool = False) -> set[str]:
    """Names of the fields below `loc` (as pydantic writes it); with `tags` the values that a discriminator may have."""
    places: list[object] = [model]
    for step in loc:
        places = [found for place in places for found in _step(place, step)]
    if tags:
        return {tag for place in places for member in _members(place) for tag in _tags(member)}
    found = [member for place in places for member in _members(place) if _is_model(member)]
    return {field.alias or name for member in found for name, field in member.model_fields.items()}


def _members(place: object) -> list[object]:
    origin = get_origin(place)
    if origin is Annotated:
        return _members(get_args(place)[0])
    if origin is Union or origin is types.UnionType:
        return [found for member in get_args(place) for found in _members(member)]
    return [place]


def _step(place: object, step: str | int) -> list[object]:
    members = _members(place)
    tagged = [member for member in members if step in _tags(member)]
    if tagged and len(members) > 1:
        return tagged
    found: list[object] = []
    for member in members:
        origin, arguments = get_origin(member), get_args(member)
        if _is_model(member):
            field = member.model_fields.get(str(step))
            found += [field.annotation] if field is not None else []
        elif origin is dict:
            found.append(arguments[1])
        elif origin in {tuple, list}:
            found.append(arguments[0])
    return found


def _tags(member: object) -> set[str]:
    if not _is_model(member) or "type" not in member.model_fields:
        return set()
    annotation = member.model_fields["type"].annotation
    return set(get_args(annotation)) if get_origin(annotation) is Literal else set()


def _is_model(member: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(member, type) and issubclass(member, BaseModel)
