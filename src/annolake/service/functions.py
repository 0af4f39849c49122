"""Pre- and post-annotation functions of one's own, addressed by Lambda ARN: Python callables in a process apart.

The setting `functions` names them: `my-pre=package.module:handler`. A handler takes Lambda's `(event, context)`
with the requests and responses of Ground Truth (contract, sections 4.1 and 4.2), and finds the service's buckets with
a plain boto3 S3 client. Each call has a time limit; what hangs is killed, what fails is told with its reason.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from annolake.config import Settings
from annolake.errors import AnnolakeError
from annolake.processes.asked import AskedChild, ChildDied, ChildLate

KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
VERSION = "2018-10-16"
"""Of the requests."""


class FunctionFailed(AnnolakeError):
    """A function gave no usable answer."""


def offered(settings: Settings) -> dict[str, str]:
    """Name -> `module:callable` of the functions that the settings offer."""
    pairs = (pair.partition("=") for pair in settings.functions.split(",") if pair.strip())
    return {name.strip(): target.strip() for name, _, target in pairs}


def own_function(arn: str | None) -> str | None:
    """The function that a Lambda ARN names, unless it is one of the built-in ones; None for none.

    >>> own_function("arn:aws:lambda:us-east-1:000000000000:function:my-pre:3")
    'my-pre'
    """
    name = arn.split(":function:", 1)[1].split(":")[0] if arn else ""
    return name if name and not name.startswith(("PRE-", "ACS-")) else None


class Function:
    """One running function; use it as a context. Calls are one at a time."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.name, self._settings = name, settings
        self._target = offered(settings).get(name, "")
        self._child: AskedChild | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def __call__(self, event: dict[str, Any]) -> Any:
        """What the function answers; `FunctionFailed` where it raises, dies, or is late."""
        if not self._target:
            raise FunctionFailed(f"The function {self.name} is no longer in the setting functions.")
        child = self._child = self._child or self._start()
        seconds = self._settings.function_seconds
        try:
            answer = child.ask({"event": event, "seconds": seconds}, seconds)
        except (ChildLate, ChildDied, ValueError) as error:
            self._end()
            raise FunctionFailed(f"The function {self.name} {_why(error, seconds)}.") from None
        if "problem" in answer:
            raise FunctionFailed(f"The function {self.name} failed: {answer['problem']}")
        return answer["answer"]

    def _start(self) -> AskedChild:
        s = self._settings
        environment = {
            "AWS_ACCESS_KEY_ID": s.access_key,
            "AWS_SECRET_ACCESS_KEY": s.secret_key,
            "AWS_DEFAULT_REGION": s.region,
        }
        if s.s3_endpoint_url:
            environment["AWS_ENDPOINT_URL_S3"] = s.s3_endpoint_url
        module = "annolake.service.function_child"
        return AskedChild(module, self.name, self._target, kept=KEPT_ENVIRONMENT, environment=environment)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


def _why(error: Exception, seconds: float) -> str:
    if isinstance(error, ChildLate):
        return f"did not answer within {seconds:g} s"
    return f"ended with {error}" if isinstance(error, ChildDied) else str(error)
