"""Ports and parts that know no feature: settings, database, keys, errors, logging, clock."""
