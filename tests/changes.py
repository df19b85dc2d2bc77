"""Steps of a change of address that several tests take."""

import httpx2

from tests.conftest import Post
from tests.factories import PASSWORD, Person, make_person

AUTH = "/api/v1/auth"
OLD, NEW, THIRD = "amira@example.com", "amira@new.example", "amira@third.example"
NEW_PASSWORD = "Mulberry-Tree-7"


async def make_proved(client: httpx2.AsyncClient, post: Post, username: str = "amira") -> Person:
    """Create an account with a proved address and sign in."""
    person = await make_person(client, username)
    await post.deliver()
    body = {"token": post.mailer.token(person.email), "password": PASSWORD}
    (await client.post(f"{AUTH}/email/verify", json=body)).raise_for_status()
    return person


async def ask(client: httpx2.AsyncClient, person: Person, email: str = NEW) -> httpx2.Response:
    """Ask for another address."""
    return await client.post(f"{AUTH}/email/change", json={"new_email": email}, headers=person.headers)


async def confirm(client: httpx2.AsyncClient, token: str, password: str = PASSWORD) -> httpx2.Response:
    """Show the link that was mailed to the new address, and the password."""
    return await client.post(f"{AUTH}/email/change/confirm", json={"token": token, "password": password})


async def undo(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """Show the link that was mailed to the old address."""
    return await client.post(f"{AUTH}/email/change/undo", json={"token": token})


async def change(client: httpx2.AsyncClient, post: Post, person: Person, email: str = NEW) -> None:
    """Change an address, from the request to the last letter."""
    (await ask(client, person, email)).raise_for_status()
    await post.deliver()
    (await confirm(client, post.mailer.token(email))).raise_for_status()
    await post.deliver()
