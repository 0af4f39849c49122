"""Rules of what is drawn on pictures and marked in texts: boxes, shapes, spans; of workers and consolidated alike."""

from __future__ import annotations

from annolake.quality.rule import Rule

_KNOWN_LABEL = "label IS NULL OR _known IS NULL OR list_contains(_known, label)"
_SIDES = "[left_px, top_px, width_px, height_px]"
_BOX = "format('left {}, top {}, width {}, height {} px', left_px, top_px, width_px, height_px)"


def _box_rules(table: str) -> tuple[Rule, ...]:
    """What holds for a box, whoever says it."""
    return (
        Rule(
            table, "has_area", "fail", f"width_px > 0 AND height_px > 0 AND isfinite(list_sum({_SIDES}))", _BOX,
            "width and height are above 0, and all sides are numbers",
        ),
        Rule(
            table, "in_picture", "fail",
            "least(left_px, top_px) >= -1 AND left_px + width_px <= coalesce(picture_width_px, 'inf'::DOUBLE) + 1 "
            "AND top_px + height_px <= coalesce(picture_height_px, 'inf'::DOUBLE) + 1",
            f"{_BOX} || format(', but the picture is {{}} x {{}} px', coalesce(picture_width_px::VARCHAR, '?'), "
            "coalesce(picture_height_px::VARCHAR, '?'))",
            "the box is in its picture, with a pixel for rounding; unchecked where the size is unknown",
        ),
    )  # fmt: skip


def _shape_rules(table: str) -> tuple[Rule, ...]:
    """What holds for a polygon, polyline, line or keypoint, whoever says it."""
    outside = (
        "len(list_filter(vertices_px, lambda v: least(v.x, v.y) < -1 "
        "OR v.x > coalesce(picture_width_px, 'inf'::DOUBLE) + 1 "
        "OR v.y > coalesce(picture_height_px, 'inf'::DOUBLE) + 1))"
    )
    unreadable = "len(list_filter(vertices_px, lambda v: NOT coalesce(isfinite(v.x) AND isfinite(v.y), false)))"
    return (
        Rule(
            table, "enough_vertices", "fail",
            f"{unreadable} = 0 "
            "AND len(vertices_px) >= CASE kind WHEN 'polygon' THEN 3 WHEN 'keypoint' THEN 1 ELSE 2 END",
            f"format('a {{}} of {{}} vertices, {{}} of them no numbers', kind, len(vertices_px), {unreadable})",
            "a polygon has 3 vertices, a line or polyline 2, a keypoint 1, or more; all are numbers",
        ),
        Rule(
            table, "in_picture", "fail", f"{outside} = 0",
            f"format('{{}} vertices are out of the picture of {{}} x {{}} px', {outside}, "
            "coalesce(picture_width_px::VARCHAR, '?'), coalesce(picture_height_px::VARCHAR, '?'))",
            "every vertex is in the picture, with a pixel for rounding; unchecked where the size is unknown",
        ),
    )  # fmt: skip


def _span_rule(table: str) -> Rule:
    return Rule(
        table, "in_text", "fail",
        "start_char >= 0 AND start_char < end_char AND end_char <= coalesce(_n_chars, end_char)",
        "format('characters {} to {} of {}', start_char, end_char, coalesce(_n_chars::VARCHAR, 'an unknown number'))",
        "0 <= start < end <= length of the text; its length is unchecked where the text is elsewhere", True,
    )  # fmt: skip


def _answer_rules(table: str) -> tuple[Rule, ...]:
    """What holds for everything that an answer names on a picture or in a text."""
    return (
        Rule(
            table, "answer_accepted", "fail", "_is_accepted", "'the answer that it belongs to was rejected'",
            "the answer passed its own rules", True,
        ),
        Rule(
            table, "known_label", "fail", _KNOWN_LABEL,
            "format('label {} is not among those of layer {}: {}', to_json(label)::VARCHAR, layer, "
            "array_to_string(_known, ', '))",
            "the label is one that the job offers, where it lists some for the layer", True,
        ),
    )  # fmt: skip


def _frame_rule(table: str) -> Rule:
    return Rule(
        table, "frame_known", "fail", "frame_no >= 0 AND frame_no <= coalesce(_n_frames, 'inf'::DOUBLE)",
        "format('frame {} of {}', frame_no, coalesce(floor(_n_frames)::VARCHAR, 'an unknown number'))",
        "the frame is one of the video; unchecked where its length and frame rate are unknown", True,
    )  # fmt: skip


def _class_rule(table: str) -> Rule:
    return Rule(
        table, "known_class", "fail", "label IS NOT NULL",
        "format('class {} is not in the class-map of the metadata', coalesce(_class, 'NULL'))",
        "the class has a name in the class-map", True,
    )  # fmt: skip


ON_PICTURES_AND_TEXTS: tuple[Rule, ...] = (
    *_answer_rules("silver.box"),
    _frame_rule("silver.box"),
    *_box_rules("silver.box"),
    *_answer_rules("silver.shape"),
    _frame_rule("silver.shape"),
    *_shape_rules("silver.shape"),
    *_answer_rules("silver.text_span"),
    _span_rule("silver.text_span"),
    _frame_rule("silver.consolidated_frame"),
    Rule(
        "silver.consolidated_frame", "frame_once", "fail", "_time_of_frame = 1",
        "format('frame {} is listed again', frame_no)", "a label file lists a frame once", True,
    ),
    _class_rule("silver.consolidated_class"),
    _class_rule("silver.consolidated_box"),
    *_box_rules("silver.consolidated_box"),
    _class_rule("silver.consolidated_shape"),
    *_shape_rules("silver.consolidated_shape"),
    _span_rule("silver.consolidated_span"),
    Rule(
        "silver.consolidated_span", "known_label", "fail", _KNOWN_LABEL,
        "format('label {} is not among those beside the entities: {}', to_json(label)::VARCHAR, "
        "array_to_string(_known, ', '))",
        "the label is one of those that stand beside the entities", True,
    ),
)  # fmt: skip
