"""Paths, status codes and problem documents: translates between HTTP and the services."""
