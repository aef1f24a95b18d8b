"""What the parts about API keys keep between two runs, by name and type, as ui/state.py does for the others."""

import streamlit as st


class KeyState:
    """The key that was just made, until it was shown."""

    @property
    def secret(self) -> str | None:
        """The key itself."""
        value: str | None = st.session_state.get("citewell_api_key")
        return value

    @secret.setter
    def secret(self, secret: str | None) -> None:
        st.session_state["citewell_api_key"] = secret
