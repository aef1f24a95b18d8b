"""What a browser says to the page's websocket, without a browser: quick, and with whatever headers a test likes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from google.protobuf.text_format import MessageToString
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.browser.serving import App

_PATIENCE_S = 30
_MOST_BYTES = 1 << 26


@dataclass(slots=True)
class Wire:
    """An open websocket, with everything that came over it."""

    connection: ClientConnection
    received: list[ForwardMsg] = field(default_factory=list)
    session: str = ""

    def click(self, label: str) -> str:
        """Click the button of this label; all that is sent then, as one text."""
        elements = (message.delta.new_element for message in self.received if message.HasField("delta"))
        ids = [element.button.id for element in elements if element.button.label == label]
        asked = BackMsg()
        asked.rerun_script.widget_states.widgets.add(id=ids[-1], trigger_value=True)
        return self._drawn(asked)

    def run(self, query: str = "") -> str:
        """Have the page drawn; all that is sent for it, as one text."""
        asked = BackMsg()
        asked.rerun_script.query_string = query
        return self._drawn(asked)

    def _drawn(self, asked: BackMsg) -> str:
        self.connection.send(asked.SerializeToString())
        begun = len(self.received)
        while True:
            data = self.connection.recv(timeout=_PATIENCE_S)
            assert isinstance(data, bytes)
            message = ForwardMsg.FromString(data)
            self.received.append(message)
            if message.HasField("new_session"):
                self.session = message.new_session.initialize.session_id
            if message.HasField("script_finished"):
                return "\n".join(MessageToString(each, as_utf8=True) for each in self.received[begun:])


@contextmanager
def wire(
    app: App,
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] = (),
    *,
    peer: str = "127.0.0.1",
    session: str = "",
    cookies: Mapping[str, str] | None = None,
) -> Iterator[Wire]:
    """A websocket from this address of the machine, with these headers and cookies; `session` is one to come back to."""
    place, jar = urlsplit(app.url), dict(cookies or {})
    protocols = ["streamlit", jar.get("_streamlit_xsrf", "none"), *([session] if session else [])]
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    if jar:
        given.append(("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items())))
    with connect(
        f"ws://{place.netloc}/_stcore/stream",
        origin=app.url,  # type: ignore[arg-type]
        subprotocols=protocols,  # type: ignore[arg-type]
        additional_headers=given,
        source_address=(peer, 0),
        max_size=_MOST_BYTES,
        proxy=None,
    ) as connection:
        yield Wire(connection)
