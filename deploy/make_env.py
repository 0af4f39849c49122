"""Print a .env for docker-compose.yml with fresh secrets: `python3 deploy/make_env.py > .env`; needs no package."""

import base64
import json
import os
import secrets
import sys

TOKENS = (
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "ANNOLAKE_SECRET_KEY",
    "ANNOLAKE_SERVICE_SECRET",
    "ANNOLAKE_PSEUDONYM_KEY",
    "ANNOLAKE_AIRFLOW_PASSWORD",
    "ANNOLAKE_AIRFLOW_JWT_SECRET",
)


def lines() -> list[str]:
    """One `NAME=value` for each secret; hexadecimal, so that it can stand in a URL."""
    return [
        *(f"{name}={secrets.token_hex(24)}" for name in TOKENS),
        f"AIRFLOW_FERNET_KEY={base64.urlsafe_b64encode(os.urandom(32)).decode()}",
        f"ANNOLAKE_PORTAL_USERS='{json.dumps({'annotator': secrets.token_hex(6)})}'",
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
