"""The smallest application of FastAPI and SQLAlchemy: one table, one endpoint. How soon is it ready?"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ["SMALLEST_DATABASE"])


class Base(DeclarativeBase):
    """All tables."""


class Item(Base):
    """One row."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=_lifespan)


@app.get("/livez")
async def live() -> dict[str, int]:
    """Answer from the database."""
    async with engine.connect() as connection:
        return {"items": len((await connection.execute(select(Item.id))).all())}
