"""Put records into the JSON that GitLab's API answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reviewer.demo.records import Discussion, MergeRequest, Note, Project, User, Version

Json = dict[str, Any]


def tell_user(user: User) -> Json:
    """Tell who someone is."""
    return {"id": user.id, "username": user.username, "name": user.username, "state": "active"}


def tell_project(project: Project, address: str) -> Json:
    """Tell a project, as the API and the webhooks both do."""
    return {
        "id": project.id,
        "name": project.path.rpartition("/")[2],
        "path_with_namespace": project.path,
        "default_branch": "main",
        "web_url": f"{address}/{project.path}",
    }


def tell_merge_request(merge_request: MergeRequest, shown: Sequence[Version], address: str) -> Json:
    """Tell a merge request with those of its versions that are shown."""
    path = merge_request.project.path
    refs = (
        {"base_sha": shown[-1].base, "start_sha": shown[-1].start, "head_sha": shown[-1].head}
        if shown
        else None
    )
    return {
        "id": 9000 + merge_request.iid,
        "iid": merge_request.iid,
        "project_id": merge_request.project.id,
        "title": merge_request.title,
        "description": merge_request.description,
        "state": merge_request.state,
        "draft": merge_request.draft,
        "updated_at": merge_request.updated.isoformat(),
        "author": tell_user(merge_request.author),
        "source_branch": merge_request.source,
        "target_branch": merge_request.target,
        "sha": merge_request.latest.head,
        "diff_refs": refs,
        "references": {"full": f"{path}!{merge_request.iid}"},
        "web_url": f"{address}/{path}/-/merge_requests/{merge_request.iid}",
    }


def tell_version(number: int, version: Version) -> Json:
    """Tell what a push made of a merge request."""
    return {
        "id": number,
        "base_commit_sha": version.base,
        "start_commit_sha": version.start,
        "head_commit_sha": version.head,
    }


def tell_note(note: Note) -> Json:
    """Tell one note."""
    return {
        "id": note.id,
        "type": "DiffNote" if note.position else "DiscussionNote" if note.resolvable else None,
        "body": note.body,
        "author": tell_user(note.author),
        "system": False,
        "resolvable": note.resolvable,
        **({"resolved": note.resolved_by is not None} if note.resolvable else {}),
        "resolved_by": tell_user(note.resolved_by) if note.resolved_by else None,
        **({"position": note.position} if note.position else {}),
    }


def tell_discussion(discussion: Discussion) -> Json:
    """Tell a thread, or a single note in the dress of one."""
    return {
        "id": discussion.id,
        "individual_note": discussion.individual,
        "notes": [tell_note(note) for note in discussion.notes],
    }


def tell_emoji(note: Note) -> list[Json]:
    """Tell the emoji on a note, oldest first."""
    return [
        {
            "id": note.id * 100 + number,
            "name": name,
            "user": tell_user(user),
            "awardable_id": note.id,
            "awardable_type": "Note",
        }
        for number, (name, user) in enumerate(note.emoji)
    ]
