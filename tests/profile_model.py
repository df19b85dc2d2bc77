"""What a profile must be, in plain dictionaries: the model that the real one is compared with."""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Content = dict[str, Any]

CODES = {
    "allergies": ("milk", "eggs", "peanuts", "sesame"),
    "dietary_restrictions": ("vegan", "halal", "vegetarian"),
    "medical_conditions": ("gout", "coeliac_disease"),
}
OWN = ("display_name", "birth_year", "no_known_allergies")
_CODE_NAMES = {"allergies": "allergen", "dietary_restrictions": "diet", "medical_conditions": "condition"}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "allergies": {
        "kind": "allergy", "severity": "moderate", "reactions": [], "verification": "self_reported",
        "avoid_traces": True, "threshold_mg": None, "onset_year": None, "note": None,
    },
    "dietary_restrictions": {"strictness": "strict", "reason": None},
    "medical_conditions": {"since": None, "note": None},
}  # fmt: skip


# What may be done, drawn without a look at what the profile is: a number stands for the entry or version.
NOTES = st.sampled_from([None, "one", "two"])
MEMBERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "allergies": st.fixed_dictionaries(
        {},
        optional={
            "severity": st.sampled_from(["mild", "life_threatening"]),
            "verification": st.sampled_from(["suspected", "refuted"]),
            "threshold_mg": st.sampled_from([None, 0.2]),
            "note": NOTES,
        },
    ),
    "dietary_restrictions": st.fixed_dictionaries(
        {}, optional={"strictness": st.just("flexible"), "reason": st.sampled_from([None, "ethical"])}
    ),
    "medical_conditions": st.fixed_dictionaries(
        {}, optional={"since": st.sampled_from([None, "2019-05"]), "note": NOTES}
    ),
}


def _entry(section: str) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(CODES[section])
    return st.builds(lambda name, members: {"name": name} | members, names, MEMBERS[section])


NUMBERS = st.integers(0, 11)
Draft = tuple[str, str, int, dict[str, Any] | None]

BODIES = st.fixed_dictionaries(
    {},
    optional={
        "display_name": st.sampled_from([None, "Amira", "Emil"]),
        "birth_year": st.sampled_from([None, 2019]),
        "no_known_allergies": st.booleans(),
        **{
            section: st.lists(_entry(section), max_size=3, unique_by=lambda entry: entry["name"])
            for section in MEMBERS
        },
    },
)


def _entry_drafts(section: str) -> st.SearchStrategy[Draft]:
    place = st.just(section)
    return (
        st.tuples(st.just("POST"), place, NUMBERS, _entry(section))
        | st.tuples(st.just("PATCH"), place, NUMBERS, MEMBERS[section])
        | st.tuples(st.just("DELETE"), place, NUMBERS, st.none())
    )


DRAFTS: st.SearchStrategy[Draft] = (
    st.tuples(st.sampled_from(["PUT", "PATCH"]), st.just(""), NUMBERS, BODIES)
    | st.sampled_from(sorted(MEMBERS)).flatmap(_entry_drafts)
    | st.tuples(st.just("POST"), st.just("revisions"), NUMBERS, st.none())
)


@dataclass(frozen=True)
class Edit:
    """A request to change a profile, by its path below the profile's."""

    method: str
    path: str
    body: dict[str, Any] | None

    @property
    def restores(self) -> int:
        """The version that is to be again, or 0."""
        found = re.fullmatch(r"/revisions/(\d+)/restore", self.path)
        return int(found[1]) if found else 0


def content_of(body: dict[str, Any]) -> Content:
    """Return what an answer says of a profile, with the catalogue's codes and without names."""
    content = {name: body[name] for name in OWN}
    for section, code in _CODE_NAMES.items():
        content[section] = [
            {"code": entry[code]} | {key: entry[key] for key in ("id", *_DEFAULTS[section])}
            for entry in body[section]
        ]
    return content


def apply(history: Sequence[Content], edit: Edit) -> tuple[int, Content | None]:
    """Return the status that an edit must be answered with, and what the profile is then.

    An entry that is new has the id None.
    """
    if edit.restores:
        return (200, deepcopy(history[edit.restores - 1])) if edit.restores <= len(history) else (404, None)
    content = deepcopy(history[-1])
    return _apply_to_entry(content, edit) if edit.path else _checked(200, _written(content, edit))


def _apply_to_entry(content: Content, edit: Edit) -> tuple[int, Content | None]:
    path, _, identifier = edit.path[1:].partition("/")
    section, body = path.replace("-", "_"), edit.body or {}
    entries = content[section]
    if edit.method == "POST":
        if any(entry["code"] == body["name"] for entry in entries):
            return 409, None
        entries.append(_new(section, body, None))
        return _checked(201, content)
    (entry,) = [entry for entry in entries if entry["id"] == identifier] or [None]
    if entry is None:
        return 404, None
    if edit.method == "DELETE":
        entries.remove(entry)
        return 204, content
    entry.update(body)
    return _checked(200, content)


def same(expected: Content, found: Content, *, taken: set[str]) -> bool:
    """Tell whether a profile is what it must be: entries that are new have ids that nothing had."""
    named = deepcopy(expected)
    for section in CODES:
        for entry, real in zip(named[section], found[section], strict=False):
            if entry["id"] is None and real["id"] not in taken:
                entry["id"] = real["id"]
    return named == found


def difference(before: Content, after: Content) -> dict[str, Any]:
    """Return what the comparison of two versions must say."""
    members = [_change(name, before, after) for name in OWN if before[name] != after[name]]
    told: dict[str, Any] = {"members": members, "added": [], "removed": [], "changed": []}
    for section in CODES:
        old, new = ({entry["id"]: entry for entry in content[section]} for content in (before, after))
        told["removed"] += [_mention(section, entry) for key, entry in old.items() if key not in new]
        told["added"] += [_mention(section, entry) for key, entry in new.items() if key not in old]
        told["changed"] += [
            _mention(section, entry)
            | {"members": [_change(name, old[key], entry) for name in entry if old[key][name] != entry[name]]}
            for key, entry in new.items()
            if key in old and old[key] != entry
        ]
    return told


def fields_of(before: Content, after: Content) -> str:
    """Return the names of what a change touched, as its audit event lists them."""
    names = ("display_name", "no_known_allergies", *CODES, "birth_year")
    return " ".join(name for name in names if before[name] != after[name]) or "none"


def _written(content: Content, edit: Edit) -> Content:
    body = edit.body or {}
    for name in OWN:
        absent = (
            content[name] if edit.method == "PATCH" else (False if name == "no_known_allergies" else None)
        )
        content[name] = body.get(name, absent)
    for section in CODES:
        if section in body:
            known = {entry["code"]: entry["id"] for entry in content[section]}
            content[section] = [_new(section, item, known.get(item["name"])) for item in body[section]]
        elif edit.method == "PUT":
            content[section] = []
    return content


def _new(section: str, body: dict[str, Any], identifier: str | None) -> dict[str, Any]:
    members = {name: body.get(name, default) for name, default in _DEFAULTS[section].items()}
    return {"code": body["name"], "id": identifier} | members


def _checked(status: int, content: Content) -> tuple[int, Content | None]:
    counting = [entry for entry in content["allergies"] if entry["verification"] != "refuted"]
    return (422, None) if content["no_known_allergies"] and counting else (status, content)


def _mention(section: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {"section": section, "id": entry["id"], "code": entry["code"]}


def _change(name: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {"member": name, "before": before[name], "after": after[name]}
