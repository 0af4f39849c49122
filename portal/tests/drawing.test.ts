import assert from "node:assert/strict";
import { test } from "node:test";
import * as shapes from "../src/elements/drawing/shapes.ts";
import * as spans from "../src/elements/entity/spans.ts";

const size = { width: 100, height: 50 };
const box = shapes.boxOf({ x: 30, y: 40 }, { x: 10, y: 20 });

test("a box comes from any two corners and turns over when a handle passes the other side", () => {
  assert.deepEqual(box, [
    { x: 10, y: 20 },
    { x: 30, y: 40 },
  ]);
  assert.equal(shapes.handlesOf("box", box).length, 8);
  assert.deepEqual(shapes.drag("box", box, 4, { x: 5, y: 60 }), [
    { x: 5, y: 20 },
    { x: 10, y: 60 },
  ]);
  assert.deepEqual(shapes.drag("box", box, 7, { x: 0, y: 0 }), [
    { x: 0, y: 20 },
    { x: 30, y: 40 },
  ]);
});

test("every handle of a box stands where dragging it leaves the box as it is", () => {
  shapes.handlesOf("box", box).forEach((at, handle) => assert.deepEqual(shapes.drag("box", box, handle, at), box));
});

test("shapes stay in the image", () => {
  assert.deepEqual(shapes.move(box, 1000, -1000, size), [
    { x: 80, y: 0 },
    { x: 100, y: 20 },
  ]);
  assert.deepEqual(shapes.clamp({ x: -3, y: 99 }, size), { x: 0, y: 50 });
});

test("answers come back as the shapes that they were", () => {
  const points = [
    { x: 1, y: 2 },
    { x: 30, y: 2 },
    { x: 30, y: 40 },
  ];
  const drawn = { box, keypoint: points.slice(0, 1), polyline: points.slice(0, 2), polygon: points };
  for (const [kind, of] of Object.entries(drawn) as [shapes.Kind, readonly shapes.Point[]][]) {
    const shape = { label: "a", points: of };
    assert.deepEqual(shapes.fromAnswer(kind, shapes.toAnswer(kind, shape)), shape, kind);
  }
});

test("what is no shape is left out", () => {
  const text =
    '[{"label": "a", "left": 0, "top": 0, "width": 1, "height": 9}, {"label": 1}, 7, {"label": "a", "left": "x"}]';
  assert.deepEqual(shapes.readShapes("box", text), []);
  assert.deepEqual(shapes.readShapes("polygon", "not JSON"), []);
});

const text = "🏔 Ada  walked";

test("a mark counts code points and leaves out white space at its ends", () => {
  assert.equal(spans.codePoints(text, 2), 1);
  assert.deepEqual(spans.add([], text, "P", 7, 1), [{ label: "P", startOffset: 2, endOffset: 5 }]);
  assert.deepEqual(spans.add([], text, "P", 5, 7), []);
});

test("marks do not overlap, and the pieces are the text", () => {
  const one = spans.add([], text, "P", 2, 5);
  assert.equal(spans.add(one, text, "Q", 4, 9), one);
  const two = spans.add(one, text, "Q", 0, 1);
  assert.deepEqual(
    two.map((e) => e.label),
    ["Q", "P"],
  );
  assert.equal(
    spans
      .pieces(two, text)
      .map((p) => p.text)
      .join(""),
    text,
  );
  assert.deepEqual(
    spans.pieces(two, text).map((p) => p.entity),
    [0, null, 1, null],
  );
});

test("a draft of another text is not believed", () => {
  const draft = [{ label: "P", startOffset: 2, endOffset: 99 }, { label: "P", startOffset: 2, endOffset: 5 }, null];
  assert.deepEqual(spans.readEntities(draft, text), [{ label: "P", startOffset: 2, endOffset: 5 }]);
});
