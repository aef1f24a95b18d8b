"""The faults that Citewell is to withstand, what holds when it does, and what proves it: runs of `make torture` by their
names, and tests, which `make torture` carries out for what has no run of its own.
"""

from dataclasses import dataclass

_LLM = "tests/assistant/test_llm_faults.py::test_"
_REPLIES = "tests/assistant/test_llm_replies.py::test_"
_DEGRADED = "tests/assistant/test_turn_degraded.py::test_"
_CHAT = "tests/browser/test_chat.py::test_"
_MESSAGES = "tests/browser/test_messages.py::test_"
_STACK = "tests/stack/test_server_mode.py::test_"
_WORKER = "tests/assistant/test_worker.py::test_"


@dataclass(frozen=True, slots=True)
class Fault:
    """`tests` are files or tests in them, as pytest takes them; `runs` are names of what `python -m torture` does."""

    id: str
    what: str
    tests: tuple[str, ...]
    runs: tuple[str, ...] = ()


REGISTER = (
    Fault(
        "F1",
        "model endpoint down, refused, without a name: told ≤ 5 s, answered from the sources",
        (
            f"{_LLM}nobody_listening_is_said_within_five_seconds",
            f"{_LLM}a_name_without_a_host_is_said_within_five_seconds",
            f"{_DEGRADED}a_model_that_is_down_leaves_a_quoted_answer_with_a_notice",
            f"{_DEGRADED}a_model_that_keeps_failing_is_left_alone_and_the_reader_gets_sources_at_once",
        ),
    ),
    Fault(
        "F2",
        "429 with Retry-After: waited for up to 20 s and said; beyond that it is said when",
        (
            f"{_LLM}retry_after_is_waited_for_and_said",
            f"{_LLM}a_wait_beyond_twenty_seconds_is_told_instead",
            f"{_LLM}waits_add_up_to_twenty_seconds_at_most",
            f"{_DEGRADED}a_busy_model_is_waited_for_and_the_reader_is_told",
        ),
    ),
    Fault(
        "F3",
        "500 or 503 before the first token: asked again, well at the third",
        (
            f"{_LLM}a_server_that_recovers_at_the_third_try_is_forgiven",
            f"{_LLM}a_server_that_does_not_recover_is_asked_three_times",
        ),
    ),
    Fault(
        "F4",
        "an error in mid-stream: what came is kept and marked, nothing is asked again",
        (
            f"{_LLM}after_the_first_word_nothing_is_asked_again_and_what_came_is_kept",
            f"{_DEGRADED}an_answer_broken_off_says_why_and_keeps_its_sources",
            f"{_CHAT}a_model_that_breaks_off_leaves_its_words_its_reason_and_ask_again",
        ),
    ),
    Fault(
        "F5",
        "a hang before or after the first token: ended at its deadline",
        (
            f"{_LLM}silence_before_the_first_token_ends_at_its_deadline",
            f"{_LLM}comments_and_empty_chunks_do_not_count_as_tokens",
            f"{_LLM}silence_after_a_token_ends_at_the_idle_deadline",
        ),
    ),
    Fault(
        "F6",
        "a stream that ends early: marked as incomplete",
        (
            f"{_LLM}a_chunked_body_cut_in_the_middle_is_an_incomplete_reply",
            f"{_LLM}after_the_first_word_nothing_is_asked_again_and_what_came_is_kept",
        ),
    ),
    Fault(
        "F7",
        "malformed chunks, HTML, empty choices, null, usage alone: taken or refused cleanly",
        (
            f"{_LLM}what_asking_again_would_not_mend_fails_at_once_with_its_own_error",
            f"{_REPLIES}only_the_answer_s_own_words_come_out",
        ),
    ),
    Fault(
        "F8",
        "one token a second: the total deadline holds, Stop works",
        (
            f"{_LLM}tokens_that_come_slowly_for_ever_end_at_the_total_deadline",
            f"{_LLM}cancelling_takes_effect_within_half_a_second_and_leaves_nothing_behind",
            f"{_CHAT}stop_ends_within_half_a_second_and_keeps_the_text",
        ),
    ),
    Fault(
        "F9",
        "content filter and length: told apart",
        (f"{_REPLIES}the_reason_for_the_end_is_told",),
    ),
    Fault(
        "F10",
        "a context that is too long: halved once, asked again, said",
        (
            f"{_DEGRADED}a_prompt_the_endpoint_finds_too_long_is_halved_once_and_the_reader_is_told",
            f"{_DEGRADED}a_prompt_that_is_still_too_long_is_answered_with_quotes",
        ),
    ),
    Fault(
        "F11",
        "Chroma's server killed or restarting: answers by words meanwhile, back by itself ≤ 10 s",
        (f"{_STACK}chroma_killed_and_started_again", "tests/retrieval/test_shared_vectors.py"),
        ("vectors",),
    ),
    Fault("F12", "SIGKILL while reading in: nothing acknowledged is lost", ("tests/faults/test_kills.py",), ("kills",)),
    Fault(
        "F13",
        "SIGKILL in mid-answer: no question lost, what was written shown as interrupted",
        (
            "tests/faults/test_cut_off.py",
            f"{_DEGRADED}a_turn_that_its_process_did_not_finish_is_interrupted_with_what_was_saved",
        ),
        ("cut-offs",),
    ),
    Fault("F14", "a full disk: said, and whole once it has room", ("tests/faults/test_full_disk.py",), ("disk",)),
    Fault(
        "F15",
        "SQLite cut short, overwritten, robbed of its log: detected, never overwritten",
        ("tests/faults/test_damaged_database.py",),
    ),
    Fault("F16", "damaged index directories: detected or harmless", ("tests/faults/test_damage.py",), ("damage",)),
    Fault(
        "F17",
        "two processes on one home: one writer, the second hands its work over or says who writes",
        (
            "tests/faults/test_two_processes.py",
            f"{_WORKER}a_command_beside_the_running_app_hands_its_work_over",
            f"{_WORKER}a_command_is_not_handed_over_to_a_process_that_takes_no_work",
        ),
    ),
    Fault(
        "F18",
        "PostgreSQL restarted under load: no turn lost",
        (f"{_STACK}the_database_killed_and_started_again_under_load",),
        ("database",),
    ),
    Fault(
        "F19",
        "a long writer beside twenty sessions: no answer lost, nothing held while a model is waited for",
        ("tests/faults/test_locking.py",),
        ("locking",),
    ),
    Fault(
        "F20",
        "another embedding model: its index is built beside the old one",
        (
            "tests/faults/test_embeddings.py::test_another_model_builds_its_index_beside_the_old_one_and_answers_by_words_meanwhile",
        ),
    ),
    Fault(
        "F21",
        "an embedding that is not finite or zero: refused before anything is stored",
        ("tests/faults/test_embeddings.py::test_a_vector_that_is_no_vector_is_refused_before_anything_is_stored",),
    ),
    Fault("F22", "a clock that jumps: order by sequence, not by time", ("tests/faults/test_clock.py",)),
    Fault(
        "F23",
        "100 people on 2 cores: no error, first page p95 ≤ 2 s",
        ("tests/faults/test_crowd.py::test_people_who_arrive_and_ask_all_get_the_answer_that_was_sent",),
        ("crowd",),
    ),
    Fault(
        "F24",
        "1,000 sessions leave ≤ 20 MB",
        (
            "tests/faults/test_crowd.py::test_visits_one_after_the_other_all_get_their_answer_and_what_they_leave_is_told",
        ),
        ("visits",),
    ),
    Fault(
        "F25",
        "connection lost in mid-answer, reload, two tabs: the whole answer, once",
        (
            "tests/faults/test_connections.py",
            f"{_MESSAGES}a_connection_that_drops_in_mid_answer_neither_loses_nor_doubles_it",
            f"{_MESSAGES}a_second_tab_follows_along_without_a_click",
            f"{_MESSAGES}two_tabs_that_ask_at_once_are_one_turn_and_nothing_typed_is_lost",
            f"{_CHAT}a_reload_in_mid_answer_takes_it_up_again",
        ),
        ("connections",),
    ),
    Fault(
        "F26",
        "double submit, 20 clicks: one turn",
        (
            "tests/assistant/test_jobs.py::test_a_second_submit_while_answering_is_the_same_turn",
            f"{_CHAT}enter_twice_is_one_turn",
            f"{_CHAT}twenty_clicks_on_a_starter_question_are_one_turn",
            f"{_MESSAGES}twenty_clicks_on_send_ask_once",
        ),
    ),
    Fault("F27", "SIGTERM under load: drained ≤ 20 s, exit 0", ("tests/faults/test_stop.py",), ("stops",)),
    Fault(
        "F28",
        "a file that kills its parser: set aside after two tries",
        (
            "tests/faults/test_hostile_files.py::"
            "test_a_file_that_kills_its_parser_is_set_aside_after_two_tries_and_the_others_are_read",
        ),
        ("bombs",),
    ),
    Fault(
        "F29",
        "backup here, restore elsewhere, from an older schema too: everything equal, indexes rebuilt",
        ("tests/faults/test_backup.py", "tests/faults/test_old_backup.py"),
        ("backups",),
    ),
)
