"""Read what has been said on a pull request: GraphQL where it can, REST where it must.

Only GraphQL knows whether a thread is resolved and by whom. A GHES that refuses the query (an older
schema, a token without rights to it) is read over REST, its threads then count as open and as not
resolvable. A thread's id is the REST id of its first comment, which is also what a webhook names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from github.Repository import Repository

from reviewer.domain import Discussion, Note, Person, Thread
from reviewer.errors import ForgeAuth, ForgeNotFound, ForgeRefused, ForgeUnavailable
from reviewer.forges.github_api import PAGE_SIZE, translated

# Ids of comments have outgrown GraphQL's 32-bit Int: fullDatabaseId gives them as text.
_DISCUSSION = """
query Discussion($owner: String!, $name: String!, $number: Int!, $size: Int!,
                 $withThreads: Boolean!, $threads: String, $withNotes: Boolean!, $notes: String) {
  viewer { databaseId }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: $size, after: $threads) @include(if: $withThreads) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved viewerCanResolve resolvedBy { databaseId login }
          comments(first: $size) { nodes { fullDatabaseId body author { ...Who } } }
        }
      }
      comments(first: $size, after: $notes) @include(if: $withNotes) {
        pageInfo { hasNextPage endCursor }
        nodes { fullDatabaseId body author { ...Who } }
      }
    }
  }
}
fragment Who on Actor { login ... on User { databaseId } ... on Bot { databaseId } }
"""

_VIEWER = "query Viewer { viewer { databaseId } }"

_RESOLVE = """
mutation Resolve($input: ResolveReviewThreadInput!) {
  resolveReviewThread(input: $input) { thread { isResolved } }
}
"""

# Whatever the reason that GraphQL says no: REST says the same if it is a good one.
WITHOUT_GRAPHQL = (ForgeAuth, ForgeNotFound, ForgeRefused)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A discussion, with the GraphQL ids of its threads by their own (empty if read over REST)."""

    discussion: Discussion
    nodes: Mapping[str, str]


def read_conversation(repository: Repository, project: str, number: int) -> Conversation:
    """Read all threads and notes of a pull request, oldest first."""
    try:
        return _over_graphql(repository, project, number)
    except WITHOUT_GRAPHQL:
        return Conversation(_over_rest(repository, number), {})


def resolve_thread(repository: Repository, node: str) -> None:
    """Resolve a thread by its GraphQL id; resolving a resolved one changes nothing."""
    query(repository, _RESOLVE, {"input": {"threadId": node}})


def read_viewer(repository: Repository) -> int:
    """Ask for our own numeric user id; the only way that works for an App's token too is GraphQL."""
    try:
        return int(query(repository, _VIEWER, {})["viewer"]["databaseId"])
    except WITHOUT_GRAPHQL:
        with translated("our own account"):
            _, user = repository.requester.requestJsonAndCheck("GET", "/user")
        return int(user["id"])


def _over_graphql(repository: Repository, project: str, number: int) -> Conversation:
    threads: list[tuple[str, Thread]] = []
    notes: list[Note] = []
    wanted: dict[str, str | None] = {"threads": None, "notes": None}  # what is left, from which cursor on
    while wanted:
        bot, pull = _discussion_page(repository, project, number, wanted)
        wanted = {}
        if page := pull.get("reviewThreads"):
            spoken = [node for node in page["nodes"] if node["comments"]["nodes"]]
            threads += [(node["id"], _thread(node, bot)) for node in spoken]
            wanted |= _rest_of("threads", page)
        if page := pull.get("comments"):
            notes += [_note(node, bot) for node in page["nodes"]]
            wanted |= _rest_of("notes", page)
    threads.sort(key=lambda item: int(item[1].id))
    discussion = Discussion(tuple(thread for _, thread in threads), tuple(notes))
    return Conversation(discussion, {thread.id: node for node, thread in threads})


def _discussion_page(
    repository: Repository, project: str, number: int, wanted: Mapping[str, str | None]
) -> tuple[int, dict[str, Any]]:
    owner, _, name = project.partition("/")
    variables = {
        "owner": owner,
        "name": name,
        "number": number,
        "size": PAGE_SIZE,
        "withThreads": "threads" in wanted,
        "threads": wanted.get("threads"),
        "withNotes": "notes" in wanted,
        "notes": wanted.get("notes"),
    }
    answer = query(repository, _DISCUSSION, variables)
    pull = (answer["repository"] or {}).get("pullRequest")
    if pull is None:
        raise ForgeNotFound(f"{project}#{number} is not there", status=404)
    return answer["viewer"]["databaseId"], pull


def query(repository: Repository, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Ask, and ask once more where no answer came: nobody below repeats a POST, yet here it is harmless.

    `text` reads, or changes nothing when it is done twice.
    """
    try:
        return _ask(repository, text, variables)
    except ForgeUnavailable:
        return _ask(repository, text, variables)


def _ask(repository: Repository, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    with translated("GraphQL"):
        _, answer = repository.requester.graphql_query(query, variables)
    found: dict[str, Any] = answer["data"]
    return found


def _rest_of(name: str, page: Mapping[str, Any]) -> dict[str, str | None]:
    info = page["pageInfo"]
    return {name: info["endCursor"]} if info["hasNextPage"] else {}


def _thread(node: Mapping[str, Any], bot: int) -> Thread:
    notes = tuple(_note(comment, bot) for comment in node["comments"]["nodes"])
    resolver = node["resolvedBy"] if node["isResolved"] else None
    return Thread(
        id=notes[0].id,
        notes=notes,
        resolved=node["isResolved"],
        resolvable=node["viewerCanResolve"] or node["isResolved"],
        resolved_by_bot=resolver["databaseId"] == bot if resolver else None,
        resolved_by=Person(resolver["databaseId"], resolver["login"]) if resolver else None,
    )


def _note(comment: Mapping[str, Any], bot: int) -> Note:
    author = comment["author"] or {}  # null where the account is gone
    return Note(
        id=str(comment["fullDatabaseId"]),
        by_bot=author.get("databaseId") == bot,
        author=author.get("login", "ghost"),
        body=comment["body"],
    )


def _over_rest(repository: Repository, number: int) -> Discussion:
    bot = read_viewer(repository)
    threads: dict[int, list[Note]] = {}
    for comment in pages(repository, f"/pulls/{number}/comments"):
        root = comment.get("in_reply_to_id") or comment["id"]
        threads.setdefault(root, []).append(_rest_note(comment, bot))
    notes = tuple(_rest_note(comment, bot) for comment in pages(repository, f"/issues/{number}/comments"))
    return Discussion(
        tuple(
            Thread(str(root), tuple(said), resolved=False, resolvable=False)
            for root, said in sorted(threads.items())
        ),
        notes,
    )


def _rest_note(comment: Mapping[str, Any], bot: int) -> Note:
    author = comment["user"] or {}
    return Note(str(comment["id"]), author.get("id") == bot, author.get("login", "ghost"), comment["body"])


def pages(repository: Repository, path: str, **wanted: str) -> Iterator[Mapping[str, Any]]:
    """List by page numbers: the addresses a server puts into its Link header are not followed."""
    number, size = 1, PAGE_SIZE
    while size == PAGE_SIZE:
        with translated(f"listing {path}"):
            _, items = repository.requester.requestJsonAndCheck(
                "GET",
                f"{repository.url}{path}",
                parameters={**wanted, "per_page": PAGE_SIZE, "page": number},
            )
        yield from items
        number, size = number + 1, len(items)
