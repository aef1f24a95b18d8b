"""Every setting, read once from the environment. The only file that looks at it."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from assistant.errors import SettingsError
from assistant.personal import is_country
from assistant.proxy_headers import ProxyHeaders, networks_of
from assistant.secrecy import MASKER
from assistant.usage import Prices
from retrieval.addresses import is_loopback, is_web_address, may_be_private, postgresql_address

_ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9][0-9]{0,4})?", re.IGNORECASE)
"""What a browser compares: scheme, host and port. The characters are those that a header may safely carry."""
_OPEN_TO_ALL = (
    "Nobody signs in, so Citewell listens to this machine only. Set CITEWELL_SIGN_IN, or, if every machine in reach may "
    "read and change everything, CITEWELL_SERVE_EVERYONE_WITHOUT_SIGN_IN=1."
)

_HEADER = re.compile(r"[a-z0-9-]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)


_NAMED_BY_OTHERS = ("OPENAI_", "DATABASE_URL", "CHROMA_URL", "FORWARDED_ALLOW_IPS")
"""Variables that do not begin with CITEWELL_, for other programs know them too."""


def _alias(name: str) -> AliasChoices:
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """Frozen; secrets are masked wherever it is printed."""

    model_config = SettingsConfigDict(
        env_prefix="CITEWELL_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    home: Path = Field(
        default_factory=lambda: user_data_path("citewell", appauthor=False),
        description="Where documents, indexes and conversations are kept.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias=_alias("DATABASE_URL"),
        description="Address of a PostgreSQL database that several processes share, such as "
        "postgresql://citewell:password@db/citewell; none: a file in the data directory. It needs `CHROMA_URL` and "
        "`CITEWELL_FILES`, and the data directory is then each process's own, for its lock and indexes of words.",
    )
    chroma_url: str | None = Field(
        None,
        validation_alias=_alias("CHROMA_URL"),
        description="Address of the Chroma server (`chroma run`) that several processes share, such as "
        "http://127.0.0.1:8000; none: Chroma in the process. It asks nobody who they are: on this machine or a private "
        "network only.",
    )
    files: Path | None = Field(
        None,
        description="The directory that several processes share for files as they were given and for what MLflow keeps; "
        "none: the data directory.",
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias=_alias("OPENAI_API_KEY"), description="Key of the model endpoint."
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias=_alias("OPENAI_BASE_URL"),
        description="Address of an OpenAI-compatible endpoint, for example http://127.0.0.1:8080/v1.",
    )
    model: str | None = Field(None, description="The model's name; by default the endpoint's first.")
    models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Further models of the same endpoint that a reader may choose, separated by commas."
    )
    window_tokens: int = Field(16_384, ge=1024, le=2_000_000, description="The model's context window.")
    reply_tokens: int = Field(1_024, ge=64, le=100_000, description="The longest answer, in tokens.")
    first_token_s: float = Field(20.0, gt=0, description="How long to wait for an answer to begin, in seconds.")
    idle_s: float = Field(15.0, gt=0, description="How long an answer may pause, in seconds.")
    total_s: float = Field(120.0, gt=0, description="How long an answer may take in all, in seconds.")
    judge: bool = Field(
        False,
        description="Ask the model about sentences that the check leaves undecided: one more call, after the text.",
    )
    price_input: float | None = Field(
        None, ge=0, description="What a million tokens sent to the model cost; none: costs are not told."
    )
    price_output: float | None = Field(None, ge=0, description="What a million tokens written by the model cost.")
    currency: str = Field("USD", max_length=8, description="In which currency prices are given.")
    embedding: str = Field(
        "local",
        description="`local` (all-MiniLM-L6-v2), or provider:model, for example openai:text-embedding-3-small.",
    )
    rerank_url: str | None = Field(
        None, description="Address of a `/v1/rerank` endpoint that puts passages in order; none: they stay as found."
    )
    rerank_model: str | None = Field(None, description="The reranker's model, where its endpoint has several.")
    rerank_api_key: SecretStr | None = Field(None, description="Key of the reranker.")
    rerank_timeout: float = Field(2.0, gt=0, le=30, description="How long a reranker may take, in seconds.")
    mask: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether e-mail addresses, phone, card and account numbers are replaced by placeholders in what a model "
        "is sent, and put back in its reply. `auto`: for every endpoint that is not on this machine.",
    )
    phone_countries: Annotated[tuple[str, ...], NoDecode] = Field(
        ("US", "GB", "DE"),
        description="Whose phone numbers are masked as people write them at home, without the international prefix: "
        "country codes with spaces or commas between them.",
    )
    mlflow_uri: str | None = Field(
        None,
        description="The MLflow server that keeps the triage models; none: a database file in the data directory.",
    )
    passages: int = Field(8, ge=1, le=50, description="How many passages an answer may draw on.")
    sample: bool = Field(True, description="Read the sample company in when the home is new.")
    demo: bool = Field(False, description="A demonstration: temporary home, visitors apart, nothing kept.")
    log: Literal["json", "text"] | None = Field(
        None,
        description="How the server writes its log: `json` (one object a line) or `text`; "
        "none: text at a terminal, JSON where something else reads it.",
    )
    one_core: bool = Field(
        True,
        description="Draw pages and write answers on one core of the machine, the last that no other Citewell took: "
        "Python runs one thread at a time, and handing over across cores costs more than it gains. Turn it off where "
        "several containers share a machine, for they do not see each other's choice.",
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="The port at which Prometheus finds what is measured, at any path; none: nothing is measured.",
    )
    metrics_address: str = Field(
        "127.0.0.1",
        description="On which address that port is: this machine's own, unless a network is protected otherwise. "
        "Nobody signs in there, and nothing of a person or a document is said.",
    )
    questions_a_day: int | None = Field(
        None,
        ge=0,
        description="How many questions a person may ask in a day (UTC). 0: without limit; none: 200 for whoever "
        "signed in, 100 for a visitor of the demonstration, without limit at the machine itself.",
    )
    tokens_a_day: int | None = Field(
        None,
        ge=0,
        description="How many tokens a person's answers may take in a day. 0: without limit; none: 1,000,000 for "
        "whoever signed in, 500,000 for a visitor, without limit at the machine itself.",
    )
    uploads_an_hour: int | None = Field(
        None,
        ge=0,
        description="How many files a person may add in an hour. 0: without limit; none: 500 for whoever signed in, "
        "20 for a visitor, without limit at the machine itself.",
    )
    answers_at_once: int | None = Field(
        None,
        ge=0,
        description="How many answers may be written for a person at the same time. 0: without limit; none: 4 for "
        "whoever signed in, 2 for a visitor, without limit at the machine itself.",
    )
    upload_mb: int | None = Field(
        None,
        ge=1,
        le=2_000,
        description="How large a file may be that is added on a page, in MB; none: 100, and 20 for a visitor of the "
        "demonstration.",
    )
    monthly_budget: float | None = Field(
        None,
        ge=0,
        description="What all answers of a month (UTC) may cost, in the currency of the prices; beyond it sentences "
        "are quoted instead. None: without limit.",
    )
    embed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Whose pages may show Citewell in a frame: origins like https://portal.example, "
        "with spaces or commas between them; none: nobody's.",
    )

    sign_in: Literal["none", "oidc", "proxy"] = Field(
        "none",
        description="`oidc`: people sign in with the provider in `.streamlit/secrets.toml`; `proxy`: an identity proxy "
        "stands in front and signs who it is; `none`: whoever reaches the page is the one user.",
    )
    serve_everyone_without_sign_in: bool = Field(
        False, description="Listen to other machines although nobody signs in: all of them then read everything."
    )
    admit: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Domains of verified e-mail addresses whose people are let in at their first sign-in, with commas "
        "between them; `*`: everybody whom the provider knows; none: an administrator lets each in.",
    )
    groups_claim: str = Field("groups", description="The claim that names a person's groups.")
    role_claim: str = Field("", description="The claim that names a person's role; none: roles are given on the page.")
    proxy_jwks_url: str | None = Field(None, description="Where the identity proxy's public keys are.")
    proxy_issuer: str = Field("", description="The issuer of the proxy's tokens.")
    proxy_audience: str = Field("", description="For whom the proxy's tokens are made.")
    proxy_header: str = Field(
        "Authorization", description="The header with the token, for example Cf-Access-Jwt-Assertion."
    )
    proxy_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="From which addresses or networks, such as 10.1.2.3 or 10.1.0.0/16, an identity proxy that signs no "
        "tokens connects: its headers are believed. From everybody else they are taken off.",
    )
    proxy_user_header: str = Field(
        "X-Forwarded-User", description="The header in which such a proxy names a person, always by the same word."
    )
    proxy_email_header: str = Field(
        "X-Forwarded-Email", description="The header with a person's e-mail address, which the proxy has verified."
    )
    proxy_groups_header: str = Field(
        "X-Forwarded-Groups", description="The header with a person's groups, with commas between them."
    )
    forwarded_allow_ips: str | None = Field(
        None,
        validation_alias=_alias("FORWARDED_ALLOW_IPS"),
        description="The web server's own: from whom `X-Forwarded-For` is taken for the visitor's address; none: from "
        "this machine. Not together with `CITEWELL_PROXY_ADDRESSES`.",
    )
    hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Under which names Citewell answers beside localhost and addresses in numbers: names like "
        "citewell.example, with spaces or commas between them.",
    )

    @field_validator(
        "database_url",
        "chroma_url",
        "files",
        "proxy_jwks_url",
        "openai_api_key",
        "openai_base_url",
        "model",
        "rerank_url",
        "rerank_model",
        "rerank_api_key",
        "price_input",
        "price_output",
        "log",
        "metrics_port",
        "questions_a_day",
        "tokens_a_day",
        "uploads_an_hour",
        "answers_at_once",
        "upload_mb",
        "monthly_budget",
        "mlflow_uri",
        mode="before",
    )
    @classmethod
    def _empty_is_absent(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(postgresql_address(value.get_secret_value()))

    @field_validator("chroma_url")
    @classmethod
    def _stays_inside(cls, value: str | None) -> str | None:
        if value is not None and not (is_web_address(value) and may_be_private(value)):
            raise ValueError("it is no address like http://127.0.0.1:8000 on this machine or a private network")
        return value

    @field_validator("models", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("embed_origins", "admit", "hosts", "phone_countries", "proxy_addresses", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("embed_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError("each must be an origin like https://portal.example: no path, no * and no final slash")
        return value

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _HOST.fullmatch(name):
                raise ValueError("each must be a name like citewell.example: no https://, no port and no *")
        return tuple(name.lower() for name in value)

    @field_validator("proxy_addresses")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        networks_of(value)
        return value

    @field_validator("proxy_user_header", "proxy_email_header", "proxy_groups_header")
    @classmethod
    def _is_header(cls, value: str) -> str:
        if not _HEADER.fullmatch(value):
            raise ValueError("it must be a header's name like X-Forwarded-User: letters, figures and hyphens")
        return value

    @field_validator("monthly_budget")
    @classmethod
    def _can_be_counted(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("price_input") is None and info.data.get("price_output") is None:
            raise ValueError("it needs CITEWELL_PRICE_INPUT and CITEWELL_PRICE_OUTPUT, else no cost is known")
        return value

    @field_validator("phone_countries")
    @classmethod
    def _are_countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for country in value:
            if not is_country(country.upper()):
                raise ValueError("each must be a country's code of two letters, such as DE")
        return tuple(country.upper() for country in value)

    @field_validator("rerank_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not is_web_address(value):
            raise ValueError("it is no address like http://127.0.0.1:8080/v1/rerank")
        return value

    @field_validator("rerank_api_key")
    @classmethod
    def _travels_encrypted(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        url = info.data.get("rerank_url")
        if value is not None and url and url.lower().startswith("http:") and not is_loopback(url):
            raise ValueError("it would travel unencrypted; give the reranker an https address")
        return value

    @model_validator(mode="after")
    def _sharing_is_whole(self) -> Self:
        shared = {"DATABASE_URL": self.database_url, "CHROMA_URL": self.chroma_url, "CITEWELL_FILES": self.files}
        absent = [name for name, value in shared.items() if value is None]
        if absent and len(absent) < len(shared):
            raise ValueError(
                f"DATABASE_URL, CHROMA_URL and CITEWELL_FILES go together, and {' and '.join(absent)} is not set; set all "
                "three for several processes, or none"
            )
        if self.demo and not absent:
            raise ValueError("a demonstration keeps nothing: leave DATABASE_URL, CHROMA_URL and CITEWELL_FILES out")
        return self

    @model_validator(mode="after")
    def _proxy_is_whole(self) -> Self:
        of_token = (self.proxy_jwks_url, self.proxy_issuer, self.proxy_audience)
        if self.proxy_addresses and (self.sign_in != "proxy" or any(of_token)):
            raise ValueError("CITEWELL_PROXY_ADDRESSES needs CITEWELL_SIGN_IN=proxy, and a proxy that signs no tokens")
        if self.proxy_addresses and self.forwarded_allow_ips is not None:
            raise ValueError("with CITEWELL_PROXY_ADDRESSES leave FORWARDED_ALLOW_IPS out: it would hide who connects")
        if self.sign_in == "proxy" and not (all(of_token) or self.proxy_addresses):
            raise ValueError(
                "a proxy needs CITEWELL_PROXY_JWKS_URL, CITEWELL_PROXY_ISSUER and CITEWELL_PROXY_AUDIENCE, or, where it "
                "signs no tokens, CITEWELL_PROXY_ADDRESSES"
            )
        return self

    def check_address(self, address: str | None) -> None:
        """Whether the app may listen there (None: to every machine); raises SettingsError.

        Where nobody signs in, whoever reaches the page is the one user, who reads and changes everything.
        """
        is_own = address is not None and is_loopback(f"//[{address}]" if ":" in address else f"//{address}")
        if not (is_own or self.demo or self.sign_in != "none" or self.serve_everyone_without_sign_in):
            raise SettingsError(_OPEN_TO_ALL)

    def admits(self, email: str) -> bool:
        """Whether somebody with this verified address (empty: none) is let in at their first sign-in."""
        return "*" in self.admit or email.rpartition("@")[2] in {name.lower() for name in self.admit} - {""}

    @property
    def proxy_headers(self) -> ProxyHeaders:
        """The headers of a proxy that signs no tokens, and from where they are believed."""
        networks = networks_of(self.proxy_addresses)
        return ProxyHeaders(self.proxy_user_header, self.proxy_email_header, self.proxy_groups_header, networks)

    @property
    def limits(self) -> dict[str, int]:
        """The limits of a person that are set; 0: without limit."""
        names = ("questions_a_day", "tokens_a_day", "uploads_an_hour", "answers_at_once", "upload_mb")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def prices(self) -> Prices | None:
        """What tokens cost, where any price is given."""
        if self.price_input is None and self.price_output is None:
            return None
        return Prices(self.price_input or 0.0, self.price_output or 0.0, self.currency)

    @property
    def further_models(self) -> tuple[str, ...]:
        """What may be chosen beside the model that is used by itself."""
        return tuple(dict.fromkeys(name for name in self.models if name != self.model))

    @property
    def has_model(self) -> bool:
        """Whether a model endpoint is configured; without one, answers quote the documents."""
        return self.openai_api_key is not None or self.openai_base_url is not None

    @classmethod
    def read(cls, **overrides: Any) -> Self:
        """The settings of this process; raises SettingsError naming what is wrong."""
        given = {name: value for name, value in overrides.items() if value is not None}
        try:
            settings = cls(**given)
            MASKER.learn(value.get_secret_value() for _, value in settings if isinstance(value, SecretStr))
            MASKER.learn(password_in(settings.database_url))
            return settings
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            if not first["loc"]:
                raise SettingsError(f"The settings do not fit together: {first['msg']}.") from None
            name = "_".join(str(part) for part in first["loc"]).upper()
            name = name if name.startswith(_NAMED_BY_OTHERS) else f"CITEWELL_{name.removeprefix('CITEWELL_')}"
            raise SettingsError(f"The setting {name} is wrong ({first['msg']}); correct it, or leave it out.") from None


def password_in(address: SecretStr | None) -> tuple[str, ...]:
    """The password in a database's address, by itself: an error may name it without the rest."""
    password = urlsplit(address.get_secret_value()).password if address is not None else None
    return (unquote(password),) if password else ()


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes, for a process it starts."""
    return {**os.environ, **changes}


def keep_mlflow_quiet() -> None:
    """Before MLflow is imported: it reports nothing to its makers, and draws no progress of its own."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
