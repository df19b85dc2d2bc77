"""Tables, their constraints, and the enums they store."""
