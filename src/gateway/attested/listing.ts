/** What a gateway says about its attested models: a client believes none of it before it has checked the evidence. */
import { Problem } from "../problem.ts";
import type { AttestedWare, Enclaves } from "./enclaves.ts";

export function listEnclaves({ wares }: Enclaves) {
  return { models: [...wares.values()].map(entryOf) };
}

function entryOf(ware: AttestedWare) {
  return {
    id: ware.id,
    name: ware.manifest.name,
    purpose: ware.manifest.purpose,
    kind: ware.manifest.kind,
    verifier: ware.sale.verifier,
    penalty: ware.sale.penalty.toString(),
    timeout: ware.sale.timeout,
    simulated: ware.isSimulated,
    ...stateOf(ware),
    manifest: ware.manifest,
  };
}

function stateOf({ answersUntil }: AttestedWare): { answersUntil: number | null; reason?: string } {
  try {
    return { answersUntil: answersUntil() };
  } catch (error) {
    if (error instanceof Problem) return { answersUntil: null, reason: error.message };
    throw error;
  }
}
