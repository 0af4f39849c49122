/** `<crowd-bounding-box>`, `<crowd-polygon>`, `<crowd-polyline>`, `<crowd-keypoint>`. */
import { Drawing } from "./element.ts";

export class CrowdBoundingBox extends Drawing {
  protected kind = "box" as const;
  protected key = "boundingBoxes";
  protected noun = "box";
  protected nouns = "boxes";
  protected help = "Drag to draw a box. Click one to move or resize it; arrow keys nudge, Delete removes.";
}

export class CrowdPolygon extends Drawing {
  protected kind = "polygon" as const;
  protected key = "polygons";
  protected noun = "polygon";
  protected nouns = "polygons";
  protected help =
    "Click to set points; Enter or a click on the first point closes. Backspace takes the last one back.";
}

export class CrowdPolyline extends Drawing {
  protected kind = "polyline" as const;
  protected key = "polylines";
  protected noun = "line";
  protected nouns = "lines";
  protected help = "Click to set points; Enter or a double click ends the line. Backspace takes the last one back.";
}

export class CrowdKeypoint extends Drawing {
  protected kind = "keypoint" as const;
  protected key = "keypoints";
  protected noun = "point";
  protected nouns = "points";
  protected help = "Click to set a point. Drag one to move it; arrow keys nudge, Delete removes.";
}
