"""JSON to a webhook that an administrator set, never to an address inside of the own network.

The name is resolved once, every address that it has is judged, and the request goes to that very address: a name that
changes its answer between the look and the request does not get through. Redirects are not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Mapping
from typing import Any

import httpx

from annolake.errors import ConfigError, DeliveryError

SECONDS = 10


def post_json(url: str, content: Mapping[str, Any], *, allow_private: bool = False, secret: str = "") -> None:
    """POST the content; any answer but 2xx is a failure. With a secret the body is signed (HMAC-SHA256, hex).

    Raises `ConfigError` where the address is not allowed and `DeliveryError` where it does not take the message.
    """
    target = httpx.URL(url)
    address = allowed_address(target, allow_private=allow_private)
    shown = f"{target.scheme}://{target.host}"  # the path may hold a token
    body = json.dumps(dict(content), ensure_ascii=False).encode()
    headers = {"Host": target.netloc.decode(), "User-Agent": "annolake", "Content-Type": "application/json"}
    if secret:
        headers["X-Annolake-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    try:
        with httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
            answer = client.post(
                target.copy_with(host=address),
                content=body,
                headers=headers,
                extensions={"sni_hostname": target.host},
            )
    except httpx.HTTPError as error:
        raise DeliveryError(f"The webhook at {shown} did not take the message: {error}.") from error
    if not answer.is_success:
        raise DeliveryError(f"The webhook at {shown} answered {answer.status_code}.")


def allowed_address(target: httpx.URL, *, allow_private: bool) -> str:
    """The address to talk to; raises `ConfigError` where any address of the name is not on the open internet."""
    if target.scheme not in ({"https", "http"} if allow_private else {"https"}) or not target.host:
        raise ConfigError(f"A webhook needs an https:// address, not {target.scheme}://{target.host}.")
    try:
        port = target.port or (443 if target.scheme == "https" else 80)
        found = socket.getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DeliveryError(f"The webhook's host {target.host} has no address: {error}.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    inside = [address for address in addresses if not is_public(address)]
    if inside and not allow_private:
        raise ConfigError(
            f"The webhook's host {target.host} is {inside[0]}, an address inside of a private network.",
            hint="If that is meant: webhook_private = true (annolake config show)",
        )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is on the open internet; one that carries an IPv4 address is judged by that.

    >>> [is_public(a) for a in ("1.1.1.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "2606:4700::1111")]
    [True, False, False, False, True]
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        carried = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if carried is not None:
            return is_public(str(carried))
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast
