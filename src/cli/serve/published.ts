/** Before anything is sold: each model's key is on chain, where its answers are to be verified. */
import { connectChain } from "../../chain/rpc.ts";
import { isPublished } from "../../chain/published.ts";
import type { GatewaySettings } from "../../gateway/settings.ts";
import { openModel } from "../../model/bundle/open.ts";
import type { Hex } from "viem";

export async function checkPublished({ rpc, deployment, sales }: GatewaySettings): Promise<void> {
  const client = await connectChain({ rpc, chainId: deployment.chainId });
  for (const { folder, verifier } of sales) {
    const { id } = await openModel(folder);
    if (!(await isPublished(client, verifier, id))) throw new NotPublishedModelError(folder, id);
  }
}

/** A model is for sale whose answers nobody could settle: each would cost a penalty. */
export class NotPublishedModelError extends Error {
  override readonly name = "NotPublishedModelError";

  constructor(folder: string, id: Hex) {
    super(`The model in ${folder} (${id}) is not published on this chain. Run "assay model publish ${folder}" first.`);
  }
}
