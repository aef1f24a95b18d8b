import json
import os
import subprocess
import sys
from contextlib import closing

import pytest

from assistant.home import Home, cache_of
from retrieval.errors import HomeBusy, HomeNotWritable


def test_a_new_home_is_made_with_all_above_it(tmp_path):
    with closing(Home(tmp_path / "deep" / "home")) as home:
        assert home.indexes.is_dir()
        assert home.cache == cache_of(home.path)
        assert home.cache.is_dir()
        assert home.database_url == f"sqlite:///{tmp_path / 'deep' / 'home' / 'citewell.sqlite'}"


def test_a_held_home_is_refused_with_the_process_that_holds_it(tmp_path):
    with closing(Home(tmp_path)), pytest.raises(HomeBusy) as refused:
        Home(tmp_path)
    assert f"process {os.getpid()}" in refused.value.hint
    assert "--home" in refused.value.hint


@pytest.mark.parametrize("holder", ["", "{", "[]", '{"pid": null}', "{}"])
def test_a_holder_that_cannot_be_read_takes_nothing_from_the_refusal(holder, tmp_path):
    with closing(Home(tmp_path)):
        (tmp_path / "lock.json").write_text(holder)
        with pytest.raises(HomeBusy, match="already running"):
            Home(tmp_path)


def test_a_closed_home_is_free_again_and_closing_twice_does_no_harm(tmp_path):
    first = Home(tmp_path)
    first.close()
    first.close()
    assert not (tmp_path / "lock.json").exists()
    Home(tmp_path).close()


def test_a_killed_process_leaves_its_home_free(tmp_path):
    code = "import sys, pathlib, assistant.home as h; x = h.Home(pathlib.Path(sys.argv[1])); print('held', flush=True); input()"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(HomeBusy, match=f"process {process.pid}"):
            Home(tmp_path)
        process.kill()
    with closing(Home(tmp_path)) as home:
        assert json.loads((home.path / "lock.json").read_text()) == {"pid": os.getpid(), "takes_work": False}


def test_a_home_that_cannot_be_written_says_so_and_what_to_do(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeNotWritable) as refused:
        Home(tmp_path / "file" / "home")
    assert "cannot be written" in refused.value.hint
    assert "--home" in refused.value.hint
    assert (tmp_path / "file").read_text() == "in the way"
