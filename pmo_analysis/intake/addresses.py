"""Addresses of sources: what may be shown of them, and that nothing secret stands in them."""

from __future__ import annotations

import re
from pathlib import Path

from pmo_analysis.contract.errors import InputError

_SECRETS = ("password", "passwd", "pwd", "sslpassword", "token", "secret", "key", "user", "username")
_OPEN = ("user", "username")
_IN_URL = re.compile(r"://[^/?#@]*:[^/?#]+@")


def mask(url: str) -> str:
    """A URL without user, password or token, fit to be shown."""
    bare = re.sub(r"://[^/?#]*@", "://***@", url)
    return re.sub(rf"([?&;](?:{'|'.join(_SECRETS)})=)[^&;]*", r"\1***", bare, flags=re.IGNORECASE)


def require_no_secret(source: str | Path) -> None:
    """InputError where a URL holds a password or token: it would stand in parameters, notebooks and process lists."""
    url = str(source)
    secrets = "|".join(s for s in _SECRETS if s not in _OPEN)
    if "://" in url and (_IN_URL.search(url) or re.search(rf"[?&;](?:{secrets})=", url, flags=re.IGNORECASE)):
        raise InputError(
            f"{mask(url)} holds a password or token, which would be written into reports. Leave it out of the address; "
            "PostgreSQL takes it from PGPASSWORD, ~/.pgpass or a service file, other drivers from their own files."
        )


def tell_driver(text: str, *secrets: object) -> str:
    """A driver's own words on one line, without the user, password or whatever else must not be seen."""
    line = " ".join(text.split())[:300]
    for secret in filter(None, secrets):
        line = re.sub(rf"(?<!\w){re.escape(str(secret))}(?!\w)", "***", line)
    return line.rstrip(".?") + "."


def name_source(source: str | Path) -> str:
    """How a source is called while it is read: the last part of its path, nothing that stands in a query."""
    return Path(re.split("[?;]", mask(str(source)))[0] if "://" in str(source) else str(source)).name
