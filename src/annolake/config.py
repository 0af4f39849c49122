"""Settings: one frozen object, built once at the edge and passed down.

Order: flag > environment `ANNOLAKE_…` > `annolake.toml` > default. `annolake config show` prints each value
with its origin, secrets masked. Secrets that nobody configured are made at the first start and kept in
`<home>/secrets.toml` (mode 0600).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from annolake.config_sources import ENVIRONMENT_PREFIX, from_environment, from_file, kept_secrets, named_file
from annolake.errors import ConfigError

ACCOUNT_ID = "000000000000"

Origin = Literal["flag", "environment", "file", "secrets", "default"]


def secret(description: str) -> Any:
    """A setting that is never printed; empty: made at the first start, or derived."""
    return Field("", description=description, json_schema_extra={"secret": True})


class Settings(BaseModel):
    """Every setting of every part. Empty strings mean "derived from `home`, `host` and the ports"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(Path(".annolake"), description="folder of all local state")
    host: str = Field("127.0.0.1", description="address that every listener binds to")
    service_port: int = Field(8701, ge=1, le=65535, description="labeling service: Ground Truth API, S3 subset, portal")
    airflow_port: int = Field(8702, ge=1, le=65535, description="Airflow's web server")
    dashboards_port: int = Field(8703, ge=1, le=65535, description="Streamlit dashboards")

    region: str = Field("us-east-1", description="AWS region of requests and ARNs")
    sagemaker_endpoint: str = Field("", description="Ground Truth API; empty: the embedded service; 'aws': Amazon's")
    s3_endpoint: str = Field("", description="S3 API; empty: the embedded service; 'aws': Amazon's")
    media_endpoint: str = Field(
        "", description="S3 API as browsers reach it, for media in the dashboards; empty: the same as s3_endpoint"
    )
    access_key: str = Field("annolake", description="access key that clients sign with")
    secret_key: str = secret("its secret")
    role_arn: str = Field(f"arn:aws:iam::{ACCOUNT_ID}:role/annolake", description="role named in labeling jobs")
    media_bucket: str = Field("annolake-media", description="bucket of registered media and their peaks")
    labeling_bucket: str = Field("annolake-labeling", description="bucket of manifests, templates and outputs")
    more_buckets: str = Field("", description="further buckets of the embedded service, separated by commas")
    template_media: str = Field(
        "", description="s3:// prefixes that templates may show; empty: all buckets but answers"
    )
    workteam: str = Field("annotators", description="private work team that new jobs go to")

    labeling_plan: str = Field("", description="TOML file with the labels and wording of new jobs; empty: built in")

    boundary_windows_s: str = Field(
        "",
        pattern=r"^(\s*\d+(\.\d+)?\s*(,\s*\d+(\.\d+)?\s*)*)?$",
        description="windows of boundary agreement beside 0.25, 0.5 and 3, in seconds, separated by commas",
    )

    label_scales: str = Field(
        "",
        pattern=r"^(\s*[^=,]+=(nominal|ordinal|interval|ratio)\s*(,|$))*$",
        description="level of layers of clip labels where answers do not tell it: mood=ordinal,class=nominal; "
        "ordinal takes the order in which the labels are offered",
    )

    service_database: str = secret("SQLAlchemy URL of the service's store; empty: SQLite under home")
    service_secret: str = secret("key of sessions, frames and worker ids")
    service_url_public: str = Field(
        "",
        pattern=r"^(https?://[^/\s]+/?)?$",
        description="the service's address for annotators' browsers, https://label.example.org; empty: host and port",
    )
    portal_users: str = secret("JSON object name -> password of local accounts made at start")
    portal_local_accounts: bool = Field(
        True, description="whether annotators sign in with local accounts; false: through the workforce's provider only"
    )
    functions: str = Field(
        "",
        pattern=r"^(\s*[A-Za-z0-9_-]{1,64}=[\w.]+:\w+\s*(,|$))*$",
        description="your own pre- and post-annotation functions by name: my-pre=package.module:handler,...",
    )
    function_seconds: float = Field(60.0, gt=0, description="time limit of one call of such a function")

    catalog_uri: str = secret("SQLAlchemy URL of the Iceberg catalog; empty: SQLite under home")
    warehouse: str = Field("", description="file:// or s3:// location of the tables; empty: under home")
    pseudonym_key: str = secret("HMAC key that replaces worker identities in the lake")

    airflow_password: str = secret("password of Airflow's local user 'admin'")
    airflow_jwt_secret: str = secret("secret shared by Airflow's components")
    airflow_poll_seconds: float = Field(5.0, gt=0, description="seconds between two looks at a labeling job")

    smtp_host: str = Field("", description="mail server of reports and alerts; empty: no mail")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="starttls, tls or none")
    smtp_user: str = Field("", description="who signs in to the mail server; empty: nobody")
    smtp_password: str = secret("the password for that")
    mail_from: str = Field("annolake@localhost", description="sender of reports and alerts")
    report_mail_to: str = Field("", description="who gets reports by mail, separated by commas; empty: nobody")
    alert_mail_to: str = Field("", description="who gets alerts by mail, separated by commas; empty: nobody")
    alert_webhook: str = secret("https:// address that gets alerts as JSON; empty: none")
    event_webhook: str = secret("https:// address that gets the ends of labeling jobs; empty: none")
    event_webhook_secret: str = secret("key of the signature with which its receiver checks them")
    webhook_private: bool = Field(False, description="whether webhooks may be in a private network, or http://")

    worker_hour_price: float = Field(0.0, ge=0, description="what an hour of annotation costs; 0: no cost is shown")
    currency: str = Field("EUR", description="of that price")
    guidelines: str = Field(
        "",
        pattern=r"^(\s*\d{4}-\d\d-\d\d=[^,=]+(,|$))*$",
        description="days on which the guideline changed, drawn on trends: 2026-10-05=v2,2026-11-02=v3",
    )
    data_docs_url: str = Field("", description="where <home>/data-docs is published; empty: the folder is named")
    dashboards_sign_in: Literal["local", "off", "oidc"] = Field(
        "local",
        description="local: nobody signs in, loopback only; off: a proxy signs people in; oidc: the dashboards do",
    )
    dashboards_url_public: str = Field("", description="the dashboards' address for browsers; empty: host and port")
    dashboards_allowed: str = Field(
        "", description="who may look: e-mails or role:NAME, separated by commas; empty: whoever can sign in"
    )
    dashboards_names_for: str = Field(
        "", description="who sees annotators' names: e-mails, role:NAME, or local for everybody where nobody signs in"
    )
    dashboards_oidc_metadata: str = Field("", description="OIDC provider: URL of its .well-known/openid-configuration")
    dashboards_oidc_client_id: str = Field("", description="client id of the dashboards at the provider")
    dashboards_oidc_client_secret: str = secret("its secret")

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> Settings:
        """Build the settings from flags, environment, file and defaults; make missing secrets.

        Raises `ConfigError` naming every unknown or malformed setting and where it was set.
        """
        environ = os.environ if environ is None else environ
        file = file or named_file(environ)
        layers: list[tuple[Origin, dict[str, Any]]] = [
            ("file", from_file(file, cls.model_fields)),
            ("environment", from_environment(environ, cls.model_fields)),
            ("flag", {k: v for k, v in (flags or {}).items() if v is not None}),
        ]
        values: dict[str, Any] = {}
        origins: dict[str, Origin] = {}
        for origin, layer in layers:
            values.update(layer)
            origins.update(dict.fromkeys(layer, origin))
        home = Path(values.get("home", cls.model_fields["home"].default)).expanduser().absolute()
        values["home"] = home
        missing = {name: value for name, value in kept_secrets(home).items() if not values.get(name)}
        values.update(missing)
        origins.update(dict.fromkeys(missing, "secrets"))
        try:
            settings = cls(**values)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))} (from {origins.get(str(e['loc'][0]), 'default')}): {e['msg']}"
                for e in error.errors()
            )
            raise ConfigError(f"Settings: {problems}.", hint="List them with: annolake config show") from None
        settings._origins.update(origins)
        return settings

    # -- derived places ------------------------------------------------------------------------------------------

    @property
    def service_url(self) -> str:
        return f"http://{_client_host(self.host)}:{self.service_port}"

    @property
    def portal_url(self) -> str:
        """Scheme, host and port by which annotators' browsers reach the service."""
        return self.service_url_public.rstrip("/") or self.service_url

    @property
    def airflow_url(self) -> str:
        return f"http://{_client_host(self.host)}:{self.airflow_port}"

    @property
    def dashboards_url(self) -> str:
        return f"http://{_client_host(self.host)}:{self.dashboards_port}"

    @property
    def boundary_windows(self) -> tuple[float, ...]:
        return tuple(float(window) for window in self.boundary_windows_s.split(",") if window.strip())

    @property
    def scales(self) -> dict[str, str]:
        """Level of measurement by layer."""
        pairs = (part.partition("=") for part in self.label_scales.split(",") if part.strip())
        return {layer.strip(): level.strip() for layer, _, level in pairs}

    @property
    def sagemaker_endpoint_url(self) -> str | None:
        """Endpoint for boto3's SageMaker client; None means Amazon's own."""
        return None if self.sagemaker_endpoint == "aws" else self.sagemaker_endpoint or self.service_url

    @property
    def s3_endpoint_url(self) -> str | None:
        """Endpoint for boto3's S3 client; None means Amazon's own."""
        return None if self.s3_endpoint == "aws" else self.s3_endpoint or self.service_url

    @property
    def buckets_folder(self) -> Path:
        """Local folder behind the embedded service's buckets: one folder a bucket."""
        return self.home / "buckets"

    @property
    def service_database_url(self) -> str:
        return self.service_database or f"sqlite:///{self.home / 'service' / 'service.db'}"

    @property
    def catalog_url(self) -> str:
        return self.catalog_uri or f"sqlite:///{self.home / 'lake' / 'catalog.db'}"

    @property
    def warehouse_url(self) -> str:
        return self.warehouse or f"file://{self.home / 'lake' / 'warehouse'}"

    @property
    def workteam_arn(self) -> str:
        """The work team's ARN; on Amazon its account is that of the role."""
        account = self.role_arn.split(":")[4] if self.sagemaker_endpoint == "aws" else ACCOUNT_ID
        return f"arn:aws:sagemaker:{self.region}:{account}:workteam/private-crowd/{self.workteam}"

    # -- for people ----------------------------------------------------------------------------------------------

    def explain(self) -> list[tuple[str, str, Origin, str]]:
        """(name, value with secrets masked, origin, description) of every setting, in order."""
        rows = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            shown = "********" if is_secret(name) and value else str(value)
            rows.append((name, shown, self._origins.get(name, "default"), field.description or ""))
        return rows

    def environment(self) -> dict[str, str]:
        """The settings as `ANNOLAKE_…` variables, for child processes that are to see the same ones."""
        return {f"{ENVIRONMENT_PREFIX}{name.upper()}": str(getattr(self, name)) for name in type(self).model_fields}


def is_secret(name: str) -> bool:
    """Whether a setting must never be printed."""
    extra = Settings.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("secret"))


def _client_host(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where clients reach a wildcard bind
    return f"[{host}]" if ":" in host else host
