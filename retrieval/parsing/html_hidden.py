"""How HTML hides text from whoever looks at the page, as far as its own markup tells."""

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

Sight = Literal["seen", "hidden", "doubtful"]

_ZERO = r"0(?![.\d]*[1-9])"
_FAR = r"-(?:\d{4,}|[5-9]\d\d)(?:\.\d+)?\s*(?:px|pt|r?em|v[wh]|%)"
_HIDING_STYLE = re.compile(
    rf"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*(?:{_ZERO}|0?\.0)"
    rf"|font-size\s*:\s*(?:{_ZERO}|(?:0?\.\d+|1(?:\.\d+)?)\s*p[xt])"
    r"|(?<![\w-])color\s*:\s*(?:transparent|rgba\([^()]*,\s*0?\.?0+\s*\)|#[0-9a-f]{6}00\b|#[0-9a-f]{3}0\b)"
    rf"|text-indent\s*:\s*{_FAR}|translate[xy]?\(\s*{_FAR}"
    r"|(?<![\w-])clip\s*:\s*rect\(\s*(?:0|1px)|clip-path\s*:\s*(?:inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0|polygon\(\s*\))",
    re.IGNORECASE,
)
_PLACED = re.compile(r"position\s*:\s*(?:absolute|fixed|relative)", re.IGNORECASE)
_AWAY = re.compile(rf"(?<![\w-])(?:left|top|right|bottom|margin(?:-left|-top)?)\s*:\s*{_FAR}", re.IGNORECASE)
_FLAT = re.compile(rf"(?<![\w-])(?:max-)?(?:height|width)\s*:\s*{_ZERO}", re.IGNORECASE)
_CUT = re.compile(r"overflow\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_CONDITIONAL = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_CSS_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CSS_SIMPLE = re.compile(r"(?!(?:html|body)\b)(?=.)(?:[a-zA-Z][\w-]*)?(?:[.#][a-zA-Z_][\w-]*)?", re.IGNORECASE)
_MAX_RULES = 200
_MOST_AROUND = 40
"""Pages nest thousands deep; a background is looked for so far out."""
_COLOUR = re.compile(r"(?<![\w-])color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?<![\w-])background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?![0-9a-f])", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", re.IGNORECASE)
_NAMED = {"white": (255, 255, 255), "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255), "whitesmoke": (245, 245, 245), "black": (0, 0, 0)}  # fmt: skip
_WHITE = (255, 255, 255)
_ALIKE = 16
"""So far apart two colours may be in each of their three parts, and still nobody reads one on the other."""

Colour = tuple[int, int, int]


def hides(style: str) -> bool:
    """Whether a style alone hides what it applies to."""
    return bool(
        _HIDING_STYLE.search(style)
        or (_PLACED.search(style) and _AWAY.search(style))
        or (_FLAT.search(style) and _CUT.search(style))
    )


def hidden_by_rules(page: "LexborHTMLParser") -> frozenset[int]:
    """Elements that a plain rule of the page's own style sheet hides (.note { display: none }).

    Rules for some media only and anything cleverer than a tag, a class or an id are not looked at.
    """
    sheets = (_CSS_CONDITIONAL.sub("", _CSS_COMMENT.sub("", style.text())) for style in page.css("style"))
    rules = (rule for sheet in sheets for rule in _CSS_RULE.findall(sheet))
    selectors = {part.strip() for names, body in rules if hides(body) for part in names.split(",")}
    simple = sorted(filter(_CSS_SIMPLE.fullmatch, selectors))[:_MAX_RULES]
    return frozenset(node.mem_id for selector in simple for node in page.css(selector))


def has_style_sheet(page: "LexborHTMLParser") -> bool:
    """Whether colours may come from elsewhere than the elements themselves."""
    return page.css_first("style, link[rel~=stylesheet]") is not None


def is_hidden(attributes: dict[str, str | None]) -> bool:
    """Whether an element's own attributes hide it, its colour aside."""
    is_unread = "hidden" in attributes or (attributes.get("aria-hidden") or "").strip().lower() == "true"
    return is_unread or hides(attributes.get("style") or "")


def sight_by_colour(node: "LexborNode", attributes: dict[str, str | None], *, is_styled: bool) -> Sight:
    """Whether an element's letters have the colour of what they stand on.

    That is in doubt where a style sheet may colour the page, or elements inside have colours of their own.
    """
    style = attributes.get("style") or ""
    own = _COLOUR.search(style)
    letters = _colour(own[1] if own else attributes.get("color"))
    if letters is None:
        return "seen"
    ground = _ground(node)
    if not _are_alike(letters, ground or _WHITE):
        return "seen"
    inner = (each for each in node.css("[style*=color], [color]") if each.mem_id != node.mem_id)
    is_sure = (ground is not None or not is_styled) and next(inner, None) is None
    return "hidden" if is_sure else "doubtful"


def _ground(node: "LexborNode | None") -> Colour | None:
    """The nearest background that an element or one around it gives itself."""
    for _ in range(_MOST_AROUND):
        if node is None:
            break
        attributes = node.attributes if not (node.tag or "-").startswith("-") else {}
        given = _BACKGROUND.search(attributes.get("style") or "")
        if colour := _colour(given[1] if given else attributes.get("bgcolor")):
            return colour
        node = node.parent
    return None


def _colour(value: str | None) -> Colour | None:
    value = (value or "").strip().lower()
    if found := _HEX.search(value):
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.search(value):
        return int(found[1]), int(found[2]), int(found[3])
    return next((_NAMED[word] for word in value.split() if word in _NAMED), None)


def _are_alike(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= _ALIKE for a, b in zip(one, other, strict=True))
