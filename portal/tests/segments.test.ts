import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../src/elements/history.ts";
import * as model from "../src/elements/segments/model.ts";
import { tickLabel, ticksOf } from "../src/elements/segments/ruler.ts";
import { formatTime, parseTime } from "../src/elements/segments/time.ts";
import { fromValue, readCategories, toValue, withTracksOf } from "../src/elements/segments/value.ts";

const A = { category: "speaker", tag: "Speaker A" };
const B = { category: "speaker", tag: "Speaker B" };
const limits = { duration: 10, minLength: 0.1 };

function added(segments: model.Segment[], track: model.Track, from: number, to: number): model.Segment[] {
  const result = model.add(segments, track, from, to, limits, "Neutral");
  assert.ok(typeof result !== "string", String(result));
  return result.segments;
}

const span = (s: model.Segment | undefined) => [s?.start, s?.end];

test("a drag in either direction makes the same segment", () => {
  assert.deepEqual(span(added([], A, 1, 3)[0]), [1, 3]);
  assert.deepEqual(span(added([], A, 3, 1)[0]), [1, 3]);
});

test("a new segment stops at its neighbours and at the recording's ends", () => {
  const two = added(added([], A, 2, 4), A, 6, 8);
  assert.deepEqual(span(added(two, A, 5, 9)[2]), [5, 6]);
  assert.deepEqual(span(added(two, A, 5, 0)[2]), [4, 5]);
  assert.deepEqual(span(added(two, A, 9, 99)[2]), [9, 10]);
  assert.deepEqual(span(added(two, A, 1, -5)[2]), [0, 1]);
});

test("a click-sized drag grows to the shortest length", () => {
  assert.deepEqual(span(added([], A, 2, 2.01)[0]), [2, 2.1]);
  assert.deepEqual(span(added([], A, 10, 10)[0]), [9.9, 10]);
});

test("where a segment lies, or where there is no room, none is added and the reason is told", () => {
  const one = added([], A, 2, 4);
  assert.match(String(model.add(one, A, 3, 5, limits)), /already has a segment/);
  const tight = added(one, A, 4.05, 6);
  assert.match(String(model.add(tight, A, 4.02, 5, limits)), /no room/);
  assert.equal(added(one, B, 3, 5).length, 2, "another track may overlap");
});

test("edges are bounded by neighbours, the other edge and the recording", () => {
  const two = added(added([], A, 2, 4), A, 6, 8);
  assert.deepEqual(span(model.setEdge(two, 1, "end", 7, limits)[0]), [2, 6]);
  assert.deepEqual(span(model.setEdge(two, 1, "end", 0, limits)[0]), [2, 2.1]);
  assert.deepEqual(span(model.setEdge(two, 2, "start", 1, limits)[1]), [4, 8]);
  assert.deepEqual(span(model.setEdge(two, 2, "end", 30, limits)[1]), [6, 10]);
  assert.deepEqual(span(model.setEdge(two, 1, "start", -3, limits)[0]), [0, 4]);
});

test("a moved segment keeps its length and stays between its neighbours", () => {
  const two = added(added([], A, 2, 4), A, 6, 8);
  assert.deepEqual(span(model.moveTo(two, 1, 5.5, limits)[0]), [4, 6]);
  assert.deepEqual(span(model.moveTo(two, 2, 99, limits)[1]), [8, 10]);
});

test("splitting keeps the text in the first part and never makes a part too short", () => {
  const one = model.describe(added([], A, 2, 4), 1, { text: "hello" });
  const cut = model.split(one, 1, 3, limits);
  assert.ok(typeof cut !== "string");
  assert.deepEqual(
    cut.segments.map((s) => [s.start, s.end, s.text]),
    [
      [2, 3, "hello"],
      [3, 4, ""],
    ],
  );
  assert.match(String(model.split(one, 1, 3.95, limits)), /playhead/);
});

test("another tag is refused where its track is taken", () => {
  const two = added(added([], A, 2, 4), B, 3, 5);
  assert.match(String(model.retag(two, 1, B)), /already has a segment/);
  const free = model.retag(added([], A, 2, 4), 1, B);
  assert.ok(typeof free !== "string" && free[0]?.tag === "Speaker B");
});

test("every problem is found and names its segment by the table's order", () => {
  const make = (key: number, start: number, end: number, tag = "Speaker A"): model.Segment => ({
    key,
    category: "speaker",
    tag,
    start,
    end,
    text: "",
    emotion: "",
  });
  const bad = [make(1, 5, 4), make(2, 9, 12), make(3, 1, 1.05), make(4, 2, 3, "Nobody"), make(5, 9.5, 10)];
  const messages = model.problems(bad, { speaker: ["Speaker A"] }, limits).map((p) => p.message);
  assert.equal(messages.length, 5);
  assert.match(messages[0]!, /Segment 1: it is shorter/);
  assert.match(messages[1]!, /Segment 2: "speaker: Nobody" is not one/);
  assert.match(messages[2]!, /Segment 3: its start/);
  assert.match(messages[3]!, /Segment 4: it ends after the recording/);
  assert.match(messages[4]!, /Segment 5: it overlaps/);
});

test("undo and redo walk whole steps; typing and dragging count once", () => {
  const history = new History<number>(0);
  history.commit(1, "text:1");
  history.commit(2, "text:1");
  history.commit(3);
  history.preview(4);
  history.preview(5);
  history.settle();
  const seen = [history.present];
  while (history.undo()) seen.push(history.present);
  assert.deepEqual(seen, [5, 3, 2, 0]);
  while (history.redo());
  assert.equal(history.present as number, 5);
  history.undo();
  history.commit(9);
  assert.ok(!history.canRedo);
});

test("the value has the exact keys, and reads back to the same segments", () => {
  const segments = model.describe(added(added([], A, 1, 2.5), B, 2, 3), 1, { text: "hi", emotion: "Happy" });
  const text = toValue(segments, { speaker: ["Speaker A", "Speaker B"] }, 1730930978064, 1730931010857);
  const value = JSON.parse(text);
  assert.deepEqual(Object.keys(value), [
    "categories",
    "startTimestamp",
    "startUTCTime",
    "streams",
    "endTimestamp",
    "endUTCTime",
    "elapsedTime",
  ]);
  assert.equal(value.startUTCTime, "Wed, 06 Nov 2024 22:09:38 GMT");
  assert.equal(value.elapsedTime, 32793);
  assert.deepEqual(value.streams.speaker[0], { id: "Speaker A", start: 1, end: 2.5, text: "hi", emotion: "Happy" });
  assert.deepEqual(fromValue(text).segments, segments);
});

test("older answers are read: label for text, arrays, tracks that are not in the categories", () => {
  const parsed = fromValue(
    JSON.stringify({
      streams: { speaker: [{ id: "Customer", start: 0, end: 3.2, label: "old" }], other: [[1, 2, "x", "Sad"], "junk"] },
    }),
  );
  assert.deepEqual(
    parsed.segments.map((s) => [s.tag, s.start, s.end, s.text, s.emotion]),
    [
      ["Customer", 0, 3.2, "old", ""],
      ["other", 1, 2, "x", "Sad"],
    ],
  );
  assert.deepEqual(withTracksOf({}, parsed.segments), { speaker: ["Customer"], other: ["other"] });
  assert.deepEqual(fromValue("not json").segments, []);
  assert.deepEqual(readCategories('["a","a","b"]'), { label: ["a", "b"] });
});

test("times are written and read", () => {
  assert.equal(formatTime(83.4567), "1:23.457");
  assert.equal(formatTime(3599.9999), "1:00:00.000");
  assert.equal(parseTime("1:23.457"), 83.457);
  assert.equal(parseTime("83,5"), 83.5);
  assert.equal(parseTime("1:00:00"), 3600);
  for (const wrong of ["", "a", "1:", "-1", "1:2:3:4", "1.5:20"]) assert.equal(parseTime(wrong), null);
});

test("the ruler has only visible ticks, whatever the length and the zoom", () => {
  for (const zoom of [1, 16, 256]) {
    const ticks = ticksOf({ width: 1000 * zoom, left: 500 * zoom - 500, visible: 1000, duration: 3600 });
    assert.ok(ticks.length > 15 && ticks.length < 90, String(ticks.length));
    assert.ok(ticks.filter((t) => t.label).length >= 3);
  }
  const whole = ticksOf({ width: 1000, left: 0, visible: 1000, duration: 12 });
  assert.deepEqual(
    whole
      .filter((t) => t.label)
      .map((t) => t.label)
      .slice(0, 3),
    ["0:00", "0:01", "0:02"],
  );
  assert.ok(whole.every((t) => t.x >= 0 && t.x <= 1000));
  assert.deepEqual(ticksOf({ width: 0, left: 0, visible: 0, duration: 0 }), []);
  assert.equal(tickLabel(75.25), "1:15.25");
});
