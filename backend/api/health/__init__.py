"""Health profiles, their entries, and what they were."""

from fastapi import APIRouter

from backend.api.health import allergies, dietary_restrictions, medical_conditions, profiles, revisions

router = APIRouter(tags=["health"])
for part in (profiles, allergies, dietary_restrictions, medical_conditions, revisions):
    router.include_router(part.router)

__all__ = ["router"]
