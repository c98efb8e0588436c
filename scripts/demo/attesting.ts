/** A model too large to prove: an enclave answers, and money settles on its signature. Here the enclave is simulated. */
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";
import type { Agent } from "./trading.ts";
import { dollars, gasText, millisecondsText, secondsText, shortened } from "./words.ts";

/** Whatever a simulator vouches for says so, on every line that tells of it. */
const MARK = "SIMULATED";
const PROMPT = "Summarise the contract in one sentence.";
const WIDTH = 66;

export type Attesting = {
  readonly simulated: boolean;
  readonly asked: number;
  readonly answered: number;
  readonly settled: number;
  readonly chunks: number;
  readonly paid: number;
  readonly cap: number;
  readonly answerMs: number;
  readonly settleSeconds: number;
  readonly gas: number;
};

/** The agent checks the enclave, asks it, checks what came, and sees it settled. */
export async function askEnclave(stage: Stage, story: Story, { connection }: Agent): Promise<Attesting> {
  const { attested, market, outcomes } = stage;
  const [manifest] = attested.manifests;
  if (manifest === undefined) throw new NoAttestedModelError();
  story.tell(
    `${MARK} enclave: no platform vouches for it, so this shows how it is done and proves nothing.`,
    "",
    `Before a byte of the prompt leaves, the agent checks a ${manifest.enclave.platform} document up to its root, the code that`,
    `it measures (${attested.measurement.slice(0, 18)}…), that it is no older than a recent block, and that attesters`,
    "enrolled its key on chain.",
    "",
  );
  const started = performance.now();
  const stream = await connection.chatStream(attested.chat, { messages: [{ role: "user", content: PROMPT }] });
  let text = "";
  for await (const chunk of stream) text += wordsIn(chunk);
  const answer = await stream.answer;
  const answerMs = performance.now() - started;
  const answeredAt = performance.now();
  await answer.settled;
  await outcomes.until("the enclave's answer to settle", () => outcomes.settled.has(answer.id));
  const entry = outcomes.settled.get(answer.id);
  const hash = entry?.transaction;
  const { gasUsed } = hash === undefined ? { gasUsed: 0n } : await market.client.getTransactionReceipt({ hash });
  const { transcript, request, receipt } = answer;
  const simulated = answer.isSimulated ? `${MARK} ` : "";
  const { chunks } = transcript.response;
  const settleSeconds = Math.max(0, (entry?.at ?? answeredAt) - answeredAt) / 1_000;
  const rows: readonly (readonly [name: string, text: string])[] = [
    ["asked", `${simulated}${manifest.name}: ${PROMPT}`],
    ["answered", shortened(text, WIDTH)],
    ["in", `${millisecondsText(answerMs)}, with all checks; ${chunks} chunks, verified at their end`],
    ["charged", `${dollars(receipt.charge)} of at most ${dollars(request.price)}, for ${usageText(transcript.usage)}`],
    [
      "settled",
      `${secondsText(settleSeconds)} later, on the enclave's signature: ${gasText(Number(gasUsed))}, alone in its batch`,
    ],
  ];
  for (const [name, words] of rows) {
    story.row([
      [name, 8],
      [words, 0],
    ]);
  }
  return {
    simulated: answer.isSimulated,
    asked: 1,
    answered: 1,
    settled: entry === undefined ? 0 : 1,
    chunks,
    paid: Number(entry?.amount ?? 0n),
    cap: Number(request.price),
    answerMs: Math.round(answerMs),
    settleSeconds,
    gas: Number(gasUsed),
  };
}

function wordsIn(chunk: { readonly choices?: unknown }): string {
  const choices = (chunk.choices ?? []) as readonly { readonly delta?: { readonly content?: string } }[];
  return choices.map(({ delta }) => delta?.content ?? "").join("");
}

function usageText({ input, output }: { readonly input: number; readonly output: number }): string {
  return `${input} tokens in and ${output} out`;
}

/** The demo's enclave has no model. */
export class NoAttestedModelError extends Error {
  override readonly name = "NoAttestedModelError";

  constructor() {
    super("The demo's enclave has no model to ask. Give it one in scripts/local/attested.ts.");
  }
}
