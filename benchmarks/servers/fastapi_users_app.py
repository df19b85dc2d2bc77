"""fastapi-users as its documentation sets it up: JWT, SQLAlchemy's async ORM, asyncpg."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

SECRET = os.environ["PEER_SECRET"]
engine = create_async_engine(os.environ["PEER_DATABASE"], pool_size=10, max_overflow=0)
make_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """All tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """An account."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """An account as it is shown."""


class UserCreate(schemas.BaseUserCreate):
    """An account to open."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """What fastapi-users asks for."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def _session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


async def _manager(session: Annotated[AsyncSession, Depends(_session)]) -> AsyncIterator[UserManager]:
    yield UserManager(SQLAlchemyUserDatabase(session, User))


def _strategy() -> JWTStrategy[User, uuid.UUID]:
    return JWTStrategy(secret=SECRET, lifetime_seconds=3600)


backend = AuthenticationBackend("jwt", BearerTransport(tokenUrl="auth/login"), _strategy)
fastapi_users = FastAPIUsers[User, uuid.UUID](_manager, [backend])


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=_lifespan)
app.include_router(fastapi_users.get_auth_router(backend), prefix="/auth")
app.include_router(fastapi_users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(fastapi_users.get_users_router(UserRead, UserCreate), prefix="/users")


@app.get("/livez")
async def live() -> dict[str, str]:
    """Say that this answers."""
    return {"status": "alive"}
