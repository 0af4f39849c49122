"""Sign-in through a workforce's provider, over HTTP: who gets in, with which teams, and whoever must not."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError
from joserfc.jwk import OctKey
from sqlalchemy import select

from annolake.service import accounts, workforces
from annolake.service.core import Service
from annolake.service.tables import workforce, workforce_secret
from tests.contract.test_teams_tags import code, oidc
from tests.service.lab import Clock, Lab, label
from tests.service.lying_provider import CLIENT_ID, CLIENT_SECRET, FOREIGN_KEY, KEY, LyingProvider, lying_provider


@pytest.fixture(scope="module")
def running_provider() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        yield provider


@pytest.fixture
def provider(lab: Lab, running_provider: LyingProvider) -> Iterator[LyingProvider]:
    """An honest provider, and a workforce that signs in with it."""
    running_provider.honest()
    lab.sagemaker.create_workforce(WorkforceName="Organisation", OidcConfig=running_provider.config())
    yield running_provider
    for team in lab.sagemaker.list_workteams(NameContains="of")["Workteams"]:
        lab.sagemaker.delete_workteam(WorkteamName=team["WorkteamName"])
    lab.sagemaker.delete_workforce(WorkforceName="Organisation")


class Browser:
    """Somebody's browser: keeps cookies, follows nothing by itself."""

    def __init__(self, lab: Lab, provider: LyingProvider) -> None:
        self.http = httpx.Client(base_url=lab.url, verify=False)
        self.provider = provider

    def leave(self, page: str = "") -> str:
        response = self.http.get("/oauth2/sign-in", params={"page": page} if page else {})
        assert response.status_code == 303
        return response.headers["location"]

    def come_back(self, **answer: str) -> str:
        """Where the service sends the browser on to."""
        response = self.http.get("/oauth2/idpresponse", params=answer)
        assert response.status_code == 303
        return response.headers["location"]

    def sign_in(self, page: str = "") -> str:
        return self.come_back(**self.provider.code_for(self.leave(page)))

    def session(self) -> dict[str, Any] | None:
        response = self.http.get("/portal/api/session")
        assert response.status_code in (200, 401)
        return response.json() if response.status_code == 200 else None


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """All these tests come from one address."""
    monkeypatch.setattr(accounts, "FAILURES_PER_ADDRESS", 10_000)


@pytest.fixture
def browser(lab: Lab, provider: LyingProvider) -> Iterator[Browser]:
    browser = Browser(lab, provider)
    yield browser
    browser.http.close()


def refused(location: str) -> str:
    start = "/portal/#/refused/"
    assert location.startswith(start), location
    return location.removeprefix(start)


def test_the_portal_says_how_people_sign_in(lab: Lab, running_provider: LyingProvider) -> None:
    def ways() -> dict[str, Any]:
        return httpx.get(f"{lab.url}/portal/api/ways-in").json()

    assert ways() == {"local_accounts": True, "provider": None}
    lab.sagemaker.create_workforce(WorkforceName="Org", OidcConfig=running_provider.config())
    assert ways()["provider"] == {"name": "Org", "sign_in_url": "/oauth2/sign-in"}
    lab.sagemaker.delete_workforce(WorkforceName="Org")
    assert ways()["provider"] is None
    gone = httpx.get(f"{lab.url}/oauth2/sign-in")
    assert refused(gone.headers["location"]) == "no_provider"


def test_who_signs_in_works_for_the_teams_of_their_groups(lab: Lab, browser: Browser) -> None:
    provider = browser.provider
    lab.sagemaker.create_workteam(
        WorkteamName="of-speech", WorkforceName="Organisation", Description="d", MemberDefinitions=oidc("speech", "x")
    )
    arn = lab.sagemaker.describe_workteam(WorkteamName="of-speech")["Workteam"]["WorkteamArn"]
    name = lab.create("provider-job", 2, WorkteamArn=arn)
    provider.claims["sagemaker:groups"] = ["speech", "unknown here"]
    asked = dict(parse_qsl(urlsplit(browser.leave()).query))
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{lab.url}/oauth2/idpresponse" and asked["scope"] == "openid"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert browser.sign_in() == "/portal/"
    session = browser.session()
    assert session is not None
    assert session["worker"]["name"] == "Ana P." and session["worker"]["teams"] == ["of-speech"]
    query = parse_qs(urlsplit(session["sign_out_url"]).query)
    assert query == {"client_id": [CLIENT_ID], "post_logout_redirect_uri": [f"{lab.url}/portal/"]}

    headers = {"X-CSRF-Token": session["csrf_token"]}
    take = {"url": "/portal/api/tasks/next", "json": {"job_name": name}, "headers": headers}
    task = browser.http.post(**take).json()["task"]
    submitted = browser.http.post(
        f"/portal/api/tasks/{task['task_id']}/answer", json={"answer": label("a")}, headers=headers
    )
    assert submitted.status_code == 200

    provider.claims["sagemaker:groups"] = "annotators"  # out of one group, into another
    browser.sign_in()
    again = browser.session()
    assert again is not None and again["worker"]["subject"] == session["worker"]["subject"]
    assert again["worker"]["teams"] == ["annotators"]
    headers["X-CSRF-Token"] = again["csrf_token"]
    assert browser.http.post(**take).status_code == 404, "that job is no longer hers"
    lab.sagemaker.stop_labeling_job(LabelingJobName=name)
    lab.wait(name, "Stopped")
    (answer,) = [
        a
        for key in lab.keys(f"output/{name}/annotations/worker-response")
        for a in json.loads(lab.download(lab.uri(key)))["answers"]
    ]
    identity = {"identityProviderType": "Oidc", "issuer": provider.url, "sub": "person-1"}
    assert answer["workerMetadata"]["identityData"] == identity


def test_a_session_is_ended_here_and_with_its_provider(lab: Lab, browser: Browser) -> None:
    browser.sign_in()
    session = browser.session()
    assert session is not None
    ended = browser.http.delete("/portal/api/session", headers={"X-CSRF-Token": session["csrf_token"]})
    assert ended.status_code == 204 and browser.session() is None
    browser.sign_in()
    assert browser.session() is not None
    lab.sagemaker.update_workforce(WorkforceName="Organisation", OidcConfig=browser.provider.config(ClientSecret="new"))
    assert browser.session() is not None, "a new secret disturbs nobody"
    other = browser.provider.config(Issuer="https://elsewhere.example.org")
    lab.sagemaker.update_workforce(WorkforceName="Organisation", OidcConfig=other)
    assert browser.session() is None, "people of another provider are other people"


def test_cookies_are_for_their_paths_alone(browser: Browser) -> None:
    sent = browser.http.get("/oauth2/sign-in").headers
    assert {"HttpOnly", "Path=/oauth2", "SameSite=lax"} <= {p.strip() for p in sent["set-cookie"].split(";")}
    assert sent["cache-control"] == "no-store" and sent["referrer-policy"] == "no-referrer"
    answer = browser.provider.code_for(sent["location"])
    back = browser.http.get("/oauth2/idpresponse", params=answer).headers.get_list("set-cookie")
    session = next(c for c in back if c.startswith("annolake_session="))
    assert {"HttpOnly", "Path=/portal", "SameSite=strict"} <= {p.strip() for p in session.split(";")}
    assert any(c.startswith('annolake_sign_in=""') and "Max-Age=0" in c for c in back)


def test_people_may_come_back_to_the_work_they_left(browser: Browser) -> None:
    assert browser.sign_in("again") == "/portal/#/signed-in"
    assert browser.sign_in("https://evil.example") == "/portal/"


def test_claims_may_come_from_the_user_info(browser: Browser) -> None:
    browser.provider.claims = {"sub": "person-1", "name": "Ana of the token"}
    browser.provider.user_info = {"sub": "person-1", "sagemaker-groups": ["annotators"], "sagemaker-name": "Ana"}
    assert browser.sign_in() == "/portal/"
    session = browser.session()
    assert session is not None and session["worker"]["name"] == "Ana"
    browser.provider.user_info["sub"] = "person-2"
    assert refused(browser.sign_in()) == "token"


# -- who must not get in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "token"),
        ({"iss": None}, "token"),
        ({"aud": "another-client"}, "token"),
        ({"aud": [CLIENT_ID, "another-client"]}, "token"),
        ({"aud": None}, "token"),
        ({"azp": "another-client"}, "token"),
        ({"exp": 1_700_000_000}, "token"),
        ({"exp": None}, "token"),
        ({"iat": 4_000_000_000}, "token"),
        ({"nonce": "of an earlier sign-in"}, "token"),
        ({"nonce": None}, "token"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "token"),
        ({"sub": None}, "token"),
        ({"sagemaker:client_id": "another-client"}, "token"),
        ({"sagemaker:groups": []}, "no_groups"),
        ({"sagemaker:groups": {"annotators": True}}, "no_groups"),
        ({"sagemaker:groups": "g" * 64}, "no_groups"),
        ({"sagemaker:groups": None, "groups": ["annotators"]}, "no_groups"),
    ],
)
def test_tokens_that_do_not_hold_are_refused(browser: Browser, claims: dict[str, Any], why: str) -> None:
    browser.provider.claims |= claims
    assert refused(browser.sign_in()) == why
    assert browser.session() is None


def test_foreign_signatures_are_refused(browser: Browser) -> None:
    provider = browser.provider
    provider.key = FOREIGN_KEY
    assert refused(browser.sign_in()) == "token"
    provider.key, provider.header = KEY, {"alg": "RS256", "kid": "unknown"}
    assert refused(browser.sign_in()) == "token"
    provider.key, provider.header = OctKey.import_key(CLIENT_SECRET), {"alg": "HS256", "kid": "mine"}
    assert refused(browser.sign_in()) == "token"
    provider.header = {"alg": "none"}
    assert refused(browser.sign_in()) == "token"
    assert browser.session() is None


def test_only_the_browser_that_left_may_come_back(lab: Lab, browser: Browser, time_machine: Clock) -> None:
    provider = browser.provider
    answer = provider.code_for(browser.leave())
    with httpx.Client(base_url=lab.url, verify=False) as other:  # the link sent to somebody else
        for cookie in ("", "x", f"{'9' * 17}..{'x' * 43}"):
            other.cookies.set("annolake_sign_in", cookie)
            location = other.get("/oauth2/idpresponse", params=answer).headers["location"]
            assert refused(location) == "state"
    assert refused(browser.come_back(**{**answer, "state": "x" + answer["state"][1:]})) == "state"
    answer = provider.code_for(browser.leave())
    time_machine.forward(601)
    assert refused(browser.come_back(**answer)) == "state", "ten minutes are over"
    assert browser.session() is None


def test_a_code_is_taken_once(browser: Browser) -> None:
    answer = browser.provider.code_for(browser.leave())
    kept = browser.http.cookies.get("annolake_sign_in")
    assert browser.come_back(**answer) == "/portal/"
    assert refused(browser.come_back(**answer)) == "state", "the cookie is gone"
    browser.http.cookies.set("annolake_sign_in", kept, path="/oauth2")
    assert refused(browser.come_back(**answer)) == "provider", "and the provider knows the code"
    browser.http.cookies.clear()
    stolen = browser.provider.code_for(browser.leave())["code"]
    state = browser.provider.code_for(browser.leave())["state"]
    assert refused(browser.come_back(code=stolen, state=state)) == "provider", "a code fits its own verifier only"


def test_what_the_provider_says_no_to(browser: Browser) -> None:
    provider = browser.provider
    answer = provider.code_for(browser.leave())
    assert refused(browser.come_back(state=answer["state"], error="access_denied")) == "denied"
    assert refused(browser.come_back(error="server_error")) == "provider"
    answer = provider.code_for(browser.leave())
    assert refused(browser.come_back(state=answer["state"])) == "provider"
    answer = provider.code_for(browser.leave())
    assert refused(browser.come_back(**answer, iss="https://evil.example")) == "token"
    provider.is_up = False
    assert refused(browser.sign_in()) == "provider"


def test_failed_returns_are_limited(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.provider.claims["aud"] = "another-client"
    assert refused(browser.sign_in()) == "token"
    monkeypatch.setattr(accounts, "FAILURES_PER_ADDRESS", 1)
    n_asked = len(browser.provider.requests)
    assert refused(browser.sign_in()) == "too_many_attempts"
    assert len(browser.provider.codes) == 1 and len(browser.provider.requests) == n_asked + 1, "it is not asked"


# -- the client secret ----------------------------------------------------------------------------------------------


def test_the_secret_is_nowhere_to_be_read(lab: Lab, browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert browser.sign_in() == "/portal/"
        browser.provider.claims["exp"] = 1
        browser.sign_in()
        described = lab.sagemaker.describe_workforce(WorkforceName="Organisation")
        with pytest.raises(ClientError) as caught:
            lab.sagemaker.update_workforce(
                WorkforceName="Organisation", OidcConfig=browser.provider.config(ClientSecret=f"{CLIENT_SECRET}\n")
            )
    assert "********" in str(caught.value)
    store = service_store(lab)
    try:
        with store.store.read() as connection:
            kept = str([connection.execute(select(table)).all() for table in (workforce, workforce_secret)])
    finally:
        store.store.close()
    ours = [
        r.getMessage() for r in caplog.records if not r.name.startswith("botocore")
    ]  # the client logs what it sends
    assert any("does not hold: ExpiredTokenError" in line for line in ours)
    for text in (str(described), str(caught.value), *ours, kept):
        assert CLIENT_SECRET not in text and CLIENT_SECRET not in text.replace("\\", "")
    for file in (lab.settings.home / "service").glob("*.db*"):
        assert CLIENT_SECRET.encode() not in file.read_bytes()
    assert stat.S_IMODE((lab.settings.home / "secrets.toml").stat().st_mode) == 0o600


def service_store(lab: Lab, **changes: Any) -> Service:
    return Service.open(lab.settings.model_copy(update=changes))


def test_another_key_of_the_service_cannot_open_it(lab: Lab, provider: LyingProvider) -> None:
    for changes, is_found in (({}, True), ({"service_secret": "another"}, False)):
        service = service_store(lab, **changes)
        found = workforces.find_provider(service)
        service.store.close()
        assert (found is not None) is is_found
        assert CLIENT_SECRET not in repr(found)


# -- what a workforce may say ---------------------------------------------------------------------------------------


def test_providers_speak_https(lab: Lab, running_provider: LyingProvider) -> None:
    make = lab.sagemaker.create_workforce
    for member in ("Issuer", "TokenEndpoint", "JwksUri", "AuthorizationEndpoint", "UserInfoEndpoint", "LogoutEndpoint"):
        for url in (
            "http://id.example.org/x",
            "http://127.0.0.1.evil.example/x",
            "http://127.0.0.1:80@evil.example/",
            "ftp://x",
        ):
            config = running_provider.config(**{member: url})
            assert code(make, WorkforceName="Plain", OidcConfig=config) == "ValidationException"
    config = running_provider.config(AuthenticationRequestExtraParams={"prompt": "login", "redirect_uri": "x"})
    with pytest.raises(ClientError, match="redirect_uri is set by the service itself"):
        make(WorkforceName="Odd", OidcConfig=config)


def test_a_provider_changes_only_without_teams(lab: Lab, browser: Browser) -> None:
    update = lab.sagemaker.update_workforce
    extra = browser.provider.config(Scope="openid groups", AuthenticationRequestExtraParams={"prompt": "login"})
    update(WorkforceName="Organisation", OidcConfig=extra)
    asked = dict(parse_qsl(urlsplit(browser.leave()).query))
    assert (asked["scope"], asked["prompt"]) == ("openid groups", "login")
    lab.sagemaker.create_workteam(
        WorkteamName="of-some", WorkforceName="Organisation", Description="d", MemberDefinitions=oidc("g")
    )
    with pytest.raises(ClientError, match="of-some; delete them first"):
        update(WorkforceName="Organisation", OidcConfig=browser.provider.config())
    update(WorkforceName="Organisation", OidcConfig={**extra, "ClientSecret": "a new one"})
    answer = browser.provider.code_for(browser.leave())
    assert refused(browser.come_back(**answer)) == "provider", "the new secret is in use at once, and it is wrong"
