"""What the portal's HTTP API takes and answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""A text that every database keeps."""


class ErrorText(BaseModel):
    """What went wrong."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """Body of every answer that is not 2xx."""

    error: ErrorText


class SignIn(BaseModel):
    """A local account's name and password."""

    model_config = ConfigDict(extra="forbid")

    username: Words = Field(max_length=128)
    password: str = Field(max_length=1024)


class WorkerBody(BaseModel):
    """Who is signed in."""

    name: str
    subject: str
    teams: list[str]


class SessionBody(BaseModel):
    """A session; `csrf_token` goes into the header `X-CSRF-Token` of every POST, PUT and DELETE."""

    worker: WorkerBody
    csrf_token: str
    sign_out_url: str | None = Field(
        None, description="where the provider's own session ends: go there once this one is ended"
    )


class ProviderBody(BaseModel):
    """Where people of the organisation sign in."""

    name: str
    sign_in_url: str = Field(description="root-relative; a browser goes there, and comes back signed in")


class WaysIn(BaseModel):
    """How people sign in here."""

    local_accounts: bool = Field(description="whether a name and a password are taken")
    provider: ProviderBody | None


class JobBody(BaseModel):
    """A labeling job of one of the worker's teams."""

    job_name: str
    title: str
    description: str
    task_type: str = Field(description="`VideoMultiClass` and so on, or `custom`")
    keywords: list[str]
    available: int = Field(description="objects that the worker could take now")
    answered_by_me: int
    total: int
    status: str


class JobsBody(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobBody]


class TaskBody(BaseModel):
    """A task in the worker's hands."""

    task_id: str
    job_name: str
    object_id: str
    title: str
    description: str
    lease_expires_at: str = Field(description="UTC, ISO 8601")
    frame_url: str = Field(description="root-relative address of the template for a sandboxed iframe")
    input: dict[str, Any] = Field(description="`task.input` as the template sees it")
    draft: Any = None
    answered_by_me: int
    total: int


class TaskAnswer(BaseModel):
    """A task, or why there is none."""

    task: TaskBody | None
    reason: str | None = None


class NextTask(BaseModel):
    """Which task is wanted; without a job: of any."""

    model_config = ConfigDict(extra="forbid")

    job_name: Words | None = Field(None, max_length=63)


class Draft(BaseModel):
    """What the worker has so far; any JSON."""

    model_config = ConfigDict(extra="forbid")

    draft: Any


class Answer(BaseModel):
    """The `answerContent` that goes into the worker response."""

    model_config = ConfigDict(extra="forbid")

    answer: dict[str, Any]


class Submitted(BaseModel):
    """The answer is on disk."""

    status: str = "submitted"


class Decline(BaseModel):
    """Why the worker does not want the task."""

    model_config = ConfigDict(extra="forbid")

    reason: Words | None = Field(None, max_length=1000)
