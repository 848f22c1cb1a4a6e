"""A book shop by FastAPI; its document is what FastAPI makes of it."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import FastAPI, Header, HTTPException, Path, Query
from pydantic import BaseModel, Field

app = FastAPI(title="Books", version="1")
BOOKS: dict[UUID, "Book"] = {}


class NewBook(BaseModel):
    title: str = Field(min_length=1, max_length=40)
    pages: int = Field(ge=1, le=5000)
    kind: Literal["novel", "essay"] = "novel"
    tags: list[Annotated[str, Field(max_length=10)]] = Field([], max_length=3)


class Book(NewBook):
    id: UUID


@app.get("/books")
def list_books(
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    kind: Annotated[Literal["novel", "essay"] | None, Query()] = None,
    x_client: Annotated[str | None, Header(max_length=8)] = None,
) -> list[Book]:
    return [it for it in BOOKS.values() if kind in {None, it.kind}][:limit]


@app.post("/books", status_code=201)
def create_book(book: NewBook) -> Book:
    made = Book(id=uuid4(), **book.model_dump())
    BOOKS[made.id] = made
    return made


@app.get("/books/{book_id}")
def read_book(book_id: Annotated[UUID, Path()]) -> Book:
    if book_id not in BOOKS:
        raise HTTPException(404)
    return BOOKS[book_id]


@app.delete("/books/{book_id}", status_code=204)
def delete_book(book_id: Annotated[UUID, Path()]) -> None:
    if BOOKS.pop(book_id, None) is None:
        raise HTTPException(404)
