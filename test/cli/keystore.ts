import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { privateKeyToAddress } from "viem/accounts";

import { decrypt } from "../../src/protocol/keystore.ts";
import { DEVELOPMENT_KEY } from "../helpers/node.ts";
import { answerOf, assay, complaintOf, errorOf, jsonOf, refusalOf } from "../integration/model-command/world.ts";

const PASSWORD = "correct horse";
const secrets = { ASSAY_KEYSTORE_PASSWORD: PASSWORD };
const ADDRESS = privateKeyToAddress(DEVELOPMENT_KEY);

describe("assay keystore", () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-keystore-"));
  });
  after(async () => rm(folder, { recursive: true }));

  it("makes a key that only its owner reads, and only with the password", async () => {
    const file = path("new.json");
    const { address } = await jsonOf(["keystore", "new", file], { secrets });
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(privateKeyToAddress(decrypt(await readFile(file, "utf8"), PASSWORD))).to.equal(address);
    expect(await answerOf(["keystore", "address", file], { secrets })).to.equal(`${String(address)}\n`);
    const wrong = { secrets: { ASSAY_KEYSTORE_PASSWORD: "battery staple" } };
    expect(await errorOf(["keystore", "address", file], wrong)).to.have.property("name", "WrongPasswordError");
  });

  it("makes another key each time", async () => {
    const one = await answerOf(["keystore", "new", path("one.json")], { secrets });
    expect(await answerOf(["keystore", "new", path("two.json")], { secrets })).not.to.equal(one);
  });

  it("takes in a key that there is, and never shows it", async () => {
    const file = path("import.json");
    const surroundings = { secrets: { ...secrets, ASSAY_PRIVATE_KEY: DEVELOPMENT_KEY.slice(2) } };
    const { stdout, stderr, code } = await assay(["keystore", "import", file, "--json"], surroundings);
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal({ file, address: ADDRESS });
    expect(stdout + stderr).not.to.include(DEVELOPMENT_KEY.slice(2));
    expect(decrypt(await readFile(file, "utf8"), PASSWORD)).to.equal(DEVELOPMENT_KEY);
  });

  it("overwrites nothing", async () => {
    const file = path("taken.json");
    await writeFile(file, "the only copy");
    for (const name of ["new", "import"]) {
      expect(await errorOf(["keystore", name, file], { secrets })).to.have.property("name", "KeystoreExistsError");
    }
    expect(await readFile(file, "utf8")).to.equal("the only copy");
  });

  it("takes no short password, and no key that is none", async () => {
    const short = { secrets: { ASSAY_KEYSTORE_PASSWORD: "horse" } };
    expect(await refusalOf(["keystore", "new", path("short.json")], short)).to.include("8 characters");
    const bad = { secrets: { ...secrets, ASSAY_PRIVATE_KEY: `${DEVELOPMENT_KEY}00` } };
    expect(await refusalOf(["keystore", "import", path("bad.json")], bad))
      .to.include("64 hexadecimal digits")
      .and.not.include(DEVELOPMENT_KEY.slice(2));
    expect(await refusalOf(["keystore", "new", path("no/such/folder.json")], { secrets })).to.include("ENOENT");
  });

  it("says where a secret could be that there is no terminal to ask for on", async () => {
    expect(await complaintOf(["keystore", "new", path("none.json")])).to.include("ASSAY_KEYSTORE_PASSWORD");
    expect(await complaintOf(["keystore", "import", path("none.json")])).to.include("ASSAY_PRIVATE_KEY");
  });

  it("says how it is used", async () => {
    expect(await answerOf(["keystore", "--help"])).to.include("Usage: assay keystore new FILE");
    expect(await complaintOf(["keystore", "make", path("x.json")])).to.include('got "make"');
    expect(await complaintOf(["keystore", "new"])).to.include("a key file");
    expect(await complaintOf(["keystore", "new", path("x.json"), "y.json"])).to.include("y.json");
    expect(await complaintOf(["keystore", "new", path("x.json"), "--password", "x"])).to.include("--password");
  });
});
