import { fileURLToPath } from "node:url";

import { expect } from "chai";

import type { Attested } from "../../src/enclave/evidence.ts";
import { runInBrowser } from "../helpers/browser.ts";
import type { Given } from "./dcap-page.ts";
import { describeVector, KINDS, outcomeOf, THEIR_TIME } from "./dcap-vectors.ts";

const PAGE = fileURLToPath(new URL("dcap-page.ts", import.meta.url));
/** A year before the platforms' certificates, and one after they have expired: in browsers the library looks at neither. */
const OTHER_TIMES = [1_500_000_000, 2_000_000_000];

describe("verifyDcap in a browser", () => {
  for (const kind of KINDS) {
    describeVector(kind, `of a real quote of ${kind.toUpperCase()}`, (vector) => {
      it("finds what it finds elsewhere, and looks at dates as well", async function () {
        this.timeout(120_000);
        const { quote, collateral } = vector();
        const given: Given = { quote: Array.from(quote), collateral, times: [THEIR_TIME, ...OTHER_TIMES] };
        const outcomes = (await runInBrowser(PAGE, "verifyInPage", given)) as readonly (Attested | string)[];
        const elsewhere = await outcomeOf(vector());
        // What crosses from the page has no undefined fields.
        expect(outcomes[0]).to.deep.equal(JSON.parse(JSON.stringify(elsewhere)));
        const isOfOtherTime = /^CertificateError: .*(not valid yet|expired)/;
        for (const outcome of outcomes.slice(1)) expect(outcome).to.match(isOfOtherTime);
      });
    });
  }
});
