"""The audit chain of one object: who said what of its media when, in every job and level, and what that changed.

Beside `data.item` the only module that reads bronze and silver: each question names the objects of one media.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dashboards.data.asking import Answer, Connection, ask

Objects = Iterable[tuple[str, str]]
"""Job and object, those of one media: what `same_media` found."""


def answers(connection: Connection, objects: Objects) -> Answer:
    """Every answer about these objects of one media, the oldest first; earlier revisions too.

    `is_current` is the answer that counts; one that the quality gate rejected counts nowhere. `source_uri` is the file
    that it was landed from. `compared_with` is the job of the nearest level before, and `added_s`, `removed_s` and
    `relabeled` say what the answer changed in that job's consensus, in the layers that its own job asks about: seconds
    of a label, and labels of the whole object. NULL where there is no level before.
    """
    given = _values(objects)
    return ask(
        connection,
        """
        with said as (
          select job_name, object_id, worker_id, revision, submitted_at, time_spent_s, source_uri
          from bronze.worker_response
          where job_name in $asked and object_id in $names and job_name || '/' || object_id in $objects
        ), marked as (
          select job_name, object_id, worker_id, revision, n_segments
          from silver.annotation
          where job_name in $asked and object_id in $names
        ), job as (
          select job_name, level, task_type, labels, created_at from silver.job where job_name in $asked
        ), place as (
          select distinct job_name, object_id, level, labels, created_at from said join job using (job_name)
        ), before as (
          select a.job_name, a.object_id, a.labels, b.job_name as base_job, b.object_id as base_object
          from place a join place b
            on coalesce(b.level < a.level, b.created_at < a.created_at)
          qualify row_number() over (
            partition by a.job_name, a.object_id order by b.level desc nulls last, b.created_at desc, b.job_name
          ) = 1
        ), segment as (
          select job_name, object_id, worker_id, layer, label, start_s, end_s
          from silver.segment
          where job_name in $asked and object_id in $names
        ), agreed as (
          select e.job_name, e.object_id, c.layer, c.label, c.start_s, c.end_s
          from gold.consensus_segment c
          join before e on c.job_name = e.base_job and c.object_id = e.base_object
          where c.job_name in $asked and c.object_id in $names
            and (e.labels is null or list_contains(json_keys(e.labels), c.layer))
        ), base as (
          select job_name, object_id, sum(end_s - start_s) as base_s from agreed group by all
        ), own as (
          select job_name, object_id, worker_id, sum(end_s - start_s) as own_s from segment group by all
        ), shared as (
          select s.job_name, s.object_id, s.worker_id,
            sum(least(s.end_s, a.end_s) - greatest(s.start_s, a.start_s)) as same_s
          from segment s join agreed a
            on s.job_name = a.job_name and s.object_id = a.object_id and s.layer = a.layer and s.label = a.label
              and s.start_s < a.end_s and a.start_s < s.end_s
          group by all
        ), class as (
          select job_name, object_id, worker_id, layer, string_agg(label, ', ' order by label) as label
          from silver.classification
          where job_name in $asked and object_id in $names
          group by all
        ), named as (
          select c.job_name, c.object_id, c.worker_id, string_agg(c.label, ', ' order by c.layer) as labels,
            string_agg(f.label || ' → ' || c.label, ', ' order by c.layer) filter (where f.label <> c.label)
              as relabeled
          from class c
          left join before e on c.job_name = e.job_name and c.object_id = e.object_id
          left join gold.consensus_label f on f.method = 'one_coin' and f.layer = c.layer
            and f.job_name = e.base_job and f.object_id = e.base_object
          group by all
        )
        select s.submitted_at, s.job_name, j.level, j.task_type, s.worker_id,
          row_number() over (partition by s.job_name, s.object_id, s.worker_id order by s.revision) as revision_no,
          m.revision is not null as is_current, m.n_segments, n.labels, s.time_spent_s, e.base_job as compared_with,
          if(m.n_segments is null or e.base_job is null, null, coalesce(own.own_s, 0) - coalesce(shared.same_s, 0))
            as added_s,
          if(m.n_segments is null or e.base_job is null, null, coalesce(base.base_s, 0) - coalesce(shared.same_s, 0))
            as removed_s,
          n.relabeled, s.source_uri
        from said s
        left join marked m using (job_name, object_id, worker_id, revision)
        left join job j on s.job_name = j.job_name
        left join before e on s.job_name = e.job_name and s.object_id = e.object_id
        left join base on s.job_name = base.job_name and s.object_id = base.object_id
        left join own on m.revision is not null and (s.job_name, s.object_id, s.worker_id)
          = (own.job_name, own.object_id, own.worker_id)
        left join shared on m.revision is not null and (s.job_name, s.object_id, s.worker_id)
          = (shared.job_name, shared.object_id, shared.worker_id)
        left join named n on m.revision is not null and (s.job_name, s.object_id, s.worker_id)
          = (n.job_name, n.object_id, n.worker_id)
        order by s.submitted_at, s.worker_id
        """,
        values=given,
        job=_only(given["asked"]),
    )


def outcomes(connection: Connection, objects: Objects) -> Answer:
    """What came out of each job about this media, the first level first: the label, a verdict, whether it was adjusted.

    `feedback` is what verifiers wrote, as a JSON list; `source_uri` is the output manifest or the label's own file.
    """
    given = _values(objects)
    return ask(
        connection,
        """
        select c.job_name, j.level, j.task_type, c.outcome, c.label, c.confidence, c.adjustment_status, c.feedback,
          coalesce(c.labeled_at, c.observed_at) as labeled_at, coalesce(c.ref_uri, j.output_uri) as source_uri
        from silver.consolidated c
        left join silver.job j using (job_name)
        where c.job_name in $asked and c.object_id in $names and c.job_name || '/' || c.object_id in $objects
        order by j.level nulls last, labeled_at, c.job_name
        """,
        values=given,
        job=_only(given["asked"]),
    )


def _values(objects: Objects) -> Mapping[str, list[str]]:
    """The objects as values: given by name they spare a pass over all jobs."""
    known = list(objects)
    return {
        "asked": sorted({job for job, _ in known}),
        "names": sorted({name for _, name in known}),
        "objects": sorted(f"{job}/{name}" for job, name in known),
    }


def _only(jobs: list[str]) -> str | None:
    """The job where there is one only."""
    return jobs[0] if len(jobs) == 1 else None


def same_media(connection: Connection, job_name: str, object_id: str) -> list[tuple[str, str]]:
    """Job and object wherever somebody answered about this object's media; this one is always among them.

    By the tables of agreement, which have the media of every object that can be compared. Polygons and spans of text
    are compared nowhere, so those rows themselves are asked; most lakes have none.
    """
    media = ask(
        connection,
        """
        select max(asset_id) as asset_id from silver.annotation
        where job_name = $job and object_id = $object having max(asset_id) is not null
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )
    if media.is_empty:
        return [(job_name, object_id)]
    found = ask(
        connection,
        """
        with asked as (
          select job_name, object_id, asset_id from gold.agreement_item
          union all select job_name, object_id, asset_id from gold.agreement_box
          union all select job_name, object_id, asset_id from gold.agreement_transcript
          union all select job_name, object_id, asset_id from silver.shape
          union all select job_name, object_id, asset_id from silver.text_span
        )
        select distinct job_name, object_id from asked where asset_id = $media order by all
        """,
        values={"media": media.column("asset_id")[0]},
    )
    return sorted({(job_name, object_id), *zip(found.column("job_name"), found.column("object_id"), strict=True)})
