"""The front door. `streamlit run chat_app.py` serves `app`; every visit then runs this file as the page.

A question goes from the chat input to `ask`, which hands the turn to a thread of `assistant.jobs`;
`chat` draws what is stored and watches what is being written.
"""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.mount import api_route
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError, SettingsError
from assistant.jobs import JOBS, AnswerJob
from assistant.llm import ChatModel
from assistant.logs import start_logging
from assistant.proxy_headers import ProxyHeaders
from assistant.running import RUNNING
from assistant.settings import Settings
from assistant.turn import Assistant, checked_question
from assistant.version import version_of_citewell
from retrieval.cores import one_core
from retrieval.retriever import CitewellRetriever
from ui.account_view import draw_account
from ui.address import follow_address, refresh
from ui.asset_files import asset_route
from ui.attached import attach, begun_conversation
from ui.bottom import draw_bottom
from ui.choices import follow_choices
from ui.drawing import drawing, standing_back
from ui.follow_along import follow_along
from ui.follow_ups import await_follow_ups, draw_follow_ups
from ui.fresh_sessions import FreshSessions
from ui.headers import SecurityHeaders
from ui.live_answer import watch
from ui.own_names import OwnNames
from ui.proxy_headers import OnlyFromProxy
from ui.question_view import draw_question
from ui.request_ids import RequestIds, tell_of_failure
from ui.sidebar import draw_sidebar
from ui.sign_in import keep_out
from ui.state import QUESTION_KEY, PageState
from ui.style import chosen_model
from ui.take_out import draw_take_out
from ui.transcript import draw_transcript, read_out
from ui.verify_form import draw_verified_notice, draw_verify_form
from ui.visit import Visit, current_visit
from ui.visitor_cookie import VisitorCookie
from ui.welcome import draw_strips, draw_welcome

HERE = Path(__file__).resolve().parent
COLLECT_EVERY_S, WHOLE_EVERY, WHOLE_AT_LATEST, YOUNG_OBJECTS = 10.0, 6, 60, 10_000

# The server: one process, one open home, kept open between visits.


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the home beside the server's start; at its end stop the answers, keep what was written, close.

    Raises SystemExit where it would listen to machines that it must not listen to.
    """
    read = settings()
    start_logging(read.log if read else None)
    check_address()
    RUNNING.start()
    closing = threading.Event()
    threading.Thread(target=settle, args=(closing,), name="settling", daemon=True).start()
    try:
        # After what opens the home: its indexes and its embedding work beside the interpreter, on every core.
        with one_core() if read and read.one_core else nullcontext():
            yield
    finally:
        closing.set()
        await asyncio.to_thread(RUNNING.close)


def check_address() -> None:
    """End the server where nobody signs in and other machines would reach it."""
    try:
        if read := settings():
            read.check_address(st.get_option("server.address"))
    except SettingsError as error:
        raise SystemExit(error.hint) from None


def settle(closing: threading.Event) -> None:
    """Set aside what is loaded for good, and collect the pages' garbage from time to time.

    Looking through all of it takes a second or two where a hundred pages are open, in which nothing else runs: too much
    after every run, where Streamlit would do it. So what was there the last time is left out, but for once a minute
    where no answer is being written, and once in ten minutes where one always is.
    """
    with suppress(AssistantError):
        RUNNING.get()
    gc.set_threshold(YOUNG_OBJECTS, 20, 1_000_000)  # The oldest are looked through here alone.
    rounds = 0
    while True:
        gc.collect()
        gc.freeze()
        if closing.wait(COLLECT_EVERY_S):
            return
        rounds += 1
        if rounds >= (WHOLE_AT_LATEST if JOBS.active() else WHOLE_EVERY):
            gc.unfreeze()
            rounds = 0


async def healthz(_: Request) -> JSONResponse:
    """200 once the home is open. Says nothing that anybody may not know."""
    status = await asyncio.to_thread(RUNNING.status)
    return JSONResponse(
        {"status": status, "version": version_of_citewell()}, status_code=200 if status == "ok" else 503
    )


async def readyz(_: Request) -> JSONResponse:
    """200 while questions can be answered; else what is not ready. Says nothing that anybody may not know."""
    found = await asyncio.to_thread(RUNNING.readiness)
    status = "ready" if found.is_ready else "not ready"
    return JSONResponse({"status": status, **asdict(found)}, status_code=200 if found.is_ready else 503)


@cache
def settings() -> Settings | None:
    """None where one is wrong: the page says which. Read once, for every request asks."""
    try:
        return Settings.read()
    except SettingsError:
        return None


def is_demo() -> bool:
    """Whether visitors need a cookie to be told apart."""
    read = settings()
    return read is not None and read.demo


def proxy_headers() -> ProxyHeaders:
    """What says who somebody is, where a proxy does, and from where it is believed."""
    read = settings()
    return read.proxy_headers if read else ProxyHeaders()


def is_unknown_to_streamlit() -> bool:
    """Whether people are told apart by something else than Streamlit's own sign-in."""
    read = settings()
    return read is None or read.demo or read.sign_in == "proxy"


def embedders() -> tuple[str, ...]:
    """The origins whose pages may show this one in a frame."""
    read = settings()
    return read.embed_origins if read else ()


def hosts() -> tuple[str, ...]:
    """The names under which it answers beside this machine's."""
    read = settings()
    return read.hosts if read else ()


app = st.App(
    __file__,
    lifespan=lifespan,
    routes=[
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        asset_route(st.get_option("server.baseUrlPath")),
        api_route(st.get_option("server.baseUrlPath"), hosts),
    ],
    on_script_error=tell_of_failure,
    middleware=[
        Middleware(RequestIds),
        Middleware(OnlyFromProxy, expected=proxy_headers),
        Middleware(SecurityHeaders, embedders=embedders),
        Middleware(OwnNames, hosts=hosts),
        Middleware(FreshSessions, wanted=is_unknown_to_streamlit),
        Middleware(VisitorCookie, wanted=is_demo, framed=lambda: bool(embedders())),
    ],
)

# The resources. Any visitor can clear this cache, so it holds nothing that RUNNING does not hold.


@st.cache_resource(show_spinner=False)
def retriever(home: str) -> CitewellRetriever:
    """The LangChain retriever over the open home; `home` keys the cache."""
    del home
    return _opened().retriever


@st.cache_resource(max_entries=1, show_spinner=False)
def model(home: str, number: int) -> ChatModel | None:
    """The client of the model endpoint, None where there is none; `number` tells one endpoint from the next."""
    del home, number
    return _opened().models.lineup.model


def _opened() -> Citewell:
    citewell = RUNNING.get()
    assert citewell is not None
    return citewell


def assistant_of(citewell: Citewell) -> Assistant:
    """What answers the questions of this page, with the models of this moment."""
    home, number = str(citewell.home.path), citewell.models.lineup.number
    return replace(citewell.assistant, retriever=retriever(home), model=model(home, number))


# The chat.


def ask(question: str, rewrite: str | None = None, *, instead_of: int | None = None, files: Sequence[str] = ()) -> None:
    """Hand a question to a thread of its own. What cannot be asked goes back into the input, with the reason.

    `rewrite` is what the reader says it means; `instead_of` is the question or answer that it makes a version of;
    `files` are the names of those that came with it.
    """
    visit = current_visit()
    state = visit.state
    if rewrite is None and state.was_just_asked(question, is_version=instead_of is not None):
        return
    state.problem = None
    try:
        rewrite = rewrite and checked_question(rewrite)
        job = start_answer(visit, checked_question(question), rewrite, instead_of=instead_of, files=files)
    except AssistantError as error:
        state.problem = error.hint
        if instead_of is None:  # Otherwise its words stand where they were changed.
            state.fill_in(question)
        return
    if job.question != question.strip():
        state.problem = "One answer at a time: wait for this one, or stop it."
        if instead_of is None:
            state.fill_in(question)
        return
    state.begin_watching(job)


def start_answer(
    visit: Visit, question: str, rewrite: str | None, *, instead_of: int | None, files: Sequence[str]
) -> AnswerJob:
    """The job that answers in this page's conversation; the one under way, if there is one."""
    principal, choices, style = visit.principal, visit.state.conversation.choices, visit.state.style
    assistant = assistant_of(visit.citewell).written_by(chosen_model(visit))
    conversation_id = begun_conversation(visit)
    return JOBS.start(
        principal,
        conversation_id,
        question,
        lambda cancelled: assistant.ask(
            question,
            conversation_id=conversation_id,
            principal=principal,
            collection=choices.narrowed.collection,
            filters=choices.narrowed.filters,
            rewrite=rewrite,
            style=style,
            instead_of=instead_of,
            files=files,
            cancelled=cancelled,
        ),
        instead_of=instead_of,
    )


def submitted() -> None:
    """The chat input was sent: its files are attached, then its text is asked."""
    sent = st.session_state[QUESTION_KEY]
    files = attach(current_visit(), sent.files, sent.text)
    if files is not None and (sent.text.strip() or not files):
        ask(sent.text, files=files)


@drawing()
def chat() -> None:
    """The chat page: what was said, and the answer that is being written."""
    visit = current_visit()
    state = visit.state
    follow_address(state)
    follow_choices(visit)
    job = refresh(state, visit.citewell.conversations, visit.principal)
    draw_bottom(visit, job, ask=ask, submitted=submitted)
    draw_take_out(visit)
    # Always the same places in the same order: Streamlit keeps what a place held until the script ends.
    strips, welcome, transcript = st.container(key="strips"), st.empty(), st.container(key="transcript")
    with strips:
        draw_strips(visit)
        draw_verified_notice()
    if job is None and not state.conversation.messages:
        with welcome.container():
            draw_welcome(visit, ask)
    awaited = None
    with transcript:
        draw_transcript(visit, ask_again=ask, is_answering=job is not None)
        if job is None:
            awaited = draw_follow_ups(visit, ask)
    read_out(state)
    draw_account(visit)
    draw_verify_form(visit)
    live = st.empty()  # Drawn at once where nothing is written any more, though the run goes on for the follow-ups.
    if job is not None:
        with live.container():
            answer_live(visit, job)
    if awaited is not None:
        with standing_back():
            await_follow_ups(visit, awaited, ask)
    follow_along(visit)  # Last of all, see there.


def answer_live(visit: Visit, job: AnswerJob) -> None:
    """Show an answer while its thread writes it; then draw the page again with what was stored."""
    draw_question(job.question)
    names = [collection.name for collection in visit.collections]
    collections = visit.state.narrowed.collection or ", ".join(names)
    with st.chat_message("assistant"):
        place = st.container(key="live_answer")
        with standing_back():
            events = watch(job, place, where=collections)
    visit.state.end_watching(events)
    visit.state.mark_stale()
    st.rerun()


def main() -> None:
    """Navigation, sidebar and the page that was asked for; before somebody is let in, nothing of it."""
    st.html(HERE / "ui/assets/page.css")
    chat_page = st.Page(chat, title="Ask", default=True)
    page = st.navigation(
        [
            chat_page,
            st.Page("views/documents.py", title="Documents"),
            st.Page("views/document.py", title="Document"),
            st.Page("views/check.py", title="Check a text"),
            st.Page("views/triage.py", title="Triage"),
            st.Page("views/gaps.py", title="Gaps"),
            st.Page("views/evaluation.py", title="Evaluation"),
            st.Page("views/verified.py", title="Verified answers"),
            st.Page("views/insights.py", title="Insights"),
            st.Page("views/shared.py", title="Shared conversation"),
            st.Page("views/admin.py", title="Administration"),
            st.Page("views/settings.py", title="Settings"),
        ],
        position="hidden",
    )
    st.set_page_config(page_title=f"{page.title} · Citewell", page_icon=str(HERE / "ui/assets/favicon.svg"))
    visit = current_visit()
    asked = draw_sidebar(visit, chat_page)
    if page is not chat_page:  # Which looks itself, for that and for more.
        keep_out(visit.identity)
    if PageState().takes_return():
        st.switch_page(chat_page)
    if asked is not None:
        PageState().leave_conversation()
        st.switch_page(chat_page, query_params={"c": asked} if asked else None)
    page.run()


if __name__ == "__main__":
    main()
