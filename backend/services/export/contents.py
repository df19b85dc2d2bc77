"""What stands in an export: each file as pieces, read page by page, with nothing held in between.

`docs/data.md` says for every column of the database in which file it stands, or why in none.
"""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import JsonValue
from sqlalchemy import select

from backend.core.database import Database
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.models.credentials import OneTimeToken
from backend.models.export import Export
from backend.models.factors import Challenge, Credential
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.models.idempotency import IdempotencyKey
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.base import Outgoing
from backend.schemas.export import (
    ExportedAccount,
    ExportedAnswer,
    ExportedChallenge,
    ExportedExport,
    ExportedFactor,
    ExportedLink,
    ExportedSession,
    UnreadableDocument,
)
from backend.services import health, idempotency
from backend.services.export.activity import activity_csv
from backend.services.export.pages import read_pages
from backend.services.mail import FALLBACK
from backend.utils.devices import device_name
from backend.utils.security import SealBrokenError
from backend.utils.text import primary_language

FOLDER: Final = Path(__file__).parents[2] / "data" / "export"
PROFILE_SCHEMA: Final = "profile.schema.json"

_DOCUMENTS = 20  # of a page: one may be 150 KB long
_Items = AsyncIterator[Outgoing]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of one person's export."""

    database: Database
    owner: User
    keyring: Keyring

    def files(self) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        """Return the name and the content of each file, in their order."""
        yield "README.txt", _whole(readme(self.owner.locale).read_bytes())
        yield "account.json", self._account()
        yield "profile.json", self._profiles()
        yield PROFILE_SCHEMA, _whole((FOLDER / PROFILE_SCHEMA).read_bytes())
        yield "sessions.json", self._sessions()
        yield "activity.csv", activity_csv(self.database, self.owner.id, keyring=self.keyring)

    def _account(self) -> AsyncIterator[bytes]:
        owned, database = self.owner.id, self.database
        factors = select(Credential).where(Credential.user_id == owned)
        links = select(OneTimeToken).where(OneTimeToken.user_id == owned)
        challenges = select(Challenge).where(Challenge.user_id == owned)
        exports = select(Export).where(Export.user_id == owned)
        account = ExportedAccount.model_validate(self.owner).model_dump(mode="json")
        return _document(
            {"format": 1, "account": account},
            {
                "factors": _rows(ExportedFactor.model_validate, read_pages(database, factors, Credential.id)),
                "links": _rows(ExportedLink.model_validate, read_pages(database, links, OneTimeToken.id)),
                "challenges": _rows(
                    ExportedChallenge.model_validate, read_pages(database, challenges, Challenge.id)
                ),
                "answers": self._answers(),
                "exports": _rows(ExportedExport.model_validate, read_pages(database, exports, Export.id)),
            },
        )

    def _profiles(self) -> AsyncIterator[bytes]:
        language = self.owner.locale
        unreadable: list[UnreadableDocument] = []
        return _document(
            {"format": 1, "language": language},
            {
                "profiles": self._present(language, unreadable),
                "revisions": self._past(language, unreadable),
                "unreadable": _listed(unreadable),  # filled by the two before
            },
        )

    async def _present(self, language: str, unreadable: list[UnreadableDocument]) -> _Items:
        query = health.profiles_of(self.owner)
        async for row in read_pages(self.database, query, HealthProfile.id, size=_DOCUMENTS):
            try:
                profile = health.opened(row, owner=self.owner, keyring=self.keyring)
            except CorruptedError:
                unreadable.append(self._unreadable(row.id, row.version, is_present=True))
            else:
                yield health.to_response(profile, language=language)

    async def _past(self, language: str, unreadable: list[UnreadableDocument]) -> _Items:
        query = health.revisions_of(self.owner)
        keys = HealthProfileRevision.profile_id, HealthProfileRevision.version
        async for row in read_pages(self.database, query, *keys, size=_DOCUMENTS):
            try:
                revision = health.opened_revision(row, owner=self.owner, keyring=self.keyring)
            except CorruptedError:
                unreadable.append(self._unreadable(row.profile_id, row.version, is_present=False))
            else:
                yield health.to_revision(revision, language=language)

    def _unreadable(self, profile_id: uuid.UUID, version: int, *, is_present: bool) -> UnreadableDocument:
        """Name what does not open: its owner gets the rest, and the log tells whoever runs the service."""
        logger.error("seal_broken", user_id=str(self.owner.id))
        return UnreadableDocument(profile_id=profile_id, version=version, is_present=is_present)

    async def _answers(self) -> _Items:
        # The answers about a deleted profile were emptied with it; those of before they were of one are given
        # to nobody any more.
        query = select(IdempotencyKey).where(
            IdempotencyKey.user_id == self.owner.id,
            IdempotencyKey.answer != b"",
            IdempotencyKey.subject_id.is_not(None),
        )
        async for row in read_pages(self.database, query, IdempotencyKey.key, size=_DOCUMENTS):
            try:
                kept = idempotency.open_answer(row, owner=self.owner, keyring=self.keyring)
            except SealBrokenError:
                logger.error("seal_broken", user_id=str(self.owner.id))
                yield ExportedAnswer(expires_at=row.expires_at, answer=None)
                continue
            answer = json.loads(kept.content)
            answer["body"] = json.loads(answer["body"])
            yield ExportedAnswer(expires_at=row.expires_at, answer=answer)

    def _sessions(self) -> AsyncIterator[bytes]:
        query = select(Session).where(Session.user_id == self.owner.id)
        rows = read_pages(self.database, query, Session.id)
        return _document({"format": 1}, {"sessions": _rows(_session, rows)})


def readme(locale: str) -> Path:
    """Return the file that explains the others in a person's language, or in English."""
    path = FOLDER / f"{primary_language(locale)}.txt"
    return path if path.exists() else FOLDER / f"{FALLBACK}.txt"


def _session(row: Session) -> ExportedSession:
    names = set(ExportedSession.model_fields) - {"device"}
    members = {name: getattr(row, name) for name in names}
    return ExportedSession(device=device_name(row.user_agent), **members)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _listed(items: Iterable[Outgoing]) -> _Items:
    for item in items:
        yield item


async def _rows(convert: Callable[[T], Outgoing], rows: AsyncIterator[T]) -> _Items:
    async for row in rows:
        yield convert(row)


async def _document(
    members: Mapping[str, JsonValue], lists: Mapping[str, AsyncIterator[Outgoing]]
) -> AsyncIterator[bytes]:
    """Return a JSON object, piece by piece: its short members, then its lists, an element at a time."""
    yield json.dumps(members, ensure_ascii=False)[:-1].encode()
    for name, items in lists.items():
        yield f',\n"{name}": ['.encode()
        mark = "\n"
        async for item in items:
            yield f"{mark}{item.model_dump_json()}".encode()
            mark = ",\n"
        yield b"\n]"
    yield b"\n}\n"
