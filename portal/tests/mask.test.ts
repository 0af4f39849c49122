import assert from "node:assert/strict";
import { test } from "node:test";
import * as raster from "../src/elements/mask/raster.ts";

const stroke = (more: Partial<raster.Stroke>): raster.Stroke => ({
  tool: "polygon",
  value: 1,
  points: [],
  radius: 1,
  isUnder: false,
  ...more,
});
const rows = (mask: raster.Mask) =>
  Array.from({ length: mask.height }, (_, y) => [...mask.data.slice(y * mask.width, (y + 1) * mask.width)].join(""));
const corners = (left: number, top: number, right: number, bottom: number) => [
  { x: left, y: top },
  { x: right, y: top },
  { x: right, y: bottom },
  { x: left, y: bottom },
];

test("a polygon fills the pixels whose middle it holds, also where it leaves the image", () => {
  const mask = raster.newMask({ width: 6, height: 4 });
  raster.apply(mask, stroke({ points: corners(1, 1, 4, 3) }));
  assert.deepEqual(rows(mask), ["000000", "011100", "011100", "000000"]);
  raster.apply(mask, stroke({ points: corners(3.4, -5, 99, 99), value: 2, isUnder: true }));
  assert.deepEqual(rows(mask), ["000222", "011122", "011122", "000222"]);
});

test("neighbours share no pixel and leave none between them", () => {
  const mask = raster.newMask({ width: 9, height: 9 });
  const triangle = [
    { x: 0, y: 0 },
    { x: 9, y: 0 },
    { x: 0, y: 9 },
  ];
  raster.apply(mask, stroke({ points: triangle }));
  const ones = raster.counts(mask, 3)[1]!;
  raster.apply(mask, stroke({ points: [triangle[1]!, { x: 9, y: 9 }, triangle[2]!], value: 2 }));
  assert.deepEqual(raster.counts(mask, 3), [0, ones, 81 - ones]);
});

test("a brush draws a line with round ends, piece by piece as at once; the eraser takes it away", () => {
  const points = [
    { x: 2.5, y: 2.5 },
    { x: 7.5, y: 2.5 },
    { x: 7.5, y: 6.5 },
  ];
  const whole = stroke({ tool: "brush", points, radius: 1.2 });
  const [once, pieces] = [raster.newMask({ width: 10, height: 8 }), raster.newMask({ width: 10, height: 8 })];
  raster.apply(once, whole);
  points.forEach((_, n) => raster.brush(pieces, { ...whole, points: points.slice(0, n + 1) }, n));
  assert.deepEqual(rows(once), rows(pieces));
  assert.equal(rows(once)[2], "0111111110");
  raster.apply(once, { ...whole, value: 0, radius: 2 });
  assert.equal(raster.counts(once, 2)[1], 0);
});

test("a mask comes back from its colours", () => {
  const mask = raster.newMask({ width: 3, height: 2 });
  mask.data.set([0, 1, 2, 3, 0, 2]);
  const area = { left: 0, top: 0, right: 3, bottom: 2 };
  const pixels = raster.paint(mask, area, 255, [255, 255, 255, 255]);
  assert.deepEqual(rows(raster.readPixels(mask, pixels, [0, 1, 2].map(raster.colourOf))), rows(mask));
  assert.deepEqual(rows(raster.readPixels(mask, pixels, [null, raster.colourOf(1)])), ["002", "002"]);
});
