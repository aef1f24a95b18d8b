"""The organisation's model endpoint: what is in force and where it comes from, another one, a list of models and a trial."""

import hashlib
from collections.abc import Sequence

import streamlit as st
from pydantic import SecretStr

from assistant.audit import Action
from assistant.chosen_endpoint import (
    MOST_ADDRESS_CHARS,
    MOST_CURRENCY_CHARS,
    MOST_FURTHER,
    MOST_KEY_CHARS,
    Endpoint,
)
from assistant.markup import visible
from assistant.models import EndpointState, Trial
from ui.markdown import literal
from ui.state import ListedModels, SettingsState
from ui.visit import Visit, done
from ui.words import seconds, shortened

_MOST_OFFERED = 1_000
_LABEL_CHARS = 40
_KEYS = {
    "chosen": "A key is kept; a new one replaces it",
    "settings": "The key in the environment is used",
    "none": "No key is kept",
}


def draw_endpoint(visit: Visit) -> None:
    """Fields with what is in force, and what can be done with them."""
    state, now = SettingsState(), visit.citewell.models.state(visit.principal)
    st.subheader("Model", anchor=False)
    st.caption(literal(_where_from(now)))
    wanted = _draw_fields(visit, state, now)
    with st.container(horizontal=True, gap="small", key="endpoint_ways"):
        is_saved = st.button("Save", type="primary", key="save_endpoint")
        is_tried = st.button("Test", key="try_endpoint", help="Asks for a word, with what stands in the fields.")
        forgets = now.key == "chosen" and st.button("Remove the key", key="forget_key", type="tertiary")
        goes_back = now.is_chosen and st.button(
            "Back to what the environment says", key="reset_endpoint", type="tertiary"
        )
    is_changed = (
        (is_saved and done(lambda: _save(visit, wanted)))
        or (forgets and done(lambda: _forget_key(visit)))
        or (goes_back and done(lambda: _reset(visit)))
    )
    if is_changed:
        state.empty_fields()
        st.rerun()
    if is_tried:
        with st.spinner("Asking the model"):
            done(lambda: _draw_trial(visit.citewell.models.try_out(wanted, visit.principal)))


def _where_from(now: EndpointState) -> str:
    if now.is_chosen:
        return "Chosen here, in place of what the environment says. It holds from the next question on, for everybody."
    if now.endpoint is None:
        return "No model is connected, so answers quote the documents. What is saved holds from the next question on."
    return "Set by the environment. What is saved here takes its place from the next question on, for everybody."


# The fields.


def _draw_fields(visit: Visit, state: SettingsState, now: EndpointState) -> Endpoint:
    """What stands in them, which is not kept yet."""
    given = now.endpoint or Endpoint("")
    address = st.text_input(
        "Address",
        given.address,
        max_chars=MOST_ADDRESS_CHARS,
        key=state.field("address"),
        placeholder="https://api.example.com/v1",
        help="Any endpoint that speaks as OpenAI does. By http a key is sent to this machine alone.",
    )
    key = st.text_input(
        "Key",
        type="password",
        max_chars=MOST_KEY_CHARS,
        key=state.field("key"),
        placeholder=_KEYS[now.key],
        autocomplete="new-password",
        help="It is kept for this address alone and never shown again.",
    )
    reached = Endpoint(address or "", SecretStr(key) if key else None)
    names = _draw_listed(visit, state, reached)
    model = _draw_model(state, given, names)
    further = st.multiselect(
        "Others to choose from in a chat",
        _offered(names, given.further),
        list(given.further),
        format_func=visible,
        key=state.field("further"),
        max_selections=MOST_FURTHER,
        placeholder="None",
        accept_new_options=True,
    )
    _say_missing((model or "", *further), names)
    wanted = Endpoint(reached.address, reached.key, model, tuple(further))
    return _with_prices(state, wanted, given)


def _draw_listed(visit: Visit, state: SettingsState, reached: Endpoint) -> tuple[str, ...]:
    """The models that this endpoint listed, once it was asked."""
    if st.button("List models", key="list_models", icon=":material/list:"):
        with st.spinner("Asking the endpoint"):
            done(lambda: _list(visit, state, reached))
    listed = state.listed
    if listed is None or listed.address != reached.address:
        return ()
    if not listed.names:
        st.caption("The endpoint lists no models; type the name of one.")
    elif len(listed.names) > _MOST_OFFERED:
        st.caption(f"The endpoint has {len(listed.names):,d} models; {_MOST_OFFERED:,d} are offered, type any other.")
    else:
        st.caption(f"Models at this address: {len(listed.names):,d}.")
    return listed.names


def _list(visit: Visit, state: SettingsState, reached: Endpoint) -> None:
    state.listed = ListedModels(reached.address, visit.citewell.models.listed(reached, visit.principal))


def _draw_model(state: SettingsState, given: Endpoint, names: Sequence[str]) -> str | None:
    options = _offered(names, (given.model,) if given.model else ())
    return st.selectbox(
        "The model that answers",
        options,
        options.index(given.model) if given.model else None,
        format_func=visible,
        key=state.field("model"),
        placeholder="The first that the endpoint lists",
        accept_new_options=True,
    )


def _offered(names: Sequence[str], given: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*given, *names[:_MOST_OFFERED]]))


def _say_missing(chosen: Sequence[str], names: Sequence[str]) -> None:
    """What is chosen and not listed (any more) is kept all the same."""
    missing = [name for name in chosen if name and name not in names]
    if names and missing:
        said = ", ".join(shortened(name, _LABEL_CHARS) for name in missing)
        st.caption(literal(f"Not among the listed models, and kept until you choose otherwise: {said}."))


def _with_prices(state: SettingsState, wanted: Endpoint, given: Endpoint) -> Endpoint:
    """The same with prices, which are asked for each model."""
    prices: dict[str, tuple[float, float]] = {}
    with st.expander("Prices", key="endpoint_prices"):
        st.caption("Of a million tokens. With them answers tell what they cost, and a month may have a budget.")
        currency = st.text_input(
            "Currency", given.currency, max_chars=MOST_CURRENCY_CHARS, key=state.field("currency"), width=160
        )
        for name in wanted.names:
            pair = _draw_prices(state, name, given.prices.get(name, (None, None)))
            if pair != (None, None):
                prices[name] = (pair[0] or 0.0, pair[1] or 0.0)
    return Endpoint(wanted.address, wanted.key, wanted.model, wanted.further, prices, currency or "")


_Pair = tuple[float | None, float | None]


def _draw_prices(state: SettingsState, name: str, given: _Pair) -> _Pair:
    label = shortened(name, _LABEL_CHARS) if name else "The first that the endpoint lists"
    number = hashlib.sha256(name.encode()).hexdigest()[:12]
    sent, written = st.columns(2)
    with sent:
        prompt = st.number_input(
            literal(f"{label}, sent"), min_value=0.0, value=given[0], format="%g", key=state.field(f"sent_{number}")
        )
    with written:
        completion = st.number_input(
            literal(f"{label}, written"),
            min_value=0.0,
            value=given[1],
            format="%g",
            key=state.field(f"written_{number}"),
        )
    return prompt, completion


# What is done.


def _save(visit: Visit, wanted: Endpoint) -> None:
    kept = visit.citewell.models.choose(wanted, visit.principal)
    visit.record(
        Action.ENDPOINT_CHANGED,
        kept.address,
        key="new" if wanted.key else "as before",
        model=kept.model,
        further=kept.further,
        prices=dict(kept.prices),
        currency=kept.currency,
    )


def _forget_key(visit: Visit) -> None:
    visit.citewell.models.forget_key(visit.principal)
    visit.record(Action.ENDPOINT_CHANGED, key="removed")


def _reset(visit: Visit) -> None:
    visit.citewell.models.reset(visit.principal)
    visit.record(Action.ENDPOINT_CHANGED, to="what the environment says")


def _draw_trial(trial: Trial) -> None:
    st.markdown(
        f":material/check: **{literal(trial.model)}** answers; its first word came after "
        f"{literal(seconds(1000 * trial.first_token_s))}."
    )
