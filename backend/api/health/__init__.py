"""Health profiles and their entries."""

from fastapi import APIRouter

from backend.api.health import allergies, dietary_restrictions, medical_conditions, profiles

router = APIRouter(tags=["health"])
for part in (profiles, allergies, dietary_restrictions, medical_conditions):
    router.include_router(part.router)

__all__ = ["router"]
