"""The demonstration's webhooks are what GitLab's are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

from reviewer.demo import webhook
from reviewer.demo.records import MergeRequest, Records


def opened(folder: Path) -> MergeRequest:
    records = Records(folder)
    alice = records.add_user("alice", "token")
    project = records.add_project("desk/orders", alice)
    project.repository.commit("main", {"a.py": "1\n"})
    project.repository.commit("change", {"a.py": "2\n"}, parent="main")
    return records.open_merge_request(project, alice, source="change", title="Fix")


def test_an_event_names_project_number_and_head(tmp_path: Path) -> None:
    merge_request = opened(tmp_path)
    event = webhook.merge_request_event(merge_request, "open", "http://forge.example")

    assert event["object_kind"] == "merge_request"
    assert event["project"]["path_with_namespace"] == "desk/orders"
    assert (event["object_attributes"]["iid"], event["object_attributes"]["action"]) == (1, "open")
    assert event["object_attributes"]["last_commit"]["id"] == merge_request.latest.head


def test_a_push_names_the_old_head(tmp_path: Path) -> None:
    event = webhook.merge_request_event(opened(tmp_path), "update", "http://forge.example", oldrev="0" * 40)
    assert event["object_attributes"]["oldrev"] == "0" * 40


def test_the_signature_is_over_id_time_and_body() -> None:
    key = b"0123456789abcdef"
    body = json.dumps({"object_kind": "note"}).encode()
    sent = webhook.headers(
        {"object_kind": "note"}, body, "whsec_" + base64.b64encode(key).decode(), signed=True, delivery="d-1"
    )

    signed = f"d-1.{sent['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{expected}"
    assert sent["Idempotency-Key"] == sent["webhook-id"] == "d-1"
    assert "X-Gitlab-Token" not in sent


def test_a_token_goes_out_as_it_is() -> None:
    sent = webhook.headers({"object_kind": "merge_request"}, b"{}", "secret", signed=False)
    assert sent["X-Gitlab-Token"] == "secret"
    assert sent["X-Gitlab-Event"] == "Merge Request Hook"
