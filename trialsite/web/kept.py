"""Entries that a browser keeps until they are recorded: what the server adds to `static/web/vault.js` and the rest.

The browser encrypts what is typed under a key of the user, which is made here from the secret key and handed out
to nobody else. An entry goes out with `X-Kept-Entry: <id of its user>`; it is recorded for that user or not
at all, and only an answer that names its token counts as recorded.
"""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.accounts.session_limits import latest_end
from trialsite.web.access import public, requires, signed_in
from trialsite.web.once import was_answered

_PURPOSE = "trialsite.web.kept: key of the draft store"


def draft_keys(user: User) -> list[dict[str, str]]:
    """Return the user's keys of the draft store, the present one first: `id`, and 32 bytes as base64.

    One for the secret key and one for each before it, so that what was written under an older key can be read
    while that is among the fallbacks. The same for every session and device of the user.
    """
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [salted_hmac(_PURPOSE, str(user.pk), secret=one, algorithm="sha256").digest() for one in secrets]
    return [{"id": sha256(key).hexdigest()[:16], "key": b64encode(key).decode()} for key in keys]


@requires(Permission.USE_ACCOUNT)
@require_POST
def draft_key(request: HttpRequest) -> HttpResponse:
    """Hand out the keys of who is signed in, and for how many seconds the device may go on without asking."""
    user = signed_in(request)
    usable_for = int((latest_end(request) - clock.now()).total_seconds())
    return JsonResponse({"owner": str(user.pk), "keys": draft_keys(user), "usable_for": usable_for})


@public
@never_cache
@require_GET
def presence(request: HttpRequest) -> HttpResponse:
    """Answer that the server is there, who is signed in here ("" for nobody), and with what proof to send a form.

    `?form=<token>`: also whether that form of this user was acted on.
    """
    user = request.user
    if not isinstance(user, User):
        return JsonResponse({"user": "", "csrf": "", "recorded": False})
    recorded = was_answered(user, request.GET.get("form", ""))
    return JsonResponse({"user": str(user.pk), "csrf": get_token(request), "recorded": recorded})


@requires(Permission.USE_ACCOUNT)
@require_GET
def unsent(request: HttpRequest) -> HttpResponse:
    """Show what this browser keeps for the user; the list itself never leaves the browser."""
    return render(request, "web/unsent.html")


@public
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """Show the page that stands in for every other one while there is no connection. It says nothing of anybody."""
    return render(request, "web/offline.html")


@public
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the service worker from the root, so that it may answer for every page.

    Its first lines name the assets and a version made of their contents: a release that changes one of them
    changes the worker, which then fetches all of them anew.
    """
    response = HttpResponse(_worker_text(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@cache
def _worker_text() -> str:
    files = dict(_asset_files())
    digest = sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + path.read_bytes())
    # A module imports its neighbours by their plain names, a page names files by what the storage calls them.
    addresses = sorted({address for name in files for address in (static(name), settings.STATIC_URL + name)})
    lines = "\n".join(f'  "{address}",' for address in addresses)
    text = _found("web/worker.js").read_text()
    return f'const VERSION = "{digest.hexdigest()[:16]}";\nconst ASSETS = [\n{lines}\n];\n{text}'


def _asset_files() -> Iterator[tuple[str, Path]]:
    """Yield what a page needs to look and work as usual: our own files, and what of others it names."""
    own = _found("web/app.js").parent
    for path in sorted(own.iterdir()):
        if path.suffix in {".js", ".css", ".svg"}:
            yield f"web/{path.name}", path
    for name in ("vendor/inter/inter-latin-wght-normal.woff2", "vendor/tabler/tabler.min.css"):
        yield name, _found(name)


def _found(name: str) -> Path:
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(name)
    return Path(path)
