/** The crowd-* elements that worker templates of Ground Truth use, and `<annolake-segments>`; one classic script. */
import { define, styleDocument } from "./base.ts";
import { CrowdButton } from "./button.ts";
import { CrowdCheckbox, CrowdRadioButton, CrowdRadioGroup } from "./choice.ts";
import { CrowdClassifier } from "./classifier.ts";
import { CrowdForm } from "./form.ts";
import { CrowdInstructions } from "./instructions.ts";
import { start } from "./link.ts";
import { AnnolakeSegments } from "./segments/element.ts";
import { CrowdInput, CrowdTextArea } from "./text.ts";
import { watchUnknown } from "./unknown.ts";

styleDocument();
define("crowd-form", CrowdForm);
define("crowd-button", CrowdButton);
define("crowd-classifier", CrowdClassifier);
define("crowd-input", CrowdInput);
define("crowd-text-area", CrowdTextArea);
define("crowd-checkbox", CrowdCheckbox);
define("crowd-radio-button", CrowdRadioButton);
define("crowd-radio-group", CrowdRadioGroup);
define("crowd-instructions", CrowdInstructions);
define("annolake-segments", AnnolakeSegments);
watchUnknown();
start();
