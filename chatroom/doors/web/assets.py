"""The files of the page, as they are served: compressed where the browser takes that, and known by their content.

Each file has two addresses. By its plain name, a browser asks each time whether it has changed. The page itself names
its modules and its style in a folder whose name is a hash of all of them: what stands there never changes, and is kept
for good. A new version has another folder.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable
from functools import partial

from twisted.web.http import NOT_MODIFIED, OK

from chatroom.doors.web.http import PageRequest, Reply

TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".webmanifest": b"application/manifest+json",
}
"""The types of the page's files, by their endings."""

KEPT = (".css", ".js")
"""The endings of the files that the page names by their hash."""

ASK_EACH_TIME = (b"Cache-Control", b"no-cache")
"""It is sent again only when it has changed, so a new version is used at once."""
KEEP_FOR_GOOD = (b"Cache-Control", b"public, max-age=31536000, immutable")
"""RFC 8246."""

VARY = (b"Vary", b"Accept-Encoding")

_NAMED = re.compile(rb'(?<=[ \n])(href|src)="([\w-]+\.(?:css|js))"')
_HASH_LENGTH = 16
_NO_WEIGHT = re.compile(r"0(\.0{0,3})?")


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a browser takes what is compressed, by its ``Accept-Encoding`` (RFC 9110 section 12.5.3)."""
    weights = {}
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        weights[name.strip()] = not _NO_WEIGHT.fullmatch(weight.strip().removeprefix("q="))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


class _File:
    """One file of the page."""

    def __init__(self, content: bytes, type_: bytes) -> None:
        self.content = content
        self.type = type_
        small = gzip.compress(content, mtime=0)
        self.compressed = small if len(small) < len(content) else None
        self.tag = hashlib.sha256(content).hexdigest()[:32].encode()

    def answer(self, cache: tuple[bytes, bytes], request: PageRequest) -> Reply:
        """:param cache: the header that says how long it may be kept."""
        accepted = request.getHeader(b"Accept-Encoding") or b""
        small = self.compressed if takes_gzip(accepted.decode("latin-1")) else None
        # Each form of a file has a tag of its own (RFC 9110 section 8.8.3.3).
        tag = b'"%s%s"' % (self.tag, b"-gzip" if small is not None else b"")
        headers = ((b"ETag", tag), cache, VARY)
        if tag in (request.getHeader(b"If-None-Match") or b""):
            return Reply(b"", self.type, NOT_MODIFIED, headers)
        if small is not None:
            return Reply(small, self.type, OK, (*headers, (b"Content-Encoding", b"gzip")))
        return Reply(self.content, self.type, OK, headers)


def page_answers(files: Iterable[tuple[str, bytes]]) -> dict[bytes, Callable[[PageRequest], Reply]]:
    """What is answered for each file of the page, by its path.

    :param files: the name and the content of each; those of no type in :data:`TYPES` are not served.
    """
    contents = {name: content for name, content in files if _suffix(name) in TYPES}
    kept = {name: content for name, content in contents.items() if _suffix(name) in KEPT}
    digest = hashlib.sha256()
    for name, content in sorted(kept.items()):
        digest.update(b"%s %d\n" % (name.encode(), len(content)) + content)
    folder = digest.hexdigest()[:_HASH_LENGTH]
    answers: dict[bytes, Callable[[PageRequest], Reply]] = {}
    for name, content in contents.items():
        if name == "index.html":
            index = _NAMED.sub(rb'\1="%s/\2"' % folder.encode(), content)
            answers[b"/"] = partial(_File(index, TYPES[".html"]).answer, ASK_EACH_TIME)
            continue
        file = _File(content, TYPES[_suffix(name)])
        answers[f"/{name}".encode()] = partial(file.answer, ASK_EACH_TIME)
        if name in kept:
            answers[f"/{folder}/{name}".encode()] = partial(file.answer, KEEP_FOR_GOOD)
    return answers


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"
