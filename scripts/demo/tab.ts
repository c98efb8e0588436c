/** The main road: a tab, answers at once, proofs later, one settlement; and what a missing proof costs. */
import { unpack } from "../../src/protocol/packing.ts";
import { fundingNonce, randomNonce, receiveTypedDataOf } from "../../src/protocol/authorization.ts";
import { fromHex } from "../../src/protocol/signature.ts";
import { answer, proveAll } from "../local/market.ts";
import type { Answered } from "../local/market.ts";
import { startProgress } from "../../src/cli/progress.ts";
import { dollars, gasText } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

const QUESTIONS = 8;
const HOUR = 3600;
/** Score and approval, as the model packs them. */
const FIELDS = [
  { bits: 16, encoding: "plain" },
  { bits: 1, encoding: "plain" },
] as const;

/** The agent puts $20 on a tab with one signature; somebody else pays the gas. The provider stakes $5 beside it. */
export async function fundTab(stage: Stage, story: Story): Promise<void> {
  const { escrow, cast, tokenDomain, gasOf } = stage;
  const [amount, stake] = [20_000_000n, 5_000_000n];
  const salt = randomNonce();
  const validBefore = (await stage.client.getBlock()).timestamp + BigInt(HOUR);
  const authorization = {
    from: cast.agent.address,
    to: escrow.address,
    value: amount,
    validAfter: 0n,
    validBefore,
    nonce: fundingNonce(cast.provider.address, salt),
  };
  const signature = fromHex(await cast.agent.signTypedData(receiveTypedDataOf(authorization, tokenDomain)));
  const args = [cast.agent.address, cast.provider.address, amount, 0n, validBefore, salt, signature] as const;
  const gas = await gasOf(escrow.write.fundWithAuthorization(args, { account: cast.stranger.address }));
  await escrow.write.stake([cast.agent.address, stake], { account: cast.provider.address });
  story.tell(`The agent signs once, and ${dollars(amount)} moves to its tab with the provider (${gasText(gas)}).`);
  story.tell(`The provider stakes ${dollars(stake)} in that tab: what a broken promise to this agent can cost it.`);
}

/** Eight questions, eight signed answers, eight proofs, one settlement. */
export async function trade(stage: Stage, story: Story): Promise<void> {
  const { escrow, cast, gasOf } = stage;
  const terms = await stage.terms();
  const answers: Answered[] = [];
  const started = performance.now();
  for (let index = 0; index < QUESTIONS; index++) answers.push(await ask(stage, terms, index));
  const each = (performance.now() - started) / QUESTIONS;
  story.tell(
    `It asks for ${QUESTIONS} credit checks at ${dollars(terms.price)}, and has each signed answer in ${each.toFixed(0)} ms:`,
  );
  story.table(
    ["applicant", "score", "answer"],
    answers.map(({ fill }, index) => {
      const [score, approved] = unpack(FIELDS, BigInt(fill.output));
      return [String(index + 1), String(score), approved === 1n ? "approved" : "declined"];
    }),
  );

  const progress = startProgress("Proving", QUESTIONS);
  const provingStarted = performance.now();
  const proofs = await proveAll(answers, progress.advance);
  const seconds = (performance.now() - provingStarted) / 1000;
  progress.end();
  const gas = await gasOf(
    escrow.write.settle([answers.map(({ fill }) => fill), proofs], { account: cast.prover.address }),
  );
  story.tell(
    `The prover makes ${QUESTIONS} Groth16 proofs in ${seconds.toFixed(1)} s. One transaction verifies them and pays:`,
  );
  story.table(
    ["", "earned"],
    [
      ["provider", dollars(await escrow.read.balanceOf([cast.provider.address]))],
      ["prover", dollars(await escrow.read.balanceOf([cast.prover.address]))],
    ],
  );
  story.tell(`That took ${gasText(gas)}, ${gasText(Math.round(gas / QUESTIONS))} an inference.`);
  story.record("settle", {
    inferences: QUESTIONS,
    gas,
    gasPerInference: Math.round(gas / QUESTIONS),
    proofSeconds: seconds,
  });
}

/** One answer that nobody proves: the deadline passes, and the stake pays. */
export async function breakPromise(stage: Stage, story: Story): Promise<void> {
  const { escrow, cast, gasOf } = stage;
  const { agent, provider } = cast;
  const terms = await stage.terms();
  const { fill } = await ask(stage, terms, QUESTIONS);
  const before = await escrow.read.tabOf([agent.address, provider.address]);
  await stage.wait(HOUR + 1);
  const args = [fill.request, fill.signature, fill.output, fill.charge, fill.receipt] as const;
  const gas = await gasOf(escrow.write.slash(args, { account: cast.stranger.address }));
  const after = await escrow.read.tabOf([agent.address, provider.address]);
  const received = await escrow.read.balanceOf([agent.address]);
  story.tell(`A ninth answer is signed, but never proven. An hour later anybody shows the receipt (${gasText(gas)}):`);
  story.table(
    ["", "before", "after"],
    [
      ["the agent's tab", dollars(before.funds), dollars(after.funds)],
      ["the provider's stake", dollars(before.stake), dollars(after.stake)],
      ["the agent's balance", dollars(0n), dollars(received)],
    ],
  );
  story.tell(
    `No proof, no payment: the agent keeps its money, and the provider's stake paid ${dollars(received)} for the wait.`,
  );
  story.record("slash", { gas, penalty: Number(received) });
}

function ask(stage: Stage, terms: Awaited<ReturnType<Stage["terms"]>>, index: number): Promise<Answered> {
  const fields = [40n + 25n * BigInt(index), 90n, BigInt((index * 53) % 256), 200n - 20n * BigInt(index % 4)];
  const applicant = { fields, salt: BigInt(randomNonce()) >> 3n };
  return answer(terms, { model: stage.model, applicant, nonce: BigInt(index), locked: false });
}
