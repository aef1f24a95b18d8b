"""The collections: which there are, what each holds, and the dialogs that make, change, follow and delete them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import streamlit as st

from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.markup import visible
from retrieval.catalogue import Contents
from retrieval.dates import full_date
from retrieval.errors import RetrievalError
from retrieval.language import language_name, languages_read_by
from retrieval.library import Collection
from retrieval.sync import SyncPlan
from ui.component import mount
from ui.markdown import literal
from ui.state import Asked, seeded
from ui.visit import Visit
from ui.words import counted, local_time

PARAMETER = "collection"
_ALL = ""
_KEY = "chosen_collection"
_FEWEST_LISTED = 2
_PREVIEWED = 200
_MOST_NAME_CHARS = 120
_TITLES = {
    "create": "New collection",
    "edit": "Name, description and contact",
    "follow": "Follow a folder",
    "delete_collection": "Delete this collection?",
    "delete_files": "Delete these documents?",
}


def choose_collection(collections: Sequence[Collection], contents: Mapping[str, Contents]) -> Collection | None:
    """The list of collections; returns the one chosen, None for all of them. The address keeps the choice.

    A single collection needs no list.
    """
    if len(collections) < _FEWEST_LISTED:
        return next(iter(collections), None)
    by_id = {collection.id: collection for collection in collections}
    options = [_ALL, *by_id]
    asked = st.query_params.get(PARAMETER, _ALL)
    names = {_ALL: "All collections"} | {key: collection.name for key, collection in by_id.items()}
    facts = {_ALL: _total(contents)} | {key: _facts(c, contents.get(key, Contents())) for key, c in by_id.items()}
    # The key stays, so that the arrow keys keep their place; what is chosen comes from the address.
    with st.container(key="collections"):
        chosen = st.radio(
            "Collections",
            options,
            format_func=lambda option: literal(names[option]),
            captions=[literal(facts[option]) for option in options],
            key=seeded(_KEY, asked if asked in options else options[0]),
            on_change=_chose,
            width="stretch",
        )
    return by_id.get(chosen or _ALL)


def _chose() -> None:
    if chosen := st.session_state[_KEY]:
        st.query_params[PARAMETER] = chosen
    else:
        st.query_params.pop(PARAMETER, None)


def _total(contents: Mapping[str, Contents]) -> str:
    return counted(sum(held.documents for held in contents.values()), "document")


def _facts(collection: Collection, held: Contents) -> str:
    timezone = st.context.timezone
    parts = (
        counted(held.documents, "document"),
        f"{held.failures:,} not read in" if held.failures else "",
        "follows a folder" if collection.folder else "",
        f"changed {full_date(local_time(held.changed_at, timezone).date())}" if held.changed_at else "",
    )
    return " · ".join(part for part in parts if part)


def draw_collection(visit: Visit, collection: Collection, held: Contents | None) -> None:
    """What is known of one collection, and what can be done with it; `held` where no list says it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="collection_head"):
        st.subheader(literal(collection.name), anchor=False)
        if collection.id in visit.editable:
            _draw_actions(visit, collection)
    with st.container(key="collection_facts", gap="xsmall"):
        if collection.description:
            st.markdown(literal(collection.description))
        if held is not None:
            st.caption(literal(_facts(collection, held)))
        for icon, line in _notices(visit, collection):
            st.caption(f":material/{literal(icon)}: {literal(line)}")


def _notices(visit: Visit, collection: Collection) -> Iterator[tuple[str, str]]:
    """Lines about a collection, each with the name of its icon."""
    if collection.folder:
        how = "by itself" if collection.watched else "when you ask for it"
        yield "folder", f"Follows {collection.folder}; looks for changes {how}."
    if collection.watched and (problem := visit.citewell.watch_problems.of(collection.id)):
        yield "warning", problem
    if notice := language_notice(visit, collection.id):
        yield "translate", notice


def _draw_actions(visit: Visit, collection: Collection) -> None:
    with st.container(horizontal=True, key="collection_actions", gap="small", width="content"):
        if collection.folder:
            _action(
                "Sync now", "sync", "sync_now", lambda: visit.citewell.holdings.sync(collection.id, visit.principal)
            )
        if visit.principal.is_admin:
            _action(
                "Follow a folder" if not collection.folder else "Folder",
                "folder_managed",
                "follow",
                _opens(visit, Asked("follow", collection.id)),
            )
        _action("Edit", "edit", "edit", _opens(visit, Asked("edit", collection.id)))
        _action(
            "Delete collection", "delete", "delete_collection", _opens(visit, Asked("delete_collection", collection.id))
        )


def _action(label: str, icon: str, key: str, act: Callable[[], None]) -> None:
    st.button(literal(label), icon=f":material/{icon}:", key=key, type="tertiary", on_click=act)


def _opens(visit: Visit, asked: Asked) -> Callable[[], None]:
    def act() -> None:
        visit.state.asked = asked

    return act


def language_notice(visit: Visit, collection_id: str) -> str | None:
    """A sentence where most of a collection is in languages that the embedding was not made for."""
    embedder = visit.citewell.embedder
    read = languages_read_by(embedder.name) if embedder else None
    found = visit.citewell.library.languages(collection_id) if read is not None else {}
    foreign = {language: count for language, count in found.items() if language not in (read or ())}
    if sum(foreign.values()) * 2 <= sum(found.values()):
        return None
    most = language_name(max(foreign, key=lambda language: foreign[language]))
    return (
        f"Most of this collection is in {most}, which the search by meaning does not read well; questions find it "
        "mainly by their words. CITEWELL_EMBEDDING can name a model for more languages."
    )


# Dialogs. Which one is open is kept in the page's state, so that a refresh does not close it.


def draw_dialog(visit: Visit) -> None:
    """The dialog that is open, if there is one and what it is about is still there, and theirs to change."""
    asked = visit.state.asked
    if asked is None:
        return
    collection = next((c for c in visit.collections if c.id == asked.collection_id and c.id in visit.editable), None)
    bodies: dict[str, Callable[[], None]] = {}
    if visit.may_create:
        bodies["create"] = lambda: _create(visit)
    if visit.editable:
        bodies["delete_files"] = lambda: _delete_files(visit, asked)
    if collection is not None:
        bodies |= {
            "edit": lambda: _edit(visit, collection),
            "follow": lambda: _follow(visit, collection),
            "delete_collection": lambda: _delete_collection(visit, collection),
        }
    body = bodies.get(asked.question)
    if body is None:
        visit.state.asked = None
        return
    st.dialog(_TITLES[asked.question], on_dismiss=lambda: _closed(visit))(body)()


def _closed(visit: Visit) -> None:
    visit.state.asked = None


def _done(visit: Visit) -> None:
    visit.state.asked = None
    st.rerun()


def _create(visit: Visit) -> None:
    name = st.text_input("Name", max_chars=_MOST_NAME_CHARS, key="new_name", placeholder="For example: Handbook")
    description = st.text_area("Description", key="new_description", placeholder="What people find here")
    if not st.button("Create", key="create", type="primary"):
        return
    try:
        collection = visit.citewell.holdings.create(name, visit.principal, description=description)
        visit.record(Action.COLLECTION_CREATED, collection.name)
    except (AssistantError, RetrievalError) as error:
        st.error(literal(error.hint))
        return
    st.query_params[PARAMETER] = collection.id
    _done(visit)


def _edit(visit: Visit, collection: Collection) -> None:
    name = st.text_input("Name", collection.name, max_chars=_MOST_NAME_CHARS, key=f"name_{collection.id}")
    description = st.text_area("Description", collection.description, key=f"description_{collection.id}")
    contact = st.text_input(
        "Contact",
        collection.contact,
        max_chars=_MOST_NAME_CHARS,
        key=f"contact_{collection.id}",
        placeholder="A name, an e-mail address or a link",
        help="Whom people can turn to where these documents do not say.",
    )
    if not st.button("Save", key="save", type="primary"):
        return
    try:
        visit.citewell.holdings.change(
            collection.id, visit.principal, name=name, description=description, contact=contact
        )
        visit.record(Action.COLLECTION_CHANGED, collection.name, name=name, description=description, contact=contact)
    except RetrievalError as error:
        st.error(literal(error.hint))
        return
    _done(visit)


def _delete_collection(visit: Visit, collection: Collection) -> None:
    held = visit.citewell.catalogue.contents(frozenset({collection.id})).get(collection.id, Contents())
    st.markdown(f"**{literal(collection.name)}** and its {counted(held.documents, 'document')} are deleted for good.")
    st.caption("Answers already given keep what they quoted. The files in a followed folder stay where they are.")
    if _confirmed(visit, f"Delete {counted(held.documents, 'document')}"):
        visit.citewell.holdings.delete(collection.id, visit.principal)
        st.query_params.pop(PARAMETER, None)
        _done(visit)


def _delete_files(visit: Visit, asked: Asked) -> None:
    count = len(asked.ids) + len(asked.failures)
    st.markdown(
        f"{counted(count, 'file')} with everything read from it: deleted for good."
        if count == 1
        else f"{counted(count, 'file')} with everything read from them: deleted for good."
    )
    st.caption("A file that still lies in a followed folder is read in again by the next sync; remove it there.")
    if _confirmed(visit, f"Delete {counted(count, 'file')}"):
        visit.citewell.holdings.delete_documents(asked.ids, asked.failures, visit.principal)
        _done(visit)


def _confirmed(visit: Visit, label: str) -> bool:
    """Two buttons; the harmless one closes the dialog."""
    with st.container(horizontal=True, horizontal_alignment="right", key="confirm"):
        if st.button("Keep", key="keep"):
            _done(visit)
        return st.button(literal(label), key="confirm_delete", type="primary")


# Following a folder.


def _follow(visit: Visit, collection: Collection) -> None:
    st.markdown("The collection takes on what is in the folder: new, changed, moved and removed files.")
    st.caption("A folder of the machine that Citewell runs on. Nothing in it is changed.")
    given = st.text_input("Folder", collection.folder or "", key=f"folder_{collection.id}", placeholder="/srv/handbook")
    watched = st.toggle("Look for changes by itself", collection.watched, key=f"watch_{collection.id}")
    with st.container(horizontal=True, key="follow_buttons"):
        previews = st.button("Preview", key="preview", disabled=not given)
        follows = st.button(
            "Save" if collection.folder else "Follow", key="save_follow", type="primary", disabled=not given
        )
        leaves = bool(collection.folder) and st.button("Stop following", key="unfollow", type="tertiary")
    if leaves:
        visit.citewell.holdings.unfollow(collection.id, visit.principal)
        visit.record(Action.FOLDER_LEFT, collection.name)
        _done(visit)
    if not (previews or follows):
        return
    try:
        folder = _checked_folder(given)
        plan = visit.citewell.holdings.plan(collection.id, folder, visit.principal)
    except (AssistantError, RetrievalError) as error:
        st.error(literal(error.hint))
        return
    if previews:
        _draw_plan(plan)
        return
    visit.citewell.holdings.follow(collection.id, folder, visit.principal, watched=watched)
    visit.record(Action.FOLDER_FOLLOWED, collection.name, folder=str(folder))
    _done(visit)


def _checked_folder(given: str) -> Path:
    try:
        folder = Path(given.strip()).expanduser()
    except RuntimeError:
        folder = Path(given.strip())
    if not folder.is_absolute():
        raise RetrievalError("Give the whole path of the folder, from the root: /srv/handbook, for example.")
    return folder


def _draw_plan(plan: SyncPlan) -> None:
    """What a sync would do, without doing it."""
    groups = (
        ("Would be added", [file.name for file in plan.added]),
        ("Would be read again", [file.name for file in plan.changed]),
        ("Moved", [f"{old} → {file.name}" for old, file, _ in plan.moved]),
        ("Would be removed", list(plan.removed)),
        ("Could not be read before", [file.name for file in plan.failed]),
    )
    if plan.is_empty:
        st.markdown(f"In step already: {counted(plan.unchanged, 'file')} unchanged, nothing to do.")
    else:
        st.markdown("This is what would happen; nothing is done yet.")
    shown = [
        {
            "title": f"{title}: {len(names):,}",
            "names": [visible(name) for name in names[:_PREVIEWED]],
            "more": max(0, len(names) - _PREVIEWED),
        }
        for title, names in groups
        if names
    ]
    if shown:
        mount("plan", {"groups": shown}, key="plan")
