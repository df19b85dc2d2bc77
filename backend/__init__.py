"""Safeplate: accounts, sealed health profiles and evidence-based food screening."""
