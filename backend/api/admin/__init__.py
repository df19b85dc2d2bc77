"""Administering accounts, and what operators add to the catalogue."""

from fastapi import APIRouter

from backend.api.admin import entries, users

router = APIRouter(tags=["admin"])
for part in (users, entries):
    router.include_router(part.router)

__all__ = ["router"]
