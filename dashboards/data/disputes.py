"""Disputes: what to send to an expert first, by what is labeled wrong now by expectation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.data.asking import Answer, Connection, Where, ask

MOST_SENT = 500
"""Objects that a manifest for the next level can have."""

KINDS = ("label", "missing", "extra", "boundary", "box")
MOST_DISPUTES = 1000
"""Disputes that the page lists; `annolake sql` has all."""


def summary(connection: Connection, where: Where, kinds: Iterable[str] = ()) -> Answer:
    """One row: disputes, objects with one, and what is labeled wrong by expectation, in seconds and in objects."""
    return ask(
        connection,
        """
        select count(*) as n_disputes, count(distinct (job_name, object_id)) as n_items,
          coalesce(sum(expected_gain) filter (where t_end_s is not null), 0) as gain_s,
          coalesce(sum(expected_gain) filter (where t_end_s is null), 0) as gain_items,
          coalesce(sum(t_end_s - t_start_s), 0) as listen_s
        from gold.dispute_queue
        where kind in $kinds {filter}
        """,
        where,
        {"kinds": list(kinds) or list(KINDS)},
    )


def disputes(connection: Connection, where: Where, kinds: Iterable[str] = ()) -> Answer:
    """The queue: by place within job and layer, which has no unit; of equal places the greater gain first."""
    return ask(
        connection,
        """
        select place, coalesce(asset_name, 'object ' || object_id) as item, job_name, layer, kind, labels, t_start_s,
          t_end_s, t_end_s - t_start_s as length_s, severity as disagreeing, n_annotators, expected_gain, object_id
        from gold.dispute_queue
        where kind in $kinds {filter}
        order by place, expected_gain desc, job_name, layer, object_id, t_start_s, kind
        limit $limit
        """,
        where,
        {"kinds": list(kinds) or list(KINDS), "limit": MOST_DISPUTES},
    )


def objects(connection: Connection, where: Where, kinds: Iterable[str] = ()) -> Answer:
    """Objects with disputes of one task type each, what to send first on top, and the share settled so far.

    Seconds come before labels of whole objects; `settled` is the running share of the gain of the task type, in
    seconds where it has any. At most `MOST_SENT` of each task type, of `n_objects`.
    """
    return ask(
        connection,
        """
        with gain as (
          select job_name, object_id, any_value(task_type) as task_type, count(*) as n_disputes,
            coalesce(sum(expected_gain) filter (where t_end_s is not null), 0) as gain_s,
            coalesce(sum(expected_gain) filter (where t_end_s is null), 0) as gain_items
          from gold.dispute_queue
          where kind in $kinds {filter}
          group by job_name, object_id
        ), whole as (
          select task_type, count(*) as n_objects, sum(gain_s) as all_s, sum(gain_items) as all_items,
            list_min(max(gain_s, $most)) as least_s, list_min(max(gain_items, $most)) as least_items
          from gain group by task_type
        ), ranked as (
          select gain.*, n_objects, all_s, all_items, row_number() over (
              partition by task_type order by gain_s desc, gain_items desc, job_name, object_id
            ) as nth
          from gain join whole using (task_type)
          where gain_s >= least_s and (all_s > 0 or gain_items >= least_items)
          qualify nth <= $most
        ), named as (
          select job_name, object_id, any_value(asset_id) as asset_id, any_value(asset_name) as asset_name
          from gold.dispute_queue semi join ranked using (job_name, object_id) group by all
        )
        select task_type, nth, job_name, object_id, coalesce(asset_name, 'object ' || object_id) as item, asset_id,
          n_disputes, gain_s, gain_items,
          if(all_s > 0, sum(gain_s) over so_far / all_s, sum(gain_items) over so_far / nullif(all_items, 0)) as settled,
          n_objects
        from ranked join named using (job_name, object_id)
        window so_far as (partition by task_type order by nth rows unbounded preceding)
        order by task_type, nth
        """,
        where,
        {"kinds": list(kinds) or list(KINDS), "most": MOST_SENT},
    )


def to_send(
    connection: Connection, where: Where, chosen: Iterable[Mapping[str, Any]], kinds: Iterable[str] = ()
) -> Answer:
    """What the manifest of these rows of `objects` is made of: their media, labels and disputes, in their order.

    They are asked for by name, so that DuckDB finds rows and media without a pass over all of them.
    """
    rows = list(chosen)
    return ask(
        connection,
        """
        with first_ones as (
          select job_name, object_id, any_value(asset_id) as asset_id,
            coalesce(sum(expected_gain) filter (where t_end_s is not null), 0) as gain_s,
            coalesce(sum(expected_gain) filter (where t_end_s is null), 0) as gain_items,
            to_json(list({'layer': layer, 'start': t_start_s, 'end': t_end_s, 'kind': kind, 'labels': labels}
              order by t_start_s, layer, kind)) as disputes
          from gold.dispute_queue
          where job_name in $own_jobs and object_id in $names and job_name || '/' || object_id in $objects
            and kind in $kinds {filter}
          group by job_name, object_id
        ), media as (
          select asset_id, uri, duration_s, peaks_uri, playable_uri from silver.asset where asset_id in $media
        )
        select g.job_name, g.object_id, g.asset_id, a.uri, a.duration_s, a.peaks_uri, a.playable_uri,
          j.labels as categories, g.disputes
        from first_ones g
        left join media a using (asset_id)
        left join silver.job j using (job_name)
        order by gain_s desc, gain_items desc, job_name, object_id
        """,
        where,
        {
            "kinds": list(kinds) or list(KINDS),
            "own_jobs": _values(row["job_name"] for row in rows),
            "names": _values(row["object_id"] for row in rows),
            "objects": _values(f"{row['job_name']}/{row['object_id']}" for row in rows),
            "media": _values(row["asset_id"] for row in rows),
        },
    )


def _values(found: Iterable[str | None]) -> list[str]:
    """Each once, for a list in SQL, which must not be empty."""
    return sorted({value for value in found if value}) or [""]


def manifest_lines(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The input manifest of the next level: one line for each registered object, its disputes along for the template.

    The lines are those that `annolake.labeling.create` writes; Ground Truth carries the further keys to the output.
    Two jobs that dispute one file make one line. Objects whose media is not registered cannot be in it.
    """
    from annolake.manifest.write import asset_line  # noqa: PLC0415 - pages that send nothing draw without it

    lines: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not row["uri"]:
            continue
        line = lines.setdefault(row["asset_id"], asset_line(row))
        if row["categories"]:
            line.setdefault("categories", {}).update(json.loads(row["categories"]))
        found = [{**d, "labels": json.loads(d["labels"]), "job": row["job_name"]} for d in json.loads(row["disputes"])]
        line.setdefault("disputes", []).extend(found)
    return list(lines.values())
