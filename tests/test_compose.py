"""docker-compose.yml and the image, as far as they can be checked without an engine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from annolake.config import Settings, is_secret
from annolake.config_sources import ENVIRONMENT_PREFIX, GENERATED

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[?-])?([^}]*)\}")


def test_it_is_the_production_like_set() -> None:
    assert set(SERVICES) == {
        "postgres", "redis", "store", "buckets", "migrate", "service", "dashboards",
        "airflow", "scheduler", "dag-processor", "triggerer", "worker",
    }  # fmt: skip
    assert SERVICES["worker"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


@pytest.mark.parametrize("name", SERVICES)
def test_image_is_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert re.match(r"\d+\.\d+", tag), f"{name}: {image}:{tag} is not a version"


def test_base_images_are_pinned() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)
    assert "3.12" in bases[0]


@pytest.mark.parametrize("name", SERVICES)
def test_every_annolake_variable_is_a_setting(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    known = {f"{ENVIRONMENT_PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert {v for v in environment if v.startswith(ENVIRONMENT_PREFIX)} <= known
    if SERVICES[name]["image"].startswith("annolake:"):
        assert {f"{ENVIRONMENT_PREFIX}{s.upper()}" for s in GENERATED} <= set(environment), "secrets of its own"


def test_the_settings_accept_what_a_container_gets(tmp_path: Path) -> None:
    environment = {k: _filled(str(v)) for k, v in SERVICES["service"]["environment"].items()}
    environment["ANNOLAKE_HOME"] = str(tmp_path)
    settings = Settings.load(environ=environment, file=tmp_path / "none.toml")
    assert settings.sagemaker_endpoint_url == "http://service:8701"
    assert settings.warehouse_url.startswith("s3://")
    assert settings.catalog_url.startswith("postgresql")
    assert json.loads(settings.portal_users)


def _filled(value: str) -> str:
    given = dict(line.split("=", 1) for line in _env_lines())
    return VARIABLE.sub(lambda v: given[v[1]].strip("'") if v[2] != ":-" else v[3], value)


def _env_lines() -> list[str]:
    made = subprocess.run([sys.executable, ROOT / "deploy/make_env.py"], capture_output=True, text=True, check=True)
    return made.stdout.splitlines()


def test_every_secret_must_be_given_and_is_made_by_the_script() -> None:
    used = {(name, kind) for name, kind, _ in VARIABLE.findall(TEXT)}
    assert {kind for _, kind in used} <= {":?", ":-"}
    assert {name for name, kind in used if kind == ":-"} == {"S3_ENDPOINT"}  # no secret
    made = {line.split("=", 1)[0] for line in _env_lines()}
    assert made == {name for name, kind in used if kind == ":?"}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            field = name.removeprefix(ENVIRONMENT_PREFIX).lower()
            if field in Settings.model_fields and is_secret(field):
                assert ":?" in value, f"{name} has a default"


def test_ports_are_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_exist_and_can_be_waited_for(name: str) -> None:
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other], f"{name} waits for the health of {other}"
        else:
            assert condition["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"].startswith("on-failure"), f"{other} would start over"


def test_what_runs_on_has_a_health_check() -> None:
    assert not [n for n, s in SERVICES.items() if s["restart"] == "unless-stopped" and "healthcheck" not in s]


def test_volumes_and_configs_are_declared_and_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
        for config in service.get("configs", []):
            json.loads(_filled(COMPOSE["configs"][config["source"]]["content"]))


def test_the_image_copies_what_is_there() -> None:
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text().split()
    copied = [
        a for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for a in shlex.split(line)[:-1]
    ]
    assert len(copied) > 8
    assert not [source for source in copied if not (ROOT / source).exists()]
    assert not [source for source in copied if f"!{source.split('/')[0]}" not in ignored]


def test_scripts_that_containers_call_are_in_the_image() -> None:
    used = set(re.findall(r"/opt/annolake/(deploy/\w+\.py)", TEXT))
    assert used
    assert not [script for script in used if script not in DOCKERFILE]


def test_the_image_installs_known_extras_with_pinned_versions() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (install,) = re.findall(r"pip install (-c constraints\.txt) '\.\[([\w,]+)\]'", DOCKERFILE)
    assert set(install[1].split(",")) <= set(extras)
    constraints = (ROOT / "constraints.txt").read_text()
    assert "apache-airflow-providers-celery==" in constraints
    assert "\nredis==" in constraints


def test_it_stays_short() -> None:
    assert len(TEXT.splitlines()) < 200
