"""How a tab at rest looks around: each run's looks are its own, and are asked for with the last thing it draws."""

import asyncio
from pathlib import Path

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.load import Stage, staged
from benchmarks.office import person
from benchmarks.scripted import first_words, question
from benchmarks.tab import Tab


class NotingTab(Tab):
    """Notes what each run of the page draws, and which looks it asks for."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.app.url, person(1))
        self.runs: list[list[str]] = []

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.runs.append([])
        elif kind == "auto_rerun":
            self.runs[-1].append(f"look {message.auto_rerun.fragment_id}")
        elif kind == "ref_hash" or message.delta.WhichOneof("type") == "new_element":
            self.runs[-1].append("element")
        super()._take(message)


async def asked_twice(stage: Stage) -> list[list[str]]:
    tab = NotingTab(stage)
    await tab.open()
    for number in (1, 2):
        await tab.ask(question(number), first_words(number))
    await tab.close()
    return tab.runs


def test_each_run_asks_for_looks_of_its_own_once_all_of_it_is_drawn(tmp_path: Path) -> None:
    with staged(tmp_path, quick=True, is_instant=True) as stage:
        runs = asyncio.run(asked_twice(stage))
    looking = [run for run in runs if any(what.startswith("look") for what in run)]
    assert len(looking) >= 3  # The page as it was opened, and with either answer.
    assert all(run[-1].startswith("look") and run.count("element") == len(run) - 1 for run in looking)
    assert len({run[-1] for run in looking}) == len(looking)
