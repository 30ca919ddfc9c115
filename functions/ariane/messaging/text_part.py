"""The text part of an e-mail, derived from its HTML: what is shown, with the address of each link behind its words."""

import re
from html.parser import HTMLParser

_SKIPPED = frozenset({"head", "style", "script", "title"})
_BLOCKS = frozenset({"p", "div", "tr", "table", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote"})
_HIDDEN = re.compile(r"display:\s*none")
_VOID = frozenset({"br", "img", "hr", "meta", "link", "input", "col", "wbr", "area", "base", "source"})


def text_of(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\r\f\v\u00ad\u200b\u200c]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipping: list[str] = []
        """Open elements since the first hidden one; empty: shown."""
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._skipping or tag in _SKIPPED or _HIDDEN.search(given.get("style", "")):
            if tag not in _VOID:
                self._skipping.append(tag)
        elif tag == "a":
            self._links.append(given.get("href", ""))
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "br" or tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag in self._skipping:
                del self._skipping[len(self._skipping) - 1 - self._skipping[::-1].index(tag) :]
        elif tag == "a" and self._links:
            link = self._links.pop()
            self.parts.append(f" ({link})" if link.startswith(("http:", "https:")) else "")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(data.replace("\n", " "))
