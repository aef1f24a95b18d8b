"""An endpoint that cannot prove who it is gets no question and no key."""

from pathlib import Path

import pytest

from assistant.errors import ModelUnreachable, SettingsError
from assistant.llm import Finished, Message, OpenAIModel, TextPiece
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply

pytestmark = pytest.mark.threat("T33")

CERTIFICATES = Path(__file__).parent / "tls"
KNOWN = CERTIFICATES / "localhost.pem"
EXPIRED = CERTIFICATES / "expired.pem"


def test_an_endpoint_known_by_the_configured_ca_is_asked() -> None:
    with ScriptedEndpoint([reply("a")], certificate=KNOWN) as endpoint:
        model = OpenAIModel(endpoint.url, "key", "m", ca_file=KNOWN)
        pieces = list(model.stream([Message("user", "Hello")], max_tokens=9, cancelled=lambda: False))
    assert pieces == [TextPiece("a"), Finished("stop", 7, 1)]


@pytest.mark.parametrize(
    ("certificate", "host", "ca_file"),
    [(KNOWN, "localhost", None), (KNOWN, "127.0.0.1", KNOWN), (EXPIRED, "localhost", EXPIRED)],
    ids=["self-signed", "wrong host", "expired"],
)
def test_an_endpoint_that_proves_nothing_is_refused(certificate: Path, host: str, ca_file: Path | None) -> None:
    with ScriptedEndpoint([reply("a")], certificate=certificate) as endpoint:
        model = OpenAIModel(endpoint.url.replace("localhost", host), "key", "m", ca_file=ca_file)
        with pytest.raises(ModelUnreachable) as caught:
            list(model.stream([Message("user", "Hello")], max_tokens=9, cancelled=lambda: False))
    assert "TLS" in caught.value.hint
    assert endpoint.requests == []


def test_a_ca_file_that_is_absent_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        OpenAIModel("https://localhost/v1", "key", ca_file=tmp_path / "absent.pem")
