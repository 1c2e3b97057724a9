"""Access control: only a browser on this machine with the token of the printed address is served."""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NOT_ALLOWED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gannet</title>'
    "<p>This view needs the whole address that <code>gannet watch</code> printed, with its token. "
    'If you followed that link just now, <a href="/">continue</a>.</p></html>'
)


class Gate:
    """ASGI middleware that checks each request: its Host, the token, and that a POST comes from the page of this view.

    The token in the address is moved once to a cookie that scripts cannot read and other sites cannot send. A redirect
    removes it from the address.

    Args:
        app: the protected application.
        token: the secret.
        hosts: allowed Host headers, with ports.
        port: part of the cookie's name, because cookies are shared by all ports.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: Iterable[str], port: int) -> None:
        self.app, self.token, self.hosts = app, token, frozenset(hosts)
        self.cookie = f"gannet-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return None

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        answer = self._answer(scope)
        await (self.app if answer is None else answer)(scope, receive, guarded)

    def _answer(self, scope: Scope) -> ASGIApp | None:
        from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or headers["host"].lower() not in self.hosts:
            return PlainTextResponse("This address is not served here.", 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only GET, HEAD and POST are allowed.", 405)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and self._is_token(given):
            response = RedirectResponse("/", 303, {"cache-control": "no-store"})
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
            return response
        if not self._is_token(_cookie(headers.get("cookie", ""), self.cookie)):
            if scope["path"].startswith("/api/"):
                return JSONResponse({"error": "The token is missing: open the address that gannet watch printed."}, 401)
            return HTMLResponse(NOT_ALLOWED, 401, {"cache-control": "no-store"})
        if scope["method"] == "POST" and headers.get("origin", "").lower() not in {
            f"http://{host}" for host in self.hosts
        }:
            return JSONResponse({"error": "Commands are accepted only from the page of this view."}, 403)
        return None

    def _is_token(self, given: str) -> bool:
        return compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def _cookie(header: str, name: str) -> str:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
