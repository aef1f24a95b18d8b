"""Which language a text is in, what stems its words, and which languages an embedding reads.

Languages are named by ISO 639-1 codes ("en"). py3langid is the only client and is loaded at the first text.
"""

import re
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_SAMPLE_CHARS = 1_500
"""Taken from the beginning and from the middle: the first page is often in another language than the rest."""

_LEAST_BYTES = 40
"""Of letters, in UTF-8: a Chinese character says as much as three Latin letters."""

_LEAST_CONFIDENCE = 0.6
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|<[^<>]*>|[\W\d_]+|\b\w*\d\w*\b")
_SAME = {"nn": "no", "nb": "no"}
_STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""What Tantivy 0.27 can build; other names are accepted by `Filter.stemmer` and refused by `build`."""

_READ_BY = {"all-minilm-l6-v2": frozenset({"en"})}
_NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "ta": "Tamil",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
_loading = Lock()


def language_of(text: str) -> str | None:
    """The language most of a text is in, None where it is too short or the guess too unsure."""
    words = _NO_WORDS.sub(" ", _sample(text)).strip()
    if len(words.encode("utf-8", "replace")) < _LEAST_BYTES:
        return None
    code, confidence = _identifier().classify(words)
    if confidence < _LEAST_CONFIDENCE or len(code) != 2:
        return None
    language: str = _SAME.get(code, code)
    return language


def stemmer_for(language: str | None) -> str | None:
    """Tantivy's name of the language whose stemmer fits ("english"), None where it has none."""
    return _STEMMERS.get(language or "")


def main_stemmer(characters: Mapping[str, int]) -> str | None:
    """The stemmer for a collection that holds so many characters in each language; English where nothing is known."""
    if not characters:
        return _STEMMERS["en"]
    return stemmer_for(max(characters, key=lambda language: (characters[language], language)))


def language_name(language: str) -> str:
    """The language's English name for a sentence, its code where it is a rare one."""
    return _NAMES.get(language, language)


def languages_read_by(model: str) -> frozenset[str] | None:
    """The languages an embedding was trained to read, by its name; None where that is not known here."""
    return next((read for name, read in _READ_BY.items() if name in model.lower()), None)


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE_CHARS:
        return text
    middle = len(text) // 2
    half = _SAMPLE_CHARS // 2
    return f"{text[:half]} {text[middle : middle + half]}"


def _identifier() -> "LanguageIdentifier":
    with _loading:
        return _load()


@cache
def _load() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
