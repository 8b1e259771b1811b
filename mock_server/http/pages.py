"""One page of a sequence, with its meta and links."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType

T = TypeVar("T")
DEFAULT_PER_PAGE = 15
LARGEST_PER_PAGE = 100


class PageMeta(Struct, frozen=True, rename={"from_": "from"}):
    """`PageMeta` of the document."""

    current_page: int
    from_: int | None
    to: int | None
    total: int
    per_page: int
    last_page: int
    path: str


class PageLinks(Struct, frozen=True):
    """`PageLinks` of the document: absolute URLs."""

    first: str
    last: str
    next: str | UnsetType = UNSET
    prev: str | UnsetType = UNSET


class Page(Struct, Generic[T], frozen=True):
    """The `per_page` items of a sequence that page `number` (from 1) shows."""

    items: Sequence[T]
    number: int
    per_page: int
    total: int
    asked_per_page: bool
    """Whether the client named a page size: only then do the links repeat it."""

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.per_page))

    @property
    def start(self) -> int:
        return (self.number - 1) * self.per_page

    def meta(self, url: str) -> PageMeta:
        """Where this page stands; `url` is the collection's absolute URL."""
        count = len(self.items)
        return PageMeta(
            current_page=self.number,
            from_=self.start + 1 if count else None,
            to=self.start + count if count else None,
            total=self.total,
            per_page=self.per_page,
            last_page=self.last,
            path=url,
        )

    def links(self, url: str) -> PageLinks:
        """The pages one can go to from here."""
        return PageLinks(
            first=self._link(url, 1),
            last=self._link(url, self.last),
            next=self._link(url, self.number + 1) if self.number < self.last else UNSET,
            prev=self._link(url, min(self.number - 1, self.last)) if self.number > 1 else UNSET,
        )

    def _link(self, url: str, number: int) -> str:
        size = f"&per_page={self.per_page}" if self.asked_per_page else ""
        return f"{url}?page={number}{size}"


def page_of(sequence: Sequence[T], number: int = 1, per_page: int | None = None) -> Page[T]:
    """Cut a page; a `per_page` over the cap is silently capped, a page past the end is empty."""
    size = min(per_page or DEFAULT_PER_PAGE, LARGEST_PER_PAGE)
    start = (number - 1) * size
    total = len(sequence)
    items = list(sequence[start : start + size]) if start < total else []
    return Page(items, number, size, total, asked_per_page=per_page is not None)
