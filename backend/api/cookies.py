"""The refresh token as a cookie, for pages in a browser: no script reads it, and no other site can use it.

`__Host-` and `Secure`: this host alone, over TLS alone (browsers count loopback as such). `SameSite=Strict`
and the check of where a request comes from: a page of another site cannot have it sent.
"""

from typing import Annotated, Final

from fastapi import Cookie, Depends, Request, Response

from backend.api.dependencies import Configuration
from backend.core.config import Settings
from backend.models.sessions import TokenDelivery
from backend.schemas.auth import RefreshRequest, TokenResponse
from backend.services.sessions import ClientRequest, CrossSiteError, IssuedTokens

NAME: Final = "__Host-safeplate-refresh"


class BrowserPort:
    """What a browser sent along with a request, and what it is told to keep."""

    def __init__(self, request: Request, response: Response, settings: Settings, cookie: str | None) -> None:
        self._request = request
        self._response = response
        self._settings = settings
        self._cookie = cookie

    def presented(self, data: RefreshRequest) -> tuple[str, ClientRequest]:
        """Return the refresh token of the body, else the cookie's, and what its session must be bound to.

        Raises:
            CrossSiteError: A page of another site has the cookie sent.
        """
        if data.refresh_token is not None:
            return data.refresh_token.get_secret_value(), ClientRequest(data.client_id)
        is_browser = not {"origin", "sec-fetch-site"}.isdisjoint(self._request.headers)
        if is_browser or self._cookie is not None:  # else a client has forgotten its token
            self.require_same_site(TokenDelivery.COOKIE)
        return self._cookie or "", ClientRequest(data.client_id, TokenDelivery.COOKIE)

    def require_same_site(self, delivery: TokenDelivery) -> None:
        """Refuse a request for a cookie that a page of another site has a browser make.

        Browsers say where a request comes from in headers that no page can set. One that says nothing is not
        believed: whoever is no browser has no need of the cookie.

        Raises:
            CrossSiteError: It comes from elsewhere, or does not say.
        """
        if delivery is TokenDelivery.BODY:
            return
        headers, url = self._request.headers, self._request.url
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        own = {self._settings.mail.public_url, f"{url.scheme}://{headers.get('host', '')}"}
        is_own = site == "same-origin" or (site is None and origin in own)
        if not is_own and origin not in self._settings.http.cors_origins:
            raise CrossSiteError

    def deliver(self, issued: IssuedTokens) -> TokenResponse:
        """Return the body of an answer with tokens, and set the cookie where one was asked for."""
        in_cookie = issued.delivery is TokenDelivery.COOKIE
        if in_cookie:
            life = int(self._settings.auth.refresh_idle_ttl.total_seconds())
            self._response.set_cookie(
                NAME, issued.refresh_token, max_age=life, secure=True, httponly=True, samesite="strict"
            )
        return TokenResponse(
            access_token=issued.access_token,
            token_type="bearer",  # noqa: S106 - a scheme, no secret
            expires_in=issued.expires_in,
            refresh_token=None if in_cookie else issued.refresh_token,
        )

    def forget(self) -> None:
        """Have the browser drop the cookie, and what it kept of our answers."""
        self._response.delete_cookie(NAME, secure=True, httponly=True, samesite="strict")
        self._response.headers["Clear-Site-Data"] = '"cache", "storage"'


async def _browser(
    request: Request,
    response: Response,
    settings: Configuration,
    cookie: Annotated[str | None, Cookie(alias=NAME, max_length=512, include_in_schema=False)] = None,
) -> BrowserPort:
    return BrowserPort(request, response, settings, cookie)


Browser = Annotated[BrowserPort, Depends(_browser)]
