/** The crowd-* elements that worker templates of Ground Truth use, `<annolake-segments>` and `<annolake-frames>`; one classic script. */
import { define, styleDocument } from "./base.ts";
import { CrowdButton } from "./button.ts";
import { CrowdCheckbox, CrowdRadioButton, CrowdRadioGroup, CrowdToggleButton } from "./choice.ts";
import {
  CrowdClassifier,
  CrowdClassifierMultiSelect,
  CrowdImageClassifier,
  CrowdImageClassifierMultiSelect,
} from "./classifier.ts";
import { CrowdBoundingBox, CrowdKeypoint, CrowdPolygon, CrowdPolyline } from "./drawing/kinds.ts";
import { CrowdEntityAnnotation } from "./entity/element.ts";
import { CrowdForm } from "./form.ts";
import { AnnolakeFrames } from "./frames/element.ts";
import { CrowdInstructions } from "./instructions.ts";
import { CrowdAlert, CrowdBadge, CrowdCard, CrowdModal, CrowdTab, CrowdTabs } from "./layout.ts";
import { start } from "./link.ts";
import { CrowdSemanticSegmentation } from "./mask/element.ts";
import { AnnolakeSegments } from "./segments/element.ts";
import { CrowdSlider } from "./slider.ts";
import { CrowdInput, CrowdTextArea } from "./text.ts";
import { watchUnknown } from "./unknown.ts";

styleDocument();
define("crowd-form", CrowdForm);
define("crowd-button", CrowdButton);
define("crowd-classifier", CrowdClassifier);
define("crowd-classifier-multi-select", CrowdClassifierMultiSelect);
define("crowd-image-classifier", CrowdImageClassifier);
define("crowd-image-classifier-multi-select", CrowdImageClassifierMultiSelect);
define("crowd-bounding-box", CrowdBoundingBox);
define("crowd-polygon", CrowdPolygon);
define("crowd-polyline", CrowdPolyline);
define("crowd-keypoint", CrowdKeypoint);
define("crowd-semantic-segmentation", CrowdSemanticSegmentation);
define("crowd-entity-annotation", CrowdEntityAnnotation);
define("crowd-input", CrowdInput);
define("crowd-text-area", CrowdTextArea);
define("crowd-checkbox", CrowdCheckbox);
define("crowd-toggle-button", CrowdToggleButton);
define("crowd-radio-button", CrowdRadioButton);
define("crowd-radio-group", CrowdRadioGroup);
define("crowd-slider", CrowdSlider);
define("crowd-instructions", CrowdInstructions);
define("crowd-alert", CrowdAlert);
define("crowd-badge", CrowdBadge);
define("crowd-card", CrowdCard);
define("crowd-modal", CrowdModal);
define("crowd-tabs", CrowdTabs);
define("crowd-tab", CrowdTab);
define("annolake-segments", AnnolakeSegments);
define("annolake-frames", AnnolakeFrames);
watchUnknown();
start();
