"""Health profiles, their entries, and what they were."""

from fastapi import APIRouter

from backend.api.health import entries, profiles, revisions

router = APIRouter(tags=["health"])
for part in (profiles, entries, revisions):
    router.include_router(part.router)

__all__ = ["router"]
