"""Great Expectations over the counts: every check is an expectation that no row broke it.

DuckDB counts (`gate`, `checks`); Great Expectations never sees the rows. It decides, carries the severity and
renders the Data Docs. Importing it takes seconds, so that happens when checks are validated and not before.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annolake.errors import QualityError
from annolake.quality.gate import Count

log = logging.getLogger(__name__)

SEVERITY = {"fail": "critical", "warn": "warning"}


def validate(name: str, counts: Sequence[Count], docs: Path | None = None) -> list[bool]:
    """Whether each check held; writes the Data Docs of this validation to the folder `docs`.

    Checks of tables without a row hold, unless they found something all the same; no expectation is made of them.
    """
    asked = [c for c in counts if c.n_rows or c.n_failed]
    held = dict(zip(asked, _validate(name, asked, docs), strict=True)) if asked else {}
    return [held.get(count, True) for count in counts]


def _validate(name: str, counts: Sequence[Count], docs: Path | None) -> list[bool]:
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("TQDM_DISABLE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies warn while they are imported
        import great_expectations as gx
        import pandas as pd
        from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

        logging.getLogger("great_expectations").setLevel(logging.WARNING)
        in_memory = DataContextConfig(store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False))
        context = gx.get_context(mode="ephemeral", project_config=in_memory)
        context.variables.progress_bars = {"globally": False}
        frame = pd.DataFrame({_column(c): [c.n_failed] for c in counts})
        batch = (
            context.data_sources.add_pandas(name).add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        )
        suite = context.suites.add(gx.ExpectationSuite(name=name))
        suite.expectations = [_expectation(gx, c) for c in counts]
        suite.save()
        validation = gx.ValidationDefinition(name=name, data=batch, suite=suite)
        result = context.validation_definitions.add(validation).run(batch_parameters={"dataframe": frame})
        if docs is not None:
            _render(context, docs)
    results = {r.expectation_config.kwargs["column"]: r for r in result.results}
    return [_held(c, results[_column(c)]) for c in counts]


def _column(count: Count) -> str:
    return f"{count.table} {count.rule}"


def _expectation(gx: Any, count: Count) -> Any:
    return gx.expectations.ExpectColumnMaxToBeBetween(
        column=_column(count),
        max_value=0,
        severity=SEVERITY[count.severity],
        description=f"{count.table}: {count.detail}",
        meta={"severity": count.severity, "rows": count.n_rows, "rows_that_broke_it": count.n_failed},
    )


def _held(count: Count, result: Any) -> bool:
    raised = result.exception_info
    if raised and raised.get("raised_exception"):
        raise QualityError(f"The check {_column(count)} could not be evaluated: {raised.get('exception_message')}")
    return bool(result.success)


def _render(context: Any, docs: Path) -> None:
    docs.mkdir(parents=True, exist_ok=True)
    context.add_data_docs_site(
        "annolake",
        {
            "class_name": "SiteBuilder",
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=["annolake"])
