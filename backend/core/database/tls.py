"""Which TLS a server of the database is asked for: as libpq's options say, and else strictly."""

import ipaddress
import ssl
from collections.abc import Mapping

from backend.utils.postgres_urls import Server


def tls_for(server: Server, options: Mapping[str, str]) -> ssl.SSLContext | str | None:
    """Return what the driver is to do about TLS.

    A server on another machine must show a certificate of its name that the system trusts (or `sslrootcert`),
    unless the URL says otherwise: the driver itself would take TLS where it is offered, from whoever answers.

    Raises:
        OSError: A certificate's file cannot be read.
    """
    mode = options.get("sslmode")
    if mode is None and is_here(server.host):
        return None
    if mode == "require" and options.get("sslrootcert", "system") != "system":
        mode = "verify-ca"  # as libpq does
    if mode in {None, "verify-ca", "verify-full"}:
        return _verifying(options, checks_name=mode != "verify-ca")
    if mode == "require" and "sslcert" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(options["sslcert"], options.get("sslkey"))
        return context
    return mode


def is_here(host: str) -> bool:
    """Tell whether a host is this machine: no name, a socket's path, or the loopback."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _verifying(options: Mapping[str, str], *, checks_name: bool) -> ssl.SSLContext:
    root = options.get("sslrootcert", "system")
    context = ssl.create_default_context(cafile=None if root == "system" else root)
    context.check_hostname = checks_name
    if "sslcert" in options:
        context.load_cert_chain(options["sslcert"], options.get("sslkey"))
    return context
