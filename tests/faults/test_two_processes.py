"""F17: a home has one writer; a second process is told who, and does no harm to what the first one reads in."""

from pathlib import Path

import pytest

from assistant.bootstrap import open_citewell
from assistant.settings import Settings
from retrieval.errors import HomeBusy
from torture.folder import write_folder
from torture.kills import DATABASE, Victim
from torture.truth import stored_documents


def test_a_second_process_is_refused_while_the_first_reads_in_undisturbed(tmp_path: Path) -> None:
    write_folder(tmp_path / "folder", documents=20, version=0)
    first = Victim(tmp_path / "home", tmp_path / "folder")
    first.go()
    while "open" not in first.lines and not first.wait(0.02):
        continue
    with pytest.raises(HomeBusy) as refused:
        open_citewell(Settings.read(home=tmp_path / "home", sample=False))
    assert f"process {first.pid}" in refused.value.hint
    assert first.wait()
    first.close()
    assert len(first.said("done")) == 20
    assert len(stored_documents(tmp_path / "home" / DATABASE)) == 20
