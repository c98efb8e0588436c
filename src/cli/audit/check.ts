/** `assay audit check`: a stranger's bundle, held against the chain. */
import { isAddressEqual, parseEventLogs, type Address, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { claimOf } from "../../protocol/fill.ts";
import type { VerificationKey } from "../../protocol/model.ts";
import * as ReceiptTree from "../../protocol/receipt-tree.ts";
import * as Receipt from "../../protocol/receipt.ts";
import * as Request from "../../protocol/request.ts";
import type { Check } from "../checks.ts";
import { dollarsText } from "../config/dollars.ts";
import { isAttested, isSignedByEnclave } from "../receipt/attested-proof.ts";
import { keyOnChain } from "../receipt/settled-proof.ts";
import { isProven } from "../receipt/snarkjs-form.ts";
import { startSums, type Entry, type Header, type Sums } from "./bundle.ts";
import { checkRoots } from "./roots.ts";
import { EntryError, startTally } from "./tally.ts";

export type CheckOptions = {
  readonly client: PublicClient;
  readonly header: Header;
  readonly proofs: "checked" | "left-out";
};

type Settled = { readonly id: Hex; readonly output: Hex; readonly charge: bigint; readonly prover: Address };

/** Checks entries one by one, and says in the end what was found. */
export function startChecking({ client, header, proofs }: CheckOptions) {
  const { chainId, escrow, provider, from, to, manifests } = header;
  const deployment = { chainId, escrow };
  const tally = startTally();
  const counting = startSums();
  const seen = new Set<Hex>();
  /** How many receipts of the bundle stand under a root. */
  const under = new Map<Hex, number>();
  const keys = new Map<string, Promise<VerificationKey>>();
  let last: { readonly hash: Hex; readonly settled: Promise<readonly Settled[]> } | undefined;
  let previous = from;

  const settledIn = async (hash: Hex): Promise<readonly Settled[]> => {
    const { logs, status } = await client.getTransactionReceipt({ hash });
    if (status !== "success") return [];
    const own = logs.filter(({ address }) => isAddressEqual(address, escrow));
    return parseEventLogs({ abi: escrowAbi, eventName: "Settled", logs: own }).map(({ args }) => args);
  };

  const checkSignatures = async ({ request, signature, output, charge, receipt }: Entry, id: Hex): Promise<void> => {
    await tally.of("orders", id, async () => {
      if (request.locked) return;
      const signer = signature && (await Request.recover(request, deployment, signature));
      if (signer === null || !isAddressEqual(signer, request.payer)) throw new EntryError("its payer did not sign it");
    });
    await tally.of("receipts", id, async () => {
      const signer = await Receipt.recover({ request: id, output, charge }, deployment, receipt);
      const isOurs = isAddressEqual(signer, provider) && isAddressEqual(request.provider, provider);
      if (!isOurs) throw new EntryError(`its receipt is not signed by ${provider}`);
      if (charge > request.price) throw new EntryError("it charges more than its price");
    });
  };

  const checkPeriod = async ({ answeredAt }: Entry, id: Hex): Promise<void> =>
    tally.of("period", id, async () => {
      if (seen.has(id)) throw new EntryError("it is in the bundle twice");
      if (answeredAt < previous || answeredAt >= to) throw new EntryError(`it is of ${answeredAt}, out of its place`);
      seen.add(id);
      previous = answeredAt;
    });

  const checkCommitment = async ({ commitment, output, charge }: Entry, id: Hex): Promise<void> => {
    if (commitment === null) {
      tally.unchecked("commitments", "in no commitment");
      return;
    }
    const { root, path } = commitment;
    under.set(root, (under.get(root) ?? 0) + 1);
    await tally.of("commitments", id, async () => {
      if (!ReceiptTree.verify(root, { request: id, output, charge }, path)) {
        throw new EntryError("its path does not lead to its root");
      }
    });
  };

  const keyOf = async (request: Request.Request): Promise<VerificationKey> => {
    const name = `${request.verifier} ${request.model}`;
    const manifestHash = Object.hasOwn(manifests, request.model) ? manifests[request.model] : undefined;
    const key = keys.get(name) ?? keyOnChain(client, request.verifier, request.model, manifestHash);
    keys.set(name, key);
    return key;
  };

  const checkSettlement = async ({ request, outcomes, output, charge, proof }: Entry, id: Hex): Promise<void> => {
    const claimed = outcomes.find(({ kind }) => kind === "settled");
    if (claimed === undefined) {
      await checkUnsettled(request, id);
      return;
    }
    const { transaction } = claimed;
    let paid: Settled | undefined;
    await tally.of("settlements", id, async () => {
      if (last?.hash !== transaction) last = { hash: transaction, settled: settledIn(transaction) };
      paid = (await last.settled).find((each) => each.id === id);
      if (paid === undefined) throw new EntryError(`the transaction ${transaction} did not settle it`);
      if (paid.output !== output || paid.charge !== charge) {
        throw new EntryError(`it settled with the output ${paid.output} for ${dollarsText(paid.charge)}`);
      }
    });
    if (proofs === "left-out" || paid === undefined) return;
    if (proof === null) {
      tally.unchecked("proofs", "not in the bundle");
      return;
    }
    const claim = claimOf({ request, output, charge, prover: paid.prover }, deployment);
    await tally.of("proofs", id, async () => {
      const place = { chainId, verifier: request.verifier };
      const isShown = isAttested(proof as Hex)
        ? await isSignedByEnclave(client, place, claim, proof as Hex)
        : await isProven(await keyOf(request), claim, proof as Hex);
      if (!isShown) throw new EntryError("its proof does not show it");
    });
  };

  /** Whoever hides a payment hides it behind "not settled". */
  const checkUnsettled = async ({ payer, nonce, locked }: Request.Request, id: Hex): Promise<void> => {
    const contract = { address: escrow, abi: escrowAbi } as const;
    const isPaid = locked
      ? (await client.readContract({ ...contract, functionName: "lockOf", args: [id] })).state === SETTLED
      : await client.readContract({ ...contract, functionName: "isNonceUsed", args: [payer, provider, nonce] });
    tally.unchecked("settlements", isPaid ? HIDDEN : "never settled, nor paid for");
  };

  return {
    async entry(entry: Entry): Promise<void> {
      const id = Request.idOf(entry.request, deployment);
      counting.add(entry);
      await checkPeriod(entry, id);
      await checkSignatures(entry, id);
      await checkCommitment(entry, id);
      await checkSettlement(entry, id);
    },
    async end(given: Sums): Promise<readonly Check[]> {
      const completeness = await checkRoots(under, { client, header, tally });
      return [...tally.checks(), completeness, sumsOf(given, counting.sums())];
    },
  };
}

const HIDDEN = "settled on chain, and not in the bundle: after it was made, or left out";

/** Of a lock, in the escrow. */
const SETTLED = 2;

function sumsOf(given: Sums, found: Sums): Check {
  const names = ["receipts", "charged", "settled", "paid"] as const;
  const wrong = names.filter((name) => given[name] !== found[name]);
  const { receipts, charged, settled, paid } = found;
  const says = `${receipts} answers for ${dollarsText(charged)}, of which ${settled} were settled for ${dollarsText(paid)}`;
  if (wrong.length === 0) return { name: "sums", state: "ok", says };
  return {
    name: "sums",
    state: "failed",
    says: `The bundle's ${wrong.join(", ")} are others than its lines make: ${says}.`,
  };
}
