"""Every table of the lake: grain, key, partition and the unit and meaning of each column, stated once.

Landing, the quality gate, `docs/tables.md` and the tests all read this module. Times are UTC. Durations and
positions are seconds (`_s`) from the start of the media. A worker is always a pseudonym (`w_` + 16 hex digits),
but in `restricted.worker`, which analysts' releases leave out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
INT = pa.int32()
LONG = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")
HITS = pa.map_(pa.string(), pa.field("value", pa.int64(), nullable=True))  # type: ignore[call-overload]  # stub
MASS = pa.map_(pa.string(), pa.field("value", pa.float64(), nullable=True))  # type: ignore[call-overload]  # stub


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, whether NULL is allowed, and what it means (with its unit or range)."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake, named `namespace.topic`."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: tuple[str, ...] = ("job_name",)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema that every batch written to the table has."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def empty(self) -> pa.Table:
        return self.arrow.empty_table()


class SchemaMismatch(ValueError):
    """A table at the door of a transform does not have the columns that it needs; names every difference."""


def require(table: pa.Table, wanted: Table | pa.Schema, *, columns: Iterable[str] | None = None) -> pa.Table:
    """`table` with exactly the wanted columns, in order; raises `SchemaMismatch` naming every difference at once."""
    schema = wanted.arrow if isinstance(wanted, Table) else wanted
    names = list(columns) if columns is not None else schema.names
    missing = [n for n in names if n not in table.schema.names]
    wrong = [
        f"{n} is {table.schema.field(n).type}, not {schema.field(n).type}"
        for n in names
        if n not in missing and table.schema.field(n).type != schema.field(n).type
    ]
    if missing or wrong:
        where = wanted.name if isinstance(wanted, Table) else "table"
        raise SchemaMismatch(f"{where}: missing {missing or 'nothing'}; wrong type {wrong or 'none'}")
    return table.select(names)


def _table(name: str, grain: str, key: str, *columns: Column, partition: str = "job_name") -> Table:
    return Table(name, grain, tuple(key.split()), columns, tuple(partition.split()))


LANDING = (
    Column("landing_id", TEXT, "the landing that wrote the row"),
    Column("landed_at", TIME, "when that landing ran"),
)
JOB = Column("job_name", TEXT, "labeling job")
OBJECT = Column("object_id", TEXT, "data set object: zero-based line number in the job's input manifest")
ASSET = Column("asset_id", TEXT, "registered media file; NULL where the source is not registered", True)
WORKER = Column("worker_id", TEXT, "pseudonym of the annotator")
REVISION = Column("revision", LONG, "submission time in milliseconds since 1970; the highest one counts")
LAYER = Column("layer", TEXT, "what was asked: a track category of a segmentation, or a question about the clip")

# -- bronze: what arrived ---------------------------------------------------------------------------------------------

MEDIA_OBJECT = _table(
    "bronze.media_object",
    "one version of one media file at its source",
    "source_uri source_version",
    Column("source_uri", TEXT, "where the file was found: file:// or s3://"),
    Column("source_version", TEXT, "ETag, or size and hash"),
    ASSET,
    Column("bytes", LONG, "size"),
    Column("content_hash", TEXT, "BLAKE3 of the content, hex"),
    *LANDING,
    partition="",
)
MANIFEST_LINE = _table(
    "bronze.manifest_line",
    "one line of one version of an output manifest",
    "job_name source_uri line_no line_hash",
    JOB,
    Column("source_uri", TEXT, "the manifest"),
    Column("source_version", TEXT, "its ETag, or size and hash"),
    Column("source_modified_at", TIME, "when that version was written"),
    Column("line_no", LONG, "1-based line number"),
    OBJECT,
    Column("line", TEXT, "the line as it arrived"),
    Column("line_hash", TEXT, "hash of the line"),
    *LANDING,
)
WORKER_RESPONSE = _table(
    "bronze.worker_response",
    "one worker's answer in one worker-response file",
    "job_name object_id worker_id revision answer_hash",
    JOB,
    OBJECT,
    Column("source_uri", TEXT, "the worker-response file"),
    Column("source_version", TEXT, "its ETag, or size and hash"),
    Column("answer_no", INT, "zero-based position in the file"),
    WORKER,
    REVISION,
    Column("accepted_at", TIME, "when the worker took the task", True),
    Column("submitted_at", TIME, "when the worker submitted"),
    Column("time_spent_s", REAL, "time on the task without pauses, as reported", True),
    Column("answer", TEXT, "answerContent as JSON text, unchanged"),
    Column("answer_hash", TEXT, "hash of it"),
    *LANDING,
)
LANDING_OUTCOME = _table(
    "bronze.landing_outcome",
    "one input of one landing: landed, or the reason why not",
    "landing_id source_uri line_no",
    Column("kind", TEXT, "media, manifest_line or worker_response"),
    Column("job_name", TEXT, "labeling job; NULL for media", True),
    Column("source_uri", TEXT, "the input"),
    Column("source_version", TEXT, "its ETag, or size and hash; NULL where it could not be read", True),
    Column("line_no", LONG, "1-based line, or position of the answer; 0 for a whole file"),
    Column("is_ok", FLAG, "whether it landed"),
    Column("reason_code", TEXT, "short reason, for counting; NULL where it landed as new", True),
    Column("reason", TEXT, "the reason in a sentence", True),
    Column("seconds", REAL, "time that it took", True),
    *LANDING,
    partition="",
)
BATCH_ITEM = _table(
    "bronze.batch_item",
    "one media file that a batch gives out to be labeled",
    "asset_id claim",
    Column("asset_id", TEXT, "the media file"),
    Column(
        "claim",
        TEXT,
        "'first' where the batch took a file that nobody had been given yet, else the batch that asked for it again; "
        "in the key, so that of two batches at once only one gets the file",
    ),
    Column("batch_id", TEXT, "the batch"),
    JOB,
    Column("task_type", TEXT, "what is asked about it"),
    Column("claimed_at", TIME, "when"),
    Column("is_gold", FLAG, "whether it was mixed in as a gold item, to score annotators against its truth", True),
    partition="",
)

# -- silver: one meaning per column -----------------------------------------------------------------------------------

ASSET_TABLE = _table(
    "silver.asset",
    "one media file, by content",
    "asset_id",
    Column("asset_id", TEXT, "first 32 hex digits of the content's BLAKE3 hash"),
    Column("uri", TEXT, "s3:// location that manifests name"),
    Column("name", TEXT, "file name at its source"),
    Column("media_type", TEXT, "audio or video"),
    Column("duration_s", REAL, "length of the media"),
    Column("container", TEXT, "container format"),
    Column("audio_codec", TEXT, "codec of the first audio stream; NULL without sound", True),
    Column("sample_rate_hz", INT, "of the first audio stream", True),
    Column("channels", INT, "of the first audio stream", True),
    Column("video_codec", TEXT, "codec of the first video stream; NULL without picture", True),
    Column("width_px", INT, "as displayed", True),
    Column("height_px", INT, "as displayed", True),
    Column("fps", REAL, "average frames a second", True),
    Column("bytes", LONG, "size"),
    Column("content_hash", TEXT, "BLAKE3 of the content, hex"),
    Column("peaks_uri", TEXT, "s3:// location of the waveform peaks; NULL without sound", True),
    Column("playable_uri", TEXT, "s3:// copy that browsers play; NULL where they play the original", True),
    *LANDING,
    partition="",
)
GOLD_ITEM = _table(
    "silver.gold_item",
    "the truth about one media file in one layer, whatever job asks",
    "asset_id layer revision",
    Column("asset_id", TEXT, "the media file"),
    LAYER,
    Column("revision", LONG, "when it was given, in milliseconds since 1970; the highest one counts"),
    Column("label", TEXT, "the right label of the whole file; NULL where the truth is segments", True),
    Column("segments", TEXT, "JSON list of [start_s, end_s, label]; NULL where the truth is one label", True),
    *LANDING,
    partition="",
)
JOB_TABLE = _table(
    "silver.job",
    "one state of a labeling job; the newest counts",
    "job_name modified_at",
    JOB,
    Column("batch_id", TEXT, "batch that the job belongs to; NULL for jobs made elsewhere", True),
    Column("level", INT, "level of the batch; NULL for jobs made elsewhere", True),
    Column("task_type", TEXT, "audio_segmentation, video_classification, ..."),
    Column("label_attribute", TEXT, "LabelAttributeName"),
    Column("labels", TEXT, "JSON object layer -> list of labels that may be given; NULL where unknown", True),
    Column("workers_per_object", INT, "annotators asked for each object"),
    Column("status", TEXT, "LabelingJobStatus"),
    Column("n_objects", LONG, "objects in the input manifest"),
    Column("n_labeled", LONG, "TotalLabeled"),
    Column("n_failed", LONG, "FailedNonRetryableError"),
    Column("input_uri", TEXT, "input manifest"),
    Column("output_uri", TEXT, "output manifest; NULL while there is none", True),
    Column("created_at", TIME, "CreationTime"),
    Column("modified_at", TIME, "LastModifiedTime"),
    *LANDING,
)
ASSIGNMENT = _table(
    "silver.assignment",
    "one worker asked about one object",
    "job_name object_id worker_id revision",
    JOB,
    OBJECT,
    ASSET,
    WORKER,
    REVISION,
    Column("outcome", TEXT, "answered, skipped or expired"),
    Column("accepted_at", TIME, "when the task was taken", True),
    Column("submitted_at", TIME, "when the answer came", True),
    Column("time_spent_s", REAL, "time on the task without pauses", True),
    *LANDING,
)
ANNOTATION = _table(
    "silver.annotation",
    "one worker's answer on one object",
    "job_name object_id worker_id revision",
    JOB,
    OBJECT,
    ASSET,
    WORKER,
    REVISION,
    Column("task_type", TEXT, "as in silver.job"),
    Column("accepted_at", TIME, "when the task was taken", True),
    Column("submitted_at", TIME, "when the answer came"),
    Column("time_spent_s", REAL, "time on the task without pauses", True),
    Column("n_segments", INT, "segments in the answer, rejected ones included; NULL where none were asked for", True),
    Column("transcript", TEXT, "full-content text; NULL where none was given", True),
    Column("answer", TEXT, "answerContent as JSON text"),
    *LANDING,
)
SEGMENT = _table(
    "silver.segment",
    "one labeled stretch of one worker's answer",
    "job_name object_id worker_id revision layer segment_no",
    JOB,
    OBJECT,
    ASSET,
    WORKER,
    REVISION,
    LAYER,
    Column("segment_no", INT, "zero-based position within the layer of the answer"),
    Column("label", TEXT, "tag"),
    Column("start_s", REAL, "first moment; 0 <= start < end"),
    Column("end_s", REAL, "last moment; at most the duration"),
    Column("text", TEXT, "transcript or comment", True),
    Column("attributes", TEXT, "every other key of the segment, as JSON", True),
    *LANDING,
)
CLASSIFICATION = _table(
    "silver.classification",
    "one label that one worker gave to a whole object",
    "job_name object_id worker_id revision layer label",
    JOB,
    OBJECT,
    ASSET,
    WORKER,
    REVISION,
    LAYER,
    Column("label", TEXT, "the label; several rows where several were chosen"),
    *LANDING,
)
BOX = _table(
    "silver.box",
    "one box that one worker drew on an image or a frame of a video",
    "job_name object_id worker_id revision layer frame_no box_no",
    JOB,
    OBJECT,
    ASSET,
    WORKER,
    REVISION,
    LAYER,
    Column("frame_no", INT, "zero-based frame of the sequence; 0 for an image"),
    Column("box_no", INT, "zero-based position within the frame of the answer"),
    Column("track_id", TEXT, "the object that the box follows through the frames; NULL where none are followed", True),
    Column("label", TEXT, "class"),
    Column("left_px", REAL, "left edge, from the left of the picture"),
    Column("top_px", REAL, "upper edge, from the top of the picture"),
    Column("width_px", REAL, "width; > 0"),
    Column("height_px", REAL, "height; > 0"),
    Column("attributes", TEXT, "every other key of the box, as JSON", True),
    *LANDING,
)
CONSOLIDATED = _table(
    "silver.consolidated",
    "what one version of the output manifest says of one object",
    "job_name object_id line_hash",
    JOB,
    OBJECT,
    ASSET,
    Column("line_hash", TEXT, "hash of the manifest line"),
    Column("observed_at", TIME, "when that version of the manifest was written; the newest counts"),
    Column("outcome", TEXT, "labeled, failed or unlabeled"),
    Column("label", TEXT, "class name of a classification", True),
    Column("confidence", REAL, "0 to 1; 0 with one worker", True),
    Column("failure_reason", TEXT, "as the backend gave it", True),
    Column("value", TEXT, "the label attribute's value as JSON", True),
    Column("metadata", TEXT, "its -metadata as JSON", True),
    *LANDING,
)
QUARANTINE = _table(
    "silver.quarantine",
    "one row that broke a rule of severity fail",
    "table_name row_key rule",
    JOB,
    Column("table_name", TEXT, "table that the row was meant for"),
    Column("row_key", TEXT, "its key, as JSON"),
    Column("rule", TEXT, "name of the rule that it broke"),
    Column("reason", TEXT, "the rule in words, with the values found"),
    Column("object_id", TEXT, "object", True),
    Column("worker_id", TEXT, "pseudonym of the annotator", True),
    Column("source_uri", TEXT, "where the row came from", True),
    Column("row", TEXT, "the row, as JSON"),
    *LANDING,
)

# -- measure: sums by object, made by `transforms` --------------------------------------------------------------------

AGREEMENT_SUMS = (
    Column("duration_s", REAL, "length of the object; NULL for a clip label", True),
    Column("n_annotators", INT, "annotators who answered"),
    Column("n_pairs", INT, "pairs of annotators"),
    Column("mass", REAL, "time-weighted count of pairable values: seconds x annotators, or annotators"),
    Column("d_obs", REAL, "observed disagreement mass: sum of d (n^2 - sum c^2) / (n - 1)"),
    Column("label_mass", MASS, "mass by label; '' is the stretch that nobody labeled"),
    Column("mass_presence", REAL, "mass of the question: labeled or not", True),
    Column("d_obs_presence", REAL, "its observed disagreement mass", True),
    Column("present_mass", REAL, "part of it that was labeled", True),
    Column("n_boundaries", LONG, "interior boundaries, summed over both sides of all pairs", True),
    Column("boundary_hits_500ms", LONG, "boundaries matched within 0.5 s, counted on both sides", True),
    Column("boundary_hits_3s", LONG, "within 3 s", True),
    Column("boundary_abs_dev_s", REAL, "median |difference| of the matched within 0.5 s; NULL without a match", True),
    Column("n_units", LONG, "segments, summed over both sides of all pairs", True),
    Column("unit_hits_iou50", LONG, "segments matched at IoU >= 0.5, counted on both sides", True),
    Column("unit_hits_iou50_label", LONG, "... with the same label", True),
    Column("sum_iou_matched", REAL, "sum of the matched IoU, counted on both sides", True),
    Column("boundary_hits_250ms", LONG, "boundaries matched within 0.25 s, counted on both sides", True),
    Column("boundary_hits_more", HITS, "the same for further windows: 1500ms, 2s, ...", True),
    Column("units_fewer", LONG, "segments of whoever of a pair has fewer, summed over pairs", True),
    Column("units_more", LONG, "... of whoever has more", True),
    Column("rand_shared", REAL, "sum over pairs of sum C^2 / T^2: C seconds shared by two labels, T duration", True),
    Column("rand_own", REAL, "sum over pairs of (sum R^2 + sum S^2) / 2 T^2: R, S seconds of a label of a side", True),
    Column("rand_chance", REAL, "sum over pairs of sum R^2 sum S^2 / T^4", True),
)
MEASURE_ITEM = _table(
    "measure.item",
    "agreement sums of one object in one layer",
    "job_name object_id layer",
    JOB,
    OBJECT,
    LAYER,
    *AGREEMENT_SUMS,
    Column("reason_code", TEXT, "why there is no agreement: one_annotator, no_labels; NULL where there is", True),
)
MEASURE_WORKER_ITEM = _table(
    "measure.worker_item",
    "one worker against the others on one object in one layer",
    "job_name object_id layer worker_id",
    JOB,
    OBJECT,
    LAYER,
    WORKER,
    Column("n_others", INT, "other annotators of the object"),
    Column("mass", REAL, "seconds (or 1) compared, once a pair"),
    Column("agree", REAL, "part of it on which worker and other said the same; silence of both is the same"),
    Column("expected_agree", REAL, "part expected by chance: the worker's labels against the shares that others gave"),
    Column("n_units", LONG, "segments of the worker", True),
    Column("n_units_others", REAL, "mean number of segments of the others", True),
    Column("n_split", REAL, "segments of another that hold two or more of the worker's; mean over the others", True),
    Column("n_merged", REAL, "segments of the worker that hold two or more of another's; mean over the others", True),
)
MEASURE_WORKER = _table(
    "measure.worker",
    "estimates of one worker from all answers of a job",
    "job_name layer worker_id",
    JOB,
    LAYER,
    WORKER,
    Column("offset_s", REAL, "signed boundary offset: positive is late; 0 is the middle of the workers", True),
    Column("n_boundaries", LONG, "matched boundaries behind the offset", True),
    Column("skill_ds", REAL, "Dawid-Skene: probability of the right label, 0 to 1; NULL for segments", True),
)
MEASURE_WORKER_SKILL = _table(
    "measure.worker_skill",
    "what the labels alone tell of one worker of a job",
    "job_name layer worker_id",
    JOB,
    LAYER,
    WORKER,
    Column("skill_onecoin", REAL, "one-coin model: probability of the right label, 0 to 1", True),
    Column("skill_lo", REAL, "lower end of its 95 % interval", True),
    Column("skill_hi", REAL, "upper end of it", True),
    Column("spam_prob", REAL, "share of answers given without a look, 0 to 1, by a model after MACE", True),
    Column("residual", REAL, "agreement beyond that of the co-annotators of the same objects; 0 is their middle", True),
    Column("residual_lo", REAL, "lower end of its 95 % interval", True),
    Column("residual_hi", REAL, "upper end of it", True),
    Column("n_residual", LONG, "objects behind it: those with three annotators or more"),
    Column("drift_ewma", REAL, "residual lately: exponential mean, weight 0.2, in order of submission", True),
    Column("drift_cusum", REAL, "greatest fall of the residual, as a Brownian bridge; alarm from 1.517 on", True),
    Column("drift_at", TIME, "submission after which the residual fell; NULL without an alarm", True),
    Column("is_drifting", FLAG, "whether the alarm holds (1 % of steady workers); NULL under 20 objects", True),
)
MEASURE_GOLD_ITEM = _table(
    "measure.gold_item",
    "one worker against the truth on one object in one layer",
    "job_name object_id layer worker_id",
    JOB,
    OBJECT,
    LAYER,
    WORKER,
    Column("is_planted", FLAG, "whether the object was mixed in as a gold item; those stand in no agreement sum"),
    Column("mass", REAL, "seconds compared; 1 for a label"),
    Column("agree", REAL, "part of it on which worker and truth say the same"),
    Column("expected_agree", REAL, "part expected by chance: the worker's labels against the shares of the truth"),
    Column("n_boundaries", LONG, "interior boundaries of worker and truth together", True),
    Column("boundary_hits_500ms", LONG, "of them matched within 0.5 s, counted on both sides", True),
    Column("offset_s", REAL, "median signed difference of matched boundaries: positive is late", True),
    Column("n_units", LONG, "segments of the worker", True),
    Column("n_units_truth", LONG, "segments of the truth", True),
    Column("n_split", LONG, "segments of the truth that hold two or more of the worker's", True),
    Column("n_merged", LONG, "segments of the worker that hold two or more of the truth's", True),
)
MEASURE_WORKER_GOLD = _table(
    "measure.worker_gold",
    "one worker against the truth in one layer of one job",
    "job_name layer worker_id",
    JOB,
    LAYER,
    WORKER,
    Column("gold_n", LONG, "objects with a known truth that the worker answered"),
    Column("gold_correct", LONG, "of them with the right label; NULL for segments", True),
    Column("gold_acc", REAL, "share right: of labels, or of time for segments", True),
    Column("gold_lo", REAL, "lower end of its 95 % interval: Jeffreys, or jackknife over objects for segments", True),
    Column("gold_hi", REAL, "upper end of it", True),
    Column("gold_kappa", REAL, "the same beyond chance; 1 is full, 0 is chance", True),
    Column("gold_boundary_f", REAL, "boundaries within 0.5 s of the truth's, F score; NULL for labels", True),
    Column("gold_offset_s", REAL, "median signed offset against the truth: positive is late; NULL for labels", True),
    Column("gold_n_boundaries", LONG, "matched boundaries behind the offset", True),
)
MEASURE_WORKER_CONFUSION = _table(
    "measure.worker_confusion",
    "what one worker said where another, or the truth, said a label",
    "job_name layer worker_id scope true_label given_label",
    JOB,
    LAYER,
    WORKER,
    Column("scope", TEXT, "gold: against the truth; others: against the co-annotators, each pair of an object alike"),
    Column("true_label", TEXT, "label of the truth or of the others; '' is nothing"),
    Column("given_label", TEXT, "label of the worker; '' is nothing"),
    Column("mass", REAL, "seconds, or objects"),
)
MEASURE_DISPUTE = _table(
    "measure.dispute",
    "one disagreement that an expert could settle",
    "job_name layer object_id t_start_s kind",
    JOB,
    OBJECT,
    LAYER,
    Column("t_start_s", REAL, "where it begins; 0 for a label of the whole object"),
    Column("t_end_s", REAL, "where it ends; NULL for a label of the whole object", True),
    Column("kind", TEXT, "label, boundary, missing or extra"),
    Column("labels", TEXT, "JSON list of the labels in dispute, the most probable first; '' is nothing"),
    Column("workers", TEXT, "JSON object label -> pseudonyms of those who gave it for the longest part of the dispute"),
    Column("n_annotators", INT, "annotators of the object"),
    Column("severity", REAL, "share of disagreeing pairs of annotators, 0 to 1"),
    Column("expected_gain", REAL, "seconds, or objects, that are labeled wrong now by expectation"),
)
MEASURE_CHANCE = _table(
    "measure.chance",
    "chance floor of one measure in one layer of one job",
    "job_name layer measure",
    JOB,
    LAYER,
    Column("measure", TEXT, "as in gold.agreement_job"),
    Column("chance_floor", REAL, "mean of the measure where annotators are paired across objects at random"),
    Column("n_draws", INT, "random pairings behind it"),
)

MEASURE_ITEM_ALPHA = _table(
    "measure.item_alpha",
    "sums of one further alpha on one object in one layer",
    "job_name object_id layer measure",
    JOB,
    OBJECT,
    LAYER,
    Column("measure", TEXT, "as in gold.agreement_job: alpha_given_presence, alpha_by_label, alpha_ordinal, ..."),
    Column("mass", REAL, "pairable values: seconds x annotators, or answers"),
    Column("d_obs", REAL, "observed disagreement mass of the object's values"),
    Column("d_exp", REAL, "distances of the object's values to all values of the layer, summed"),
    Column("d_self", REAL, "the part of d_exp that is inside of the object"),
)
MEASURE_ITEM_LABEL = _table(
    "measure.item_label",
    "one label on one object in one layer, where anybody used it",
    "job_name object_id layer label",
    JOB,
    OBJECT,
    LAYER,
    Column("label", TEXT, "the label, also where it stands beside others"),
    Column("label_mass", REAL, "seconds x annotators (or answers) that have it"),
    Column("d_obs", REAL, "observed disagreement mass of the question: this label or not"),
    Column("n_boundaries", LONG, "interior boundaries of its segments, over both sides of all pairs", True),
    Column("boundary_hits_500ms", LONG, "of them matched within 0.5 s", True),
    Column("n_units", LONG, "its segments, over both sides of all pairs", True),
    Column("unit_hits_iou50", LONG, "of them matched at IoU >= 0.5", True),
)
PAIR_SUMS = (
    Column("mass", REAL, "compared: seconds of the object, or 1 for a clip label"),
    Column("agree", REAL, "part of it on which both said the same; silence of both is the same"),
    Column("agree_chance", REAL, "the same label by chance within the object: sum a_k b_k / mass"),
    Column("chance_cross", REAL, "sum a_k B_k + A_k b_k: a, b by label here, A, B over all objects of the pair"),
    Column("rand_shared", REAL, "sum of squared seconds shared by two labels", True),
    Column("rand_a", REAL, "sum of squared seconds of the labels of a", True),
    Column("rand_b", REAL, "... of b", True),
    Column("n_boundaries_a", LONG, "interior boundaries of a", True),
    Column("n_boundaries_b", LONG, "... of b", True),
    Column("boundary_hits_250ms", LONG, "boundaries matched within 0.25 s", True),
    Column("boundary_hits_500ms", LONG, "... within 0.5 s", True),
    Column("boundary_hits_3s", LONG, "... within 3 s", True),
    Column("offset_s", REAL, "median of b - a over starts and ends nearest to each other, at most 1.5 s", True),
    Column("n_offsets", LONG, "starts and ends behind it", True),
    Column("n_units_a", LONG, "segments of a", True),
    Column("n_units_b", LONG, "... of b", True),
    Column("unit_hits_iou50", LONG, "segments matched at IoU >= 0.5", True),
    Column("unit_hits_iou50_label", LONG, "... with the same label", True),
    Column("sum_iou_matched", REAL, "sum of the matched IoU", True),
)
PAIR = (
    Column("worker_a", TEXT, "pseudonym of one annotator; worker_a < worker_b"),
    Column("worker_b", TEXT, "pseudonym of the other"),
)
MEASURE_PAIR_ITEM = _table(
    "measure.pair_item",
    "two annotators on one object in one layer",
    "job_name object_id layer worker_a worker_b",
    JOB,
    OBJECT,
    LAYER,
    *PAIR,
    *PAIR_SUMS,
)
MEASURE_CONFUSION = _table(
    "measure.confusion",
    "what others said where one said a label, over all pairs of a layer of a job",
    "job_name layer label_a label_b",
    JOB,
    LAYER,
    Column("label_a", TEXT, "label of one annotator; '' is nothing"),
    Column("label_b", TEXT, "label of another annotator on the same"),
    Column("mass", REAL, "seconds (or answers) of a that met b: both orders of a pair, each weighing 1 / (n - 1)"),
    Column("n_items", LONG, "objects with that"),
    Column("mass_squares", REAL, "sum over objects of mass^2"),
    Column("mass_cross", REAL, "sum over objects of mass x mass of label_a"),
)

CONSENSUS_LABEL_COLUMNS = (
    JOB,
    OBJECT,
    LAYER,
    Column("method", TEXT, "majority, one_coin or ground_truth (modified Dawid-Skene)"),
    Column("label", TEXT, "the label; '' where the annotators chose nothing"),
    Column("n_annotators", INT, "annotators who answered"),
    Column("support", INT, "annotators who gave the label"),
    Column("confidence", REAL, "share of the votes, or posterior of the model; 0 to 1; 0 with one annotator"),
    Column("dissenters", TEXT, "JSON list of the annotators who gave another label"),
)
MEASURE_CONSENSUS_LABEL = _table(
    "measure.consensus_label",
    "one label of one object from those of all annotators, by one method",
    "job_name object_id layer method",
    *CONSENSUS_LABEL_COLUMNS,
)
CONSENSUS_SEGMENT_COLUMNS = (
    JOB,
    OBJECT,
    LAYER,
    Column("segment_no", INT, "zero-based position among the fused segments of the object in the layer"),
    Column("label", TEXT, "the label that most annotators gave"),
    Column("start_s", REAL, "first moment: the median of the annotators' boundaries"),
    Column("end_s", REAL, "last moment"),
    Column("n_annotators", INT, "annotators who answered the object"),
    Column("support", INT, "annotators who gave the label for at least half of the segment"),
    Column("confidence", REAL, "share of annotators with the label, averaged over the segment; 0 to 1; 0 with one"),
    Column("dissenters", TEXT, "JSON list of the annotators who do not support it"),
)
TRANSCRIPT_SUMS = (
    Column("n_annotators", INT, "annotators who answered"),
    Column("n_pairs", INT, "pairs of annotators"),
    Column("n_chars", LONG, "characters of the longer text, summed over pairs; texts are normalised"),
    Column("char_edits", LONG, "fewest insertions, deletions and substitutions of characters, summed over pairs"),
    Column("n_words", LONG, "words of the longer text, summed over pairs"),
    Column("word_edits", LONG, "fewest edits of words, summed over pairs"),
    Column("reason_code", TEXT, "why there is no agreement: one_annotator; NULL where there is", True),
)
MEASURE_TRANSCRIPT_ITEM = _table(
    "measure.transcript_item",
    "agreement sums on the text of one object in one layer; only where anyone wrote any",
    "job_name object_id layer",
    JOB,
    OBJECT,
    Column("layer", TEXT, "layer of the segments whose texts were joined; transcript for the text of the object"),
    *TRANSCRIPT_SUMS,
)

MEASURE_CONSENSUS_SEGMENT = _table(
    "measure.consensus_segment",
    "one segment fused from those of all annotators",
    "job_name object_id layer segment_no",
    *CONSENSUS_SEGMENT_COLUMNS,
)

BOX_ITEM_KEY = (JOB, OBJECT, LAYER, Column("label", TEXT, "class"))
MEASURE_BOX_ITEM = _table(
    "measure.box_item",
    "agreement sums on the boxes of one class on one object in one layer",
    "job_name object_id layer label",
    *BOX_ITEM_KEY,
    Column("n_annotators", INT, "annotators who answered"),
    Column("n_pairs", INT, "pairs of annotators"),
    Column("n_boxes", LONG, "boxes, summed over both sides of all pairs"),
    Column("hits_iou50", LONG, "boxes matched at IoU >= 0.5, counted on both sides; the rest is missed or extra"),
    Column("hits_iou50_95", LONG, "the same, summed over the ten thresholds 0.50, 0.55, ... 0.95"),
    Column("sum_iou_matched", REAL, "sum of the IoU of the best matching, counted on both sides"),
)
MEASURE_BOX_PAIR = _table(
    "measure.box_pair",
    "two annotators' boxes of one class on one object in one layer",
    "job_name object_id layer label worker_a worker_b",
    *BOX_ITEM_KEY,
    Column("worker_a", TEXT, "pseudonym; a < b"),
    Column("worker_b", TEXT, "pseudonym"),
    Column("n_boxes_a", LONG, "boxes of a"),
    Column("n_boxes_b", LONG, "boxes of b"),
    Column("hits_iou50", LONG, "matched at IoU >= 0.5; b misses n_boxes_a - hits, and has n_boxes_b - hits extra"),
    Column("hits_iou50_95", LONG, "matched, summed over the ten thresholds 0.50, 0.55, ... 0.95"),
    Column("sum_iou_matched", REAL, "sum of the IoU of the best matching"),
)
MEASURE_TRACK_ITEM = _table(
    "measure.track_item",
    "agreement sums on the tracks of one class on one object in one layer",
    "job_name object_id layer label",
    *BOX_ITEM_KEY,
    Column("n_annotators", INT, "annotators who answered"),
    Column("n_pairs", INT, "pairs of annotators"),
    Column("n_boxes", LONG, "boxes with a track, summed over both sides of all pairs"),
    Column("id_hits", LONG, "boxes on frames that the best matching of tracks agrees on, counted on both sides"),
    Column("hota_hits", MASS, "IoU threshold -> boxes matched by HOTA, counted on both sides"),
    Column("hota_associated", MASS, "IoU threshold -> sum of their association scores, counted on both sides"),
)
MEASURE_CONSENSUS_BOX = _table(
    "measure.consensus_box",
    "one box fused from those of all annotators",
    "job_name object_id layer frame_no box_no",
    JOB,
    OBJECT,
    LAYER,
    Column("frame_no", INT, "as in silver.box"),
    Column("box_no", INT, "zero-based position among the fused boxes of the frame"),
    Column("label", TEXT, "the class that most of its annotators gave"),
    Column("left_px", REAL, "mean of the annotators' left edges"),
    Column("top_px", REAL, "mean of the upper edges"),
    Column("width_px", REAL, "mean right edge - mean left edge"),
    Column("height_px", REAL, "mean lower edge - mean upper edge"),
    Column("n_annotators", INT, "annotators who answered the object"),
    Column("support", INT, "annotators with a box in the cluster and its class"),
    Column("is_accepted", FLAG, "whether more than half of the annotators support it"),
    Column("confidence", REAL, "mean over all annotators of their box's IoU with it; 0 to 1; 0 with one"),
    Column("dissenters", TEXT, "JSON list of the annotators who do not support it"),
)

# -- gold: answers ----------------------------------------------------------------------------------------------------

AGREEMENT_ITEM = _table(
    "gold.agreement_item",
    "agreement on one object in one layer",
    "job_name object_id layer",
    JOB,
    OBJECT,
    LAYER,
    ASSET,
    Column("task_type", TEXT, "as in silver.job"),
    Column("media_type", TEXT, "audio or video", True),
    Column("asset_name", TEXT, "file name at its source", True),
    Column("n_assigned", INT, "workers who were asked"),
    *AGREEMENT_SUMS,
    Column("observed_agreement", REAL, "1 - d_obs / mass; 0 to 1; NULL where undefined", True),
    Column("is_disputed", FLAG, "whether observed agreement is under 2/3"),
    Column("reason_code", TEXT, "why there is no agreement; NULL where there is", True),
)
AGREEMENT_JOB = _table(
    "gold.agreement_job",
    "one measure of one layer of one job",
    "job_name layer measure",
    JOB,
    LAYER,
    Column("task_type", TEXT, "as in silver.job"),
    Column(
        "measure", TEXT, "alpha, alpha_presence, observed_agreement, boundary_f_500ms, boundary_f_3s, unit_f_iou50, ..."
    ),
    Column("value", REAL, "the measure; NULL with a reason_code where undefined", True),
    Column("ci_lo", REAL, "lower end of the 95 % interval", True),
    Column("ci_hi", REAL, "upper end of it", True),
    Column("se", REAL, "standard error", True),
    Column("ci_method", TEXT, "jackknife-t; NULL without an interval", True),
    Column("n_items", LONG, "objects behind the figure"),
    Column("n_annotators", LONG, "annotators behind it"),
    Column("mass", REAL, "seconds x annotators, or answers"),
    Column("prevalence_max", REAL, "share of the most frequent label, 0 to 1", True),
    Column("chance_floor", REAL, "the measure where the items of the annotators are paired at random", True),
    Column("reason_code", TEXT, "why value or interval is NULL: docs/metrics.md lists the codes", True),
)
AGREEMENT_PAIR_ITEM = _table(
    "gold.agreement_pair_item",
    "two annotators on one object in one layer",
    "job_name object_id layer worker_a worker_b",
    JOB,
    OBJECT,
    LAYER,
    *PAIR,
    Column("task_type", TEXT, "as in silver.job"),
    *PAIR_SUMS,
    Column("observed_agreement", REAL, "agree / mass; 0 to 1", True),
    Column("expected_agree", REAL, "mean of agree over the object's other pairs; NULL where there is none", True),
)
AGREEMENT_PAIR = _table(
    "gold.agreement_pair",
    "two annotators in one layer of one job",
    "job_name layer worker_a worker_b",
    JOB,
    LAYER,
    *PAIR,
    Column("task_type", TEXT, "as in silver.job"),
    Column("n_items", LONG, "objects that both answered"),
    Column("mass", REAL, "compared: seconds, or clips"),
    Column("observed_agreement", REAL, "share on which they say the same, 0 to 1", True),
    Column("observed_agreement_lo", REAL, "lower end of its 95 % interval", True),
    Column("observed_agreement_hi", REAL, "upper end of it", True),
    Column("kappa_time", REAL, "Cohen's kappa over time, or over clips; 1 full, 0 chance", True),
    Column("kappa_lo", REAL, "lower end of its 95 % interval", True),
    Column("kappa_hi", REAL, "upper end of it", True),
    Column("expected_po_given_items", REAL, "observed agreement of the other pairs on the same objects", True),
    Column("residual", REAL, "observed agreement less that, over objects with other pairs: below 0 is worse", True),
    Column("residual_lo", REAL, "lower end of its 95 % interval", True),
    Column("residual_hi", REAL, "upper end of it", True),
    Column("boundary_f_250ms", REAL, "boundaries matched within 0.25 s, F score", True),
    Column("boundary_f_500ms", REAL, "... within 0.5 s", True),
    Column("boundary_f_500ms_lo", REAL, "lower end of its 95 % interval", True),
    Column("boundary_f_500ms_hi", REAL, "upper end of it", True),
    Column("boundary_precision_500ms", REAL, "share of b's boundaries that a has too", True),
    Column("boundary_recall_500ms", REAL, "share of a's boundaries that b has too", True),
    Column("boundary_f_3s", REAL, "... within 3 s, F score", True),
    Column("unit_f_iou50", REAL, "segments matched at IoU >= 0.5, F score", True),
    Column("unit_f_iou50_lo", REAL, "lower end of its 95 % interval", True),
    Column("unit_f_iou50_hi", REAL, "upper end of it", True),
    Column("unit_f_iou50_label", REAL, "... with the same label", True),
    Column("mean_iou", REAL, "mean IoU of matched segments, unmatched ones 0", True),
    Column("pairwise_f", REAL, "same label at two moments, label names aside: F score", True),
    Column("ari", REAL, "adjusted Rand index of the same question; 1 full, 0 chance", True),
    Column("ari_lo", REAL, "lower end of its 95 % interval", True),
    Column("ari_hi", REAL, "upper end of it", True),
    Column("count_ratio", REAL, "segments of a over those of b", True),
    Column("offset_s", REAL, "median over objects of the signed boundary offset b - a", True),
    Column("offset_lo", REAL, "lower end of its 95 % interval (order statistics; from six objects up)", True),
    Column("offset_hi", REAL, "upper end of it", True),
    Column("n_offsets", LONG, "matched starts and ends behind it", True),
    Column("ci_method", TEXT, "jackknife-t of kappa_time; NULL without an interval", True),
    Column("reason_code", TEXT, "why kappa_time or its interval is NULL: one_label, too_few_items, no_variation", True),
)
LABEL_CONFUSION = _table(
    "gold.label_confusion",
    "what was said where a label was said, in one layer of one job",
    "job_name layer scope label_a label_b",
    JOB,
    LAYER,
    Column("scope", TEXT, "pair: other annotators of the same object"),
    Column("label_a", TEXT, "label of one; '' is nothing"),
    Column("label_b", TEXT, "label of the other"),
    Column("task_type", TEXT, "as in silver.job"),
    Column("mass", REAL, "seconds x annotators, or answers; sums to what was compared"),
    Column("share", REAL, "of what was label_a for one, the part that was label_b for the other, 0 to 1"),
    Column("share_lo", REAL, "lower end of its 95 % interval", True),
    Column("share_hi", REAL, "upper end of it", True),
    Column("expected_mass", REAL, "mass by chance, were the labels given at random with the same totals"),
    Column("lift", REAL, "mass / expected_mass: above 1 more often than by chance; NULL where none is expected", True),
    Column("n_items", LONG, "objects where it happened"),
    Column("reason_code", TEXT, "why there is no interval: too_few_items", True),
)
LABEL_RELIABILITY = _table(
    "gold.label_reliability",
    "one label in one layer of one job",
    "job_name layer label",
    JOB,
    LAYER,
    Column("label", TEXT, "the label, also where it stands beside others"),
    Column("task_type", TEXT, "as in silver.job"),
    Column("alpha_binary", REAL, "alpha of the question: this label or not", True),
    Column("alpha_lo", REAL, "lower end of its 95 % interval", True),
    Column("alpha_hi", REAL, "upper end of it", True),
    Column("ci_method", TEXT, "jackknife-t; NULL without an interval", True),
    Column("prevalence", REAL, "share of time (or answers) with the label, 0 to 1", True),
    Column("boundary_f_500ms", REAL, "boundaries of its segments matched within 0.5 s, F score", True),
    Column("boundary_f_lo", REAL, "lower end of its 95 % interval", True),
    Column("boundary_f_hi", REAL, "upper end of it", True),
    Column("unit_f_iou50", REAL, "its segments matched at IoU >= 0.5, F score", True),
    Column("n_items", LONG, "objects on which anybody used it, of those with two annotators"),
    Column("most_confused_with", TEXT, "label that others give most often instead; '' is nothing", True),
    Column("confused_share", REAL, "of what was this label for one, the part that was that for another", True),
    Column("reason_code", TEXT, "why alpha or its interval is NULL: one_annotator, one_label, ...", True),
)
LABEL_DISTRIBUTION = _table(
    "gold.label_distribution",
    "use of one label by one worker on one day",
    "job_name layer label worker_id day media_type",
    JOB,
    LAYER,
    Column("task_type", TEXT, "as in silver.job"),
    Column("label", TEXT, "the label"),
    WORKER,
    Column("day", pa.date32(), "day of submission, UTC"),
    Column("media_type", TEXT, "audio or video; empty where the source is not registered"),
    Column("n_segments", LONG, "segments, or clips for clip labels"),
    Column("duration_s", REAL, "seconds labeled; NULL for clip labels", True),
    Column("n_items", LONG, "objects"),
)
WORKER_QUALITY = _table(
    "gold.worker_quality",
    "one worker in one layer of one job",
    "job_name layer worker_id",
    JOB,
    LAYER,
    WORKER,
    Column("task_type", TEXT, "as in silver.job"),
    Column("n_items", LONG, "objects answered and compared"),
    Column("n_labels", LONG, "segments or labels given"),
    Column("loo_agreement", REAL, "chance-corrected agreement with the other annotators; 1 is full, 0 is chance", True),
    Column("loo_lo", REAL, "lower end of its 95 % interval", True),
    Column("loo_hi", REAL, "upper end of it", True),
    Column("offset_s", REAL, "signed boundary offset: positive is late; 0 is the middle of the workers", True),
    Column("n_boundaries", LONG, "matched boundaries behind the offset", True),
    Column("over_seg_index", REAL, "segments of the worker over those of the others; 1 is the same", True),
    Column("skill_ds", REAL, "Dawid-Skene: probability of the right label, 0 to 1; NULL for segments", True),
    Column("median_time_s", REAL, "median time on a task", True),
    Column("status", TEXT, "reliable, watch or too_few"),
    Column("gold_n", LONG, "objects with a known truth that the worker answered", True),
    Column("gold_correct", LONG, "of them with the right label; NULL for segments", True),
    Column("gold_acc", REAL, "share right against the truth: of labels, or of time for segments", True),
    Column("gold_lo", REAL, "lower end of its 95 % interval: Jeffreys, or jackknife over objects for segments", True),
    Column("gold_hi", REAL, "upper end of it", True),
    Column("gold_kappa", REAL, "the same beyond chance; 1 is full, 0 is chance", True),
    Column("gold_boundary_f", REAL, "boundaries within 0.5 s of the truth's, F score; NULL for labels", True),
    Column("gold_offset_s", REAL, "median signed offset against the truth: positive is late; NULL for labels", True),
    Column("skill_onecoin", REAL, "one-coin model: probability of the right label, 0 to 1", True),
    Column("skill_lo", REAL, "lower end of its 95 % interval", True),
    Column("skill_hi", REAL, "upper end of it", True),
    Column("spam_prob", REAL, "share of answers given without a look, 0 to 1, by a model after MACE", True),
    Column("residual", REAL, "agreement beyond that of the co-annotators of the same objects; 0 is their middle", True),
    Column("residual_lo", REAL, "lower end of its 95 % interval", True),
    Column("residual_hi", REAL, "upper end of it", True),
    Column("drift_ewma", REAL, "residual lately: exponential mean, weight 0.2, in order of submission", True),
    Column("drift_cusum", REAL, "greatest fall of the residual, as a Brownian bridge; alarm from 1.517 on", True),
    Column("drift_at", TIME, "submission after which the residual fell; NULL without an alarm", True),
    Column("is_drifting", FLAG, "whether the alarm holds (1 % of steady workers); NULL under 20 objects", True),
    Column("split_rate", REAL, "share of the others' segments that the worker cut in two or more", True),
    Column("merge_rate", REAL, "share of the worker's segments that hold two or more of the others'", True),
    Column("median_active_s_per_min", REAL, "median active seconds a minute of media, idle time cut off", True),
    Column("idle_share", REAL, "share of the time from taking to submitting that was not active, 0 to 1", True),
)
WORKER_CONFUSION = _table(
    "gold.worker_confusion",
    "what one worker said where another, or the truth, said a label",
    "job_name layer worker_id scope true_label given_label",
    JOB,
    LAYER,
    WORKER,
    Column("scope", TEXT, "gold: against the truth; others: against the co-annotators"),
    Column("true_label", TEXT, "label of the truth or of the others; '' is nothing"),
    Column("given_label", TEXT, "label of the worker; '' is nothing"),
    Column("mass", REAL, "seconds, or objects"),
    Column("p", REAL, "share of given_label where true_label was expected, 0 to 1"),
    Column("prior", REAL, "share of true_label in what was expected of the worker, 0 to 1"),
)
JOB_TREND = _table(
    "gold.job_trend",
    "one measure of one layer of one job on one day",
    "job_name layer day measure",
    JOB,
    Column("batch_id", TEXT, "batch that the job belongs to; NULL for jobs made elsewhere", True),
    LAYER,
    Column("task_type", TEXT, "as in silver.job"),
    Column("day", pa.date32(), "day, UTC, on which the object got its last answer"),
    Column("measure", TEXT, "observed_agreement, gold_agreement, throughput, active_s_per_min, label_psi, label_js"),
    Column("value", REAL, "the measure; NULL where undefined", True),
    Column("ci_lo", REAL, "lower end of the 95 % interval; NULL for counts and divergences", True),
    Column("ci_hi", REAL, "upper end of it", True),
    Column("n_items", LONG, "objects, or answers, behind it"),
    Column("is_alarm", FLAG, "whether the alarm rule of the measure holds (docs/metrics.md)"),
)
DISPUTE_QUEUE = _table(
    "gold.dispute_queue",
    "one disagreement that an expert could settle",
    "job_name layer object_id t_start_s kind",
    JOB,
    OBJECT,
    LAYER,
    ASSET,
    Column("asset_name", TEXT, "file name at its source", True),
    Column("task_type", TEXT, "as in silver.job"),
    Column("place", LONG, "1 is what to send to an expert first; by expected_gain within job and layer"),
    Column("t_start_s", REAL, "where it begins; 0 for a label of the whole object"),
    Column("t_end_s", REAL, "where it ends; NULL for a label of the whole object", True),
    Column("kind", TEXT, "label, boundary, missing or extra"),
    Column("labels", TEXT, "JSON list of the labels in dispute, the most probable first; '' is nothing"),
    Column("workers", TEXT, "JSON object label -> pseudonyms of those who gave it for the longest part of the dispute"),
    Column("n_annotators", INT, "annotators of the object"),
    Column("severity", REAL, "share of disagreeing pairs of annotators, 0 to 1"),
    Column("expected_gain", REAL, "seconds, or objects, that are labeled wrong now by expectation"),
)

AGREEMENT_TRANSCRIPT = _table(
    "gold.agreement_transcript",
    "agreement on the text of one object in one layer",
    "job_name object_id layer",
    JOB,
    OBJECT,
    Column("layer", TEXT, "layer of the segments whose texts were joined; transcript for the text of the object"),
    ASSET,
    Column("task_type", TEXT, "as in silver.job"),
    Column("asset_name", TEXT, "file name at its source", True),
    *TRANSCRIPT_SUMS[:-1],
    Column("cer", REAL, "character error rate against the longer text, 0 to 1; NULL with one annotator", True),
    Column("wer", REAL, "word error rate against the longer text, 0 to 1; NULL with one annotator", True),
    TRANSCRIPT_SUMS[-1],
)

CONSENSUS_LABEL = _table(
    "gold.consensus_label",
    "one label of one object from those of all annotators, by one method",
    "job_name object_id layer method",
    *CONSENSUS_LABEL_COLUMNS,
    ASSET,
    Column("task_type", TEXT, "as in silver.job"),
    Column("asset_name", TEXT, "file name at its source", True),
)
CONSENSUS_SEGMENT = _table(
    "gold.consensus_segment",
    "one segment fused from those of all annotators",
    "job_name object_id layer segment_no",
    *CONSENSUS_SEGMENT_COLUMNS,
    Column("duration_s", REAL, "end - start"),
    ASSET,
    Column("task_type", TEXT, "as in silver.job"),
    Column("media_type", TEXT, "audio or video", True),
    Column("asset_name", TEXT, "file name at its source", True),
)

# -- meta and restricted ----------------------------------------------------------------------------------------------

RELEASE = _table(
    "meta.release",
    "one table of one release",
    "release_id table_name",
    Column("release_id", LONG, "1, 2, 3, ...: the highest one that is not held is what readers see"),
    Column("table_name", TEXT, "namespace.topic"),
    Column("snapshot_id", LONG, "Iceberg snapshot that the release shows"),
    Column("released_at", TIME, "when it was published"),
    Column("jobs", TEXT, "JSON list of the jobs that it added or changed"),
    Column("pending", TEXT, "JSON object landing -> job of landings that it does not show: not released yet", True),
    partition="",
)
RELEASE_HOLD = _table(
    "meta.release_hold",
    "one decision to hide a release from readers",
    "release_id",
    Column("release_id", LONG, "the release"),
    Column("held_at", TIME, "when it was hidden"),
    partition="",
)
CHECK_RESULT = _table(
    "meta.check_result",
    "one check of one landing",
    "landing_id table_name check_name",
    Column("job_name", TEXT, "labeling job; NULL for checks of a whole table", True),
    Column("table_name", TEXT, "table that was checked"),
    Column("check_name", TEXT, "rule or expectation"),
    Column("severity", TEXT, "fail holds the release, warn reports"),
    Column("is_ok", FLAG, "whether it held"),
    Column("n_rows", LONG, "rows checked"),
    Column("n_failed", LONG, "rows that broke it"),
    Column("detail", TEXT, "what was expected and found", True),
    *LANDING,
    partition="",
)
WORKER_IDENTITY = _table(
    "restricted.worker",
    "who a pseudonym is; left out of analysts' releases, erasable",
    "worker_id",
    WORKER,
    Column("backend_worker_id", TEXT, "workerId of the labeling backend"),
    Column("provider", TEXT, "identity provider type", True),
    Column("issuer", TEXT, "issuer of the identity", True),
    Column("subject", TEXT, "the identity at the issuer", True),
    *LANDING,
    partition="",
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        MEDIA_OBJECT, MANIFEST_LINE, WORKER_RESPONSE, LANDING_OUTCOME, BATCH_ITEM,
        ASSET_TABLE, GOLD_ITEM, JOB_TABLE, ASSIGNMENT, ANNOTATION, SEGMENT, CLASSIFICATION, CONSOLIDATED, QUARANTINE,
        MEASURE_ITEM, MEASURE_WORKER_ITEM, MEASURE_WORKER, MEASURE_CHANCE,
        MEASURE_CONSENSUS_LABEL, CONSENSUS_LABEL,
        MEASURE_CONSENSUS_SEGMENT, CONSENSUS_SEGMENT, MEASURE_TRANSCRIPT_ITEM, AGREEMENT_TRANSCRIPT,
        MEASURE_ITEM_ALPHA, MEASURE_ITEM_LABEL, MEASURE_PAIR_ITEM, MEASURE_CONFUSION,
        AGREEMENT_PAIR_ITEM, AGREEMENT_PAIR, LABEL_CONFUSION, LABEL_RELIABILITY,
        MEASURE_WORKER_SKILL, MEASURE_GOLD_ITEM, MEASURE_WORKER_GOLD, MEASURE_WORKER_CONFUSION, MEASURE_DISPUTE,
        AGREEMENT_ITEM, AGREEMENT_JOB, LABEL_DISTRIBUTION, WORKER_QUALITY,
        WORKER_CONFUSION, JOB_TREND, DISPUTE_QUEUE,
        RELEASE, RELEASE_HOLD, CHECK_RESULT, WORKER_IDENTITY,
    )
}  # fmt: skip
