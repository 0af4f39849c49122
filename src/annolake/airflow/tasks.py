"""Tasks whose errors decide about retries: `Retryable` ones are tried again, all others fail at once."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from annolake.config import Settings
from annolake.errors import AnnolakeError, Retryable


@contextlib.contextmanager
def annolake_errors() -> Iterator[None]:
    """Turn our errors into Airflow's; any other exception passes and is retried, as Airflow does."""
    try:
        yield
    except AnnolakeError as error:
        kind = AirflowException if isinstance(error, Retryable) else AirflowFailException
        raise kind(f"{type(error).__name__}: {error}") from error


def library_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`airflow.sdk.task` around a function that calls the library, with `annolake_errors`."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            logging.getLogger("great_expectations").setLevel(logging.WARNING)  # hundreds of lines at its import
            with annolake_errors():
                return function(*args, **kwargs)

        return task(**options)(run)

    return decorate


def settings() -> Settings:
    """The settings of this task's process: its environment and annolake.toml."""
    return Settings.load()
