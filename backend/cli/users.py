"""Accounts. Every command works beside a running service, which heeds it at its next request."""

import sys
from datetime import datetime
from functools import partial
from typing import Annotated, Protocol
from uuid import UUID

import typer
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from backend.cli import output, setup
from backend.cli.options import DataDir
from backend.cli.service import Service, run
from backend.core.keys import Keyring
from backend.core.passwords import PasswordPool
from backend.models.users import UserRole
from backend.schemas.admin import AdminUserResponse, PasswordSet, UserQuery
from backend.schemas.auth import SessionResponse
from backend.schemas.erasure import SignedReceipt
from backend.schemas.users import UserCreate
from backend.services import admin, sessions
from backend.services.erasure import Terms

commands = typer.Typer(no_args_is_help=True, help="Accounts. Safe to use while the service runs.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Address or user name.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]

_PAGE = 200
_MOST = 10_000  # characters of standard input: more than any password has


class _Change(Protocol):
    async def __call__(
        self, session: AsyncSession, authority: admin.Authority, user_id: UUID, *, keyring: Keyring
    ) -> None: ...


@commands.command("create")
def create_user(
    email: Annotated[str, typer.Argument(metavar="ADDRESS")],
    username: Annotated[str, typer.Argument(metavar="USERNAME")],
    *,
    is_admin: Annotated[bool, typer.Option("--admin", help="Make an administrator.")] = False,
    is_verified: Annotated[bool, typer.Option("--verified", help="Take the address as proved.")] = False,
    password_stdin: FromStdin = False,
    data_dir: DataDir = None,
) -> None:
    """Create an account. Asks for its password, unless standard input holds it."""
    password = _ask_for_password(from_stdin=password_stdin)
    data = setup.checked(UserCreate, email=email, username=username, password=password)
    role = UserRole.ADMIN if is_admin else UserRole.USER

    async def create(service: Service) -> None:
        passwords = PasswordPool(service.settings.password)
        async with service.database.unit() as session:
            await admin.create_user(
                session,
                data,
                role=role,
                is_verified=is_verified,
                passwords=passwords,
                keyring=service.keyring,
            )

    run(data_dir, create)
    typer.echo("Created.")


@commands.command("list")
def list_users(
    *,
    search: Annotated[str | None, typer.Option(help="How the address or the user name begins.")] = None,
    role: Annotated[UserRole | None, typer.Option(help="Those with a role.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disabled/--enabled", help="Shut ones, or open ones.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List accounts, the oldest first."""
    query = setup.checked(UserQuery, search=search, role=role, disabled=disabled, limit=_PAGE)

    async def read(service: Service) -> list[AdminUserResponse]:
        items: list[AdminUserResponse] = []
        while True:
            page = query.model_copy(update={"cursor": items[-1].id if items else None})
            async with service.database.unit() as session:
                rows = await admin.list_users(session, admin.OPERATOR, page, keyring=service.keyring)
            items += [AdminUserResponse.model_validate(row) for row in rows[:_PAGE]]
            if len(rows) <= _PAGE:
                return items

    columns = ("username", "email", "email_verified", "role", "disabled_at", "erase_at", "created_at", "id")
    output.show(run(data_dir, read), columns, as_json=as_json)


@commands.command("promote")
def promote(
    name: Name,
    to: Annotated[UserRole, typer.Option(help="The role to give.")] = UserRole.ADMIN,
    data_dir: DataDir = None,
) -> None:
    """Make somebody an administrator, or a user again. Another role signs every device out."""
    _change(data_dir, name, partial(admin.change_role, role=to))
    typer.echo(f"The role is {to}.")


@commands.command("disable")
def disable(name: Name, data_dir: DataDir = None) -> None:
    """Shut an account: it is signed out everywhere at once, and nobody signs in to it."""
    _change(data_dir, name, admin.disable)
    typer.echo("Disabled.")


@commands.command("enable")
def enable(name: Name, data_dir: DataDir = None) -> None:
    """Open a shut account again. Its sessions stay ended."""
    _change(data_dir, name, admin.enable)
    typer.echo("Enabled.")


@commands.command("erase")
def erase(
    name: Name,
    *,
    immediately: Annotated[
        bool, typer.Option("--immediately", help="Now and for good; prints the receipt.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Have an account erased: after the grace, until which its owner can undo it, or at once.

    The running service sends the letter.
    """
    if immediately:
        typer.echo(run(data_dir, partial(_erase_at_once, name=name)).model_dump_json(indent=2))
        return
    erase_at = run(data_dir, partial(_erase, name=name))
    typer.echo(f"It will be erased at {erase_at:%Y-%m-%d %H:%M}Z. `safeplate user keep` takes it back.")


@commands.command("keep")
def keep(name: Name, data_dir: DataDir = None) -> None:
    """Take back that an account shall be erased. Its sessions stay ended."""
    _change(data_dir, name, admin.keep)
    typer.echo("Kept.")


@commands.command("reset-password")
def reset_password(name: Name, *, password_stdin: FromStdin = False, data_dir: DataDir = None) -> None:
    """Mail a link that sets a new password, or set one from standard input; signs every device out.

    The running service sends the letter.
    """
    if not password_stdin:
        run(data_dir, partial(_send_link, name=name))
        typer.echo("The letter will be sent.")
        return
    data = setup.checked(PasswordSet, password=_ask_for_password(from_stdin=True))
    run(data_dir, partial(_set_password, name=name, data=data))
    typer.echo("The password is set.")


@commands.command("remove-factors")
def remove_factors(name: Name, data_dir: DataDir = None) -> None:
    """Remove every second factor and passkey of somebody who lost them all, and sign every device out.

    Their password alone opens the account then: be sure that it is they who ask. A letter tells them.
    """

    async def work(service: Service) -> None:
        async with service.database.unit() as session:
            user = await admin.find_user(session, name)
            await admin.remove_factors(session, user.id, keyring=service.keyring)

    run(data_dir, work)
    typer.echo("The factors are removed, and every device is signed out.")


@commands.command("sessions")
def list_sessions(
    name: Name,
    *,
    end: Annotated[bool, typer.Option("--end", help="Sign all of them out instead.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List the devices that are signed in to an account, or sign them out."""
    if end:
        _change(data_dir, name, admin.end_sessions)
        typer.echo("Every device is signed out.")
        return
    columns = ("device", "client_id", "ip_prefix", "created_at", "last_used_at", "expires_at", "id")
    output.show(run(data_dir, partial(_read_sessions, name=name)), columns, as_json=as_json)


def _change(data_dir: DataDir, name: str, change: _Change) -> None:
    async def work(service: Service) -> None:
        async with service.database.unit() as session:
            user = await admin.find_user(session, name)
            await change(session, admin.OPERATOR, user.id, keyring=service.keyring)

    run(data_dir, work)


async def _erase(service: Service, *, name: str) -> datetime:
    terms = Terms(grace=service.settings.erasure.grace, keyring=service.keyring)
    async with service.database.unit() as session:
        user = await admin.find_user(session, name)
        return await admin.erase(session, admin.OPERATOR, user.id, terms=terms)


async def _erase_at_once(service: Service, *, name: str) -> SignedReceipt:
    async with service.database.unit() as session:
        user = await admin.find_user(session, name)
        return await admin.erase_at_once(session, user.id, keyring=service.keyring)


async def _send_link(service: Service, *, name: str) -> None:
    async with service.database.unit() as session:
        user = await admin.find_user(session, name)
        await admin.send_reset_link(session, user.id, keyring=service.keyring)


async def _set_password(service: Service, *, name: str, data: PasswordSet) -> None:
    passwords = PasswordPool(service.settings.password)
    async with service.database.reader() as reader:
        user = await admin.find_user(reader, name)
    async with service.database.unit() as session:
        await admin.set_password(session, user, data, passwords=passwords, keyring=service.keyring)


async def _read_sessions(service: Service, *, name: str) -> list[SessionResponse]:
    items: list[SessionResponse] = []
    while True:
        async with service.database.unit() as session:
            user = await admin.find_user(session, name)
            rows = await admin.list_sessions(
                session,
                admin.OPERATOR,
                user.id,
                after=items[-1].id if items else None,
                limit=_PAGE + 1,
                keyring=service.keyring,
            )
        items += [sessions.to_response(row) for row in rows[:_PAGE]]
        if len(rows) <= _PAGE:
            return items


def _ask_for_password(*, from_stdin: bool) -> SecretStr:
    """Return a password from the terminal, which does not show it, or from standard input."""
    if not from_stdin:
        if not sys.stdin.isatty():
            setup.fail("Standard input is no terminal: give --password-stdin.")
        return SecretStr(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream when run from a shell
    try:
        return SecretStr(sys.stdin.read(_MOST).removesuffix("\n"))
    except UnicodeDecodeError:
        setup.fail("Standard input is not UTF-8.")
