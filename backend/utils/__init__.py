"""Pure functions: no first-party imports, no I/O."""
