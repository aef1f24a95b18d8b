"""The clients of what may be on other machines, as the settings name them: models, embedding, reranker.

What goes to another machine passes the masks for personal data.
"""

import threading
from collections.abc import Mapping
from pathlib import Path

from assistant.circuit import GuardedModel
from assistant.llm import ChatModel, Deadlines, OpenAIModel
from assistant.masking import MaskedEmbedder, MaskedModel, MaskedReranker
from assistant.personal import prepare_detection
from assistant.settings import Settings
from retrieval.addresses import is_loopback
from retrieval.embedding import LOCAL, Embedder, load_embedder
from retrieval.rerank import HttpReranker, Reranker


def embedder_of(settings: Settings, cache: Path) -> Embedder:
    """The embedding of the settings, told nothing personal where it is a provider's. WeightsError, EmbeddingError."""
    embedder = load_embedder(settings.embedding, cache)
    # Where a provider has its endpoint is known to its own client alone.
    is_masked = settings.embedding != LOCAL and settings.mask != "never"
    return MaskedEmbedder(embedder, settings.phone_countries) if is_masked else embedder


def model_of(settings: Settings) -> ChatModel | None:
    """The model that the settings name, None where they name none."""
    if not settings.has_model:
        return None
    client = _client(settings, settings.model)
    model = _masked(client, settings)
    for prepare in (client.prepare, *((prepare_detection,) if model is not client else ())):
        threading.Thread(target=prepare, name="preparing", daemon=True).start()
    return GuardedModel(model)


def further_models_of(settings: Settings) -> dict[str, ChatModel]:
    """The others that may be chosen, by name; each rests for itself when it keeps failing."""
    names = settings.further_models if settings.has_model else ()
    return {name: GuardedModel(_masked(_client(settings, name), settings)) for name in names}


def connected(settings: Settings) -> tuple[ChatModel | None, Mapping[str, ChatModel]]:
    """The usual model and the further ones."""
    return model_of(settings), further_models_of(settings)


def reranker_of(settings: Settings) -> HttpReranker | None:
    """The reranker that the settings name, None where they name none. Close it when done."""
    if settings.rerank_url is None:
        return None
    key = settings.rerank_api_key
    return HttpReranker(
        settings.rerank_url,
        model=settings.rerank_model,
        api_key=key.get_secret_value() if key else None,
        timeout_s=settings.rerank_timeout,
    )


def asked_of(reranker: HttpReranker | None, settings: Settings) -> Reranker | None:
    """The reranker as the search asks it."""
    if reranker is None or not _masks(settings, reranker.url):
        return reranker
    return MaskedReranker(reranker, settings.phone_countries)


def _masked(model: OpenAIModel, settings: Settings) -> ChatModel:
    return MaskedModel(model, settings.phone_countries) if _masks(settings, model.base_url) else model


def _masks(settings: Settings, url: str) -> bool:
    """Whether what goes to an endpoint is masked."""
    return settings.mask == "always" or (settings.mask == "auto" and not is_loopback(url))


def _client(settings: Settings, name: str | None) -> OpenAIModel:
    key = settings.openai_api_key
    return OpenAIModel(
        settings.openai_base_url,
        key.get_secret_value() if key else None,
        name,
        window_tokens=settings.window_tokens,
        timeouts=Deadlines(settings.first_token_s, settings.idle_s, settings.total_s),
    )
