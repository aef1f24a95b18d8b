"""As many pages are drawn at once as there are cores; one that waits for something lets others draw."""

import threading

import pytest

from ui import drawing


@pytest.fixture(autouse=True)
def one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with one core."""
    monkeypatch.setattr(drawing, "_TURNS", threading.BoundedSemaphore(1))


@pytest.fixture
def is_drawn() -> threading.Event:
    """Whether another page, which wants to be drawn in a thread of its own, was."""
    return threading.Event()


@pytest.fixture
def another_page(is_drawn: threading.Event) -> threading.Thread:
    def draw() -> None:
        with drawing.drawing():
            is_drawn.set()

    return threading.Thread(target=draw, daemon=True)


def test_a_page_waits_until_the_one_before_is_drawn(another_page: threading.Thread, is_drawn: threading.Event) -> None:
    with drawing.drawing():
        another_page.start()
        assert not is_drawn.wait(0.2)
    assert is_drawn.wait(10)


def test_a_page_that_waits_lets_others_draw_and_goes_on_in_its_turn(
    another_page: threading.Thread, is_drawn: threading.Event
) -> None:
    with drawing.drawing():
        with drawing.standing_back():
            another_page.start()
            assert is_drawn.wait(10)
        another_page.join(10)
        assert not drawing._TURNS.acquire(blocking=False)
    assert drawing._TURNS.acquire(blocking=False)


def test_a_page_that_is_given_up_while_it_waits_gives_its_turn_back() -> None:
    def superseded() -> None:
        with drawing.drawing(), drawing.standing_back():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        superseded()
    assert drawing._TURNS.acquire(blocking=False)
