"""`citewell backup` and `restore`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.archive import Manifest
from assistant.audit import Action
from assistant.backup import back_up, check_can_copy
from assistant.cli.output import HomeDir, Json, database, print_json, print_text, record, say
from assistant.restore import restore as restore_archive
from assistant.settings import Settings

_IN_IT = (
    "In it is everything that people wrote and, where a model's key was entered on the page Settings, that key: keep it "
    "as you keep the data. Not in it are environment variables and .streamlit/secrets.toml, with the cookie secret and "
    "the provider's: keep those apart."
)
_AFTER = (
    "Indexes are built at the next start. Everybody signs in anew. Whoever was erased or disabled since the backup is "
    "there again: repeat that."
)
Archive = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(file: Archive, as_json: Json = False, home: HomeDir = None) -> None:
    """Write everything that cannot be made again to one file; the app may run meanwhile."""
    place = _home_of(home)
    check_can_copy(Settings.read(home=home))
    manifest = back_up(place, file)
    with database(home) as engine:
        record(engine, Action.BACKED_UP, file.name, bytes=file.stat().st_size, schema=manifest.schema)
    if as_json:
        print_json({**_facts(manifest, file), "home": str(place)})
        return
    print_text(
        f"{file} has {len(manifest.files)} files of {place} ({file.stat().st_size / 1e6:,.1f} MB), looked through."
    )
    say(_IN_IT)


def restore(
    file: Archive,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put aside what is in the data directory, where it is not empty.")
    ] = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Restore a backup, of an older version too, into an empty data directory; the app must not run on it."""
    place = _home_of(home)
    check_can_copy(Settings.read(home=home))
    restored = restore_archive(file, place, replace=replace)
    manifest, aside = restored.manifest, restored.put_aside
    with database(home) as engine:
        record(engine, Action.BACKUP_RESTORED, file.name, made_at=f"{manifest.made_at:%Y-%m-%dT%H:%M:%S}Z")
    if as_json:
        print_json({**_facts(manifest, file), "home": str(place), "put_aside": str(aside) if aside else None})
        return
    print_text(f"{place} is as it was on {manifest.made_at:%Y-%m-%d at %H:%M} UTC.")
    say(_AFTER)
    if aside:
        say(f"What was there before is in {aside}; delete it once you do not need it.")


def _home_of(home: Path | None) -> Path:
    return Settings.read(home=home).home.expanduser().absolute()


def _facts(manifest: Manifest, file: Path) -> dict[str, Any]:
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "made_at": f"{manifest.made_at.isoformat(timespec='seconds')}Z",
        "version": manifest.version,
        "schema": manifest.schema,
        "files": len(manifest.files),
    }
