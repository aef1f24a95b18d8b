"""Texts that try to have a reader's browser fetch something, or run something, from wherever they are shown.

`URL` stands for an address at the canary, `HOST` for its host and path; every text has a host of its own. What would
run sets `ran` on the window.
"""

from collections.abc import Iterator
from dataclasses import dataclass

FETCHING = (
    # Markdown's own.
    "![a](URL)",
    '![a](URL "title")',
    "![a](<URL>)",
    "![a][ref]\n\n[ref]: URL",
    "![ref][]\n\n[ref]: <URL> 'title'",
    "![ref]\n\n[ref]: URL (title)",
    "[![a](URL)](URL)",
    "![![a](URL)](URL)",
    "![a [b] c](URL)",
    "![a](//HOST)",
    "![a](\\\\HOST)",
    "![a](http&#58;//HOST)",
    "![a](&#104;ttp://HOST)",
    "![a](h\\ttp://HOST)",
    "!\\[a](URL)",
    "![a\\](URL)",
    "\\![a](URL)",
    "`![a](URL)",
    "**![a](URL)**",
    "# ![a](URL)",
    "> ![a](URL)",
    "- [ ] ![a](URL)",
    "1. ![a](URL)",
    "| a | b |\n|---|---|\n| ![a](URL) | <img src=URL> |",
    "![a](URL)![b](URL)![c](URL)",
    "Words ![a](URL) [1] and more.",
    "[^1]\n\n[^1]: ![a](URL)",
    "<URL>",
    "URL",
    "www.HOST",
    "[ref]: URL\n\n[a][ref] [ref]",
    # HTML.
    "<img src=URL>",
    "<img src='URL' onerror=ran=1>",
    "<IMG SRC=`URL`>",
    "<img/src=URL>",
    "<img\nsrc=URL>",
    '<img srcset="URL 1x, URL 2x">',
    "<picture><source srcset=URL><img></picture>",
    "&lt;img src=URL&gt;",
    "&#60;img src=URL&#62;",
    "<<img src=URL>",
    "<!-- --!><img src=URL>",
    "<!-- <img src=URL> -->",
    "<![CDATA[<img src=URL>]]>",
    "<p style='background:url(URL)'>a</p>",
    "<style>@import url(URL); body { background: url('URL') }</style>",
    "<link rel=stylesheet href=URL>",
    "<link rel=prefetch href=URL><link rel=dns-prefetch href=//HOST><link rel=preconnect href=URL>",
    "<base href=URL>",
    "<meta http-equiv=refresh content='0;url=URL'>",
    "<iframe src=URL></iframe>",
    "<iframe srcdoc='<img src=URL>'></iframe>",
    "<object data=URL></object><embed src=URL>",
    "<video poster=URL src=URL autoplay></video><audio src=URL autoplay></audio>",
    "<svg><image href=URL /><use href='URL#a'/></svg>",
    "<svg><style>@import 'URL'</style></svg>",
    "<input type=image src=URL>",
    "<body background=URL>",
    "<table background=URL><tr><td>a",
    "<script src=URL></script>",
    "<form action=URL><button autofocus>a</button></form>",
    "<math><mtext></mtext><mglyph src=URL></math>",
    "<noscript><p title='</noscript><img src=URL>'>",
    # What Streamlit's own Markdown sets and draws.
    "$\\includegraphics{URL}$",
    "$$\\includegraphics[height=1em]{URL}$$",
    "$\\href{URL}{a}$ and $\\url{URL}$",
    "$\\htmlStyle{background:url(URL)}{a}$",
    "```mermaid\ngraph TD; A[<img src='URL'>]-->B; click B href 'URL'\n```",
    "~~~mermaid\n%%{init: {'themeCSS': '@import url(URL)'}}%%\ngraph TD; A-->B\n~~~",
    ":material/URL: :red[![a](URL)] :color[a]{background=url(URL)}",
    ":::image\n![a](URL)\n:::",
    "```html\n<img src=URL>\n```\n<img src=URL>",
    "    <img src=URL>\n\n<img src=URL>",
    # Hidden among letters that nobody sees.
    "!\u200b[a](URL)",
    "!\u2060[a](URL)",
    "<\u00adimg src=URL>",
    "\u202e![a](URL)\u202c",
    "<img\x0csrc=URL>",
    "\u2e28m\u2e29![a](URL)\u2e28/m\u2e29",
)
RUNNING = (
    "[a](javascript:ran=1)",
    "[a](JaVaScRiPt:ran=1)",
    "[a](java\nscript:ran=1)",
    "[a](java&Tab;script:ran=1)",
    "[a](&#106;avascript:ran=1)",
    "[a](&#x6A&#x61&#x76&#x61script:ran=1)",
    "[a](javascript&colon;ran=1)",
    "[a](javascript%3Aran=1)",
    "[a](<  javascript:ran=1>)",
    "[a](\u0001javascript:ran=1)",
    "[a](\u00a0javascript:ran=1)",
    "[a](javascript://HOST/%0Aran=1)",
    "[a](view-source:javascript:ran=1)",
    "[a](vbscript:ran=1)",
    "[a](data:text/html,<script>opener.ran=1</script>)",
    "[a](data:text/html;base64,PHNjcmlwdD5yYW49MTwvc2NyaXB0Pg==)",
    "[a](blob:URL)",
    "[a](file:///etc/passwd)",
    "[a](//HOST)",
    "[a](\\\\HOST)",
    "[a][ref]\n\n[ref]: javascript:ran=1",
    "<javascript:ran=1>",
    "<a href=javascript:ran=1>a</a>",
    "<a href=URL ping=URL onclick=ran=1>a</a>",
    "<svg><a href=javascript:ran=1><text>a</text></a></svg>",
    "$\\href{javascript:ran=1}{a}$",
    "[https://bank.example](URL)",
    "[a](http://bank.example@HOST)",
    "<script>ran=1</script>",
    "<details open ontoggle=ran=1>",
    "<img src=x onerror=ran=1>",
)


@dataclass(frozen=True, slots=True)
class Vector:
    """A text that tries something, and the word beside it by which it is found on a page."""

    number: int
    text: str

    @property
    def word(self) -> str:
        """Stands on the page wherever the text arrived."""
        return f"v{self.number:03}q"

    @property
    def block(self) -> str:
        """The word, then the text with the lines that it needs."""
        return f"{self.word}\n\n{self.text}"

    @property
    def line(self) -> str:
        """Both on one line, for a name or a title."""
        return " ".join(self.block.split())


def vectors(canary_port: int) -> tuple[Vector, ...]:
    """All of them, each with its own host at the canary."""
    return tuple(_vectors(canary_port))


def _vectors(canary_port: int) -> Iterator[Vector]:
    for number, text in enumerate((*FETCHING, *RUNNING), 1):
        host = f"v{number:03}.canary.localhost:{canary_port}/v{number:03}"
        text = text.replace("URL", f"http://{host}").replace("HOST", host).replace("ref]", f"ref{number}]")
        yield Vector(number, text)
