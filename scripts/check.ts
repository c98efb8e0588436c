import { CHECKS } from "./steps/checks.ts";
import { runSteps } from "./steps/step.ts";

process.exitCode = await runSteps(CHECKS);
