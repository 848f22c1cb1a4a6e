"""The same book shop by Litestar."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from litestar import Litestar, delete, get, post
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.params import Parameter
from msgspec import Meta, Struct, field, structs

Kind = Literal["novel", "essay"]
Tag = Annotated[str, Meta(max_length=10)]


class NewBook(Struct):
    title: Annotated[str, Meta(min_length=1, max_length=40)]
    pages: Annotated[int, Meta(ge=1, le=5000)]
    kind: Kind = "novel"
    tags: Annotated[list[Annotated[str, Meta(max_length=10)]], Meta(max_length=3)] = (
        field(default_factory=list)
    )


class Book(NewBook, kw_only=True):
    id: UUID


BOOKS: dict[UUID, Book] = {}


@get("/books", sync_to_thread=False)
def list_books(
    limit: Annotated[int, Parameter(ge=1, le=100)] = 10,
    kind: Kind | None = None,
    x_client: Annotated[str | None, Parameter(header="X-Client", max_length=8)] = None,
) -> list[Book]:
    return [it for it in BOOKS.values() if kind in {None, it.kind}][:limit]


@post("/books", sync_to_thread=False)
def create_book(data: NewBook) -> Book:
    made = Book(id=uuid4(), **structs.asdict(data))
    BOOKS[made.id] = made
    return made


@get("/books/{book_id:uuid}", sync_to_thread=False)
def read_book(book_id: UUID) -> Book:
    if book_id not in BOOKS:
        raise NotFoundException
    return BOOKS[book_id]


@delete("/books/{book_id:uuid}", sync_to_thread=False)
def delete_book(book_id: UUID) -> None:
    if BOOKS.pop(book_id, None) is None:
        raise NotFoundException


app = Litestar(
    [list_books, create_book, read_book, delete_book],
    openapi_config=OpenAPIConfig(title="Books", version="1", path="/schema"),
)
