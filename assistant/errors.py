"""What can go wrong on the way to an answer.

AssistantError
├── QuestionRefused       the question cannot be asked as it is (empty, too long)
├── TextRefused           the text cannot be checked as it is (empty, too long, no documents)
├── AttachmentRefused     a file cannot be attached to a conversation (too many, no room)
├── SettingsError         a setting is missing or wrong
├── ConversationNotFound  absent, deleted, or another's: they look the same
├── NotAllowed            this person may not do this
├── GroupRefused          a group's name that is none or taken
├── SignInRefused         who somebody says they are cannot be believed, or they are not let in
├── ModelNotAllowed       a model that the settings do not allow
├── SnapshotNotFound      absent, taken back, or another's
├── FeedbackRefused       the feedback cannot be kept as it is
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


class SettingsError(AssistantError):
    """A setting is missing or wrong."""


class ConversationNotFound(AssistantError):
    """No such conversation for this principal."""

    def __init__(self, hint: str = "There is no such conversation; start a new one.") -> None:
        super().__init__(hint)


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
