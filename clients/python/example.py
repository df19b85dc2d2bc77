"""Register, sign in, record a profile, check a label, refresh an expired token, sign out.

After `make clients`: `.venv/clients/bin/python clients/python/example.py http://127.0.0.1:8000 [seconds to wait]`.
"""

import sys
import time
from typing import Any

from safeplate_client import AuthenticatedClient, Client
from safeplate_client.api.auth import login_user, logout_session, refresh_tokens
from safeplate_client.api.health import create_profile
from safeplate_client.api.screening import check_label
from safeplate_client.api.users import register_user
from safeplate_client.models import (
    AllergyEntry,
    HealthProfileCreate,
    LoginForm,
    RefreshRequest,
    ScreeningCheck,
    TokenResponse,
    UserCreate,
)  # fmt: skip

url, wait = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0
client = Client(base_url=url)
name, password = f"amira{time.time_ns()}", "Sesame-Street-9"
register_user.sync(
    client=client, body=UserCreate(email=f"{name}@example.com", username=name, password=password)
)
tokens = login_user.sync(client=client, body=LoginForm(username=name, password=password))


def signed(operation: Any, **arguments: Any) -> Any:
    """Call an operation; where the access token has expired, exchange the refresh token and call again."""
    global tokens  # noqa: PLW0603 - an example
    assert isinstance(tokens, TokenResponse), tokens
    answer = operation.sync_detailed(client=AuthenticatedClient(url, tokens.access_token), **arguments)
    if answer.status_code != 401:
        return answer
    print("the access token has expired")
    tokens = refresh_tokens.sync(client=client, body=RefreshRequest(refresh_token=tokens.refresh_token))
    return signed(operation, **arguments)


signed(create_profile, body=HealthProfileCreate(allergies=[AllergyEntry(name="milk")]))
time.sleep(wait)
found = signed(check_label, body=ScreeningCheck(text="wheat flour, sugar, whey powder", lang="en")).parsed
print(found.verdict, [finding.text for finding in found.people[0].findings])
print(signed(logout_session).status_code)
