import { JobList } from "./job-list.ts";
import { Portal } from "./portal.ts";
import { SignIn } from "./sign-in.ts";
import { WorkPage } from "./work-page.ts";

customElements.define("annolake-sign-in", SignIn);
customElements.define("annolake-jobs", JobList);
customElements.define("annolake-work", WorkPage);
customElements.define("annolake-portal", Portal);
