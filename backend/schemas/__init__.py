"""Pydantic bodies, in and out."""
