"""Read who put a thumbs-down on the comments that open threads: GraphQL where it can, REST where it must."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from github.Repository import Repository

from reviewer.domain import Person
from reviewer.errors import ForgeNotFound
from reviewer.forges.github_api import PAGE_SIZE
from reviewer.forges.github_threads import WITHOUT_GRAPHQL, pages, query

# docs.github.com, GraphQL `ReactionContent` and REST "Reactions": THUMBS_DOWN there, -1 here.
_OBJECTIONS = """
query Objections($owner: String!, $name: String!, $number: Int!, $size: Int!, $content: ReactionContent!,
                 $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: $size, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          comments(first: 1) {
            nodes {
              fullDatabaseId
              reactions(first: $size, content: $content) { nodes { user { databaseId login } } }
            }
          }
        }
      }
    }
  }
}
"""


def read_objections(
    repository: Repository, project: str, number: int, notes: Collection[str]
) -> Mapping[str, Sequence[Person]]:
    """List who put a thumbs-down on these comments, by comment; those without are left out.

    The first hundred reactions of a comment are read.
    """
    try:
        found = dict(_over_graphql(repository, project, number))
    except WITHOUT_GRAPHQL:
        found = {note: _over_rest(repository, note) for note in notes}
    return {note: people for note, people in found.items() if people and note in notes}


def _over_graphql(repository: Repository, project: str, number: int) -> Iterator[tuple[str, list[Person]]]:
    owner, _, name = project.partition("/")
    variables = {"owner": owner, "name": name, "number": number, "size": PAGE_SIZE, "content": "THUMBS_DOWN"}
    after: str | None = None
    while True:
        answer = query(repository, _OBJECTIONS, {**variables, "after": after})
        pull = (answer["repository"] or {}).get("pullRequest")
        if pull is None:
            raise ForgeNotFound(f"{project}#{number} is not there", status=404)
        threads = pull["reviewThreads"]
        for thread in threads["nodes"]:
            for comment in thread["comments"]["nodes"]:
                people = (_person(item["user"]) for item in comment["reactions"]["nodes"])
                yield str(comment["fullDatabaseId"]), [person for person in people if person]
        if not threads["pageInfo"]["hasNextPage"]:
            return
        after = threads["pageInfo"]["endCursor"]


def _person(user: Mapping[str, Any] | None) -> Person | None:
    """Read an account; None where it is gone."""
    return Person(user["databaseId"], user["login"]) if user else None


def _over_rest(repository: Repository, note: str) -> list[Person]:
    path = f"/pulls/comments/{note}/reactions"
    try:
        users = [item["user"] for item in pages(repository, path, content="-1")]
    except ForgeNotFound:  # the comment was deleted meanwhile
        return []
    return [Person(user["id"], user["login"]) for user in users if user]
