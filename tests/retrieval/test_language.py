"""Languages: told from a short text, in no time, and with what stems them."""

import subprocess
import sys
import time

import pytest
import tantivy

from retrieval.language import language_name, language_of, languages_read_by, stemmer_for
from retrieval.minilm import NAME

SAMPLES = {
    "en": "Refunds take five working days after we receive the item back at our warehouse.",
    "de": "Die Rückerstattung dauert fünf Arbeitstage, nachdem die Ware bei uns eingetroffen ist.",
    "fr": "Le remboursement prend cinq jours ouvrables après réception du colis dans nos locaux.",
    "es": "El reembolso tarda cinco días hábiles después de que recibamos el paquete en el almacén.",
    "nl": "De terugbetaling duurt vijf werkdagen nadat wij het pakket hebben ontvangen.",
    "da": "Tilbagebetalingen tager fem arbejdsdage, efter at vi har modtaget varen.",
    "no": "Tilbakebetalingen tar fem virkedager etter at vi har mottatt varen.",
    "sv": "Återbetalningen tar fem arbetsdagar efter att vi har mottagit varan.",
    "it": "Il rimborso richiede cinque giorni lavorativi dopo il ricevimento del pacco.",
    "pt": "O reembolso demora cinco dias úteis após a recepção da encomenda no armazém.",
    "pl": "Zwrot pieniędzy trwa pięć dni roboczych od otrzymania przesyłki.",
    "ru": "Возврат средств занимает пять рабочих дней после получения товара.",
    "ja": "返金には商品到着後五営業日かかります。詳しくは窓口へお問い合わせください。",
    "zh": "退款需要在收到商品后五个工作日内完成，请联系我们的客服人员。",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_a_sentence_is_enough(language: str) -> None:
    assert language_of(SAMPLES[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "Anna Berg, Bob Lee",
        "2026-01-01 12 14 15 99.5 " * 50,
        "| ---- | ---- |\n" * 50,
        "https://example.org/a/b/c?d=e " * 20,
        "😀" * 200,
        "\x00\ud800" * 50,
    ],
)
def test_what_has_no_words_or_too_few_has_no_language(text: str) -> None:
    assert language_of(text) is None


def test_most_of_a_document_decides_not_its_first_lines() -> None:
    assert language_of("Internal use only. " * 3 + SAMPLES["de"] * 100) == "de"


def test_addresses_and_tags_do_not_decide() -> None:
    links = '<a href="https://example.org/the/best/of/all/pages">x</a> '
    assert language_of(links * 10 + SAMPLES["fr"] * 2) == "fr"


def test_a_long_document_takes_two_milliseconds_at_most() -> None:
    document = SAMPLES["de"] * 10_000
    language_of(document)
    started = time.process_time()
    for _ in range(20):
        language_of(document)
    assert (time.process_time() - started) / 20 < 0.002


@pytest.mark.parametrize("language", ["en", "de", "fr", "fi", "ru", "ar", "ta", "tr", "no", "el", "ro", "hu"])
def test_every_stemmer_named_is_one_that_tantivy_builds(language: str) -> None:
    name = stemmer_for(language)
    assert name is not None
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.stemmer(name)).build()
    assert analyzer.analyze("word")


def test_languages_without_a_stemmer_have_none() -> None:
    assert stemmer_for("pl") is None
    assert stemmer_for(None) is None
    assert stemmer_for("de") == "german"


def test_the_local_model_reads_english_and_of_others_nothing_is_claimed() -> None:
    assert languages_read_by(NAME) == frozenset({"en"})
    assert languages_read_by("openai:text-embedding-3-small") is None


def test_languages_have_names_for_a_sentence() -> None:
    assert language_name("de") == "German"
    assert language_name("gd") == "gd"


def test_importing_loads_no_model() -> None:
    check = "import sys, retrieval.language; sys.exit(any(name in sys.modules for name in ('py3langid', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
