import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../src/elements/frames/format.ts";
import * as model from "../src/elements/frames/model.ts";

const size = { width: 1000, height: 500 };
const box = (x: number, y: number, side = 10) => [
  { x, y },
  { x: x + side, y: y + side },
];
let n = 0;
const way: model.Way = { isTracking: true, size, newId: () => `id${++n}` };
const add = (sequence: model.Sequence, at: number, x: number, label = "car") => {
  const marks = model.marksAt(sequence, at, size);
  return model.draw(sequence, at, marks, [...marks, { label, points: box(x, 0) }], way);
};
/** Where the tracks are on a frame, guesses in brackets. */
const lefts = (sequence: model.Sequence, at: number) =>
  model.marksAt(sequence, at, size).map((m) => (m.isGuess ? `(${m.points[0]!.x})` : m.points[0]!.x));
/** The first track dragged to x on a frame. */
const drag = (sequence: model.Sequence, at: number, x: number) => {
  const marks = model.marksAt(sequence, at, size);
  const [first, ...rest] = marks;
  return model.draw(sequence, at, marks, [{ ...first!, points: box(x, 0) }, ...rest], way);
};

test("between two key frames an object moves in a straight line; after the last it is a guess", () => {
  const sequence = drag(add(model.NOTHING, 0, 100), 10, 200);
  assert.deepEqual(
    [0, 1, 5, 10, 12].map((at) => lefts(sequence, at)),
    [[100], [110], [150], [200], ["(220)"]],
  );
  assert.deepEqual(lefts(sequence, 200), ["(400)"]); // no farther than twenty frames
  assert.deepEqual(model.marksAt(sequence, 12), []); // a guess is no answer
  assert.deepEqual(lefts(drag(sequence, 5, 170), 3), [142]);
});

test("points of another number do not move", () => {
  const line = (count: number) => Array.from({ length: count }, (_, i) => ({ x: i, y: i }));
  const key = (at: number, count: number): model.Key => ({ at, points: line(count), attributes: {} });
  const track = { id: "a", name: "l:1", label: "l", keys: [key(0, 2), key(4, 3)] };
  assert.equal(model.markAt(track, 2)!.points.length, 2);
  assert.equal(model.markAt(track, 4)!.points.length, 3);
});

test("taken off a frame, the neighbours stay; from here on, only what was before stays", () => {
  const sequence = drag(add(model.NOTHING, 0, 0), 10, 100);
  const marks = model.marksAt(sequence, 5, size);
  const off = model.draw(sequence, 5, marks, [], way);
  assert.deepEqual(
    [4, 5, 6, 10].map((at) => lefts(off, at)),
    [[40], [], [60], [100]],
  );
  assert.deepEqual(model.stretches(off.tracks), [
    [0, 4],
    [6, 10],
  ]);
  const id = sequence.tracks[0]!.id;
  const ended = model.replace(sequence, id, 5, (track) => model.endAt(track, 5));
  assert.deepEqual(
    [0, 4, 5, 12].map((at) => lefts(ended, at)),
    [[0], [40], [], []],
  );
  assert.deepEqual(model.replace(sequence, id, 0, (track) => model.endAt(track, 0)).tracks, []);
  const guess = model.marksAt(sequence, 14, size);
  assert.deepEqual(lefts(model.draw(sequence, 14, guess, [], way), 11), []); // it ended where it was last seen
});

test("a guess that is taken hold of becomes a key; copies go on until the end", () => {
  const sequence = add(add(model.NOTHING, 0, 0), 0, 50);
  const taken = model.confirm(sequence, model.marksAt(sequence, 3, size).slice(0, 1), 3);
  assert.deepEqual(lefts(taken, 2), [0, "(50)"]);
  const copied = model.copyTo(sequence, model.marksAt(sequence, 0), 9, way);
  assert.deepEqual(
    [1, 9].map((at) => lefts(copied, at)),
    [
      [0, 50],
      [0, 50],
    ],
  );
  const detected = model.copyTo(sequence, model.marksAt(sequence, 0), 9, { ...way, isTracking: false });
  assert.equal(detected.tracks.length, 4);
});

test("another label is the whole object's, with a name of its own; attributes count from their frame on", () => {
  let sequence = add(add(drag(add(model.NOTHING, 0, 0), 8, 80), 0, 5), 0, 9, "bus");
  assert.deepEqual(
    sequence.tracks.map((t) => t.name),
    ["car:1", "car:2", "bus:1"],
  );
  const put = (at: number, change: Partial<model.Mark>) => {
    const marks = model.marksAt(sequence, at, size);
    sequence = model.draw(sequence, at, marks, [{ ...marks[0]!, ...change }, ...marks.slice(1)], way);
  };
  put(4, { label: "bus" });
  assert.equal(model.markAt(sequence.tracks[0]!, 0)!.name, "bus:2");
  const colours = () => [0, 3, 4, 8].map((at) => model.markAt(sequence.tracks[0]!, at)!.attributes.colour);
  put(4, { attributes: { colour: "red" } });
  assert.deepEqual(colours(), ["red", "red", "red", "red"]); // it had none before
  put(4, { attributes: { colour: "blue" } });
  assert.deepEqual(colours(), ["red", "red", "blue", "blue"]);
});

test("drafts and label files come back as they went", () => {
  const frames = [0, 1, 2, 3, 4, 5].map((no) => ({ no, name: `f${no}.jpg`, src: "" }));
  let sequence = drag(add(add(model.NOTHING, 1, 20), 0, 300, "bus"), 4, 50);
  sequence = model.setFrameAttributes(sequence, [5], { weather: "rain" });
  assert.deepEqual(format.fromDraft(JSON.parse(JSON.stringify(format.toDraft(sequence)))), sequence);
  const answer = format.toFrames(sequence, frames, "box", true) as Record<string, any>[];
  assert.deepEqual(
    answer.map((f) => [f.frameNumber, f.boundingBoxes.length]),
    [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 0],
    ],
  );
  const labels = ["car", "bus"];
  const file = {
    "tracking-annotations": answer.map((f) => ({
      "frame-no": String(f.frameNumber),
      frame: f.frame,
      "frame-attributes": f.frameAttributes,
      annotations: f.boundingBoxes.map((b: any) => ({
        ...b,
        "class-id": String(labels.indexOf(b.label)),
        "label-category-attributes": b.labelCategoryAttributes,
        "object-id": b.objectId,
        "object-name": b.objectName,
      })),
    })),
  };
  const again = format.fromLabelFile(file, frames, "box", labels, way.newId);
  const sorted = (some: unknown[]) => JSON.stringify(some, Object.keys(answer[0]!).sort());
  assert.equal(sorted(format.toFrames(again, frames, "box", true)), sorted(answer));
  assert.deepEqual(lefts(again, 5), []); // what ended there is not guessed on
  assert.deepEqual(format.fromDraft("rubbish"), model.NOTHING);
});
