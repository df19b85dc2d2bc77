"""What differs between two documents: pure, member by member, entry by entry."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from backend.schemas.health import EntryChange, EntryMention, MemberChange, RevisionDiff
from backend.services.health.document import Document, Entry
from backend.services.health.sections import SECTIONS

_OWN: Final = ("display_name", "birth_year", "no_known_allergies")


def compare(profile_id: uuid.UUID, before: tuple[int, Document], after: tuple[int, Document]) -> RevisionDiff:
    """Return what became different from one version, with its document, to another.

    Entries are the same where their id is: one that was deleted and recorded anew is removed and added.
    """
    (old, old_document), (new, new_document) = before, after
    added: list[EntryMention] = []
    removed: list[EntryMention] = []
    changed: list[EntryChange] = []
    for section in SECTIONS:
        pair = section.entries(old_document), section.entries(new_document)
        _compare_entries(section.member, pair, added, removed, changed)
    return RevisionDiff(
        profile_id=profile_id,
        before=old,
        after=new,
        members=_changes(
            {name: getattr(old_document, name) for name in _OWN},
            {name: getattr(new_document, name) for name in _OWN},
        ),
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(changed),
    )


def _compare_entries(
    section: str,
    pair: tuple[Sequence[Entry], Sequence[Entry]],
    added: list[EntryMention],
    removed: list[EntryMention],
    changed: list[EntryChange],
) -> None:
    old, new = ({entry.id: entry for entry in entries} for entries in pair)
    removed += [_mention(section, entry) for entry in old.values() if entry.id not in new]
    for entry in new.values():
        mention = _mention(section, entry)
        before = old.get(entry.id)
        if before is None:
            added.append(mention)
        elif before != entry:
            members = _changes(before.model_dump(mode="json"), entry.model_dump(mode="json"))
            changed.append(EntryChange(**mention.model_dump(), members=members))


def _mention(section: str, entry: Entry) -> EntryMention:
    return EntryMention(section=section, id=entry.id, code=entry.code)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[MemberChange, ...]:  # JSON values
    return tuple(
        MemberChange(member=name, before=before[name], after=after[name])
        for name in before
        if before[name] != after[name]
    )
