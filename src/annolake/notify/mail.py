"""E-mail through the mail server of the settings."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid

from annolake.config import Settings
from annolake.errors import ConfigError, DeliveryError

log = logging.getLogger(__name__)

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along; `kind` is its media type."""

    name: str
    content: bytes
    kind: str


def addresses(text: str) -> tuple[str, ...]:
    """The addresses of a setting, separated by commas.

    >>> addresses("Mira <mira@example.org>, lea@example.org")
    ('mira@example.org', 'lea@example.org')
    """
    return tuple(address for _, address in getaddresses([text]) if "@" in address)


def send_mail(
    settings: Settings,
    to: Sequence[str],
    subject: str,
    text: str,
    *,
    attachments: Sequence[Attachment] = (),
    message_key: str = "",
) -> None:
    """Send one message to all of `to`; the same `message_key` gives the same Message-ID, so that repeats can be told.

    Raises `ConfigError` where no mail server is set and `DeliveryError` where it does not take the message.
    """
    if not settings.smtp_host:
        raise ConfigError("There is no mail server to send with.", hint="Set smtp_host: annolake config show")
    if not to:
        raise ConfigError("Nobody is named to send the mail to.", hint="List the settings: annolake config show")
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{message_key}@annolake>" if message_key else make_msgid(domain="annolake")
    message.set_content(text)
    for attachment in attachments:
        main, _, sub = attachment.kind.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        with _connect(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            refused = server.send_message(message, to_addrs=list(to))
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"The mail server {where} did not take the message {subject!r}: {error}.") from error
    if refused:
        log.warning("The mail server %s refused %s; the others have the mail.", where, ", ".join(sorted(refused)))


def _connect(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host, settings.smtp_port
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=SECONDS)
    if settings.smtp_security == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server
