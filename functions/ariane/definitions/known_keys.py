"""Which keys a file may have at a place: walks the models along the place of one of pydantic's errors."""

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin

from pydantic import BaseModel, Tag


def known_keys(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Of the object that the place's last part was looked for in; none where it cannot be told."""
    kinds: list[Any] = [model]
    for part in place[:-1]:
        kinds = [below for kind in kinds for below in _below(kind, part)]
    return sorted({key for kind in kinds for each in _plain(kind) if isinstance(each, type) for key in _keys(each)})


def _keys(kind: type) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()] if issubclass(kind, BaseModel) else []


def _below(kind: Any, part: str | int) -> list[Any]:
    """What stands under one part of the place: a field, an element, or the member of a union with this tag."""
    found: list[Any] = []
    for each in _plain(kind, tag=part):
        if isinstance(each, _Tagged):
            found.append(each.kind)
        elif get_origin(each) in (tuple, list) and isinstance(part, int):
            found.append(get_args(each)[0])
        elif get_origin(each) is dict:
            found.append(get_args(each)[1])
        elif isinstance(each, type) and issubclass(each, BaseModel):
            found += [field.annotation for name, field in each.model_fields.items() if part == (field.alias or name)]
    return found


class _Tagged:
    def __init__(self, kind: Any) -> None:
        self.kind = kind


def _plain(kind: Any, *, tag: str | int | None = None) -> list[Any]:
    """Without names, unions and annotations; of members with a tag only the one that is asked for."""
    if isinstance(kind, TypeAliasType):
        return _plain(kind.__value__, tag=tag)
    if get_origin(kind) is Annotated:
        inner, *notes = get_args(kind)
        tags = [note.tag for note in notes if isinstance(note, Tag)]
        if tags:
            return [_Tagged(inner)] if tag in tags else []
        return _plain(inner, tag=tag)
    if get_origin(kind) in (Union, UnionType):
        return [each for member in get_args(kind) for each in _plain(member, tag=tag)]
    return [kind]
