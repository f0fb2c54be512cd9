"""The part of GitHub's GraphQL schema that is about discussions, over a `World`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.forge.github_state import Account, Actor, Project, Pull, Remark, ThreadState, World
from tests.fakes.forge.graphql import QueryError


def roots(world: World, actor: Actor) -> dict[str, dict[str, Any]]:
    """Return the objects that queries and mutations start from, as this actor sees them."""
    return {"query": _query(world, actor), "mutation": _mutation(world, actor)}


def _query(world: World, actor: Actor) -> dict[str, Any]:
    def repository(owner: str, name: str) -> dict[str, Any]:
        project = world.projects.get(f"{owner}/{name}")
        if project is None or not actor.sees(project.name):
            raise QueryError(f"Could not resolve to a Repository '{owner}/{name}'.", "NOT_FOUND")

        def pull_request(number: int) -> dict[str, Any]:
            if number not in project.pulls:
                raise QueryError(f"Could not resolve to a PullRequest {number}.", "NOT_FOUND")
            return _pull(project, project.pulls[number], actor)

        return {"__typename": "Repository", "pullRequest": pull_request}

    return {"__typename": "Query", "viewer": _account(actor.account), "repository": repository}


def _mutation(world: World, actor: Actor) -> dict[str, Any]:
    def resolve(input: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002  # GraphQL's name for it
        for project in world.projects.values():
            for pull in project.pulls.values():
                for thread in pull.threads.values():
                    if thread.node == input["threadId"] and actor.sees(project.name):
                        return _resolve(project, pull, thread, actor)
        raise QueryError("Could not resolve to a node", "NOT_FOUND")

    return {"__typename": "Mutation", "resolveReviewThread": resolve}


def _resolve(project: Project, pull: Pull, thread: ThreadState, actor: Actor) -> dict[str, Any]:
    if not _may_resolve(project, pull, actor.account):
        raise QueryError("Resource not accessible by integration", "FORBIDDEN")
    thread.resolved_by = thread.resolved_by or actor.account
    return {
        "__typename": "ResolveReviewThreadPayload",
        "thread": _thread(project, pull, thread, actor),
    }


def _pull(project: Project, pull: Pull, actor: Actor) -> dict[str, Any]:
    def threads(first: int, after: str | None = None) -> dict[str, Any]:
        return _connection(
            [_thread(project, pull, thread, actor) for thread in pull.threads.values()], first, after
        )

    def comments(first: int, after: str | None = None) -> dict[str, Any]:
        return _connection([_remark(note, "IssueComment") for note in pull.notes.values()], first, after)

    return {"__typename": "PullRequest", "reviewThreads": threads, "comments": comments}


def _thread(project: Project, pull: Pull, thread: ThreadState, actor: Actor) -> dict[str, Any]:
    def comments(first: int, after: str | None = None) -> dict[str, Any]:
        said = [_remark(remark, "PullRequestReviewComment") for remark in pull.in_thread(thread.root)]
        return _connection(said, first, after)

    resolver = thread.resolved_by
    return {
        "__typename": "PullRequestReviewThread",
        "id": thread.node,
        "isResolved": resolver is not None,
        "viewerCanResolve": resolver is None and _may_resolve(project, pull, actor.account),
        "resolvedBy": _account(resolver) if resolver else None,
        "comments": comments,
    }


def _may_resolve(project: Project, pull: Pull, account: Account) -> bool:
    return account == pull.author or project.roles.get(account.login) in ("admin", "write")


def _account(account: Account) -> dict[str, Any]:
    # GraphQL names a bot without the suffix that REST shows.
    return {
        "__typename": account.kind,
        "__interfaces": ("Actor",),
        "databaseId": account.id,
        "login": account.login.removesuffix("[bot]"),
    }


_CONTENTS = {"THUMBS_UP": "+1", "THUMBS_DOWN": "-1", "EYES": "eyes", "HEART": "heart"}


def _remark(remark: Remark, typename: str) -> dict[str, Any]:
    def reactions(first: int, content: str | None = None) -> dict[str, Any]:
        if content is not None and content not in _CONTENTS:
            raise QueryError(f"{content} is no ReactionContent", "argumentLiteralsIncompatible")
        made = [
            {"__typename": "Reaction", "user": _account(account) if account else None}
            for kind, account in remark.reactions
            if content is None or kind == _CONTENTS[content]
        ]
        return _connection(made, first, None)

    return {
        "__typename": typename,
        "reactions": reactions,
        "fullDatabaseId": str(remark.id),
        "body": remark.body,
        "author": _account(remark.author) if remark.author else None,
    }


def _connection(nodes: Sequence[Any], first: int, after: str | None) -> dict[str, Any]:
    if not 1 <= first <= 100:
        raise QueryError("first must be between 1 and 100", "EXCESSIVE_PAGINATION")
    start = int(after or 0)
    end = min(start + first, len(nodes))
    page = {"__typename": "PageInfo", "hasNextPage": end < len(nodes), "endCursor": str(end)}
    return {"__typename": "Connection", "nodes": list(nodes[start:end]), "pageInfo": page}
