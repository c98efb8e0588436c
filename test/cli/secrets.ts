import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { generatePrivateKey } from "viem/accounts";

import { BadPrivateKeyError, NoKeyError, privateKeyOf, ROLES } from "../../src/cli/secrets.ts";
import { create, WrongPasswordError } from "../../src/protocol/keystore.ts";
import { errorOf } from "../helpers/errors.ts";

const [ONE, OTHER] = [generatePrivateKey(), generatePrivateKey()];
const [PASSWORD, OTHER_PASSWORD] = ["correct horse", "battery staple"];

describe("the key of a role", () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-secrets-"));
    file = join(folder, "key.json");
    await writeFile(file, create(ONE, PASSWORD, { n: 1_024 }));
  });
  after(async () => rm(folder, { recursive: true }));

  it("comes from the role's own variable, or else from the one that all share", async () => {
    for (const role of ROLES) {
      const own = `ASSAY_${role.toUpperCase()}_PRIVATE_KEY`;
      expect(await privateKeyOf(role, undefined, { ASSAY_PRIVATE_KEY: OTHER, [own]: ONE })).to.equal(ONE);
      expect(await privateKeyOf(role, undefined, { ASSAY_PRIVATE_KEY: OTHER, [own]: "" })).to.equal(OTHER);
    }
    const others = { ASSAY_PROVER_PRIVATE_KEY: ONE, ASSAY_AGENT_PRIVATE_KEY: ONE };
    expect(await errorOf(privateKeyOf("provider", undefined, others))).to.be.instanceOf(NoKeyError);
  });

  it("is asked for by the name of its own variable", async () => {
    for (const role of ROLES) {
      const error = await errorOf(privateKeyOf(role, undefined, {}));
      expect(error).to.be.instanceOf(NoKeyError).with.property("role", role);
      expect((error as Error).message).to.include(`ASSAY_${role.toUpperCase()}_PRIVATE_KEY`);
    }
  });

  it("is refused by the name of the variable it is in, when it is none", async () => {
    const error = await errorOf(privateKeyOf("prover", undefined, { ASSAY_PROVER_PRIVATE_KEY: `${ONE}00` }));
    expect(error).to.be.instanceOf(BadPrivateKeyError);
    expect((error as Error).message)
      .to.include("ASSAY_PROVER_PRIVATE_KEY")
      .and.not.include(ONE.slice(2, 12));
  });

  it("comes from its file before any variable, opened by the role's own password or the shared one", async () => {
    const key = { ASSAY_PROVIDER_PRIVATE_KEY: OTHER };
    const shared = { ...key, ASSAY_KEYSTORE_PASSWORD: PASSWORD };
    expect(await privateKeyOf("provider", file, shared)).to.equal(ONE);
    const own = { ...key, ASSAY_KEYSTORE_PASSWORD: OTHER_PASSWORD, ASSAY_PROVIDER_KEYSTORE_PASSWORD: PASSWORD };
    expect(await privateKeyOf("provider", file, own)).to.equal(ONE);
    expect(await errorOf(privateKeyOf("prover", file, own))).to.be.instanceOf(WrongPasswordError);
  });
});
