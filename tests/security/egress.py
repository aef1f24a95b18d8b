"""Everything Citewell does in one process, told which names it resolved and which addresses it connected to.

`python -m tests.security.egress HOME` prints one JSON object. Python's own audit events say what Python asked for; in
a network of its own the kernel's counters say what anything else tried to send to where no route leads.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

names: set[str] = set()
connections: set[tuple[str, int]] = set()


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}:
        names.add(arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0]))
    elif event in {"socket.connect", "socket.sendto", "socket.sendmsg"} and isinstance(arguments[1], tuple):
        connections.add(tuple(arguments[1][:2]))


def main(home: Path) -> dict[str, Any]:
    """What was resolved and connected to while everything was done once."""
    from tests.assistant.scripted_endpoint import ScriptedEndpoint, models, reply
    from tests.retrieval.rerank_server import rerank_server

    before = _unroutable()
    with ExitStack() as open_now:
        endpoint = open_now.enter_context(
            ScriptedEndpoint([reply("Annual leave is 26 days a year [1].")], models("scripted"))
        )
        rerank_url, _ = open_now.enter_context(rerank_server())
        ports = {int(url.rpartition(":")[2].split("/")[0]) for url in (endpoint.url, rerank_url)}
        done = list(_do_everything(home, endpoint.url.replace("127.0.0.1", "localhost"), rerank_url))
        asked = len(endpoint.requests)
    return {
        "done": done,
        "asked": asked,
        "names": sorted(names),
        "elsewhere": sorted(str(each) for each in connections if not _is_ours(each, ports)),
        "unroutable": _unroutable() - before,
    }


def _is_ours(address: tuple[str, int], ports: set[int]) -> bool:
    return address[0] in {"127.0.0.1", "::1", "localhost"} and address[1] in ports


def _do_everything(home: Path, model_url: str, rerank_url: str) -> Iterator[str]:
    """Read in, ask, ask on, check, export, look after it: the name of each thing once it is done."""
    from assistant.access import LOCAL_USER, readable_by
    from assistant.bootstrap import EXAMPLES, open_citewell
    from assistant.check_text import check_text
    from assistant.doctor import examine
    from assistant.export import export
    from assistant.settings import Settings
    from assistant.transcript import readable_transcript

    settings = Settings.read(
        home=home, openai_base_url=model_url, model="scripted", rerank_url=rerank_url, sample=False
    )
    citewell = open_citewell(settings)
    try:
        report = citewell.intake.read_paths([EXAMPLES / "company" / "hr", *_tempting(home)], collection="company")
        assert report.added > 5, report
        yield "read in"
        conversation = citewell.conversations.create(LOCAL_USER)
        for question in ("How many days of annual leave do I have?", "And when do they lapse?"):
            *_, last = citewell.assistant.ask(question, conversation_id=conversation, principal=LOCAL_USER)
            assert type(last).__name__ == "AnswerFinished", last
        yield "asked"
        scope = readable_by(LOCAL_USER, citewell.library)
        assert check_text("Annual leave is 26 days.", scope=scope, retriever=citewell.retriever).sentences
        yield "checked"
        transcript = readable_transcript(
            citewell.conversations, citewell.catalogue, conversation, principal=LOCAL_USER, scope=scope
        )
        for form in ("md", "json", "pdf"):
            assert export(transcript, form, on=date(2026, 11, 3)).content
        yield "exported"
    finally:
        citewell.close()
    assert any(finding.name == "Model" and finding.ok for finding in examine(settings))
    yield "examined"


def _tempting(home: Path) -> Iterator[Path]:
    """Files that name other hosts in every way that could make somebody call there."""
    folder = home.parent / "tempting"
    folder.mkdir()
    page = (
        '<html><head><link rel=stylesheet href="http://css.invalid/x.css"><base href="http://base.invalid/">'
        '<meta http-equiv=refresh content="0;url=http://meta.invalid/"></head><body><p>Annual leave at the coast.</p>'
        '<img src="http://img.invalid/x.png"><script src="http://js.invalid/x.js"></script>'
        '<iframe src="http://frame.invalid/"></iframe></body></html>'
    )
    for name, text in {
        "page.html": page,
        "note.md": "# Annual leave\n\n![x](http://img2.invalid/x.png) [y](http://link.invalid/) <http://auto.invalid/>\n",
        "mail.eml": "Subject: Leave\nFrom: a@from.invalid\nTo: b@to.invalid\n\nAnnual leave: http://mail.invalid/\n",
        "leave.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://svg.invalid/x.png"/></svg>',
    }.items():
        (folder / name).write_text(text, "utf-8")
    yield folder


def _unroutable() -> int:
    """How often anything in this network tried to send to where no route leads, by IPv4 or IPv6."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")]
    fourth = int(dict(zip(*lines, strict=True))["OutNoRoutes"])
    sixth = next((int(line.split()[1]) for line in _lines("/proc/net/snmp6") if line.startswith("Ip6OutNoRoutes")), 0)
    return fourth + sixth


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    sys.addaudithook(_heard)
    print(json.dumps(main(Path(sys.argv[1]))))
