/** The side road: a client that knows only x402's `exact` scheme pays an address, and is safe all the same. */
import { zeroAddress } from "viem";

import { randomNonce, transferTypedDataOf } from "../../src/protocol/authorization.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import * as Request from "../../src/protocol/request.ts";
import { contextOf } from "../../src/protocol/context.ts";
import { NO_SIGNATURE, fromHex } from "../../src/protocol/signature.ts";
import { vaultOf } from "../../src/protocol/vault.ts";
import { dollars, gasText } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

const HOUR = 3600;
const APPLICANT = { fields: [250n, 240n, 10n, 230n], salt: 4n ** 100n };

/** The client signs an ordinary EIP-3009 payment; the provider opens the lock with it. */
async function payAndOpen(stage: Stage, nonce: bigint) {
  const { escrow, deployment, cast, model, tokenDomain, gasOf } = stage;
  const terms = await stage.terms();
  const { input, output } = await model.answer(APPLICANT);
  // The client does not know this request. The address that it pays is made of it.
  const request: Request.Request = {
    payer: zeroAddress,
    provider: cast.provider.address,
    verifier: terms.verifier,
    consumer: zeroAddress,
    model: model.id,
    input,
    price: terms.price,
    proverFee: terms.proverFee,
    penalty: 0n,
    deadline: terms.deadline,
    locked: true,
    nonce,
  };
  const id = Request.idOf(request, deployment);
  const payment = {
    from: cast.client.address,
    to: vaultOf(id, escrow.address),
    value: terms.price,
    validAfter: 0n,
    validBefore: BigInt(terms.deadline),
    nonce: randomNonce(),
  };
  const signature = fromHex(await cast.client.signTypedData(transferTypedDataOf(payment, tokenDomain)));
  const opening = escrow.write.openFromVault([request, { ...payment, signature }], { account: cast.provider.address });
  return { request, id, output, gas: await gasOf(opening) };
}

/** A stock payment is opened, proven and settled. */
export async function settleStockPayment(stage: Stage, story: Story): Promise<void> {
  const { escrow, deployment, cast, model, gasOf } = stage;
  const { request, id, output, gas } = await payAndOpen(stage, 1n);
  const charge = request.price;
  const receipt = await Receipt.sign({ request: id, output, charge }, deployment, cast.provider);
  const proof = await model.prove(APPLICANT, contextOf(id, cast.prover.address, deployment));
  const fill = { request, signature: NO_SIGNATURE, output, charge, receipt, prover: cast.prover.address };
  const settling = await gasOf(escrow.write.settle([[fill], proof], { account: cast.prover.address }));
  story.tell(
    `A client that never heard of Assay signs an ordinary payment of ${dollars(charge)} to the address it is told.`,
  );
  story.tell(
    `That address is made of the request, so the payment opens it (${gasText(gas)}); a proof settles it (${gasText(settling)}).`,
  );
  story.record("stock", { openGas: gas, settleGas: settling });
}

/** Another one is never proven, and comes back by itself. */
export async function reclaimStockPayment(stage: Stage, story: Story): Promise<void> {
  const { escrow, cast, gasOf } = stage;
  const { request } = await payAndOpen(stage, 2n);
  const paid = await stage.wallet(cast.client.address);
  await stage.wait(HOUR + 1);
  const gas = await gasOf(escrow.write.reclaim([request], { account: cast.stranger.address }));
  const refunded = await stage.wallet(cast.client.address);
  story.tell(
    `It pays a second time, and no proof comes. After the deadline anybody sends the money back (${gasText(gas)}):`,
  );
  story.table(["", "paid", "an hour later"], [["the client's wallet", dollars(paid), dollars(refunded)]]);
  story.record("reclaim", { gas, refund: Number(refunded - paid) });
}
