"""What can go wrong on the way to an answer.

AssistantError
├── QuestionRefused       the question cannot be asked as it is (empty, too long)
├── TextRefused           the text cannot be checked as it is (empty, too long, no documents)
├── AttachmentRefused     a file cannot be attached to a conversation (too many, no room)
├── UploadTooLarge        a file is larger than one may be
├── LimitReached          so much was used that it goes on later; `continues_at` says when
├── ChoiceRefused         a value that cannot be chosen
├── SettingsError         a setting is missing or wrong
├── ConversationNotFound  absent, deleted, or another's: they look the same
├── JobNotFound           absent, or another's
├── PersonNotFound        nobody of that number, or somebody whose data these are not to see
├── NotAllowed            this person may not do this
├── GroupRefused          a group's name that is none or taken
├── KeyRefused            an API key that lets nobody in
├── KeyNotFound           no such API key of this person's
├── SignInRefused         who somebody says they are cannot be believed, or they are not let in
├── AnswerUnderWay        another process writes an answer in this conversation
├── TooBusy               so much is under way that it has to be asked again later
├── ModelNotAllowed       a model that the settings do not allow
├── SnapshotNotFound      absent, taken back, or another's
├── FeedbackRefused       the feedback cannot be kept as it is
├── ArchiveRefused        a backup that cannot be trusted, or cannot be made or restored there
└── ModelError            the model endpoint failed
    ├── ModelUnreachable  refused, no such host, TLS
    ├── ModelRejectedKey
    ├── ModelNotFound     no model of that name at the endpoint
    ├── ModelBusy         rate limited; `retry_after_s` says when
    ├── ModelResting      it failed so often that it is not asked for a while
    ├── ModelFailed       the endpoint answered with an error or with nonsense
    ├── ModelTooSlow      a deadline passed: first token, idle or total
    ├── ContextTooLong    the prompt is longer than the model's window
    └── ReplyIncomplete   the stream ended early; what came is kept
"""

from datetime import datetime


class AssistantError(Exception):
    """Base of the tree. `hint` is the one sentence a person sees: what happened and what to do."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class QuestionRefused(AssistantError):
    """The question cannot be asked as it is."""


class TextRefused(AssistantError):
    """The text cannot be checked as it is."""


class AttachmentRefused(AssistantError):
    """A file cannot be attached to a conversation."""


class UploadTooLarge(AssistantError):
    """A file is larger than one may be."""

    def __init__(self, name: str, size: int, *, most_mb: int) -> None:
        super().__init__(
            f"The file {name} has {size / (1 << 20):,.0f} MB, and {most_mb:,} MB are the most; divide it, "
            "or ask an administrator to read it in."
        )


class LimitReached(AssistantError):
    """A limit of this person's; `continues_at`, in UTC, is None where it is no matter of the clock."""

    def __init__(self, limit: str, what: str, continues_at: datetime | None = None) -> None:
        self.limit = limit
        self.continues_at = continues_at
        self._what = what
        super().__init__(self.hint_at(f"{continues_at:%H:%M} UTC" if continues_at else ""))

    def hint_at(self, clock: str) -> str:
        """The sentence with the time at which it goes on, as the reader's clock will show it."""
        return f"{self._what}; you can go on at {clock}." if self.continues_at else f"{self._what}."


class ChoiceRefused(AssistantError):
    """A value that cannot be chosen."""


class SettingsError(AssistantError):
    """A setting is missing or wrong."""


class ConversationNotFound(AssistantError):
    """No such conversation for this principal."""

    def __init__(self, hint: str = "There is no such conversation; start a new one.") -> None:
        super().__init__(hint)


class JobNotFound(AssistantError):
    """No such job of this person's."""

    def __init__(self) -> None:
        super().__init__("There is no such job; it may have been removed.")


class KeyRefused(AssistantError):
    """An API key that lets nobody in: unknown, revoked, expired, or its owner is shut out. They look the same."""

    def __init__(self) -> None:
        super().__init__("This API key lets nobody in: it is unknown, revoked or expired. Make a new one.")


class KeyNotFound(AssistantError):
    """No such API key of this person's."""

    def __init__(self) -> None:
        super().__init__("There is no such API key any more.")


class AnswerUnderWay(AssistantError):
    """In this conversation another process writes an answer."""

    def __init__(self) -> None:
        super().__init__("One answer at a time: wait for this one, or stop it.")


class TooBusy(AssistantError):
    """So much is under way that it has to be asked again later."""


class PersonNotFound(AssistantError):
    """No such person for this principal."""

    def __init__(self) -> None:
        super().__init__("There is nobody of this number; see: citewell admin people.")


class NotAllowed(AssistantError):
    """This person may not do this."""


class GroupRefused(AssistantError):
    """A group's name that is none or taken."""


class SignInRefused(AssistantError):
    """Who somebody says they are cannot be believed, or they are not let in."""


class ModelNotAllowed(AssistantError):
    """The settings do not allow this model."""


class SnapshotNotFound(AssistantError):
    """No such shared conversation."""


class FeedbackRefused(AssistantError):
    """The feedback cannot be kept as it is."""


class ArchiveRefused(AssistantError):
    """A backup cannot be trusted, or cannot be made or restored there; nothing was changed."""


class ModelError(AssistantError):
    """The model endpoint failed."""


class ModelUnreachable(ModelError):
    """Nothing answers at the endpoint's address."""


class ModelRejectedKey(ModelError):
    """The endpoint refused the API key."""


class ModelNotFound(ModelError):
    """The endpoint has no model of that name."""


class ModelBusy(ModelError):
    """The endpoint asks to wait."""

    def __init__(self, hint: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(hint)
        self.retry_after_s = retry_after_s


class ModelResting(ModelError):
    """The model failed so often that it is left alone for a while."""


class ModelFailed(ModelError):
    """The endpoint answered with an error or with something that is not an answer."""


class ModelTooSlow(ModelError):
    """A deadline passed."""


class ContextTooLong(ModelError):
    """The prompt does not fit the model's window."""


class ReplyIncomplete(ModelError):
    """The stream ended before the model said it was done."""
