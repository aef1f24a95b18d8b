"""Untrusted text on its way to the screen: its words arrive, and nothing else it may try."""

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.markup import Sign, citation_signs, destination, read_markup, safe_address, text_of, visible
from ui.markdown import literal, safe_markdown

_BROWSER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
"""Reads Markdown as Streamlit's page does, HTML included, so that whatever slips through shows."""

IMAGES = (
    "![a](https://evil.example/x.png)",
    "![a][ref]\n\n[ref]: https://evil.example/x.png",
    "![a]\n\n[a]: https://evil.example/x.png 'title'",
    "[![a](https://evil.example/x.png)](https://ok.example)",
    '<img src="https://evil.example/x.png">',
    "<IMG SRC=https://evil.example/x.png onerror=alert(1)>",
    "&lt;img src=x&gt; and &#60;img src=y&#62;",
    "| ![a](//evil.example/x.png) |\n|---|\n| ![b](http://evil.example) |",
    "- ![a](data:image/png;base64,AAAA)",
    "> ![quoted](https://evil.example/x.png)",
    "# ![heading](https://evil.example/x.png)",
    "**![bold](https://evil.example/x.png)**",
    "![a\\](https://evil.example/x.png)",
    "!\\[a](https://evil.example/x.png)",
    "`![code](https://evil.example/x.png)",
    "<svg><image href='https://evil.example'/></svg>",
    "<style>@import url(https://evil.example)</style>",
    '<iframe src="https://evil.example"></iframe>',
    "<script>fetch('https://evil.example')</script>",
    "<!-- --><img src=x>",
    "```html\n<img src=https://evil.example>\n```\n<img src=https://evil.example>",
    "$\\includegraphics{https://evil.example/x.png}$",
    "$$\\href{javascript:alert(1)}{x}$$",
)
LINKS = (
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\nscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](vbscript:x)",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](file:///etc/passwd)",
    "[a](//evil.example/path)",
    "[a](/relative)",
    "[a](blob:https://x)",
    "[a](http:evil)",
    "[a](https://)",
    "<javascript:alert(1)>",
    "[a][r]\n\n[r]: javascript:alert(1)",
    "[a](\u0001javascript:alert(1))",
    "[a](https://bank.example@evil.example/)",
    "[a](https://bank.example:x@evil.example/)",
    "[a](https://bank.example\\@evil.example/)",
    "[a](https://evil%2Eexample/)",
    "[a](http:/evil.example)",
    "[a](https:\\\\evil.example)",
)
DIRECTIVES = (
    ":red[alarm]",
    ":red-background[x] and :blue-badge[x]",
    ":material/delete:",
    ":material_delete:",
    ":smile: and :+1: and :streamlit:",
    ":small[x] :shimmer[x] :color[x]{foreground=red} :help[x]",
    "::leaf[x]\n\n:::container\nx\n:::",
    ":rainbow[a [b] c]",
)


def tokens_of(markdown: str) -> list[Token]:
    """All tokens, inline ones included."""
    found = []
    for token in _BROWSER.parse(markdown):
        found += [token, *(token.children or ())]
    return found


@pytest.mark.parametrize("text", [*IMAGES, *LINKS, *DIRECTIVES])
def test_no_image_no_html_and_no_bad_link_comes_out(text: str) -> None:
    tokens = tokens_of(safe_markdown(text))
    assert {token.type for token in tokens} & {"image", "html_inline", "html_block"} == set()
    for token in tokens:
        if token.type == "link_open":
            assert safe_address(str(token.attrGet("href")))


@pytest.mark.parametrize("text", DIRECTIVES)
@pytest.mark.parametrize("door", [safe_markdown, literal])
def test_streamlits_own_directives_are_words(text: str, door: object) -> None:
    assert callable(door)
    out = door(text)
    # Directives and icons begin at a colon in the source; emoji are looked for in the finished text.
    assert ":" not in out.replace("\u2060", "") or ":\u2060" in out
    rendered = html.unescape(out)
    assert not re.search(r":[A-Za-z_+-][\w+-]*:", rendered)


@pytest.mark.parametrize("text", ["It costs $5, or $6 in total", "$x^2$", "$$\ny\n$$"])
def test_a_price_is_not_a_formula(text: str) -> None:
    assert "$" not in safe_markdown(text)
    assert "$" not in literal(text)


def test_structure_that_helps_reading_is_kept() -> None:
    text = "# Title\n\nSome **bold** and *soft* `code`.\n\n1. one\n2. two\n   - deep\n\n| a | b |\n|---|---|\n| c | d |"
    kinds = {token.type for token in tokens_of(safe_markdown(text))}
    assert {"heading_open", "strong_open", "em_open", "code_inline", "ordered_list_open"} <= kinds
    assert {"bullet_list_open", "table_open"} <= kinds


def test_safe_links_are_kept() -> None:
    out = safe_markdown("[docs](https://example.org/a_(b)?c=d&e=$f) and [mail](mailto:a@example.org)")
    hrefs = [str(token.attrGet("href")) for token in tokens_of(out) if token.type == "link_open"]
    assert hrefs == ["https://example.org/a_%28b%29?c=d&e=%24f", "mailto:a@example.org"]


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("[Read more](https://evil.example/a?b=c)", "Read more (evil.example)"),
        ("[Read more](HTTPS://Evil.Example:8443/)", "Read more (evil.example:8443)"),
        ("[https://bank.example](https://evil.example/)", "https://bank.example (evil.example)"),
        ("[bank.example](https://evil.example/)", "bank.example (evil.example)"),
        ("[а](https://аpple.com)", "а (xn--pple-43d.com)"),
        ("[](https://evil.example/)", "(evil.example)"),
        ("[![a](https://x.example/y.png)](https://evil.example/)", "a (evil.example)"),
        ("[write](mailto:a@evil.example?subject=x)", "write (a@evil.example)"),
        ("[here][r]\n\n[r]: https://evil.example/", "here (evil.example)"),
        ("[a](https://[::1]:8501/)", "a ([::1]:8501)"),
        ("[evil.example](https://evil.example/)", "evil.example"),
        ("<https://evil.example/x>", "https://evil.example/x"),
        ("<a@evil.example>", "a@evil.example"),
    ],
)
def test_a_link_says_where_it_leads_unless_its_words_do(link: str, told: str) -> None:
    inline = next(token for token in tokens_of(safe_markdown(link)) if token.type == "inline")
    shown = "".join(t.content for t in inline.children or () if t.type in {"text", "text_special"})
    assert shown.replace("\u2060", "").strip() == told
    assert [t.type for t in inline.children or ()].count("link_open") == 1


@given(st.text(alphabet="ab.:/@\\%[]-?#1 \t", max_size=30))
@settings(max_examples=300, deadline=None)
def test_the_host_that_is_told_is_the_one_a_browser_goes_to(rest: str) -> None:
    told = destination(f"https://{rest}")
    # A browser leaves tabs out, ends the host at the first of these, and takes what stands before an @ for a name.
    ends_at = re.split(r"[/?#\\]", rest.replace("\t", ""), maxsplit=1)[0]
    assert told in {"", ends_at.lower()}
    assert not set(told) & set("@%/\\? \t")


@pytest.mark.parametrize(
    "text", ["https://evil.example/x", "HTTP://evil.example", "www.evil.example", "a@evil.example"]
)
@pytest.mark.parametrize("door", [safe_markdown, literal])
def test_bare_words_are_no_link_wherever_the_page_would_make_one(text: str, door: Callable[[str], str]) -> None:
    shown = html.unescape(door(text))
    assert shown.replace("\u2060", "") == text
    assert not re.search(r"https?://|www\.|\w@\w", shown, re.IGNORECASE)


def test_code_has_no_language_because_one_of_them_is_drawn() -> None:
    out = safe_markdown("```mermaid\ngraph TD; A-->B\n```")
    (fence,) = [token for token in tokens_of(out) if token.type == "fence"]
    assert fence.info == ""
    assert fence.content == "graph TD; A-->B\n"


def test_a_fence_inside_code_does_not_end_it() -> None:
    out = safe_markdown("`````\n````\n<img src=x>\n````\n`````")
    (fence,) = [token for token in tokens_of(out) if token.type == "fence"]
    assert "<img src=x>" in fence.content


@pytest.mark.parametrize(
    "text",
    [
        "# no heading",
        "- no list",
        "1. no number",
        "1) neither",
        "> no quote",
        "    no code",
        "---",
        "a | b\n---|---",
    ],
)
def test_a_label_is_never_a_block(text: str) -> None:
    kinds = {token.type for token in tokens_of(literal(text))}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_a_label_reads_as_the_text_it_was_made_from(text: str) -> None:
    words = " ".join(visible(text).split())
    shown = "".join(t.content for t in tokens_of(literal(text)) if t.type in {"text", "text_special"})
    assert shown.replace("\u2060", "").split() == words.replace("\u2060", "").split()


@given(st.text(alphabet="ab *_`[]()<>!#|-$:\\\n&;1.https://x.y\u202e", max_size=120))
@settings(max_examples=500, deadline=None)
def test_whatever_the_text_only_known_kinds_come_out(text: str) -> None:
    tokens = tokens_of(safe_markdown(text))
    assert {token.type for token in tokens} & {"image", "html_inline", "html_block"} == set()
    assert all(safe_address(str(t.attrGet("href"))) for t in tokens if t.type == "link_open")


@given(st.text(alphabet="abc *_`[]()\n|->1.", max_size=120))
@settings(max_examples=300, deadline=None)
def test_no_word_is_lost(text: str) -> None:
    def letters(words: str) -> str:
        return re.sub(r"[^a-c]", "", words)

    tree = text_of(read_markup(text))
    shown = "".join(
        t.content for t in tokens_of(safe_markdown(text)) if t.type in {"text", "code_inline", "fence", "text_special"}
    )
    assert letters(shown) == letters(tree)


def test_direction_overrides_and_controls_are_shown_not_obeyed() -> None:
    assert visible("invoice\u202egnp.exe\x00\u2066") == "invoice\ufffdgnp.exe\ufffd\ufffd"
    assert "\u202e" not in safe_markdown("a\u202eb") + literal("a\u202eb")


def test_citation_markers_become_badges_where_there_is_such_a_citation() -> None:
    out = safe_markdown("Yes [1]. No [7]. [2](https://example.org) `a[1]`", citations=3)
    assert out.startswith("Yes:primary-badge[1].")
    assert "[7]" not in out
    assert "&#91;7&#93;" in out
    assert "[2 (example.org)](<https://example.org>)" in out
    assert "`a[1]`" in out


def test_signs_survive_beside_emphasis_and_in_lists() -> None:
    text = "**Bold.** [1]\n\n- item [2]\n- other"
    tree = read_markup(text, signs=[*citation_signs(text, [1, 2]), Sign(13, 13, "s0"), Sign(25, 25, "s1")])
    shown = repr(tree)
    assert shown.count("kind='chip'") == 2
    assert shown.count("kind='sentence'") == 2
    assert shown.count("kind='li'") == 2
    assert "strong" in shown


def test_a_document_cannot_forge_a_sign() -> None:
    tree = read_markup("\u2e28c1\u2e29 and \u2e28m\u2e29 all of this")
    assert "chip" not in repr(tree)
    assert "mark" not in repr(tree)
    assert text_of(tree) == "(c1) and (m) all of this\n"
