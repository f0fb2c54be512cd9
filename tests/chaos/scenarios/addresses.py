"""Addresses that a stranger names: in payloads, in redirects, in answers. Nobody is called but who is configured."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from reviewer.demo import webhook
from reviewer.demo.records import MergeRequest
from tests.chaos.code import teach
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.process import Process
from tests.chaos.site import SECRET, Site
from tests.chaos.wire import client

# Public, link-local (where clouds keep their metadata), unspecified, and public in other spellings.
_OUTSIDE = (
    *("http://8.8.8.8:80", "http://169.254.169.254", "http://0.0.0.0:80", "http://[::ffff:8.8.8.8]:80"),
    *(
        "http://0x08080808:80",
        "http://134744072:80",
        "http://[2001:4860:4860::8888]:80",
        "http://192.0.2.1:80",
    ),
)
_MODEL = '[models.outside{number}]\nbackend = "ollama"\nurl = "{url}"\nmodel = "m"\ncontext = 4096\ntimeout_s = 5\n'
_ADDRESS_FIELDS = ("web_url", "git_http_url", "git_ssh_url", "http_url", "homepage", "url", "avatar_url")


def run(ground: Ground) -> Outcome:
    """Name an address of ours wherever the service reads one; nobody ever calls there."""
    models = "".join(_MODEL.format(number=number, url=url) for number, url in enumerate(_OUTSIDE))
    site = Site(ground, "sqlite", more=models)
    called: list[bytes] = []
    broken: list[str] = []
    tries = 0
    with _listening(called) as trap:
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"), trap)
        process = site.process(environ=proxies)
        for trick in (_in_payloads, _in_answers, _from_the_forge, _from_git, _from_the_model):
            for _ in range(ground.scale.faults):
                tries += 1
                complaint = trick(site, process, trap)
                if complaint or called:
                    broken.append(f"{trick.__name__.strip('_')}: {complaint} {called!r}")
                called.clear()
        process.stop()
        broken += _models_outside(site, proxies)
        tries += len(_chosen(ground))
        if called:
            broken.append(f"a model outside: {called!r}")
    stuck = len(site.ledger.unfinished(list(site.acknowledged.values())))
    return Outcome(runs=tries, stuck=stuck, broken=tuple(broken))


def _in_payloads(site: Site, process: Process, trap: str) -> str:
    """Every address in a delivery is ours: only the configured forge is asked."""
    [change] = site.open()
    event = webhook.merge_request_event(change, "open", site.forge.url)
    poison = dict.fromkeys(_ADDRESS_FIELDS, f"{trap}/evil.git")
    event["project"] |= poison
    event["object_attributes"] |= {**poison, "source": poison, "target": poison, "last_commit": {
        "id": change.latest.head, **poison}}  # fmt: skip
    event["user"] |= poison
    event["repository"] = poison
    body = json.dumps(event).encode()
    with client(process) as http:
        answer = http.post("/webhooks/lab", content=body, headers=webhook.headers(event, body, SECRET))
    site.acknowledged[change.iid] = answer.json()["job"]
    return _reviewed(site, change)


def _in_answers(site: Site, process: Process, trap: str) -> str:
    """The forge's own answers name our address as its own."""
    [change] = site.open()
    site.forge.believed_address = trap
    site.deliver(change)
    complaint = _reviewed(site, change)
    site.forge.believed_address = None
    return complaint


def _from_the_forge(site: Site, process: Process, trap: str) -> str:
    """The forge redirects a call with the token in it to us."""
    site.forge.fail(r"GET .*/merge_requests/\d+$", status=302, headers={"Location": f"{trap}/api"}, times=20)
    [change] = site.open()
    site.deliver(change)
    site.settle()
    site.forge.faults.clear()
    return ""


def _from_git(site: Site, process: Process, trap: str) -> str:
    """The forge redirects git to us."""
    site.forge.fail(r"GET .*\.git/info/refs", status=302, headers={"Location": f"{trap}/evil.git"}, times=20)
    [change] = site.open()
    site.deliver(change)
    site.settle()
    site.forge.faults.clear()
    return ""


def _from_the_model(site: Site, process: Process, trap: str) -> str:
    """The model's server redirects the prompt to us."""
    site.models.script.clear()
    site.models.script.when().redirect(f"{trap}/api/chat")
    [change] = site.open(flawed=False)
    site.deliver(change)
    site.settle()
    site.models.script.clear()
    teach(site.models.script)
    return (
        ""
        if _verdict(site, process, change) == "inconclusive"
        else "a review that no model made is not undecided"
    )


def _models_outside(site: Site, proxies: dict[str, str]) -> list[str]:
    """Each model of the review lies outside private address space: it is refused by name, unasked."""
    broken = []
    for number in _chosen(site.ground):
        name = f"outside{number}"
        process = site.process(environ={**proxies, "REVIEWER_ROLES__REVIEW": json.dumps([name])})
        [change] = site.open(flawed=False)
        site.deliver(change, to=process)
        site.settle()
        if _verdict(site, process, change) != "inconclusive":
            broken.append(f"{name}: the review is not undecided")
        if "outside private address space" not in _document(process, change):
            broken.append(f"{name}: nobody says that it was refused")
        process.stop()
    return broken


def _chosen(ground: Ground) -> range:
    return range(len(_OUTSIDE) if ground.scale.patient else 2)


def _reviewed(site: Site, change: MergeRequest) -> str:
    site.settle()
    return "" if change.iid in site.forge.summed_up else "the merge request was not reviewed"


def _verdict(site: Site, process: Process, change: MergeRequest) -> str:
    return str(_ask(process, change).get("verdict"))


def _document(process: Process, change: MergeRequest) -> str:
    with client(process) as http:
        return http.get(f"/api/v1/reviews/{_ask(process, change)['review']}").text


def _ask(process: Process, change: MergeRequest) -> dict[str, str]:
    query: dict[str, str | int] = {"forge": "lab", "project": "desk/orders", "mr": change.iid}
    with client(process) as http:
        found: dict[str, str] = http.get(
            "/api/v1/verdict", params={**query, "head": change.latest.head}
        ).json()
        return found


@contextmanager
def _listening(called: list[bytes]) -> Iterator[str]:
    """Listen at an address that nobody has configured, and note what is said there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    wire, _ = listener.accept()
                    with wire:
                        wire.settimeout(2)
                        called.append(wire.recv(4096))

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
