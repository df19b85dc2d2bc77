"""How fast Safeplate is beside a reference and its peers: `make bench`."""
