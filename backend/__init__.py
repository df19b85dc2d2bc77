"""Safeplate: accounts, sealed health profiles and evidence-based food screening."""

__version__ = "0.1.0"
