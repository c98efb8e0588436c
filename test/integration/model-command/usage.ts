import { expect } from "chai";

import { modelCommand } from "../../../src/cli/model.ts";
import { UsageError } from "../../../src/cli/usage.ts";
import { errorOf } from "../../helpers/errors.ts";
import { answerOf, complaintOf } from "./world.ts";

const COMMANDS = ["build", "report", "lint", "run", "prove", "verify", "publish"] as const;
const ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

describe("assay", () => {
  it("tells what it can do", async () => {
    for (const args of [[], ["--help"]]) expect(await answerOf(args)).to.match(/assay model COMMAND[^]*assay ceremony/);
    expect(await answerOf(["ceremony", "--help"])).to.include("Usage: assay ceremony start");
  });

  it("explains every command of a model, whatever else is given", async () => {
    for (const args of [[], ["--help"]]) {
      const usage = await answerOf(["model", ...args]);
      for (const command of COMMANDS) expect(usage).to.match(new RegExp(`^ +${command} `, "m"));
    }
    for (const command of COMMANDS) {
      const usage = await answerOf(["model", command, "nowhere", "--help", "--json"]);
      expect(usage)
        .to.match(new RegExp(`^Usage: assay model ${command} `))
        .and.to.include("--time-limit S");
    }
  });

  it("ends with 2, and its usage, when it is called in a way that it does not know", async () => {
    expect(await complaintOf(["dance"]))
      .to.include('"dance"')
      .and.include("model or ceremony");
    expect(await complaintOf(["model", "dance"]))
      .to.include('"dance"')
      .and.include(COMMANDS.join(", "));
    expect(await complaintOf(["model", "run", "folder", "--colour"])).to.include("--colour");
    expect(await complaintOf(["model", "run"])).to.include("folder");
    expect(await complaintOf(["model", "verify", "x", "--id", "0x12", "--json"])).to.include("--id");
  });
});

describe("the options of assay model", () => {
  it("are no others than each command's own, and so are its names", async () => {
    // Nothing is found that only JavaScript knows.
    for (const name of ["dance", "constructor", "toString"]) {
      expect(await errorOf(modelCommand([name])), name).to.be.instanceOf(UsageError);
    }
    for (const command of COMMANDS) {
      expect(await errorOf(modelCommand([command, "x", "--colour"])), command).to.have.property(
        "code",
        "ERR_PARSE_ARGS_UNKNOWN_OPTION",
      );
      for (const names of [[], ["x", "y"]]) {
        expect(await errorOf(modelCommand([command, ...names])), command).to.be.instanceOf(UsageError);
      }
    }
  });

  it("are refused with values that they do not take, before anything is done", async () => {
    const field = ["--field", "a=1"];
    const parts = ["--request", `0x${"12".repeat(32)}`, "--prover", ADDRESS, "--escrow", ADDRESS, "--chain", "1"];
    const wrong: readonly (readonly [string, readonly string[]])[] = [
      ["--limit", ["build", "x", "--limit", "0"]],
      ["--limit", ["build", "x", "--limit", "many"]],
      ["--time-limit", ["build", "x", "--time-limit", "0"]],
      ["--circuit-only", ["build", "x", "--circuit-only", "--phase1", "development"]],
      ["--circuit-only", ["build", "x", "--circuit-only", "--ceremony", "y"]],
      ["--input", ["run", "x"]],
      ["--field", ["run", "x", ...field, "--input", "y"]],
      ["--field", ["run", "x", "--field", "a"]],
      ["--field", ["run", "x", "--field", "=1"]],
      ["--field", ["run", "x", ...field, ...field]],
      ["--field", ["run", "x", "--field", "a=[1,"]],
      ["--salt", ["run", "x", ...field, "--salt", "salty"]],
      ["--context", ["prove", "x", ...field]],
      ["--context", ["prove", "x", ...field, "--context", "1"]],
      ["--context", ["prove", "x", ...field, "--context", `0x${"f".repeat(64)}`]],
      ["--context", ["prove", "x", ...field, "--context", "0x1", "--chain", "1"]],
      ["--answer", ["prove", "x", ...field, "--answer", "y", "--context", "0x1"]],
      ["--chain", ["prove", "x", ...field, ...parts.slice(0, 6)]],
      ["--request", ["prove", "x", ...field, ...parts.slice(2)]],
      ["--prover", ["prove", "x", ...field, ...parts, "--prover", "0x12"]],
      ["--escrow", ["prove", "x", ...field, ...parts, "--escrow", ADDRESS.replace("a", "A")]],
      ["--id", ["verify", "x", "--id", "0x12"]],
      ["--verifier", ["publish", "x", "--rpc", "http://127.0.0.1:1"]],
      ["--verifier", ["publish", "x", "--rpc", "http://127.0.0.1:1", "--verifier", "0x12"]],
      ["--rpc", ["publish", "x", "--verifier", ADDRESS]],
      ["--rpc", ["publish", "x", "--verifier", ADDRESS, "--rpc", "127.0.0.1:8545"]],
    ];
    for (const [option, args] of wrong) {
      const error = await errorOf(modelCommand(args));
      expect(error, args.join(" ")).to.be.instanceOf(UsageError);
      expect((error as Error).message).to.include(option);
    }
  });

  it("are refused with half an id of a request", async () => {
    const parts = ["--request", "0x12", "--prover", ADDRESS, "--escrow", ADDRESS, "--chain", "1"];
    const error = await errorOf(modelCommand(["prove", "x", "--field", "a=1", ...parts]));
    expect(error).to.be.instanceOf(UsageError);
    expect((error as Error).message).to.include("--request");
  });
});
