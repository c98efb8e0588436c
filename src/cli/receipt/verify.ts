/** `assay receipt verify`: all that can be said of an answer, by this machine's own arithmetic and a chain's node. */
import { isDeepStrictEqual } from "node:util";

import { hexToBigInt, isAddressEqual, type Address, type PublicClient } from "viem";

import { checkReceipt } from "../../client/answer.ts";
import { verifyReceipt, type Standing } from "../../client/receipt.ts";
import type { DeploymentRecord } from "../../deploy/record.ts";
import { encodeInput } from "../../model/bundle/input.ts";
import { openModel } from "../../model/bundle/open.ts";
import { inputCommitmentOf, isOutputOf } from "../../model/manifest/commitments.ts";
import { manifestHashOf } from "../../model/manifest/manifest.ts";
import { claimOf } from "../../protocol/fill.ts";
import { commitmentLogAbi } from "../../protocol/abi/commitment-log.ts";
import { verify as isUnder } from "../../protocol/receipt-tree.ts";
import * as Request from "../../protocol/request.ts";
import { look, UncheckedError, type Check } from "../checks.ts";
import { dollarsText } from "../config/dollars.ts";
import { timeText } from "../tab/show.ts";
import type { ReceiptFile } from "./file.ts";
import { keyOnChain, proofReader } from "./settled-proof.ts";
import { isProven } from "./snarkjs-form.ts";

export type VerifyOptions = {
  readonly client: PublicClient;
  /** How deep a settlement has to be. */
  readonly confirmations: number;
  /** Where Assay is on that chain, as it is known here. */
  readonly recorded: DeploymentRecord | undefined;
  /** Of the built model, to answer once more. */
  readonly model: string | undefined;
};

/** Checks a receipt in every way that there is. */
export async function verifyFile(file: ReceiptFile, options: VerifyOptions): Promise<Check[]> {
  const { client, confirmations, recorded, model } = options;
  const { evidence, chainId, escrow, salt, fields, manifest } = file;
  const { request, signature, output, charge, id } = evidence;
  const deployment = { chainId, escrow };
  let standing: Standing | undefined;
  return [
    await look("deployment", async () => compareDeployment(file, recorded)),
    await look("order", async () => {
      if (request.locked) return "a locked request: its payer agreed by locking the price";
      const signer = await Request.recover(request, deployment, signature);
      if (!isAddressEqual(signer, request.payer)) throw new NotOrderedError(request.payer);
      return `signed by the payer ${request.payer}, for at most ${dollarsText(request.price)}`;
    }),
    await look("receipt", async () => {
      await checkReceipt(evidence, deployment);
      return `signed by the provider ${request.provider}, for ${dollarsText(charge)}`;
    }),
    await look("model", async () => {
      await keyOnChain(client, request.verifier, request.model, manifestHashOf(manifest));
      return `${manifest.name}, ${request.model}: its manifest and its key on chain make up this id`;
    }),
    await look("input", async () => {
      const isGiven = isDeepStrictEqual(encodeInput(manifest.input.fields, file.input), fields);
      const isCommitted = inputCommitmentOf(manifest)(fields, hexToBigInt(salt)) === request.input;
      if (!isGiven || !isCommitted) throw new OtherInputError();
      return "what was asked is what the request commits to";
    }),
    await look("answer", async () => {
      if (file.value === null) throw new UncheckedError("The gateway gave no answer that its provider signed for.");
      if (!isOutputOf(manifest, output, file.value, hexToBigInt(salt))) throw new OtherMeaningError();
      return `${manifest.output.name}: ${[file.value].flat().join(", ")}`;
    }),
    await look("computation", async () => compute(file, model)),
    await look("commitment", async () => findCommitment(file, client)),
    await look("settlement", async () => {
      standing = await verifyReceipt(evidence, { client, deployment, confirmations });
      return standingOf(standing, file);
    }),
    await look("proof", async () => {
      if (standing?.state !== "settled") throw new UncheckedError("Nothing was settled as it was answered.");
      const { transaction, prover } = standing.settlement;
      const proof = await proofReader(client, deployment)(transaction, { id, output, charge, prover });
      const key = await keyOnChain(client, request.verifier, request.model, manifestHashOf(manifest));
      const claim = claimOf({ request, output, charge, prover }, deployment);
      if (!(await isProven(key, claim, proof))) throw new NoProofError(transaction);
      return "verified here, out of the transaction that settled it";
    }),
  ];
}

/** What says of itself that it is Assay may be anything: it says what its maker wants it to. */
export function compareDeployment(
  { escrow, commitmentLog, chainId }: Pick<ReceiptFile, "escrow" | "commitmentLog" | "chainId">,
  recorded: DeploymentRecord | undefined,
): string {
  if (recorded === undefined) {
    throw new UncheckedError(
      `Nobody wrote down here where Assay is on chain ${chainId}. Compare escrow ${escrow} and commitment log ` +
        `${commitmentLog} with a source of your own: all that follows relies on them.`,
    );
  }
  const { Escrow, CommitmentLog } = recorded.contracts;
  const pairs: readonly (readonly [Address, Address])[] = [
    [escrow, Escrow.address],
    [commitmentLog, CommitmentLog.address],
  ];
  for (const [named, known] of pairs) if (!isAddressEqual(named, known)) throw new OtherDeploymentError(named, known);
  return `escrow ${escrow} on chain ${chainId}, as it is recorded here`;
}

async function compute({ evidence, fields, salt }: ReceiptFile, folder: string | undefined): Promise<string> {
  const { request, output } = evidence;
  if (folder === undefined) {
    throw new UncheckedError("Give --model with the folder of the built model, to have it answer once more.");
  }
  const model = await openModel(folder);
  if (model.id !== request.model) {
    throw new UncheckedError(`${folder} is the model ${model.id}, and the answer is of ${request.model}.`);
  }
  const again = model.answerSteps(fields, hexToBigInt(salt));
  if (again.output !== output || again.input !== request.input) throw new OtherAnswerError(again.output, output);
  return "the model gives this very answer here";
}

async function findCommitment(file: ReceiptFile, client: PublicClient): Promise<string> {
  const { evidence, inclusion, commitmentLog } = file;
  const { id, output, charge, request } = evidence;
  if (inclusion === null) {
    throw new UncheckedError("The file has no path to a root. Give --gateway to ask the provider's gateway for it.");
  }
  const { root, path } = inclusion;
  if (!isUnder(root, { request: id, output, charge }, path)) throw new NotUnderRootError(root);
  const time = await client.readContract({
    address: commitmentLog,
    abi: commitmentLogAbi,
    functionName: "committedAt",
    args: [request.provider, root],
  });
  if (time === 0n) throw new NotCommittedError(root);
  return `under the root ${root}, which the provider committed to at ${timeText(Number(time))}`;
}

function standingOf(standing: Standing, { evidence }: ReceiptFile): Omit<Check, "name"> {
  const { penalised, state } = standing;
  const slashed = penalised === 0n ? "" : ` The provider has lost ${dollarsText(penalised)} for it.`;
  const until = timeText(evidence.request.deadline);
  switch (state) {
    case "settled": {
      const { transaction, block, prover } = standing.settlement;
      return { state: "ok", says: `paid in block ${block}, proven by ${prover}\ntransaction ${transaction}` };
    }
    case "settled-otherwise": {
      const { output, charge } = standing.settlement;
      const says = `It settled with the output ${output} for ${dollarsText(charge)}. The provider signed both: contradict it.`;
      return { state: "failed", says: `${says}${slashed}` };
    }
    case "promised":
      return { state: "unchecked", says: `Not settled yet: it may be proven until ${until}.${slashed}` };
    case "unproven":
      return { state: "failed", says: `Nobody proved it until ${until}. It costs nothing.${slashed}` };
  }
}

/** A receipt is of another deployment than the one that is known. */
export class OtherDeploymentError extends Error {
  override readonly name = "OtherDeploymentError";

  constructor(named: Address, known: Address) {
    super(`The file names ${named} where ${known} is recorded here. Do not rely on what the other one says.`);
  }
}

/** The payer did not sign the request. */
export class NotOrderedError extends Error {
  override readonly name = "NotOrderedError";

  constructor(payer: Address) {
    super(`The request is not signed by its payer, ${payer}.`);
  }
}

/** An input is another than was asked for. */
export class OtherInputError extends Error {
  override readonly name = "OtherInputError";

  constructor() {
    super("The request commits to another input, or under another salt, than the file has.");
  }
}

/** An output means something else. */
export class OtherMeaningError extends Error {
  override readonly name = "OtherMeaningError";

  constructor() {
    super("The output that the provider signed means something else than the file says.");
  }
}

/** A model answers otherwise than its provider signed. */
export class OtherAnswerError extends Error {
  override readonly name = "OtherAnswerError";

  constructor(found: string, signed: string) {
    super(`The model answers ${found}, and the provider signed ${signed}: nobody can prove that.`);
  }
}

/** A path does not lead from a receipt to its root. */
export class NotUnderRootError extends Error {
  override readonly name = "NotUnderRootError";

  constructor(root: string) {
    super(`The path does not lead from this receipt to the root ${root}.`);
  }
}

/** A root is not on chain. */
export class NotCommittedError extends Error {
  override readonly name = "NotCommittedError";

  constructor(root: string) {
    super(`The provider did not commit to the root ${root}.`);
  }
}

/** What was settled was not proven. */
export class NoProofError extends Error {
  override readonly name = "NoProofError";

  constructor(transaction: string) {
    super(`The proof in the transaction ${transaction} does not show this answer.`);
  }
}
