"""The same book shop by APIFlask."""

from uuid import UUID, uuid4

from a2wsgi import WSGIMiddleware
from apiflask import APIFlask, Schema, abort, fields
from apiflask.fields import Integer, List, String
from apiflask.validators import Length, OneOf, Range

flask = APIFlask(__name__, title="Books", version="1")
BOOKS = {}


class NewBook(Schema):
    title = String(required=True, validate=Length(1, 40))
    pages = Integer(required=True, validate=Range(1, 5000))
    kind = String(load_default="novel", validate=OneOf(["novel", "essay"]))
    tags = List(
        String(validate=Length(max=10)), load_default=[], validate=Length(max=3)
    )


class Book(NewBook):
    id = fields.UUID(required=True)


class Wanted(Schema):
    limit = Integer(load_default=10, validate=Range(1, 100))
    kind = String(validate=OneOf(["novel", "essay"]))


@flask.get("/books")
@flask.input(Wanted, location="query")
@flask.output(Book(many=True))
def list_books(query_data: dict) -> list:
    kind = query_data.get("kind")
    found = [it for it in BOOKS.values() if kind in {None, it["kind"]}]
    return found[: query_data["limit"]]


@flask.post("/books")
@flask.input(NewBook)
@flask.output(Book, status_code=201)
def create_book(json_data: dict) -> dict:
    made = {**json_data, "id": uuid4()}
    BOOKS[made["id"]] = made
    return made


@flask.get("/books/<uuid:book_id>")
@flask.output(Book)
def read_book(book_id: UUID) -> dict:
    return BOOKS.get(book_id) or abort(404)


@flask.delete("/books/<uuid:book_id>")
@flask.output({}, status_code=204)
def delete_book(book_id: UUID) -> str:
    return "" if BOOKS.pop(book_id, None) else abort(404)


app = WSGIMiddleware(flask)
